"""How far the events of another town were read, and what it means where they do not go on from there."""

from enum import StrEnum

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.events import BEAT, Event

#: Clocks that differ by less are said to agree.
CLOCK_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Position:
    """The last event that was read, and what it said: where it says something else now, that history is another one.

    ``seq`` 0: none was read yet.
    """

    seq: int = 0
    mark: str = ""

    @property
    def after(self) -> int:
        """What is asked for when the line is opened again: the last one once more, to see whether it is the same."""
        return max(0, self.seq - 1)


class Heard(StrEnum):
    """``back``: what was read is not there any more, or never was: the town was restored from an older backup."""

    NEWS = "news"
    KNOWN = "known"
    BEAT = "beat"
    BACK = "back"


def mark_of(event: Event) -> str:
    return f"{event.time} {event.type} {event.subject}"


def take(position: Position, event: Event, *, first: bool) -> tuple[Heard, Position]:
    """What an event, or a beat, is for who has read so far. ``first``: of its kind on a line that was opened anew.

    After ``back`` reading goes on from what is there now: events are only hints, and all else is compared.

    >>> beat = Event(7, "2026-01-01T00:00:00.000Z", BEAT, "deacon", "town", {})
    >>> take(Position(5, "x"), beat, first=True)[0].value, take(Position(9, "x"), beat, first=True)[0].value
    ('beat', 'back')
    """
    if event.type == BEAT:
        if event.seq < position.seq:
            return Heard.BACK, Position(event.seq, "")
        return Heard.BEAT, position
    here = Position(event.seq, mark_of(event))
    if event.seq > position.seq:
        # What is asked for begins with the last one that was read: where it does not, that one is gone.
        lost = first and position.seq > 0 and position.mark != ""
        return (Heard.BACK if lost else Heard.NEWS), here
    if event.seq == position.seq and position.mark not in ("", here.mark):
        return Heard.BACK, here
    return Heard.KNOWN, position if position.mark or event.seq < position.seq else here


def clock_words(ahead: float) -> str | None:
    """How far a clock is off that is so many seconds ahead of ours; None where it agrees.

    >>> clock_words(86_400.0), clock_words(-600.0), clock_words(30.0)
    ('its clock is 24 h ahead', 'its clock is 10 min behind', None)
    """
    size = abs(ahead)
    if size < CLOCK_SECONDS:
        return None
    amount = f"{size / 3600:.0f} h" if size >= 5400 else f"{size / 60:.0f} min"
    return f"its clock is {amount} {'ahead' if ahead > 0 else 'behind'}"
