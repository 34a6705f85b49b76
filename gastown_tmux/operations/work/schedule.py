"""What was claimed is started, and what waits is given out: worktrees, then windows."""

from collections.abc import Sequence
from contextlib import ExitStack

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.agents import Role
from gastown_tmux.domain.ids import BeadId, Commit, RigName
from gastown_tmux.domain.rigs import Rig
from gastown_tmux.domain.work import BeadState
from gastown_tmux.edges.files.faults import fault_point
from gastown_tmux.edges.processes.locks import Lock
from gastown_tmux.errors import GtError, explain
from gastown_tmux.operations.hooks.state import write_state
from gastown_tmux.operations.hooks.worktrees import find_base, is_prepared, prepare_hook
from gastown_tmux.operations.mail import sending
from gastown_tmux.operations.sessions.ending import stop_sessions
from gastown_tmux.operations.sessions.starting import start_sessions
from gastown_tmux.operations.town import budgets, capacity
from gastown_tmux.operations.town.isolation import each
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.work.placement import Waits, count_places, give
from gastown_tmux.store import agents as agent_rows
from gastown_tmux.store import beads as rows
from gastown_tmux.store.spending import note_all_over_budget


def start_claimed(town: Town, claimed: Sequence[tuple[BeadId, Address]]) -> list[tuple[BeadId, Address, GtError]]:
    """Worktrees, then windows. Those that could not be started, and why; their beads are still on the hooks."""
    bases: dict[RigName, Commit] = {}
    ready: dict[Address, BeadId] = {}
    failures = []
    with ExitStack() as held:
        for _, address in claimed:
            lock = Lock(town.sling_lock(address))
            if lock.try_lock():
                held.callback(lock.release)
        for bead, address in claimed:
            try:
                if _make_ready(town, bead, address, bases):
                    ready[address] = bead
            except GtError as error:
                failures.append((bead, address, error))
        fault_point("sling.prepared")

        def fail(address: Address, error: Exception) -> None:
            words, hint, _ = explain(error)
            failures.append((ready[address], address, error if isinstance(error, GtError) else GtError(words, hint)))

        for session in start_sessions(town, list(ready), fail):
            if session.ended:
                reason = GtError(f"{session.agent} was {session.reason}", hint=f"gt log {session.agent}")
                failures.append((ready[session.agent], session.agent, reason))
    return failures


def _make_ready(town: Town, bead_id: BeadId, address: Address, bases: dict[RigName, Commit]) -> bool:
    """Prepares the hook for the bead; whether a session of its own is to be started now."""
    bead, session = rows.find_held_bead(town.db, address), agent_rows.find_live_session(town.db, address)
    if not town.is_wanted() or bead is None or bead.id != bead_id:
        return False
    if session is not None:
        if bead.state is BeadState.WORKING or session.pid is None:
            return False
        # It was there before the bead was slung: for another one, or for an earlier attempt.
        if agent_rows.get_agent(town.db, address).role is Role.POLECAT:
            stop_sessions(town, [address], why="reuse")
            session = None
    rig = town.rig(bead.rig)
    if not is_prepared(town, rig, address):
        if rig.name not in bases:
            bases[rig.name] = find_base(town, rig)
        prepare_hook(town, rig, address, bases[rig.name])
    if session is None:
        return True
    with town.change() as change:
        rows.start_bead(change, bead.id, session.id)
    write_state(town, address)
    sending.notify(town, address, f"{bead.id} is on your hook", f"{bead.title}\n\n{bead.body}")
    return False


def take_back(town: Town, bead: BeadId, address: Address, *, target: str | None) -> None:
    """As before the sling, but for ``target``."""
    with town.change() as change:
        held = rows.find_held_bead(change, address)
        session = agent_rows.find_live_session(change, address)
        if held is None or held.id != bead or (session is not None and session.bead == bead):
            return  # another is on the hook, or the witness was luckier with this one
        rows.take_back_bead(change, bead, target=target)
        if session is None:
            agent_rows.move_agent(change, address, "stop")
    write_state(town, address)


def schedule(town: Town, rig: Rig) -> list[tuple[BeadId, Address]]:
    """Gives out the rig's open beads that wait for a worker, and those that came back to be done again.

    It takes as long as fetches and set-ups take. Raises GtError where a worker could not be started, after the others
    were; its bead goes on waiting.
    """

    full = capacity.refusal(town)
    if full is not None and full.startswith(budgets.OVER) and rows.list_waiting(town.db, rig.name, 1):
        with town.change() as change:
            note_all_over_budget(change, rig.name)
    if town.stands_still(rig.name) or full is not None:
        return []
    busy = agent_rows.list_busy(town.db)
    most = len(busy) + count_places(town, rig, busy)

    def give_out(waiting: tuple[BeadId, str | None]) -> tuple[BeadId, Address | Waits]:
        id, target = waiting
        # A thousand may wait for one place: those that cannot go take no turn at the database.
        if len(busy) >= most and (target is None or "/" not in target or target in busy):
            return id, Waits("no place is free")
        with town.change() as change:
            fresh = rows.get_bead(change, id)
            if fresh.state is not BeadState.OPEN:
                return id, Waits("somebody else has it by now")
            worker = give(town, change, rig, fresh, person=False)
        busy.update([worker] if isinstance(worker, Address) else [])
        return id, worker

    waiting = rows.list_waiting(town.db, rig.name)
    offered = each(town, f"giving out of work in {rig.name},", waiting, give_out, lambda waiting: waiting[0])
    given = [(bead, worker) for bead, worker in offered if isinstance(worker, Address)]
    failures = start_claimed(town, given)
    if failures and town.is_wanted():
        for id, address, _ in failures:
            take_back(town, id, address, target=rows.get_bead(town.db, id).target or rig.name)
        raise failures[0][2]
    return given
