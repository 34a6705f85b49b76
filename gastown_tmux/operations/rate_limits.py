"""Agents at their provider's limit: they wait for its end, and nobody disturbs them."""

from gastown_tmux.domain.agents import AgentState, Session
from gastown_tmux.domain.rate_limits import STAGGER_SECONDS, seconds_until_reset
from gastown_tmux.edges import clock
from gastown_tmux.operations.town import Town
from gastown_tmux.store import agents as rows


def note_limit(town: Town, session: Session, words: str | None) -> None:
    """The agent is ``limited`` until its provider's limit ends: nothing is typed and nothing started until then."""
    seconds = seconds_until_reset(words, clock.time_of_day())
    if seconds is None:
        return
    with town.change() as change:
        agents = rows.list_agents(change)
        before = sum(agent.state is AgentState.LIMITED for agent in agents)
        if any(agent.address == session.agent and agent.state is AgentState.ON for agent in agents):
            until = clock.after(seconds + before * STAGGER_SECONDS)
            reason = f"its provider's limit ends {words}" if words else "at its provider's limit"
            rows.move_agent(change, session.agent, "limit", reason=reason, not_before=until)
