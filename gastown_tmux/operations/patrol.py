"""What daemons do at each look: take in signals, compare rows with processes, act on the difference."""

import json
from pathlib import Path

from gastown_tmux.domain.agents import AgentState, Role, Session, SessionState
from gastown_tmux.domain.ids import Address, SessionId
from gastown_tmux.edges import clock, processes
from gastown_tmux.edges.processes import ProcessRef
from gastown_tmux.operations.hooks import save_hook
from gastown_tmux.operations.sessions import record_end, session_refs, settle_orphans, stop_sessions
from gastown_tmux.operations.town import Town
from gastown_tmux.operations.up import start_wanted
from gastown_tmux.store import agents as rows
from gastown_tmux.store.meta import is_wanted
from gastown_tmux.store.work import list_held_beads

#: Seconds an agent may go on in its turn after its bead has left its hook.
FAREWELL_SECONDS = 15.0
#: The longest pause between two starts, and the time alive after which the first one counts again.
LONGEST_DELAY = 60.0

MOVES = {
    "session-start": "ready",
    "prompt": "work",
    "working": "work",
    "idle": "idle",
    "waiting": "wait",
    "compact": "work",
}


def take_signals(town: Town) -> int:
    """Rows follow what providers' hooks wrote into the spool, oldest first; how many there were."""
    spool = town.run / "spool"
    try:
        files = sorted(
            (path for path in spool.iterdir() if path.name[0] != "."), key=lambda path: path.stat().st_mtime_ns
        )
    except FileNotFoundError:
        return 0
    for file in files:
        _, _, rest = file.name.partition(".")
        session, _, event = rest.partition(".")
        _take_signal(town, SessionId(session), event, file)
        file.unlink(missing_ok=True)
    return len(files)


def _take_signal(town: Town, session: SessionId, event: str, file: Path) -> None:
    try:
        payload = json.loads(file.read_bytes() or b"{}")
    except (OSError, ValueError):
        payload = {}
    known = payload if isinstance(payload, dict) else {}
    provider_session = known.get("session_id") or known.get("sessionId")
    move = MOVES.get(event)
    with town.change() as change:
        if move is not None:
            rows.move_session(change, session, move)
        if isinstance(provider_session, str):
            rows.set_provider_session(change, session, provider_session)


def observe(town: Town) -> list[Session]:
    """Ends the rows of sessions whose program is gone, with its exit status; those sessions.

    A start that its starter did not live to record is recorded from the launcher's report.
    """
    settle_orphans(town)
    gone = []
    for session in rows.list_live_sessions(town.db):
        if session.pid is None or session.pid_started is None:
            continue
        if processes.is_alive(ProcessRef(session.pid, session.pid_started)):
            continue
        processes.end(session_refs(session), session=session.id)
        record_end(town, session, "died")
        gone.append(session)
    return gone


def release(town: Town) -> list[Address]:
    """Ends sessions of polecats with nothing on their hook, once their turn is over; those agents."""
    held = list_held_beads(town.db)
    free = []
    for agent in rows.list_agents(town.db):
        if agent.role is not Role.POLECAT or agent.address in held or agent.state is not AgentState.ON:
            continue
        session = rows.find_live_session(town.db, agent.address)
        if session is None or _has_parted(session, agent.since):
            free.append(agent.address)
    stop_sessions(town, free, why="done", state="stop")
    return free


def _has_parted(session: Session, since: str) -> bool:
    """Whether its turn is over; one that gives no sign is given some time."""
    if session.state is SessionState.IDLE:
        return True
    return (
        session.state is not SessionState.STARTING and clock.seconds_since(max(session.since, since)) > FAREWELL_SECONDS
    )


def respawn(town: Town, gone: list[Session]) -> None:
    """Each death of an agent that should run is followed by a start, later each time, until the budget is spent."""
    for session in gone:
        agent = rows.find_agent(town.db, session.agent)
        if agent is None or agent.state is not AgentState.ON:
            continue
        held = session.agent in list_held_beads(town.db)
        if agent.role is Role.POLECAT and not held:
            with town.change() as change:
                rows.move_agent(change, agent.address, "stop", reason="its bead is done")
            continue
        if agent.rig:
            save_hook(town, town.rig(agent.rig), agent.address, "death")
        _back_off(town, session)


def _back_off(town: Town, session: Session) -> None:
    settings = town.settings()
    budget = settings.get("respawn.budget")
    assert isinstance(budget, tuple)
    most, window = budget
    deaths = rows.count_deaths(town.db, session.agent, clock.after(-window))
    delay = min(settings.seconds("respawn.delay") * 2 ** max(deaths - 1, 0), LONGEST_DELAY)
    with town.change() as change:
        if deaths > most:
            rows.move_agent(change, session.agent, "exhaust", reason=f"{deaths} deaths in {window:.0f}s")
        else:
            rows.move_agent(change, session.agent, "die", reason="died", not_before=clock.after(delay))


def start_due(town: Town) -> list[Address]:
    """Starts agents whose pause after a death is over, and any other that should run and does not."""
    if not is_wanted(town.db):
        return []
    now = clock.now()
    for agent in rows.list_agents(town.db):
        if agent.state is AgentState.BACKOFF and (agent.not_before or "") <= now:
            with town.change() as change:
                rows.move_agent(change, agent.address, "retry")
                rows.set_restarts(change, agent.address, agent.restarts + 1)
    return start_wanted(town)


def next_start(town: Town) -> float | None:
    """Seconds until the first agent in backoff is due."""
    waits = [
        max(0.0, -clock.seconds_since(agent.not_before))
        for agent in rows.list_agents(town.db)
        if agent.state is AgentState.BACKOFF and agent.not_before
    ]
    return min(waits, default=None)
