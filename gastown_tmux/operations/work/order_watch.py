"""Orders whose time has come: what one process remembers of its looks, and which events are meant by whom."""

from collections.abc import Iterable
from contextlib import suppress

from gastown_tmux.dataclass import dataclass, field, replace
from gastown_tmux.domain.addresses import DEACON
from gastown_tmux.domain.events import Event, EventType
from gastown_tmux.domain.orders.model import On, Order
from gastown_tmux.domain.orders.starts import Start
from gastown_tmux.domain.orders.timing import Ask, Begin, Moment, Reading, Record, decide, fresh
from gastown_tmux.edges.configuration.order_files import OrderFolder
from gastown_tmux.edges.files import clock
from gastown_tmux.errors import NotFoundError
from gastown_tmux.operations.town.clock_watch import now
from gastown_tmux.operations.town.isolation import each
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.work import order_approvals
from gastown_tmux.store import orders as rows
from gastown_tmux.store.events import last_seq, list_events
from gastown_tmux.store.merging import get_merge_request
from gastown_tmux.store.rigs import find_rig
from gastown_tmux.store.runs import find_run_of, find_step_of

#: What a command of an order makes, which then speaks as the deacon.
_MADE = frozenset((EventType.BEAD_CREATED, EventType.CONVOY_CREATED, EventType.MAIL_SENT, EventType.RUN_POURED))
#: More of them are not looked at anew by each deacon.
_OLD_EVENTS = 1000


@dataclass
class Watch:
    """What one process remembers of its looks: when the last was, when each condition was asked, and the events that
    each order waits for, up to which all were looked at.
    """

    folder: OrderFolder
    seen: Moment | None = None
    asked: dict[str, Moment] = field(default_factory=dict)
    news: dict[str, tuple[int, list[Event]]] = field(default_factory=dict)


def find_due(town: Town, watch: Watch) -> list[Order]:
    """What is to be begun, or asked whether. Files that are broken are left out; what is counted is kept."""
    files = {file.id: file for file in watch.folder.list()}
    approvals = rows.list_approvals(town.db)
    if gone := approvals.keys() - files.keys():
        with town.change() as change:
            for id in gone:
                rows.forget_approval(change, id)
    orders = [file.order for file in files.values() if file.order is not None]
    if not orders:
        return []
    records, busy = rows.list_records(town.db), rows.list_open_starts(town.db)
    newest = last_seq(town.db) if any(isinstance(order.trigger, On) for order in orders) else 0
    moment, due = now(), list[Order]()

    def look(order: Order) -> None:
        if not order_approvals.settle(town, files[order.id], approvals.get(order.id)):
            return
        if town.stands_still(order.rig or "") or find_hindrance(town, order) is not None:
            return
        reading = Reading(moment, clock.local(moment.wall), watch.seen, order.id in busy, last_event=newest)
        known = records.get(order.id)
        reading = _with_news(town, watch, order, known or fresh(order, reading), reading)
        record = _without_old_news(watch, order, known or fresh(order, reading), reading)
        decision = decide(order, record, reading, watch.asked.get(order.id))
        if isinstance(decision, Begin | Ask):
            due.append(order)
        elif decision.record != known:
            with town.change() as change:
                if rows.find_record(change, order.id) == known:
                    rows.save_record(change, order.id, decision.record)

    each(town, "looking at order", orders, look, lambda order: order.id)
    watch.seen = moment
    return due


def find_hindrance(town: Town, order: Order) -> str | None:
    """What keeps it waiting although its time may have come; it is begun once that is over."""
    rig = find_rig(town.db, order.rig) if order.rig and order.formula else None
    return f"rig {rig.name} is parked" if rig is not None and rig.parked else None


def _without_old_news(watch: Watch, order: Order, record: Record, reading: Reading) -> Record:
    """Events that were looked at, and are not meant, need not be looked at again by the next deacon."""
    seen = watch.news.get(order.id, (0, []))[0]
    old = not reading.news and seen - record.event > _OLD_EVENTS
    return replace(record, event=seen) if old and not record.paused else record


def _with_news(town: Town, watch: Watch, order: Order, record: Record, reading: Reading) -> Reading:
    if not isinstance(order.trigger, On) or record.paused:
        watch.news.pop(order.id, None)
        return reading
    seen, found = watch.news.get(order.id, (record.event, []))
    found = [event for event in found if event.seq > record.event]
    for event in list_events(town.db, after=max(seen, record.event)) if reading.last_event > seen else ():
        seen = event.seq
        if order.trigger.is_meant(event.type) and order.id not in find_chain(town, [event]):
            found.append(event)
    watch.news[order.id] = (seen, found)
    return read_news(reading, found)


def read_news(reading: Reading, news: list[Event]) -> Reading:
    """The reading with these events in it."""
    return Reading(
        reading.now, reading.local, reading.seen, reading.busy, [event.seq for event in news], reading.last_event
    )


def find_chain(town: Town, news: Iterable[Event]) -> frozenset[str]:
    """The orders that brought about one of these events, whichever way round."""
    return frozenset[str]().union(*(start.brings_about for event in news for start in _find_makers(town, event)))


def _find_makers(town: Town, event: Event) -> list[Start]:
    """What the event is about, or a run of it, or what became of one; commands that ran when the deacon made it."""
    subject = event.subject
    if event.type.startswith("order."):
        found = rows.find_start_at(town.db, subject, event.time)
        return [found] if found else []
    if event.type in _MADE and event.actor == DEACON and (running := rows.list_commands_at(town.db, event.time)):
        return running
    if subject.startswith("mr-"):
        with suppress(NotFoundError):
            subject = get_merge_request(town.db, subject).bead
    step = find_step_of(town.db, subject)
    run = subject if subject.startswith("run-") else find_run_of(town.db, subject) or (step[0] if step else "")
    found = rows.find_start_of_run(town.db, run) if run else None
    return [found] if found else []
