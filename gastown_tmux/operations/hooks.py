"""Hooks: an agent's worktree prepared for a bead, what ``state.json`` says of it, and its removal."""

import json
import shutil
from pathlib import Path

from gastown_tmux.domain.agents import Agent, Role
from gastown_tmux.domain.ids import Address, Commit
from gastown_tmux.domain.rigs import Rig
from gastown_tmux.domain.work import Bead
from gastown_tmux.edges import clock, removal, snapshot, worktree
from gastown_tmux.edges.commands import run_logged
from gastown_tmux.edges.files import write_atomic
from gastown_tmux.edges.git import Person
from gastown_tmux.errors import GtError, RefusedError
from gastown_tmux.operations.town import Town
from gastown_tmux.store.agents import get_agent, list_agents, move_hook
from gastown_tmux.store.work import find_held_bead, set_branch


def find_base(town: Town, rig: Rig, *, fetch: bool = True) -> Commit:
    """The newest commit of the rig's target, fetched now. Raises GitError in the remote's words."""
    repository = town.repository(rig.name)
    if town.settings(rig.name).get("merge.publish") == "local" and rig.target_commit is not None:
        return rig.target_commit
    if fetch:
        repository.fetch(rig.target)
    base = repository.resolve(f"refs/remotes/origin/{rig.target}")
    if base is None:
        raise RefusedError(f"{rig.remote} has no branch {rig.target} any more", hint=f"gt rig show {rig.name}")
    return Commit(base)


def branch_of(agent: Agent, bead: Bead | None) -> str:
    """A polecat has a branch for each bead, a crew member one of its own."""
    if agent.role is Role.POLECAT and bead is not None:
        return f"bead/{bead.id}"
    return f"{agent.role}/{agent.name}"


def prepare_hook(town: Town, rig: Rig, address: Address, base: Commit) -> Path:
    """The agent's worktree on the branch for what is on its hook. Killed half-way and run again, it ends the same.

    What stood in the worktree of a polecat before is saved in a snapshot first; a crew member's is left as it is.
    """
    repository, place = town.repository(rig.name), town.worktree(address)
    agent, bead = get_agent(town.db, address), find_held_bead(town.db, address)
    branch = branch_of(agent, bead)
    with town.change() as change:
        move_hook(change, address, "prepare")
    try:
        fresh = not place.exists()
        if not fresh and agent.role is Role.POLECAT and not _is_on(town, rig, place, branch):
            save_hook(town, rig, address, "reuse")
            worktree.reuse(repository, place, branch, base, ignore_other_worktrees=True)
        else:
            worktree.add(repository, place, branch, base, f"gt: hook of {address}", ignore_other_worktrees=True)
        if fresh:
            _copy_files(town, rig, place)
        _run_setup(town, rig, address, place)
    except BaseException:
        with town.change() as change:
            move_hook(change, address, "break")
        raise
    with town.change() as change:
        move_hook(change, address, "ready")
        if bead is not None:
            set_branch(change, bead.id, branch, base)
    write_state(town, address)
    return place


def _is_on(town: Town, rig: Rig, place: Path, branch: str) -> bool:
    try:
        worktree.assert_place(town.repository(rig.name), place, branch)
    except RefusedError:
        return False
    return True


def _copy_files(town: Town, rig: Rig, place: Path) -> None:
    """The unversioned files of ``worktree.copy``, from the checkout that the rig was made of."""
    source = Path(rig.source)
    if not source.is_dir():
        return
    for pattern in town.settings(rig.name).texts("worktree.copy"):
        for found in sorted(source.glob(pattern)):
            target = place / found.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            if found.is_dir():
                shutil.copytree(found, target, symlinks=True, dirs_exist_ok=True)
            else:
                shutil.copy2(found, target, follow_symlinks=False)


def _run_setup(town: Town, rig: Rig, address: Address, place: Path) -> None:
    """Raises GtError that names the command and its log."""
    settings = town.settings(rig.name)
    log = town.logs / f"setup.{address.folder}.log"
    for command in settings.texts("worktree.setup"):
        status = run_logged(
            ["sh", "-c", command], place, dict(town.environment), log, settings.seconds("worktree.timeout")
        )
        if status != 0:
            what = "ran out of time" if status is None else f"failed with status {status}"
            raise GtError(f"worktree.setup of {address}: {command!r} {what}", hint=f"its output is in {log}")


def write_state(town: Town, address: Address) -> None:
    """``state.json``: what is on the hook, for those who may not open the database."""
    folder = town.hook(address)
    folder.mkdir(parents=True, exist_ok=True)
    state = describe_hook(town, address)
    write_atomic(folder / "state.json", json.dumps(state, ensure_ascii=False, indent=1).encode())


def describe_hook(town: Town, address: Address) -> dict[str, object]:
    agent, bead = get_agent(town.db, address), find_held_bead(town.db, address)
    return {
        "agent": address,
        "role": agent.role,
        "rig": agent.rig,
        "bead": bead
        and {name: getattr(bead, name) for name in ("id", "title", "body", "state", "reason", "priority", "convoy")},
        "branch": bead.branch if bead else branch_of(agent, None),
        "base": bead.base if bead else None,
        "attempt": bead.attempts if bead else 0,
        "updated": clock.now(),
    }


def save_hook(town: Town, rig: Rig, address: Address, why: str) -> snapshot.Snapshot | None:
    """A snapshot of the agent's work; None where the worktree is missing or broken, which is never saved."""
    try:
        return snapshot.take(
            town.repository(rig.name),
            address.folder,
            town.worktree(address),
            time=clock.now(),
            why=why,
            hook=describe_hook(town, address),
            by=Person(address, rig.email),
        )
    except worktree.BrokenWorktree:
        return None


def clear_hook(town: Town, rig: Rig, address: Address) -> None:
    """Saves the agent's work, then moves its worktree to the trash, where it stays for a grace time."""
    place = town.worktree(address)
    registered = [town.worktree(agent.address) for agent in list_agents(town.db, rig.name)]
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
        kept = town.trash / f"{address.folder}.{clock.now()}"
        kept.parent.mkdir(parents=True, exist_ok=True)
        place.rename(kept)
        town.say(f"{place} was no whole worktree: it is kept in {kept}")
    with town.change() as change:
        move_hook(change, address, "empty")
