"""Turns that go on for long and come to nothing: looked at closely now and then, and escalated once."""

from gastown_tmux.domain.agents import AgentState, Session, SessionState
from gastown_tmux.domain.health import Health, judge
from gastown_tmux.edges.files import clock
from gastown_tmux.operations.escalation.escalations import raise_escalation
from gastown_tmux.operations.supervision.health import gather
from gastown_tmux.operations.supervision.review import STALLED_SECONDS
from gastown_tmux.operations.town.isolation import each
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store.agents import find_agent, list_live_sessions
from gastown_tmux.store.beads import find_held_bead
from gastown_tmux.store.meta import find_result, keep_result

#: Who is idle is reminded, who waits is called for: each has its own way to a person.
_AT_WORK = (SessionState.STARTING, SessionState.READY, SessionState.WORKING)


def escalate_stalled(town: Town) -> None:
    """Of sessions that say nothing new of themselves for long, those that a look at processes, window and screen finds
    stalled.
    """
    old = [
        session
        for session in list_live_sessions(town.db)
        if session.state in _AT_WORK and clock.seconds_since(session.since) > STALLED_SECONDS
    ]
    each(town, "looking whether work stalls of", old, lambda session: _look_at(town, session), lambda one: one.agent)


def _look_at(town: Town, session: Session) -> None:
    agent, bead = find_agent(town.db, session.agent), find_held_bead(town.db, session.agent)
    key = f"{session.id} {session.since}"
    if agent is None or agent.state is not AgentState.ON or find_result(town.db, "stalled", key) is not None:
        return
    verdict = judge(gather(town, session.agent))
    if verdict.health is not Health.STALLED:
        return
    minutes = clock.seconds_since(session.since) / 60
    text = (
        f"{session.agent} makes no headway since {minutes:.0f} minutes: {verdict.deciding.fact}."
        f" Look: gt peek {session.agent}; afresh: gt respawn {session.agent}"
    )
    with town.change() as change:
        if find_result(change, "stalled", key) is None:
            made = raise_escalation(change, "medium", text, bead=bead.id if bead else None, about=session.agent)
            keep_result(change, "stalled", key, made)
