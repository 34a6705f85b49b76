"""What became of a bead, told in plain words: one line for each event that a person wants to know of."""

from collections.abc import Iterable

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.addresses import OVERSEER
from gastown_tmux.domain.events import Event, EventType
from gastown_tmux.domain.ids import Time
from gastown_tmux.domain.quoting import one_line

#: A session that ends so was ended by us: its status says nothing.
_DONE = "done"


@dataclass(frozen=True, slots=True)
class Moment:
    """``what`` is one line without its time."""

    time: Time
    what: str


def tell(events: Iterable[Event]) -> tuple[Moment, ...]:
    """Oldest first, as they were given. What says nothing new to a person is left out."""
    told = ((event.time, _words(event)) for event in events)
    return tuple(Moment(time, one_line(words)) for time, words in told if words)


def _words(event: Event) -> str | None:
    data = event.data
    because = f": {data['reason']}" if data.get("reason") else ""
    match event.type:
        case EventType.BEAD_CREATED:
            return f"created by {_who(event)}"
        case EventType.BEAD_UPDATED:
            return f"changed by {_who(event)}"
        case EventType.BEAD_SLUNG:
            return f"on the hook of {data.get('agent')}, by {_who(event)}"
        case EventType.BEAD_DELEGATED:
            return f"given to host {data.get('host')}, by {_who(event)}"
        case EventType.DELEGATION_CHANGED:
            return f"{data.get('host')} has begun with it" if data.get("stage") == "there" else None
        case EventType.BEAD_STARTED:
            return "work began"
        case EventType.BEAD_SUBMITTED:
            return f"submitted as {data.get('merge_request')}"
        case EventType.BEAD_REPORTED:
            return "closed with a report"
        case EventType.BEAD_RETURNED:
            return f"came back{because}"
        case EventType.BEAD_MERGED:
            return f"merged as {str(data.get('commit') or '')[:12]}"
        case EventType.BEAD_CLOSED:
            return f"closed by {_who(event)}{because}"
        case EventType.BEAD_REOPENED:
            return f"opened again by {_who(event)}"
        case EventType.MERGE_TESTING:
            return f"{event.subject} is tested"
        case EventType.MERGE_HELD:
            return f"{event.subject} is held for a review"
        case EventType.MERGE_GATHERED:
            return f"{event.subject} is gathered with its convoy"
        case EventType.MERGE_PROPOSED:
            return f"{event.subject} is {data.get('reason') or 'proposed'}"
        case EventType.MERGE_APPROVED:
            return f"{event.subject} is approved by {_who(event)}"
        case EventType.MERGE_DELAYED | EventType.MERGE_CONFLICTED | EventType.MERGE_REJECTED:
            return f"{event.subject} is {event.type.partition('.')[2]}{because}"
        case EventType.MERGE_SUPERSEDED:
            return f"{event.subject} has made way for a newer one"
        case EventType.ESCALATION_RAISED:
            return f"{event.subject} asks ({data.get('severity')}): {data.get('text')}"
        case EventType.ESCALATION_CHANGED:
            return f"{event.subject} is {data.get('state')}"
        case EventType.SESSION_STARTED:
            return f"{event.subject} runs, as {data.get('session')}"
        case EventType.SESSION_ENDED:
            return f"{event.subject} ended{because}{'' if data.get('reason') == _DONE else _status(event)}"
        case EventType.MERGE_QUEUED | EventType.MERGE_PUBLISHING | EventType.MERGE_MERGED:
            return None  # the bead's own events say so
        case _:
            words = (f"{name}={value}" for name, value in data.items() if value not in (None, "", []))
            return " ".join((event.type, event.subject, *words))


def _who(event: Event) -> str:
    return "you" if event.actor == OVERSEER else event.actor


def _status(event: Event) -> str:
    signal, status = event.data.get("signal"), event.data.get("status")
    return f" (signal {signal})" if signal else f" (status {status})" if status else ""
