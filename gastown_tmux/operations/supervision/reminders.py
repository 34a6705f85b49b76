"""Work on a hook is done: who stopped before the end is told so, ever more rarely, and at last somebody else is; who
cannot hold it all in mind any more is told to begin afresh.
"""

from gastown_tmux.domain.agents import AgentState, Role, Session, SessionState
from gastown_tmux.domain.delivery import Delivery, DeliveryState
from gastown_tmux.domain.health import FORGOTTEN_SECONDS
from gastown_tmux.domain.ids import Time
from gastown_tmux.domain.work import Bead
from gastown_tmux.edges.files import clock
from gastown_tmux.errors import GtError
from gastown_tmux.operations.escalation.escalations import raise_escalation
from gastown_tmux.operations.hooks.worktrees import save_hook
from gastown_tmux.operations.town.isolation import each
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store.agents import find_agent, list_live_sessions
from gastown_tmux.store.beads import find_held_bead, list_held_beads
from gastown_tmux.store.db import Change
from gastown_tmux.store.deliveries import find_delivery, occasion_id, queue_words
from gastown_tmux.store.meta import find_result, keep_result, once
from gastown_tmux.store.rows import Reader

#: How often a worker is told for one bead, each time after ``_SLOWER`` times as long.
REMINDERS = 3
_SLOWER = 4
_HAND_OFF = 'gt: your context was full. Commit, then: gt handoff -m "what is done, what is not, what you learned"'


def remind(town: Town) -> None:
    """Workers whose turn is over and whose bead is still on their hook; a crew member's pace is its person's."""
    held = list_held_beads(town.db)
    idle = [
        session
        for session in list_live_sessions(town.db)
        if session.state is SessionState.IDLE and session.agent in held
    ]

    def look_at(session: Session) -> None:
        agent = find_agent(town.db, session.agent)
        if agent is None or agent.role is not Role.POLECAT or agent.state is not AgentState.ON:
            return
        since = max(session.since, agent.since)
        if clock.seconds_since(since) > FORGOTTEN_SECONDS:
            mark = _mark_work(town, session)
            with town.change() as change:
                _remind(change, session, held[session.agent], since, mark)

    each(town, "reminding of", idle, look_at, lambda session: session.agent)


def _mark_work(town: Town, session: Session) -> str | None:
    """Tells one state of its work from another: the snapshot that has it."""
    if session.agent.rig is None:
        return None
    try:
        saved = save_hook(town, town.rig(session.agent.rig), session.agent, "reminder")
    except GtError:  # snapshots have their own to tell of it
        return None
    return str(saved.seq) if saved is not None else None


def _remind(change: Change, session: Session, bead: Bead, since: Time, mark: str | None) -> None:
    """``mark`` is of its work as it is now. Where it is as it was at the first reminder, turns were none of work, and
    nobody waits any longer.
    """
    idle = clock.seconds_since(since)
    first = find_result(change, "reminded", _occasion(bead, 0))
    told = [_find(change, _occasion(bead, number), session) for number in range(REMINDERS)]
    number = next((place for place, one in enumerate(told) if one is None), REMINDERS)
    in_vain = number == REMINDERS and mark is not None and mark == first
    if idle <= FORGOTTEN_SECONDS * (1 if in_vain else _SLOWER**number):
        return
    if any(one is not None and one.state in (DeliveryState.QUEUED, DeliveryState.OFFERED) for one in told[:number]):
        return
    if number < REMINDERS:
        words = f"gt: {bead.id} is still on your hook. Go on with it, or say gt done --escalate REASON"
        queue_words(change, _occasion(bead, number), session.agent, words)
        if number == 0 and first is None and mark is not None:
            keep_result(change, "reminded", _occasion(bead, 0), mark)
    else:
        _escalate(change, session, bead)


def resume_after_error(town: Town, session: Session) -> None:
    """Its screen shows that an error ended its turn. A provider may be out for hours, so a worker for whom all
    reminders were in vain is sent on again and again, at the pace of the last.
    """
    agent, bead = find_agent(town.db, session.agent), find_held_bead(town.db, session.agent)
    if agent is None or agent.role is not Role.POLECAT or agent.state is not AgentState.ON or bead is None:
        return
    last = _find(town.db, _occasion(bead, REMINDERS - 1), session)
    if last is None or last.state in (DeliveryState.QUEUED, DeliveryState.OFFERED):
        return
    occasion = f"error {session.id} {session.since}"
    idle = clock.seconds_since(max(session.since, agent.since))
    if idle <= FORGOTTEN_SECONDS * _SLOWER ** (REMINDERS - 1) or _find(town.db, occasion, session) is not None:
        return
    with town.change() as change:
        words = f"gt: an error ended your turn. Go on with {bead.id}, or say gt done --escalate REASON"
        queue_words(change, occasion, session.agent, words)
        _escalate(change, session, bead)


def _escalate(change: Change, session: Session, bead: Bead) -> None:
    agent = session.agent
    text = f"{agent} stops before {bead.id} is done, and was told {REMINDERS} times. Look: gt peek {agent}"
    once(
        change,
        "push",
        occasion_id(_occasion(bead, REMINDERS)),
        lambda: raise_escalation(change, "medium", text, bead=bead.id),
    )


def suggest_handoff(change: Change, session: Session) -> None:
    """Its program had to shorten the conversation. Told once in a session, for the next one is fresh."""
    queue_words(change, f"handoff {session.id}", session.agent, _HAND_OFF)


def _occasion(bead: Bead, number: int) -> str:
    return f"push {bead.id} {bead.attempts} {number}"


def _find(db: Reader, occasion: str, session: Session) -> Delivery | None:
    return find_delivery(db, occasion_id(occasion), session.agent)
