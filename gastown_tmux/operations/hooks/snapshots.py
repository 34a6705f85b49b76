"""gt snapshot: the saved moments of a hook, listed, shown, compared and put back."""

from gastown_tmux.dataclass import dataclass, replace, values_of
from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.agents import AgentState, HookState, Role, branch_of
from gastown_tmux.domain.events import EventType
from gastown_tmux.domain.rigs import Rig
from gastown_tmux.edges.git import places, snapshot, snapshot_history
from gastown_tmux.edges.git.snapshot import Snapshot
from gastown_tmux.edges.processes import launch, processes
from gastown_tmux.errors import NotFoundError, RefusedError
from gastown_tmux.operations.hooks import submodules
from gastown_tmux.operations.hooks.state import write_state
from gastown_tmux.operations.hooks.worktrees import find_base, mend_worktree, save_hook, snapshot_caps
from gastown_tmux.operations.town.town import Answer, Town
from gastown_tmux.store.agents import find_live_session, get_agent, move_hook
from gastown_tmux.store.beads import find_held_bead


@dataclass(frozen=True, slots=True)
class Moment(Snapshot):
    """A snapshot with what the hook was then. ``patch`` leads from the commit it stood on to its files."""

    branch: str | None
    head: str | None
    operation: str | None
    bead: str | None
    nested: list[str]
    patch: str


def list_snapshots(town: Town, agent: Address) -> list[Snapshot]:
    """Oldest first."""
    if agent.rig is None:
        return []
    found = snapshot.history(town.repository(agent.rig), agent.folder)
    return [replace(one, agent=agent) for one in found]


def show(town: Town, agent: Address, seq: int | None = None) -> Moment:
    rig = _rig_of(town, agent)
    chosen = _choose(town, agent, seq)
    repository = town.repository(rig.name)
    state = snapshot_history.read_state(repository, chosen)
    bead = (state["hook"] or {}).get("bead")
    return Moment(
        **values_of(chosen),
        branch=state["branch"],
        head=state["head"],
        operation=state["operation"],
        bead=bead and bead["id"],
        nested=[entry["path"] for entry in state["nested"]],
        patch=snapshot_history.diff(repository, chosen),
    )


def diff(town: Town, agent: Address, seq: int | None = None) -> str:
    """What changed between a snapshot and the worktree as it is now."""
    rig = _rig_of(town, agent)
    chosen = _choose(town, agent, seq)
    present = save_hook(town, rig, agent, snapshot.LOOK)
    if present is None:
        raise NotFoundError(
            f"{agent} has no whole worktree to compare with", hint=f"gt snapshot restore {agent} {chosen.seq}"
        )
    return snapshot_history.diff(town.repository(rig.name), present, chosen)


def take(town: Town, agent: Address) -> Answer:
    """Raises NotFoundError where the worktree is missing or broken, which is never saved."""
    saved = save_hook(town, _rig_of(town, agent), agent, "asked")
    if saved is None:
        raise NotFoundError(f"{agent} has no whole worktree", hint=f"gt snapshot restore {agent}")
    left = f"\nleft out: {', '.join(map(str, saved.left_out))}" if saved.left_out else ""
    return Answer(
        replace(saved, agent=agent),
        f"{agent} is saved as {saved.seq}, {saved.files} file{'' if saved.files == 1 else 's'}{left}",
    )


def restore(town: Town, agent: Address, seq: int | None = None) -> Answer:
    """Makes the files of the worktree those of a snapshot, after a snapshot of what is there now.

    A worktree that is gone is made again. Branch, index and commits stay as they are. Raises RefusedError beside a
    live session that is not paused, and where one is about to be started.
    """
    rig = _rig_of(town, agent)
    chosen = _choose(town, agent, seq)
    _refuse_beside_session(town, agent)
    mend_worktree(town, rig, agent)
    before = save_hook(town, rig, agent, "restore")
    if before is None:
        _make_again(town, rig, agent, chosen)
    place, repository = town.worktree(agent), town.repository(rig.name)
    left = snapshot_history.restore(repository, chosen, place, snapshot_caps(town, rig))
    with town.change() as change:
        if get_agent(change, agent).hook is not HookState.READY:
            move_hook(change, agent, "prepare")
            move_hook(change, agent, "ready")
        change.event(EventType.HOOK_RESTORED, agent, seq=chosen.seq, before=before and before.seq)
    write_state(town, agent)
    said = [f"{agent} is as it was at {chosen.time}, snapshot {chosen.seq}"]
    said.append(f"what was there before is snapshot {before.seq}" if before else f"the worktree {place} was made again")
    if find_live_session(town.db, agent):
        said.append(f"its program stands still: gt resume {agent}" + ("" if before else f", then gt respawn {agent}"))
    if left:
        said.append(f"left as they are: {', '.join(map(str, left))}")
    nested = [entry["path"] for entry in snapshot_history.read_state(repository, chosen)["nested"]]
    if bare := [name for name in nested if not (place / name / ".git").exists()]:
        said.append(f"without their history: {', '.join(bare)}")
    return Answer(chosen, "\n".join(said))


def _rig_of(town: Town, agent: Address) -> Rig:
    if agent.rig is None:
        raise NotFoundError(f"{agent} has no worktree of its own: there is nothing to save", hint="gt agents")
    return town.rig(agent.rig)


def _choose(town: Town, agent: Address, seq: int | None) -> Snapshot:
    """The one with that number; else the newest that left nothing out, else the newest. Raises NotFoundError.

    One that only a look at a diff made is chosen by its number alone: after a look, what was looked at would be "put
    back", and a second look would find nothing.
    """
    found = list_snapshots(town, agent)
    if seq is not None:
        for one in found:
            if one.seq == seq:
                return one
        raise NotFoundError(f"{agent} has no snapshot {seq}", hint=f"gt snapshot list {agent}")
    found = [one for one in found if one.why != snapshot.LOOK] or found
    if not found:
        raise NotFoundError(f"{agent} has no snapshot", hint=f"gt snapshot now {agent}")
    chosen = next((one for one in reversed(found) if not one.left_out), found[-1])
    if chosen.left_out:
        town.say(f"snapshot {chosen.seq} is without {', '.join(map(str, chosen.left_out))}")
    elif chosen is not found[-1]:
        town.say(f"snapshot {chosen.seq} is the newest complete one; {found[-1].seq} is newer and left files out")
    return chosen


def _refuse_beside_session(town: Town, agent: Address) -> None:
    state = get_agent(town.db, agent).state
    if find_live_session(town.db, agent) and not (state is AgentState.PAUSED and _stands_still(town, agent)):
        raise RefusedError(f"{agent} is at work in its worktree", hint=f"gt pause {agent}")
    if state in (AgentState.ON, AgentState.BACKOFF, AgentState.LIMITED) and town.is_wanted():
        raise RefusedError(f"{agent} is about to be started in its worktree", hint=f"gt pause {agent}")


def _stands_still(town: Town, agent: Address) -> bool:
    return all(map(processes.is_held, launch.agent_processes(str(town.path)).get(agent, ())))


def _make_again(town: Town, rig: Rig, agent: Address, chosen: Snapshot) -> None:
    """On the branch that its hook has now; without one, detached where the snapshot was taken."""
    known, bead = get_agent(town.db, agent), find_held_bead(town.db, agent)
    branch = branch_of(known, bead.id if bead else None) if bead is not None or known.role is Role.CREW else None
    repository = town.repository(rig.name)
    base = repository.resolve(f"{chosen.commit}^") or find_base(town, rig, fetch=False)
    places.add(repository, town.worktree(agent), branch, base, f"gt: hook of {agent}")
    submodules.fill(town, rig, town.worktree(agent))
