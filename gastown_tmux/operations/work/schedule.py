"""What was claimed is started, and what waits is given out: worktrees, then windows."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.agents import Role
from gastown_tmux.domain.ids import BeadId, Commit, RigName
from gastown_tmux.domain.scheduling import choose
from gastown_tmux.domain.waiting import Wait
from gastown_tmux.domain.work import RETRIED, BeadState
from gastown_tmux.edges.files.faults import fault_point
from gastown_tmux.edges.processes.locks import Lock
from gastown_tmux.errors import GtError, in_words, meets_all
from gastown_tmux.operations.hooks.refreshing import refresh_branch
from gastown_tmux.operations.hooks.state import write_state
from gastown_tmux.operations.hooks.worktrees import find_base, is_prepared, prepare_hook
from gastown_tmux.operations.mail import sending
from gastown_tmux.operations.sessions.ending import stop_sessions
from gastown_tmux.operations.sessions.starting import start_sessions
from gastown_tmux.operations.town.isolation import isolated, set_aside
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.work.placement import claim
from gastown_tmux.operations.work.readings import read_town
from gastown_tmux.store import agents as agent_rows
from gastown_tmux.store import beads as rows
from gastown_tmux.store.agents import list_busy
from gastown_tmux.store.rigs import list_rigs
from gastown_tmux.store.scheduling import list_candidates
from gastown_tmux.store.spending import are_unnoted, note_over_budget_only

#: What is set aside where a bead could not be put on a hook, by the bead's id.
GIVING = "giving out of work,"


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
            except (GtError, OSError) as error:
                failures.append((bead, address, in_words(error)))
        fault_point("sling.prepared")

        def fail(address: Address, error: Exception) -> None:
            failures.append((ready[address], address, in_words(error)))

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
        if bead.reason in RETRIED:
            with isolated(town, f"refreshing of {bead.branch} for", address):
                refresh_branch(town, rig, address, bases[rig.name])
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
    with isolated(town, "writing what is on the hook of", address):
        write_state(town, address)


def give_out(town: Town, resting: Mapping[str, Wait] | None = None) -> dict[RigName, list[tuple[BeadId, Address]]]:
    """Claims, for each rig, what goes to a worker now, in one transaction with the choice. Nothing is started.

    ``resting``: rigs that are given nothing for now. While nothing can be given, rows are only read.
    """
    seen = list_candidates(town.db, rigs=_with_places(town))
    plan = choose(read_town(town, town.db, seen, resting=resting))
    over = [id for id, wait in plan.waits.items() if wait.what == "budget"]
    bad = set[BeadId]()
    while chosen := [choice.bead for choice in plan.given if choice.bead not in bad]:
        given: dict[RigName, list[tuple[BeadId, Address]]] = {}
        current = chosen[0]
        try:
            with town.change() as change:
                note_over_budget_only(change, over, chosen)
                fresh = list_candidates(change, among=chosen)
                for choice in choose(read_town(town, change, fresh, resting=resting)).given:
                    current = choice.bead
                    worker = claim(change, choice)
                    given.setdefault(RigName(worker.rig or ""), []).append((choice.bead, worker))
            return given
        except Exception as error:
            if meets_all(error) or current in bad:
                raise
            set_aside(town, GIVING, current, error)
            bad.add(current)
    if over and are_unnoted(town.db, over):
        with town.change() as change:
            note_over_budget_only(change, over, ())
    return {}


def _with_places(town: Town) -> list[RigName] | None:
    """Rigs that may have more agents at work; None for all. Of thousands that wait for a place none need be read."""
    busy, rigs = list_busy(town.db), list_rigs(town.db)
    if len(busy) >= town.settings().count("limits.agents"):
        return []
    at_work = Counter(address.rig for address in busy)
    free = []
    for rig in rigs:
        try:
            free += [rig.name] if at_work[rig.name] < town.settings(rig.name).count("limits.agents") else []
        except GtError:
            free.append(rig.name)  # the reading tells what is wrong with it
    return free if len(free) < len(rigs) else None


def start_given(town: Town, rig: RigName, given: Sequence[tuple[BeadId, Address]]) -> None:
    """Starts what was claimed in one rig. It takes as long as fetches and set-ups take.

    Raises GtError where a worker could not be started, after the others were; its bead goes on waiting.
    """
    failures = start_claimed(town, given)
    if failures and town.is_wanted():
        for id, address, _ in failures:
            take_back(town, id, address, target=rows.get_bead(town.db, id).target or rig)
        raise failures[0][2]
