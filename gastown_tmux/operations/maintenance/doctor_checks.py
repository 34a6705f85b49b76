"""What gt doctor compares, rig by rig and row by row: repositories, hooks, mailboxes, beads, sessions."""

import shlex
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.agents import Agent, AgentState, HookState
from gastown_tmux.domain.rigs import Rig
from gastown_tmux.domain.work import Reason
from gastown_tmux.edges.files import clock
from gastown_tmux.edges.git import worktree
from gastown_tmux.edges.git.command import GitError
from gastown_tmux.edges.git.shared_files import find_strays
from gastown_tmux.edges.git.sources import probe_remote
from gastown_tmux.edges.processes import processes
from gastown_tmux.errors import GtError, explain
from gastown_tmux.operations.hooks.shared_files import settle_shared_files
from gastown_tmux.operations.hooks.state import write_state
from gastown_tmux.operations.hooks.target import describe_gone, note_problem
from gastown_tmux.operations.hooks.worktrees import find_base, prepare_hook, put_away
from gastown_tmux.operations.mail.unwatched import read_watch
from gastown_tmux.operations.sessions import daemons
from gastown_tmux.operations.sessions.starting import look
from gastown_tmux.operations.supervision import deaths
from gastown_tmux.operations.town.town import Town
from gastown_tmux.reading import json_object, read_file
from gastown_tmux.store.agents import find_agent, find_session, list_agents, list_live_sessions
from gastown_tmux.store.beads import BeadFilter, find_held_bead, list_beads, list_held_beads, return_bead
from gastown_tmux.store.events import list_events
from gastown_tmux.store.mailbox import Mailbox
from gastown_tmux.store.rigs import list_rigs
from gastown_tmux.store.unknown_words import list_unknown_words, replace_unknown_word

#: A remote that takes longer is told of, not waited for.
_REMOTE_SECONDS = 15.0
_FSCK_SECONDS = 300.0
#: No git of ours holds a lock file for so long.
_LOCK_SECONDS = 900.0
_SCREENS_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True)
class Finding:
    """``level`` is error or warning; ``fixed``: it is mended now. ``hint``: a command, or words where none helps."""

    level: str
    what: str
    cause: str
    hint: str
    fixed: bool = False


def guarded(found: Iterable[Finding]) -> Iterator[Finding]:
    """A look that fails is a finding, and keeps no other from being taken."""
    try:
        yield from found
    except Exception as error:  # noqa: BLE001 - whatever doctor stumbles over, it goes on with the rest
        message, hint, _ = explain(error)
        yield Finding("error", message, "the examination stopped here", hint or "run gt doctor again")


def examine_repositories(town: Town, fix: bool) -> Iterator[Finding]:
    known = {rig.name for rig in list_rigs(town.db)}
    for folder in sorted((town.path / "rigs").glob("*/repo.git")):
        if folder.parent.name not in known:
            cause = "town.db was restored from before it was added, or adding it was cut off"
            hint = f"gt rig add {folder.parent.name} URL, the same as before"
            yield Finding("warning", f"{folder.parent} is not a rig of this town", cause, hint)
    for rig in list_rigs(town.db):
        yield from guarded(_examine_repository(town, rig, fix))


def _examine_repository(town: Town, rig: Rig, fix: bool) -> Iterator[Finding]:
    repository = town.repository(rig.name)
    if not repository.path.is_dir():
        hint = f"gt rig remove {rig.name} --force, then gt rig add {rig.name} {rig.source}"
        yield Finding("error", f"rig {rig.name} has no repository", f"{repository.path} is gone", hint)
        return
    yield from _examine_locks(town, repository.path, fix)
    yield from _examine_shared(town, rig, fix)
    try:
        repository.run("fsck", "--connectivity-only", "--no-dangling", "--no-progress", timeout=_FSCK_SECONDS)
    except GitError as error:
        hint = f"git -C {shlex.quote(str(repository.path))} fsck shows more; git fetch brings back what the remote has"
        yield Finding("error", f"the repository of {rig.name} is damaged", error.message, hint)
        return
    yield from _examine_remote(town, rig)
    yield from _examine_merged(town, rig)


def _examine_shared(town: Town, rig: Rig, fix: bool) -> Iterator[Finding]:
    """What a person or an agent wrote for all worktrees while no deacon looked."""
    repository = town.repository(rig.name)
    found = list(dict.fromkeys(find_strays(repository)))
    if not found:
        return
    if fix:
        settle_shared_files(town, rig)
    what = f"what all worktrees of {rig.name} share was changed: {', '.join(found[:5])}"
    cause = "a git config in one of them writes for all"
    yield Finding("error", what, cause, "gt doctor --fix puts it back, as gt up does", fixed=fix)


def _examine_remote(town: Town, rig: Rig) -> Iterator[Finding]:
    """The branch that work lands on is there, and is the one that it was taken for."""
    if town.settings(rig.name).get("merge.publish") == "local":
        return
    try:
        remote = probe_remote(rig.remote, _REMOTE_SECONDS)
    except GtError as error:
        note_problem(town, rig, error.message)
        yield Finding(
            "warning", f"the remote of {rig.name} cannot be used", error.message, f"git ls-remote {rig.remote}"
        )
        return
    if rig.target not in remote.branches:
        words = describe_gone(rig, remote)
        note_problem(town, rig, words, ask=True)
        cause, _, hint = words.rpartition(": ")
        yield Finding("error", f"nothing can land in {rig.name}: {rig.target} is gone", cause, hint)
        return
    note_problem(town, rig, None)
    if rig.target == rig.remote_default and remote.default_branch not in (None, rig.target):
        what = (
            f"the default branch of {rig.name}'s remote is {remote.default_branch} now, and work lands on {rig.target}"
        )
        hint = f"gt rig set {rig.name} --branch {remote.default_branch}"
        yield Finding("warning", what, "it was renamed upstream, or another one was chosen", hint)


def _examine_locks(town: Town, repository: Path, fix: bool) -> Iterator[Finding]:
    places = ("*.lock", "refs/**/*.lock", "worktrees/*/*.lock", "objects/*.lock", "objects/pack/*.lock")
    found = [lock for place in places for lock in repository.glob(place)]
    for lock in found:
        try:
            old = time.time() - lock.lstat().st_mtime > _LOCK_SECONDS
        except FileNotFoundError:
            continue
        if not old or lock.name == "gt-populate.lock":
            continue
        if fix:
            put_away(town, lock, town.actor)
        yield Finding(
            "warning", f"{lock} is in the way of git", "a git was killed while it wrote",
            "gt doctor --fix puts it aside", fixed=fix,
        )  # fmt: skip


def _examine_merged(town: Town, rig: Rig) -> Iterator[Finding]:
    """Only what is on the target is merged."""
    repository = town.repository(rig.name)
    local = town.settings(rig.name).get("merge.publish") == "local"
    target = repository.resolve(f"refs/heads/{rig.target}" if local else f"refs/remotes/origin/{rig.target}")
    landed = set(repository.run("rev-list", target, "--").lines) if target else set()
    for bead in list_beads(town.db, BeadFilter(rig.name, "merged")):
        if bead.merged_commit not in landed:
            cause = f"{bead.merged_commit} is not on {rig.target}: the remote was rewound, or another target was chosen"
            hint = f"git -C {shlex.quote(str(repository.path))} show {bead.merged_commit} shows what is missing there"
            yield Finding("error", f"{bead.id} is recorded as merged, and is not", cause, hint)


def examine_hooks(town: Town, fix: bool) -> Iterator[Finding]:
    for rig in list_rigs(town.db):
        for agent in list_agents(town.db, rig.name):
            yield from guarded(_examine_hook(town, rig, agent, fix))


def _examine_hook(town: Town, rig: Rig, agent: Agent, fix: bool) -> Iterator[Finding]:
    repository = town.repository(rig.name)
    yield from _examine_state(town, agent.address, fix)
    if agent.hook is HookState.EMPTY or not repository.path.is_dir():
        return
    try:
        worktree.git_dir(repository, town.worktree(agent.address))
    except worktree.BrokenWorktree as error:
        yield _mend_hook(town, rig, agent.address, error.message, fix)


def _examine_state(town: Town, address: Address, fix: bool) -> Iterator[Finding]:
    """``state.json`` follows the rows: agents' hooks read it, and a lost database is made again from it."""
    path = town.hook(address) / "state.json"
    held = find_held_bead(town.db, address)
    try:
        said = json_object(read_file(path))["bead"]
        if (said["id"] if isinstance(said, dict) else said) == (held and held.id):
            return
        cause = "a command was killed before it wrote it"
    except FileNotFoundError:
        if held is None:
            return
        cause = "it is gone"
    except OSError as error:
        cause = f"it cannot be read: {error.strerror}"
    except KeyError:
        cause = "it cannot be read"
    if fix:
        write_state(town, address)
    yield Finding("warning", f"{path} is not true", cause, "gt doctor --fix writes it", fixed=fix)


def _mend_hook(town: Town, rig: Rig, address: Address, cause: str, fix: bool) -> Finding:
    """Ties it to the repository again, or makes it anew where it is gone; its saved moments stay."""
    snapshots = f"gt snapshot list {address}"
    if not fix:
        return Finding("error", f"the worktree of {address} is broken", cause, "gt doctor --fix mends it")
    try:
        prepare_hook(town, rig, address, find_base(town, rig, fetch=False))
    except GtError as error:
        return Finding("error", f"the worktree of {address} is broken", error.message, snapshots)
    return Finding("error", f"the worktree of {address} was broken", cause, snapshots, fixed=True)


def examine_mail(town: Town, fix: bool) -> Iterator[Finding]:
    owners = {town.mail / agent.address.folder: agent.address for agent in list_agents(town.db)}
    # One without a box has had no mail yet.
    for box in sorted(town.mail.iterdir()) if town.mail.is_dir() else ():
        yield from guarded(_examine_box(box, owners.get(box), fix))
    seconds = town.settings().seconds("mail.rescan")
    unwatched = read_watch(town) if town.is_wanted() else {}
    for reason in dict.fromkeys(unwatched.values()):
        boxes = [folder for folder, why in unwatched.items() if why == reason]
        is_one = len(boxes) == 1
        some = ", ".join(boxes[:3]) + (" …" if len(boxes) > 3 else "")
        which = f"the mailbox {some} is" if is_one else f"{len(boxes)} mailboxes are"
        what = f"{which} not watched: mail is seen there every {seconds:g}s"
        limits = "sysctl fs.inotify.max_user_instances fs.inotify.max_user_watches"
        cause = reason if is_one else f"{reason}: {some}"
        yield Finding("warning", what, cause, limits if "inotify" in reason else "gt log deacon")


def _examine_box(box: Path, owner: Address | None, fix: bool) -> Iterator[Finding]:
    missing = [name for name in ("cur", "new", "tmp") if not (box / name).is_dir()]
    if missing and owner is not None:
        if fix:
            Mailbox(box).create()
        yield Finding(
            "error", f"the mailbox of {owner} is not whole", f"{box} lacks {', '.join(missing)}",
            "gt doctor --fix makes them", fixed=fix,
        )  # fmt: skip
    if box.is_dir() and (closed := Mailbox(box).find_closed()):
        some = " ".join(closed[:3]) + (f" and {len(closed) - 3} more" if len(closed) > 3 else "")
        hint = f"chmod -R u+rwX {shlex.quote(str(box))}, by whoever owns it"
        yield Finding("error", f"the mailbox {box} cannot be used", f"no permission for {some}", hint)


def examine_rows(town: Town, fix: bool) -> Iterator[Finding]:
    for unknown in list_unknown_words(town.db):
        if fix:
            with town.change() as change:
                replace_unknown_word(change, unknown)
        yield Finding(
            "warning", f"{unknown.column} of {unknown.row} is {unknown.word!r}, which this gt does not know",
            f"a newer gt or somebody's hand wrote it; until then it counts as {unknown.instead}",
            f"upgrade gastown-tmux, or gt doctor --fix makes it {unknown.instead}", fixed=fix,
        )  # fmt: skip
    for address, bead in list_held_beads(town.db).items():
        if find_agent(town.db, address) is not None:
            continue
        if fix:
            with town.change() as change:
                return_bead(change, bead.id, Reason.PARKED)
        yield Finding(
            "error", f"{bead.id} is on the hook of {address}", f"there is no agent {address}",
            f"gt doctor --fix opens it again, gt sling {bead.id} gives it out", fixed=fix,
        )  # fmt: skip
    for agent in list_agents(town.db):
        if agent.state is AgentState.FAILED:
            hint = f"gt log {agent.address} shows why, gt respawn {agent.address} starts it again"
            yield Finding("warning", f"{agent.address} has failed", agent.reason or "it died too often", hint)


def examine_processes(town: Town, fix: bool) -> Iterator[Finding]:
    """Rows that say "runs" of what does not, and windows and processes of sessions that have ended."""
    witness = daemons.find_daemon(town, "witness").alive
    dead = [] if witness else deaths.find_dead(list_live_sessions(town.db))
    if fix and dead:
        deaths.record_deaths(town, dead)
    for session in dead:
        what = f"{session.agent} is recorded as running, and its program is gone"
        yield Finding("warning", what, "it died while no witness looked", "gt up", fixed=fix)
    for ref, session_id in processes.town_processes(str(town.path)):
        if _has_ended(town, session_id):
            # One that no row knows may be anybody's.
            mend = fix and find_session(town.db, session_id) is not None
            if mend:
                processes.end([ref], sessions=[session_id])
            cause = f"it was started in session {session_id}, which has ended"
            yield Finding("warning", f"process {ref.pid} was left running", cause, f"kill {ref.pid}", fixed=mend)
    for pane in look(town):
        if pane.kind == "agent" and not pane.dead and _has_ended(town, pane.gt_session):
            cause = f"its session {pane.gt_session} has ended, or was never recorded"
            hint = f"look at it: gt attach; then tmux -S {town.tmux.socket} kill-pane -t {pane.pane}"
            yield Finding("warning", f"window {pane.session}:{pane.window_name} belongs to nobody", cause, hint)


def examine_screens(town: Town, fix: bool) -> Iterator[Finding]:
    """Programs whose own word and whose screen said different things lately: a hook was lost, or a rule is wrong."""
    told = list_events(town.db, type="session.corrected", since=clock.after(-_SCREENS_SECONDS))
    of_each: dict[str, list[Mapping[str, object]]] = {}
    for event in told:
        of_each.setdefault(str(event.data.get("provider")), []).append(event.data)
    for provider, own in sorted(of_each.items()):
        last = own[-1]
        what = f"hooks and screens of {provider} disagreed {len(own)} times since yesterday"
        cause = f"last: {last.get('state')}, not {last.get('was')}, by {last.get('evidence')}"
        yield Finding("warning", what, cause, f"look at {last.get('sample')}")


def _has_ended(town: Town, session_id: str) -> bool:
    found = find_session(town.db, session_id)
    return found is None or found.ended is not None
