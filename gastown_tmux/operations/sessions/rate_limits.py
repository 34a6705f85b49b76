"""Agents at their provider's limit: they wait for its end, nobody disturbs them, and then they go on."""

from datetime import datetime

from gastown_tmux.domain.agents import Agent, AgentState, Session, SessionState
from gastown_tmux.domain.rate_limits import STAGGER_SECONDS, seconds_until_reset
from gastown_tmux.edges.files import clock
from gastown_tmux.operations.town.isolation import each
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store import agents as rows
from gastown_tmux.store.beads import find_held_bead
from gastown_tmux.store.db import Change
from gastown_tmux.store.deliveries import queue_words


def seconds_left(agent: Agent, session: Session, words: str | None) -> float | None:
    """Until the limit ends that an agent's screen tells of, in these words; None where that is over.

    A screen tells of it until there is a next turn: only what came after the agent was let go on counts.
    """
    now = datetime.fromtimestamp(clock.to_epoch(clock.now()))
    return seconds_until_reset(words, now) if session.since >= agent.since else None


def note_limit(town: Town, session: Session, words: str | None) -> None:
    """The agent is ``limited`` until its provider's limit ends: nothing is typed and nothing started until then."""
    agent = rows.find_agent(town.db, session.agent)
    if agent is None or agent.state is not AgentState.ON or (seconds := seconds_left(agent, session, words)) is None:
        return
    with town.change() as change:
        before = sum(other.state is AgentState.LIMITED for other in rows.list_agents(change))
        if rows.get_agent(change, agent.address).state is AgentState.ON:
            until = clock.after(seconds + before * STAGGER_SECONDS)
            reason = f"its provider's limit ends {words}" if words else "at its provider's limit"
            rows.move_agent(change, agent.address, "limit", reason=reason, not_before=until)


def is_over(town: Town, session: Session, words: str | None) -> bool:
    """Whether the agent may go on, though its screen still tells of the limit."""
    agent = rows.find_agent(town.db, session.agent)
    return agent is not None and agent.state is AgentState.ON and seconds_left(agent, session, words) is None


def lift_limits(town: Town) -> None:
    """Whose limit has ended is ``on`` again: by the clock, or because its program is at work before that. Who has a
    bead and stands still is told to go on.
    """
    limited = [agent for agent in rows.list_agents(town.db) if agent.state is AgentState.LIMITED]
    if not limited:
        return
    live = {session.agent: session for session in rows.list_live_sessions(town.db)}

    def look_at(agent: Agent) -> None:
        session = live.get(agent.address)
        at_work = session is not None and session.state is SessionState.WORKING and session.since > agent.since
        if at_work or (agent.not_before or "") <= clock.now():
            with town.change() as change:
                _lift(change, agent, session)

    each(town, "lifting of the limit of", limited, look_at, lambda agent: agent.address)


def _lift(change: Change, limited: Agent, session: Session | None) -> None:
    if rows.get_agent(change, limited.address).state is not AgentState.LIMITED:
        return
    rows.move_agent(change, limited.address, "unlimit")
    bead = find_held_bead(change, limited.address)
    if session is not None and session.state is SessionState.IDLE and bead is not None:
        words = f"gt: your provider's limit is over. Go on with {bead.id}, or say gt done --escalate REASON"
        queue_words(change, f"limit {session.id} {limited.since}", limited.address, words)
