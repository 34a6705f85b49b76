"""What happened in a stretch of time, from its events alone: what landed, came back, died, waited for a limit."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from statistics import median

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.agents import AgentState, Ending
from gastown_tmux.domain.events import Event, EventType
from gastown_tmux.domain.ids import Time
from gastown_tmux.domain.work import RETRIED, WAITING, Reason

_COME_BACK = frozenset(reason.value for reason in RETRIED | WAITING)
_DEATHS = tuple(Ending)


@dataclass(frozen=True, slots=True)
class Return:
    """A bead that came back from its worker: why the last time, and how often."""

    bead: str
    reason: str
    agent: str | None
    time: Time
    times: int


@dataclass(frozen=True, slots=True)
class Death:
    """Sessions of one agent that ended without being asked to. ``back``: one was started after the last."""

    agent: str
    reason: str
    time: Time
    times: int
    back: bool


@dataclass(frozen=True, slots=True)
class LimitWait:
    """An agent at its provider's limit. ``until`` None: it waits still, ``seconds`` so far."""

    agent: str
    reason: str | None
    since: Time
    until: Time | None
    seconds: int


@dataclass(frozen=True, slots=True)
class QueueTimes:
    """Of the requests that landed: how many, and the seconds from their being queued to their landing.

    ``tested``: how often a candidate went into its tests, whatever came of it.
    """

    landed: int
    median_seconds: int | None
    longest_seconds: int | None
    tested: int


def list_landed(events: Iterable[Event]) -> dict[str, Event]:
    """The last ``bead.merged`` of each bead, in the order of landing."""
    landed: dict[str, Event] = {}
    for event in events:
        if event.type == EventType.BEAD_MERGED:
            landed.pop(event.subject, None)
            landed[event.subject] = event
    return landed


def list_returned(events: Iterable[Event]) -> list[Return]:
    """Work that was sent back or put down; not what a person took off a hook. The latest last."""
    found: dict[str, Return] = {}
    for event in events:
        reason = str(event.data.get("reason"))
        if event.type == EventType.BEAD_RETURNED and reason in _COME_BACK:
            before = found.pop(event.subject, None)
            agent = event.data.get("agent")
            if reason == Reason.ESCALATED and before is not None and event.actor != agent:
                reason = before.reason  # the last time it is for a person, and why is told by what came before
            found[event.subject] = Return(
                bead=event.subject,
                reason=reason,
                agent=str(agent) if agent else None,
                time=event.time,
                times=before.times + 1 if before else 1,
            )
    return list(found.values())


def list_deaths(events: Iterable[Event]) -> list[Death]:
    """The agent that died last comes last."""
    found: dict[str, Death] = {}
    for event in events:
        reason, before = str(event.data.get("reason")), found.get(event.subject)
        if event.type == EventType.SESSION_ENDED and reason.startswith(_DEATHS):
            found.pop(event.subject, None)
            times = before.times + 1 if before else 1
            found[event.subject] = Death(event.subject, reason, event.time, times, back=False)
        elif event.type == EventType.SESSION_STARTED and before:
            found[event.subject] = Death(before.agent, before.reason, before.time, before.times, back=True)
    return list(found.values())


def list_limits(events: Iterable[Event], until: Time) -> list[LimitWait]:
    """One for each time that an agent came to its provider's limit, in that order."""
    waits: list[LimitWait] = []
    open_: dict[str, int] = {}
    for event in events:
        if event.type != EventType.AGENT_CHANGED:
            continue
        if event.data.get("state") == AgentState.LIMITED:
            reason = event.data.get("reason")
            open_[event.subject] = len(waits)
            seconds = _seconds(event.time, until)
            waits.append(LimitWait(event.subject, str(reason) if reason else None, event.time, None, seconds))
        elif (index := open_.pop(event.subject, None)) is not None:
            wait = waits[index]
            seconds = _seconds(wait.since, event.time)
            waits[index] = LimitWait(wait.agent, wait.reason, wait.since, event.time, seconds)
    return waits


def measure_queue(events: Sequence[Event]) -> QueueTimes:
    """A request that was queued before this time is counted, but has no waiting time."""
    queued: dict[str, Time] = {}
    waits, landed, tested = [], 0, 0
    for event in events:
        match event.type:
            case EventType.MERGE_QUEUED:
                queued.setdefault(event.subject, event.time)
            case EventType.MERGE_TESTING:
                tested += 1
            case EventType.MERGE_MERGED:
                landed += 1
                if event.subject in queued:
                    waits.append(_seconds(queued[event.subject], event.time))
    return QueueTimes(landed, round(median(waits)) if waits else None, max(waits, default=None), tested)


def _seconds(start: Time, end: Time) -> int:
    """A clock that was set back makes no wait negative."""
    return max(0, round((datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()))
