"""When an order is begun. Clocks are set, machines sleep, daemons die: an order is neither begun twice for one time nor
forgotten, and what was missed is made up for once.

Two clocks tell: the one on the wall, which anybody may set, and seconds since the machine was started, sleep included,
which nobody can. Times of day go by the first; what has passed, as long as the machine was not started anew, by the
second.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import assert_never

from gastown_tmux.dataclass import dataclass, replace
from gastown_tmux.domain.orders.model import At, Every, On, Order, When

#: The wall clock drifts, and is put right, by less.
_DRIFT_SECONDS = 2.0
#: Days in which each day of the week comes, and one more.
_WEEK = 8


@dataclass(frozen=True, slots=True)
class Moment:
    """``wall`` is Unix time, ``ticks`` the seconds since this ``boot`` of the machine."""

    wall: float
    ticks: float
    boot: str

    def since(self, earlier: "Moment") -> float:
        """How many seconds have passed, as well as can be told; never less than none."""
        if self.boot == earlier.boot:
            return max(self.ticks - earlier.ticks, 0.0)
        return max(self.wall - earlier.wall, 0.0)

    def jump(self, earlier: "Moment") -> float:
        """By how many seconds the clock was set between the two; 0 where that cannot be told."""
        if self.boot != earlier.boot:
            return 0.0
        moved = (self.wall - earlier.wall) - (self.ticks - earlier.ticks)
        return moved if abs(moved) > _DRIFT_SECONDS else 0.0


@dataclass(frozen=True, slots=True)
class Record:
    """What is kept of an order. ``rule`` are the words of what begins it: under others all is counted anew ``since``.

    ``slot`` is the newest time of day that needs nothing any more, ``event`` the number of the newest such event.
    ``begun`` is when it was begun last, by itself or by hand; ``note`` why the last time that came was let pass.
    """

    rule: str
    since: Moment
    slot: datetime | None = None
    event: int = 0
    begun: Moment | None = None
    paused: bool = False
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What is so now. ``local`` is the wall clock where we are; ``seen`` when this process looked last; ``busy``: what
    was begun last goes on. ``news`` are the numbers of events that are meant, newer than those of the record;
    ``last_event`` is the newest of all.
    """

    now: Moment
    local: datetime
    seen: Moment | None = None
    busy: bool = False
    news: Sequence[int] = ()
    last_event: int = 0


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing now. ``due`` is when it comes, in seconds from now or as a local time; None: nobody can say."""

    record: Record
    due: float | datetime | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """The condition is to be asked; where it is so, it is begun."""

    record: Record


@dataclass(frozen=True, slots=True)
class Begin:
    """``why`` says what came. The record is the one to keep once it is begun."""

    record: Record
    why: str


Decision = Wait | Ask | Begin


def fresh(order: Order, reading: Reading, paused: bool = False) -> Record:
    """The record from which all is counted anew: what came before is not made up for."""
    slot = newest_slot(order.trigger, reading.local) if isinstance(order.trigger, At) else None
    return Record(order.trigger.words, reading.now, slot, reading.last_event, paused=paused)


def decide(order: Order, record: Record, reading: Reading, asked: Moment | None = None) -> Decision:
    """What is to be done now. ``asked``: when its condition was asked last."""
    record = _settle(order, record, reading)
    if record.paused:
        return Wait(record)
    cool = 0.0 if record.begun is None else max(order.cooldown - reading.now.since(record.begun), 0.0)
    match order.trigger:
        case Every():
            left = max(order.trigger.seconds - reading.now.since(record.since), cool)
            if left > 0 or reading.busy:
                return Wait(record, max(left, 0.0))
            return Begin(replace(_begun(record, reading), since=reading.now), order.trigger.words)
        case At():
            return _decide_time(order.trigger, record, reading, cool)
        case On():
            if not reading.news or cool > 0 or reading.busy:
                return Wait(record, cool if reading.news else None)
            count = len(reading.news)
            words = order.trigger.words + (f", {count} times" if count > 1 else "")
            return Begin(replace(_begun(record, reading), event=max(reading.news)), words)
        case When():
            wait = 0.0 if asked is None else order.trigger.seconds - reading.now.since(asked)
            left = max(wait, cool)
            return Wait(record, max(left, 0.0)) if left > 0 or reading.busy else Ask(record)
        case trigger:
            assert_never(trigger)


def begin_asked(order: Order, record: Record, reading: Reading) -> Record:
    """The record once the condition of an order that was to be asked is so."""
    return _begun(_settle(order, record, reading), reading)


def begin_by_hand(order: Order, record: Record, reading: Reading) -> Record:
    """The record once somebody has had it begun: what comes by itself comes when it would have."""
    return _begun(_settle(order, record, reading), reading)


def _begun(record: Record, reading: Reading) -> Record:
    return replace(record, begun=reading.now, note=None)


def _settle(order: Order, record: Record, reading: Reading) -> Record:
    """Counted anew, where what begins it has changed, or the clock no longer tells how long ago something was."""
    if record.rule != order.trigger.words:
        return replace(fresh(order, reading, record.paused), begun=record.begun)
    if reading.now.boot != record.since.boot and reading.now.wall < record.since.wall:
        record = replace(record, since=reading.now)
    begun = record.begun
    if begun is not None and reading.now.boot != begun.boot and reading.now.wall < begun.wall:
        record = replace(record, begun=reading.now)
    return record


def _decide_time(trigger: At, record: Record, reading: Reading, cool: float) -> Decision:
    newest = newest_slot(trigger, reading.local)
    if record.slot is None or record.slot > newest:
        record = replace(record, slot=_slot_after_setting_back(trigger, record, reading, newest))
    due = next_slot(trigger, reading.local)
    if record.slot is not None and record.slot >= newest:
        if record.slot >= due:
            due = next_slot(trigger, record.slot)
        return Wait(record, due)
    if _is_made_by_jump(trigger, record, reading):
        note = f"{newest:%H:%M} was let pass: the clock was set, and it was begun a moment ago"
        return Wait(replace(record, slot=newest, note=note), due)
    late = (reading.local - newest).total_seconds()
    if trigger.late is not None and late > trigger.late:
        return Wait(replace(record, slot=newest, note=f"{newest:%a %H:%M} was missed by {_words(late)}"), due)
    if reading.busy or cool > 0:
        return Wait(record, cool)
    words = f"at {newest:%H:%M}" + (f", {_words(late)} late" if late >= 60 else "")
    return Begin(replace(_begun(record, reading), slot=newest), words)


def _slot_after_setting_back(trigger: At, record: Record, reading: Reading, newest: datetime) -> datetime:
    """The clock was set back behind what is done: the next time counts, unless that is the one just done."""
    if record.slot is None or record.begun is None:
        return newest
    coming = next_slot(trigger, reading.local)
    between = reading.now.since(record.begun) + (coming - reading.local).total_seconds()
    return coming if between < _least_between(trigger) else newest


def _is_made_by_jump(trigger: At, record: Record, reading: Reading) -> bool:
    """Whether it is due only because the clock was set, soon after it was begun."""
    before = reading.seen or record.begun
    if record.begun is None or record.slot is None or before is None:
        return False
    jump = reading.now.jump(before)
    unmoved = newest_slot(trigger, reading.local - timedelta(seconds=jump))
    return unmoved <= record.slot and reading.now.since(record.begun) < _least_between(trigger)


def _least_between(trigger: At) -> float:
    """Half of the shortest time between two of its times: in less, no second one can have come."""
    first = datetime(2001, 1, 1)
    slots = [next_slot(trigger, first)]
    while len(slots) <= len(trigger.times) * 7 and slots[-1] <= first + timedelta(days=_WEEK):
        slots.append(next_slot(trigger, slots[-1]))
    return min((later - earlier).total_seconds() for earlier, later in pairwise(slots)) / 2


def newest_slot(trigger: At, local: datetime) -> datetime:
    """The last of its times that has come."""
    return max(slot for slot in _slots(trigger, local - timedelta(days=_WEEK)) if slot <= local)


def next_slot(trigger: At, local: datetime) -> datetime:
    """The first of its times that is still to come."""
    return min(slot for slot in _slots(trigger, local) if slot > local)


def _slots(trigger: At, start: datetime) -> list[datetime]:
    days = [start.date() + timedelta(days=day) for day in range(_WEEK + 1)]
    return [datetime.combine(day, at) for day in days if day.weekday() in trigger.days for at in trigger.times]


def _words(seconds: float) -> str:
    """
    >>> _words(90), _words(7200), _words(200000)
    ('1m', '2h', '2d')
    """
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            return f"{int(seconds // size)}{unit}"
    return f"{int(seconds)}s"
