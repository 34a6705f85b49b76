"""What is done for agents that live and get nowhere: those at a limit wait for its end, the forgetful are reminded."""

import time
from dataclasses import dataclass, field

from gastown_tmux.domain.agents import AgentState, Session, SessionState
from gastown_tmux.domain.health import FORGOTTEN_SECONDS
from gastown_tmux.domain.ids import SessionId
from gastown_tmux.domain.limits import STAGGER_SECONDS, seconds_until_reset
from gastown_tmux.edges import clock, resources
from gastown_tmux.edges.resources import Restart
from gastown_tmux.errors import GtError
from gastown_tmux.operations.escalations import raise_escalation
from gastown_tmux.operations.nudge import nudge
from gastown_tmux.operations.town import Town
from gastown_tmux.store import agents as rows
from gastown_tmux.store.work import list_held_beads

#: An agent that was reminded so often is another's to look after.
REMINDERS = 3


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


@dataclass
class Memory:
    """Who was reminded how often; for one thread."""

    _told: dict[SessionId, tuple[int, float]] = field(default_factory=dict)

    def remind(self, town: Town) -> None:
        """Agents whose turn is over with the bead still on their hook, though their role is to finish it."""
        held = list_held_beads(town.db)
        for session in rows.list_live_sessions(town.db):
            bead, agent = held.get(session.agent), rows.find_agent(town.db, session.agent)
            if bead is None or agent is None or agent.state is not AgentState.ON:
                continue
            if session.state is not SessionState.IDLE or clock.seconds_since(session.since) < FORGOTTEN_SECONDS:
                continue
            if resources.load_role(agent.role, town.path).restart is Restart.ALWAYS:
                continue  # it has a person to talk to
            times, last = self._told.get(session.id, (0, 0.0))
            if times > REMINDERS or (times and time.monotonic() - last < FORGOTTEN_SECONDS * 2**times):
                continue
            self._told[session.id] = times + 1, time.monotonic()
            if times == REMINDERS:
                words = f"{agent.address} stopped with {bead.id} on its hook, and {times} reminders did not help"
                with town.change() as change:
                    raise_escalation(change, "medium", words, bead=bead.id)
                continue
            try:
                nudge(
                    town, agent.address, [f"{bead.id} is still on your hook: finish it, or gt done --escalate REASON"]
                )
            except GtError as error:
                town.say(f"{agent.address} was not reminded of {bead.id}: {error.message}")
