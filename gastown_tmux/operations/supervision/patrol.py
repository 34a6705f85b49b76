"""What daemons do at each look: compare rows with processes, act on the difference."""

from collections.abc import Collection, Sequence
from functools import cache

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.agents import Agent, AgentState, Session, SessionState
from gastown_tmux.domain.needs import is_missing_program
from gastown_tmux.domain.work import BeadState
from gastown_tmux.edges.configuration import shipped
from gastown_tmux.edges.configuration.shipped import AfterDone
from gastown_tmux.edges.files import clock
from gastown_tmux.errors import GtError, MissingError
from gastown_tmux.operations.sessions.ending import stop_sessions
from gastown_tmux.operations.sessions.rate_limits import lift_limits
from gastown_tmux.operations.sessions.starting import resolve_provider
from gastown_tmux.operations.supervision.up import PUT_OFF_SECONDS, SLING_SECONDS, find_missing
from gastown_tmux.operations.town.isolation import each
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store import agents as rows
from gastown_tmux.store.beads import find_held_bead, list_held_beads

#: Seconds an agent may go on in its turn after its bead has left its hook.
FAREWELL_SECONDS = 15.0
#: Seconds that whoever asked for a session's end has for it before the witness does it.
ENDING_SECONDS = 20.0

#: How long after a sling it is looked at often whether its sender still lives.
SLUNG_SECONDS = 60.0

#: An agent asked for its own session's end; only the witness can do that for it.
AT_ONCE = ("handoff", "respawned", "respawned fresh")


def find_released(town: Town) -> list[Address]:
    """Agents with nothing on their hook whose role ends with the work, once their turn is over."""
    held = list_held_beads(town.db)
    idle = [agent for agent in rows.list_agents(town.db) if agent.address not in held and agent.state is AgentState.ON]
    live = {session.agent: session for session in rows.list_live_sessions(town.db)}
    load_role = cache(lambda role: shipped.load_role(role, town.path))

    def is_free(agent: Agent) -> Address | None:
        if load_role(agent.role).done is not AfterDone.END:
            return None
        session = live.get(agent.address)
        return agent.address if session is None or _is_released(session, agent.since) else None

    return [free for free in each(town, "releasing of", idle, is_free, lambda agent: agent.address) if free]


def release(town: Town, free: Collection[Address]) -> None:
    """Ends the sessions of agents that have parted from their work; those that were given a bead meanwhile go on."""

    def stop(address: Address) -> None:
        # Each takes a second or so: what has been slung since is seen here, in one with the move.
        stop_sessions(town, [address], why="done", move="stop", unless_held=True)

    each(town, "stopping of", list(free), stop)


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
    if not town.is_wanted():
        return []
    lift_limits(town)
    now = clock.now()

    def retry(agent: Agent) -> None:
        if (agent.not_before or "") > now:
            return
        is_missing = _is_missing_still(town, agent)
        with town.change() as change:
            if is_missing:
                rows.put_off(change, agent.address, clock.after(PUT_OFF_SECONDS))
                return
            rows.move_agent(change, agent.address, "retry")
            rows.set_restarts(change, agent.address, agent.restarts + 1)

    resting = [agent for agent in rows.list_agents(town.db) if agent.state is AgentState.BACKOFF]
    each(town, "retrying of", resting, retry, lambda agent: agent.address)
    return find_missing(town)


def _is_missing_still(town: Town, agent: Agent) -> bool:
    """Whether its program is not there yet: that is one state, and not as many tries as there are looks for it."""
    if not is_missing_program(agent):
        return False
    try:
        held = find_held_bead(town.db, agent.address)
        resolve_provider(town, agent.rig, (held and held.provider) or agent.provider)
    except MissingError:
        return True
    except GtError:  # it is told by the next try
        return False
    return False


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
