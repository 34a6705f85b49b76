"""Rigs: one repository and the workers on it."""

import json
import shutil
from pathlib import Path

from gastown_tmux.dataclass import asdict
from gastown_tmux.domain.ids import RigName, parse_name, parse_prefix, suggest_prefix
from gastown_tmux.domain.rigs import RemoteKind, Rig
from gastown_tmux.domain.work import OVER
from gastown_tmux.edges.files import clock
from gastown_tmux.edges.files.atomic import write_atomic
from gastown_tmux.edges.files.faults import fault_point
from gastown_tmux.edges.git import shared_files, sources
from gastown_tmux.edges.git.command import NETWORK_TIMEOUT, GitError
from gastown_tmux.edges.git.repository import Repository
from gastown_tmux.edges.processes import locks
from gastown_tmux.errors import GtError, NotFoundError, RefusedError
from gastown_tmux.operations.hooks.project_rules import follow_source, refuse_unknown
from gastown_tmux.operations.hooks.worktrees import archive_agent, clear_hook
from gastown_tmux.operations.sessions.ending import stop_sessions
from gastown_tmux.operations.supervision.rig_views import view_rig
from gastown_tmux.operations.town.town import Answer, Town
from gastown_tmux.store import rigs as rows
from gastown_tmux.store.agents import list_agents
from gastown_tmux.store.beads import BeadFilter, list_beads


def add_rig(town: Town, name: str, source: str, branch: str | None = None, prefix: str | None = None) -> Answer:
    """Clones, detects the target branch, and then makes the row: half a rig cannot exist.

    Raises RefusedError for a name or prefix that is taken and an empty repository, NotFoundError for a path or branch
    that is not there.
    """
    name = RigName(parse_name(name, "rig"))
    with locks.Lock(town.run / "rigs.lock", NETWORK_TIMEOUT):
        return _add_rig(town, name, source, branch, prefix)


def _add_rig(town: Town, name: RigName, source: str, branch: str | None, prefix: str | None) -> Answer:
    known = rows.find_rig(town.db, name)
    found = sources.describe_source(source)
    given = str(found.path) if found.path else source
    if known is not None:
        if known.source == given and branch in (None, known.target) and prefix in (None, known.prefix):
            return Answer(view_rig(town, known), f"rig {name} is there already")
        raise RefusedError(f"rig {name} is there already, of {known.source}", hint="choose another name")
    taken = frozenset(rig.prefix for rig in rows.list_rigs(town.db))
    if prefix is None:
        prefix = suggest_prefix(name, taken)
    elif parse_prefix(prefix) in taken:
        raise RefusedError(f"prefix {prefix!r} is taken by another rig", hint="--prefix of two to four letters")
    if found.kind is sources.Kind.ORIGIN:
        town.say(f"{source} has an origin: work lands in {found.url}")
    remote = sources.probe_remote(found.url)
    target = branch or remote.default_branch or (remote.branches[0] if len(remote.branches) == 1 else None)
    if target is None:
        raise RefusedError(f"{found.url} names no default branch", hint=f"--branch {remote.branches[0]}")
    if target not in remote.branches:
        raise NotFoundError(f"{found.url} has no branch {target}", hint="--branch " + "|".join(remote.branches[:5]))
    if target.partition("/")[0] == "HEAD":
        raise RefusedError(f"git itself means something else by {target}", hint="give the branch another name")
    email = _find_email(town, found.path)
    town.say(f"cloning {found.url}")
    repository = _clone(town, name, found.url)
    rig = Rig(
        name=name,
        prefix=prefix,
        source=given,
        remote=found.url,
        remote_kind=RemoteKind.CHECKOUT if found.into_checkout else RemoteKind.REMOTE,
        target=target,
        target_commit=None,
        email=email,
        parked=False,
        created=clock.now(),
        remote_default=remote.default_branch,
    )
    tip = repository.resolve(f"refs/remotes/origin/{target}")
    if tip is None:
        raise RefusedError(f"{found.url} has no branch {target} any more", hint="try again")
    try:
        follow_source(repository, found.path)
        refuse_unknown(repository, tip)
    except GtError:
        shutil.rmtree(town.rig_folder(name))
        shutil.rmtree(repository.project.folder, ignore_errors=True)
        raise
    fault_point("rig.cloned")
    (town.rig_folder(name) / "settings").mkdir(exist_ok=True)
    with town.change() as change:
        rows.insert_rig(change, rig)
    text = f"rig {name}: beads are {prefix}-…, work lands on {target} of {found.url}"
    return Answer(view_rig(town, rig), f"{text}\nnext: gt sling -m WORDS {name}")


def _clone(town: Town, name: RigName, url: str) -> Repository:
    """The rig's repository. One that no row tells of is what a kill or another clone left: it is replaced."""
    repository = town.repository(name)
    if repository.path.exists() and repository.remote_url() != url:
        shutil.rmtree(repository.path)
    if repository.path.exists():
        shared_files.settle(repository, url)
        repository.fetch()
        return repository
    try:
        return Repository.create(repository.path, repository.lock_path, url, repository.project)
    except GitError as error:
        raise GitError(f"{url} cannot be cloned: {error.message.removeprefix('git fetch: ')}", error.hint) from error


def _find_email(town: Town, path: Path | None) -> str:
    email = sources.user_email(path) or town.ask("e-mail address for the agents' commits: ")
    if email:
        return email
    guess = sources.guess_email()
    town.say(f"git knows no user.email: agents' commits say {guess}")
    return guess


def remove_rig(town: Town, rig: Rig, force: bool = False) -> Answer:
    """Stops the rig's agents, saves and trashes their worktrees, deletes the rows; the repository goes to trash.

    Raises RefusedError while it has beads that are not done, unless forced: their work is in the snapshots all the
    same, and they themselves in the archive. For an agent also where a person set of it what only they may:
    added again, it would be without.
    """
    if not town.is_person and (keys := town.settings(rig.name).persons_keys("project")):
        raise RefusedError(f"only a person removes {rig.name}, for it has {', '.join(keys)}", hint="gt escalate TEXT")
    with locks.Lock(town.run / "rigs.lock", NETWORK_TIMEOUT):
        return _remove_rig(town, town.rig(rig.name), force)


def _remove_rig(town: Town, rig: Rig, force: bool) -> Answer:
    left = [bead.id for bead in list_beads(town.db, BeadFilter(rig.name)) if bead.state not in OVER]
    if left and not force:
        raise RefusedError(
            f"rig {rig.name} has beads that are not done: {', '.join(left[:5])}",
            hint=f"gt rig remove {rig.name} --force",
        )
    agents = list_agents(town.db, rig.name)
    stop_sessions(town, [agent.address for agent in agents], why="removed", move="stop")
    for agent in agents:
        clear_hook(town, rig, agent.address)
    _write_down_beads(town, rig)
    with town.change() as change:
        rows.delete_rig(change, rig.name)
    for agent in agents:
        archive_agent(town, agent.address)
    # In a fresh folder: how long something has been in the trash is told by the folder's age.
    kept = town.trash / f"rig.{rig.name}.{clock.now()}" / "rig"
    kept.parent.mkdir(parents=True)
    if town.rig_folder(rig.name).exists():
        town.rig_folder(rig.name).rename(kept)
    shutil.rmtree(town.repository(rig.name).project.folder, ignore_errors=True)
    return Answer({"name": rig.name, "kept": str(kept)}, f"rig {rig.name} is removed; its repository is in {kept}")


def _write_down_beads(town: Town, rig: Rig) -> None:
    """What their rows say, into the archive: the ledger has no bodies."""
    lines = [json.dumps(asdict(bead), ensure_ascii=False) for bead in list_beads(town.db, BeadFilter(rig.name))]
    if lines:
        town.archive.mkdir(mode=0o700, exist_ok=True)
        path = town.archive / f"beads.{rig.name}.{clock.now().replace(':', '')}.jsonl"
        write_atomic(path, "".join(f"{line}\n" for line in lines).encode())


def park_rig(town: Town, rig: Rig) -> Answer:
    """No agent of a parked rig is started; those that run go on until they are done."""
    with town.change() as change:
        changed = rows.park_rig(change, rig.name, True)
    return Answer(
        view_rig(town, rig),
        f"rig {rig.name} is parked" + (f"\nnext: gt rig unpark {rig.name}" if changed else " already"),
    )


def unpark_rig(town: Town, rig: Rig) -> Answer:
    with town.change() as change:
        changed = rows.park_rig(change, rig.name, False)
    return Answer(view_rig(town, rig), f"rig {rig.name} is open" + ("" if changed else " already"))
