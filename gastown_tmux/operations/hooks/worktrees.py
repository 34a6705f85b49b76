"""Hooks: an agent's worktree prepared for a bead, and its removal."""

import os
from pathlib import Path

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.agents import HookState, Role, branch_of
from gastown_tmux.domain.ids import BeadId, Commit, ConvoyId
from gastown_tmux.domain.layers import Settings
from gastown_tmux.domain.rigs import Rig
from gastown_tmux.edges.files import clock
from gastown_tmux.edges.files.atomic import make_folder
from gastown_tmux.edges.files.copying import copy_path
from gastown_tmux.edges.files.faults import fault_point
from gastown_tmux.edges.git import places, removal, snapshot, snapshot_history, worktree
from gastown_tmux.edges.git.command import GitError, Person
from gastown_tmux.edges.processes import processes
from gastown_tmux.edges.processes.commands import last_words, run_logged
from gastown_tmux.edges.processes.locks import Lock
from gastown_tmux.errors import GtError, RefusedError, UsageError
from gastown_tmux.operations.hooks import submodules
from gastown_tmux.operations.hooks.project_rules import check_rules
from gastown_tmux.operations.hooks.shared_files import log_commands, settle_shared_files
from gastown_tmux.operations.hooks.state import describe_hook, write_state
from gastown_tmux.operations.hooks.target import fetch_target
from gastown_tmux.operations.town.isolation import each, isolated
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store.agents import get_agent, list_agents, move_hook
from gastown_tmux.store.beads import find_held_bead, set_branch
from gastown_tmux.store.gathering import find_gathering


def find_base(town: Town, rig: Rig, *, fetch: bool = True) -> Commit:
    """The newest commit of the rig's target, fetched now. Raises what ``fetch_target`` does."""
    repository = town.repository(rig.name)
    if town.settings(rig.name).get("merge.publish") == "local" and rig.target_commit is not None:
        return rig.target_commit
    if fetch:
        return fetch_target(town, rig)
    base = repository.resolve(f"refs/remotes/origin/{rig.target}")
    if base is None:
        raise RefusedError(f"{rig.remote} has no branch {rig.target} any more", hint=f"gt rig show {rig.name}")
    return Commit(base)


def convoy_ref(convoy: ConvoyId) -> str:
    """Where what is gathered of a convoy that lands as a whole is."""
    return f"refs/gastown/convoys/{convoy}"


def _find_gathered(town: Town, rig: Rig, bead: BeadId) -> Commit | None:
    """The branch of a bead whose convoy lands as a whole is cut from what is gathered of that."""
    convoy = find_gathering(town.db, bead)
    found = town.repository(rig.name).resolve(convoy_ref(convoy)) if convoy else None
    return Commit(found) if found else None


def is_prepared(town: Town, rig: Rig, address: Address) -> bool:
    """Whether the agent's worktree stands ready for what is on its hook, as one does whose session only died."""
    agent, bead = get_agent(town.db, address), find_held_bead(town.db, address)
    ready = agent.hook is HookState.READY and (bead is None or bead.base is not None)
    return ready and _is_on(town, rig, town.worktree(address), branch_of(agent, bead.id if bead else None))


def prepare_hook(town: Town, rig: Rig, address: Address, base: Commit) -> Path:
    """The agent's worktree on the branch for what is on its hook. Killed half-way and run again, it ends the same.

    What stood in the worktree of a polecat before is saved in a snapshot first; a crew member's is left as it is.
    A worktree that was deleted or cut off by hand is mended or made again. One made again has the uncommitted work
    that was last saved on that branch.
    Of many at once one prepares, and the others wait for it.
    """
    with Lock(town.run / f"hook.{address.folder}.lock", town.settings(rig.name).seconds("worktree.timeout")):
        place = town.worktree(address)
        if not is_prepared(town, rig, address):
            _prepare(town, rig, address, base)
    write_state(town, address)
    return place


def _prepare(town: Town, rig: Rig, address: Address, base: Commit) -> None:
    repository, place = town.repository(rig.name), town.worktree(address)
    agent, bead = get_agent(town.db, address), find_held_bead(town.db, address)
    branch = branch_of(agent, bead.id if bead else None)
    base = (_find_gathered(town, rig, bead.id) if bead else None) or base
    settle_shared_files(town, rig)  # before the next line writes there, so that what others wrote is told
    check_rules(town, rig, base)
    make_folder(town.hook(address))
    with town.change() as change:
        move_hook(change, address, "prepare")
    try:
        mend_worktree(town, rig, address)
        reused = place.exists() and agent.role is Role.POLECAT and not _is_on(town, rig, place, branch)
        if reused and not _is_saved(town, rig, address):
            kept = put_away(town, place, address)
            town.say(f"{address}: what is in the worktree cannot be saved: it is kept in {kept}")
            reused = False
        fresh = not place.exists()
        known = repository.resolve(f"refs/heads/{branch}") is not None
        reason = f"gt: hook of {address}"
        if reused:
            why = places.reuse(repository, place, branch, base, reason, trash=town.trash)
            if why is not None:
                town.say(f"{address}: the worktree was made again, its build output is gone: {why}")
        else:
            places.add(repository, place, branch, base, reason)
        submodules.fill(town, rig, place)
        fault_point("hook.checked-out")
        if fresh or reused:
            copy_files(town, rig, place)

        def is_unfinished() -> bool:
            return agent.hook is not HookState.READY and worktree.status(repository, place).clean

        if known and (fresh or reused or is_unfinished()):
            _bring_back(town, rig, address, branch)
        _run_setup(town, rig, address, place)
    except BaseException:
        with town.change() as change:
            move_hook(change, address, "break")
        raise
    with town.change() as change:
        move_hook(change, address, "ready")
        if bead is not None:
            set_branch(change, bead.id, branch, base)


def _is_saved(town: Town, rig: Rig, address: Address) -> bool:
    """Whether nothing of an agent's is in its worktree that no snapshot has."""
    place = town.worktree(address)
    try:
        if save_hook(town, rig, address, "reuse") is not None:
            return True
        return worktree.is_unfilled(worktree.git_dir(town.repository(rig.name), place), place)
    except GtError as error:
        town.say(f"{address}: {error.message}")
        return False


def mend_worktree(town: Town, rig: Rig, address: Address) -> None:
    """Ties a worktree that is there to its repository again; what cannot be tied is moved, whole, to the archive."""
    repository, place = town.repository(rig.name), town.worktree(address)
    if not place.exists() and not place.is_symlink():
        return
    try:
        worktree.git_dir(repository, place)
    except worktree.BrokenWorktree as error:
        if not worktree.repair(repository, [place]):
            town.say(f"{error.message}: it is tied to its repository again")
        else:
            town.say(f"{error.message}: all that was in it is kept in {put_away(town, place, address)}")


def put_away(town: Town, place: Path, address: Address) -> Path:
    """Moves something of an agent's to the archive, under a name that nothing else will have."""
    kept = town.archive / f"{place.parent.name}.{place.name}.{address.folder}.{clock.now().replace(':', '')}"
    kept.parent.mkdir(mode=0o700, exist_ok=True)
    place.rename(kept)
    return kept


def _bring_back(town: Town, rig: Rig, address: Address, branch: str) -> None:
    """What was saved on top of the branch and not committed; where it cannot be put back, it stays in its snapshot."""
    repository = town.repository(rig.name)
    saved = snapshot_history.find_work(repository, branch)
    if saved is None or not saved.files:
        return
    try:
        snapshot_history.restore(repository, saved, town.worktree(address), snapshot_caps(town, rig))
        town.say(f"{address}: the uncommitted work on {branch} is back, from snapshot {saved.seq} of {saved.agent}")
    except GtError as error:
        where = f"snapshot {saved.seq} of {saved.agent}"
        town.say(f"{address}: {where} holds uncommitted work on {branch}: {error.message}")


def _is_on(town: Town, rig: Rig, place: Path, branch: str) -> bool:
    """Also in the middle of a rebase of that branch, which whoever comes back goes on with."""
    repository = town.repository(rig.name)
    try:
        worktree.assert_place(repository, place, branch)
    except (worktree.BrokenWorktree, GitError):
        return False
    except RefusedError:
        return worktree.rebased_branch(repository, place) == branch
    return True


def copy_files(town: Town, rig: Rig, place: Path, *, over: bool = True) -> None:
    """The unversioned files of ``worktree.copy``, from the checkout that the rig was made of. Without one that cannot
    be copied whoever works there may fail or not; without any of them nobody could even begin.

    In a worktree that is used again a folder that is there stays: like all that git ignores, it was built on. ``over``:
    files that are there are replaced.
    """

    def copy(found: tuple[Path, str]) -> None:
        there = place / found[1]
        if not there.is_dir() and (over or not os.path.lexists(there)):
            copy_path(found[0], there)

    each(town, f"worktree.copy in rig {rig.name},", list_copied(town, rig), copy, lambda found: found[1])


def list_copied(town: Town, rig: Rig) -> list[tuple[Path, str]]:
    """What ``worktree.copy`` finds in the checkout that the rig was made of, each with its name there."""
    source = Path(rig.source)
    found: list[tuple[Path, str]] = []
    for pattern in town.settings(rig.name).texts("worktree.copy") if source.is_dir() else ():
        with isolated(town, f"worktree.copy of rig {rig.name},", f"pattern {pattern!r}"):
            if not Path(pattern).parts or Path(pattern).is_absolute() or ".." in Path(pattern).parts:
                raise UsageError("it must be a pattern of paths below the checkout")
            found += sorted((path, str(path.relative_to(source))) for path in source.glob(pattern))
    return found


def _run_setup(town: Town, rig: Rig, address: Address, place: Path) -> None:
    """Raises GtError that names the command and its log."""
    settings = town.settings(rig.name)
    log = town.logs / f"setup.{address.folder}.log"
    mark = town.mark(f"setup.{address}")
    if settings.texts("worktree.setup"):
        processes.end((), sessions=[mark])  # a killed starter's, which would go on beside ours
    environment = {**town.environment, **log_commands(town, rig, place)}
    for command in settings.texts("worktree.setup"):
        status = run_logged(
            ["sh", "-c", command], place, environment, log, settings.seconds("worktree.timeout"), mark,
            town.log_size(rig.name),
        )  # fmt: skip
        if status != 0:
            what = "ran out of time" if status is None else f"failed with status {status}"
            words = f"worktree.setup of {address}: {command!r} {what}{last_words(log)}"
            raise GtError(words, hint=f"less {log}")
        settle_shared_files(town, rig)


def snapshot_caps(town: Town, rig: Rig) -> snapshot.Caps:
    """Also while the settings cannot be read: work is saved before an agent is stopped."""
    try:
        settings = town.settings(rig.name)
    except GtError:
        settings = Settings([])
    return snapshot.Caps(settings.size("snapshot.file"), settings.size("snapshot.total"))


def save_hook(town: Town, rig: Rig, address: Address, why: str) -> snapshot.Snapshot | None:
    """A snapshot of the agent's work; None where the worktree is missing or broken, which is never saved.

    What it had to leave out is said aloud, once for each state of the worktree.
    """
    moment = clock.now()
    try:
        saved = snapshot.take(
            town.repository(rig.name),
            address.folder,
            town.worktree(address),
            time=moment,
            why=why,
            hook=describe_hook(town, address),
            by=Person(address, rig.email),
            caps=snapshot_caps(town, rig),
        )
    except worktree.BrokenWorktree:
        return None
    if saved.left_out and saved.time == moment:
        town.say(f"NOT in snapshot {saved.seq} of {address}: {', '.join(map(str, saved.left_out))}")
    return saved


def clear_hook(town: Town, rig: Rig, address: Address) -> None:
    """Saves the agent's work, then moves its worktree to the trash, where it stays for a grace time."""
    place = town.worktree(address)
    registered = [town.worktree(agent.address) for agent in list_agents(town.db, rig.name)]
    mend_worktree(town, rig, address)
    saved = save_hook(town, rig, address, "removal")
    if saved is not None:
        removal.remove(
            town.repository(rig.name),
            place,
            removal.Saved(saved.commit),
            registered=registered,
            town=town.path,
            trash=town.trash,
        )
    elif place.exists():
        town.say(f"{place} is not a whole worktree: it is kept in {put_away(town, place, address)}")
    with town.change() as change:
        move_hook(change, address, "empty")


def archive_agent(town: Town, address: Address) -> None:
    """Mailbox, hook folder and snapshots of a removed agent: kept, and out of the way of one with the same name."""
    for folder in (town.mail / address.folder, town.hook(address)):
        if folder.exists():
            put_away(town, folder, address)
    if address.rig is not None and town.repository(address.rig).path.is_dir():
        name = f"{address.folder}.{clock.now().replace(':', '')}"
        snapshot_history.archive(town.repository(address.rig), address.folder, name)
