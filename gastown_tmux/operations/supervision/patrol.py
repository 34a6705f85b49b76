"""What daemons do at each look: take in signals, compare rows with processes, act on the difference."""

import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.agents import AgentState, Session, SessionMove, SessionState
from gastown_tmux.domain.ids import SessionId
from gastown_tmux.domain.work import BeadState
from gastown_tmux.edges.configuration import shipped
from gastown_tmux.edges.configuration.shipped import AfterDone
from gastown_tmux.edges.files import clock
from gastown_tmux.operations.mail.injection import take_offer
from gastown_tmux.operations.sessions.ending import stop_sessions
from gastown_tmux.operations.sessions.rate_limits import lift_limits
from gastown_tmux.operations.supervision.reminders import suggest_handoff
from gastown_tmux.operations.supervision.up import SLING_SECONDS, find_missing
from gastown_tmux.operations.town.town import Town
from gastown_tmux.providers import registry
from gastown_tmux.providers.base import PromptPassing
from gastown_tmux.store import agents as rows
from gastown_tmux.store.beads import list_held_beads
from gastown_tmux.store.meta import is_wanted
from gastown_tmux.store.rows import Reader

#: Seconds an agent may go on in its turn after its bead has left its hook.
FAREWELL_SECONDS = 15.0
#: Seconds that whoever asked for a session's end has for it before the witness does it.
ENDING_SECONDS = 20.0

#: How long after a sling it is looked at often whether its sender still lives.
SLUNG_SECONDS = 60.0

#: An agent asked for its own session's end; only the witness can do that for it.
AT_ONCE = ("handoff", "respawned", "respawned fresh")

MOVES: Mapping[str, SessionMove] = {
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
        # Names of the guard's files begin with a process id: only their times tell which came first.
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
    if event == "offered":
        take_offer(town, session, known)
        return
    provider_session = known.get("session_id") or known.get("sessionId")
    transcript = known.get("transcript_path") or known.get("transcriptPath")
    move = MOVES.get(event)
    with town.change() as change:
        if event == "session-start" and _has_words(town, change, session):
            move = None
        if move is not None:
            rows.move_session(change, session, move)
        if isinstance(provider_session, str):
            rows.set_provider_session(change, session, provider_session)
        if isinstance(transcript, str):
            rows.set_transcript(change, session, transcript)
        live = rows.find_session(change, session)
        # A person who shortens it by hand knows what they do.
        if event == "compact" and known.get("trigger") != "manual" and live is not None and not live.ended:
            suggest_handoff(change, live)


def _has_words(town: Town, reader: Reader, session: SessionId) -> bool:
    """Whether its first prompt came with the command line: until that is submitted, its composer only looks idle."""
    found = rows.find_session(reader, session)
    return found is not None and registry.find(found.provider, town.settings()).prompt is PromptPassing.ARGUMENT


def find_released(town: Town) -> list[Address]:
    """Agents with nothing on their hook whose role ends with the work, once their turn is over."""
    held = list_held_beads(town.db)
    idle = [agent for agent in rows.list_agents(town.db) if agent.address not in held and agent.state is AgentState.ON]
    after = {role: shipped.load_role(role, town.path).done for role in {agent.role for agent in idle}}
    free = []
    for agent in idle:
        if after[agent.role] is not AfterDone.END:
            continue
        session = rows.find_live_session(town.db, agent.address)
        if session is None or _is_released(session, agent.since):
            free.append(agent.address)
    return free


def release(town: Town, free: Collection[Address]) -> None:
    """Ends the sessions of agents that have parted from their work; those that were given a bead meanwhile go on."""
    held = list_held_beads(town.db)
    stop_sessions(town, [address for address in free if address not in held], why="done", move="stop")


def _is_released(session: Session, since: str) -> bool:
    """Whether its turn is over; one that gives no sign is given some time."""
    if session.state is SessionState.IDLE:
        return True
    return (
        session.state is not SessionState.STARTING and clock.seconds_since(max(session.since, since)) > FAREWELL_SECONDS
    )


def find_ending(town: Town, live: Sequence[Session]) -> list[Session]:
    """Sessions that are to end and for which nobody else does it: a handoff, or an end that a kill left half-way.

    The session of an agent that is off has no right to run either.
    """
    off = {agent.address: agent.since for agent in rows.list_agents(town.db) if agent.state is AgentState.OFF}
    ending = []
    for session in live:
        since = session.since if session.ending is not None else off.get(session.agent)
        if session.ending in AT_ONCE or (since is not None and clock.seconds_since(since) > ENDING_SECONDS):
            ending.append(session)
    return ending


def find_due(town: Town) -> list[Address]:
    """Agents that should run now and do not; those whose pause after a death or a limit is over among them."""
    if not is_wanted(town.db):
        return []
    lift_limits(town)
    now = clock.now()
    for agent in rows.list_agents(town.db):
        if agent.state is AgentState.BACKOFF and (agent.not_before or "") <= now:
            with town.change() as change:
                rows.move_agent(change, agent.address, "retry")
                rows.set_restarts(change, agent.address, agent.restarts + 1)
    return find_missing(town)


def next_due(town: Town) -> float | None:
    """Seconds until the first agent's pause is over, or until whoever slings a bead shows whether it lives."""
    fresh = [bead for bead in list_held_beads(town.db).values() if bead.state is BeadState.HOOKED]
    waits = [SLING_SECONDS for bead in fresh if clock.seconds_since(bead.updated) < SLUNG_SECONDS]
    waits += [
        max(0.0, -clock.seconds_since(agent.not_before))
        for agent in rows.list_agents(town.db)
        if agent.state in (AgentState.BACKOFF, AgentState.LIMITED) and agent.not_before
    ]
    return min(waits, default=None)
