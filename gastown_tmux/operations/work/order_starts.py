"""Orders begun when their time has come, for the deacon, or by hand; and what came of what was begun."""

from collections.abc import Mapping
from pathlib import Path

from gastown_tmux.dataclass import dataclass, field
from gastown_tmux.domain.addresses import DEACON, OVERSEER
from gastown_tmux.domain.events import Event, EventType
from gastown_tmux.domain.ids import RunId
from gastown_tmux.domain.orders.model import On, Order, When
from gastown_tmux.domain.orders.starts import Start, StartState
from gastown_tmux.domain.orders.timing import (
    Ask,
    Begin,
    Moment,
    Reading,
    Record,
    Wait,
    begin_asked,
    decide,
    fresh,
)
from gastown_tmux.domain.rigs import Rig
from gastown_tmux.domain.runs import OVER, RunState
from gastown_tmux.edges.configuration.order_files import OrderFolder
from gastown_tmux.edges.files import clock
from gastown_tmux.edges.files.faults import fault_point
from gastown_tmux.edges.processes import processes
from gastown_tmux.edges.processes.commands import last_words, run_logged
from gastown_tmux.edges.processes.locks import Lock, is_held
from gastown_tmux.errors import GtError, UsageError
from gastown_tmux.operations.escalation.escalations import raise_escalation
from gastown_tmux.operations.sessions.starting import gt_command
from gastown_tmux.operations.town.clock_watch import now
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.work.runs import pour_run
from gastown_tmux.store import orders as rows
from gastown_tmux.store.events import last_seq, list_events
from gastown_tmux.store.merging import get_merge_request
from gastown_tmux.store.rigs import list_rigs
from gastown_tmux.store.runs import find_run, find_run_of, find_step_of

#: A condition that takes longer is not so.
CONDITION_SECONDS = 60.0
#: What a command of an order makes, which then speaks as the deacon; and how many starts are looked at for that.
_MADE = frozenset((EventType.BEAD_CREATED, EventType.CONVOY_CREATED, EventType.MAIL_SENT, EventType.RUN_POURED))
_MOST_STARTS = 5
#: Subjects of events that a command is told.
_MOST_SUBJECTS = 100


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
    orders = [file.order for file in watch.folder.list() if file.order is not None]
    if not orders:
        return []
    records, busy = rows.list_records(town.db), rows.list_open_starts(town.db)
    newest = last_seq(town.db) if any(isinstance(order.trigger, On) for order in orders) else 0
    moment, due = now(), []
    for order in orders:
        if town.stands_still(order.rig or ""):
            continue
        reading = Reading(
            moment, clock.local(moment.wall), watch.seen, order.id in busy, last_event=newest,
        )  # fmt: skip
        known = records.get(order.id)
        record = known or fresh(order, reading)
        reading = _with_news(town, watch, order, record, reading)
        decision = decide(order, record, reading, watch.asked.get(order.id))
        if isinstance(decision, Begin | Ask):
            due.append(order)
        elif decision.record != known:
            with town.change() as change:
                if rows.find_record(change, order.id) == known:
                    rows.save_record(change, order.id, decision.record)
    watch.seen = moment
    return due


def _with_news(town: Town, watch: Watch, order: Order, record: Record, reading: Reading) -> Reading:
    if not isinstance(order.trigger, On) or record.paused:
        watch.news.pop(order.id, None)
        return reading
    seen, found = watch.news.get(order.id, (record.event, []))
    found = [event for event in found if event.seq > record.event]
    for event in list_events(town.db, after=max(seen, record.event)) if reading.last_event > seen else ():
        seen = event.seq
        if order.trigger.is_meant(event.type) and not _is_its_own(town, order, event):
            found.append(event)
    watch.news[order.id] = (seen, found)
    return _read_news(reading, found)


def _read_news(reading: Reading, news: list[Event]) -> Reading:
    return Reading(
        reading.now, reading.local, reading.seen, reading.busy, [event.seq for event in news], reading.last_event
    )


def _is_its_own(town: Town, order: Order, event: Event) -> bool:
    """Whether it is about the order, or a run of its, or what became of one: it would go round for ever."""
    subject = event.subject
    if event.type.startswith("order."):
        return subject == order.id
    if order.run is not None and event.type in _MADE and event.actor == DEACON:
        return any(
            start.started <= event.time <= (start.ended or event.time)
            for start in rows.list_starts(town.db, order.id, _MOST_STARTS)
        )
    if subject.startswith("mr-"):
        subject = get_merge_request(town.db, subject).bead
    step = find_step_of(town.db, subject)
    run = subject if subject.startswith("run-") else find_run_of(town.db, subject) or (step[0] if step else "")
    return bool(run) and rows.is_run_of(town.db, order.id, run)


def begin(town: Town, order: Order, watch: Watch) -> Start | None:
    """Begins it where its time has come, and says so; takes as long as its command does. None while another has it.

    Whatever is killed: it is begun once, or, where nobody can say how far a command came, not again by itself.
    """
    lock = lock_of(town, order.id)
    if not lock.try_lock():
        return None
    try:
        return _begin(town, order, watch)
    finally:
        lock.release()


def _begin(town: Town, order: Order, watch: Watch) -> Start | None:
    news = watch.news.get(order.id, (0, []))[1]
    asked = watch.asked.get(order.id)
    if isinstance(order.trigger, When) and not _is_so(town, order, order.trigger, watch):
        return None
    with town.change() as change:
        moment = now()
        busy = rows.find_open_start(change, order.id) is not None
        reading = Reading(moment, clock.local(moment.wall), watch.seen, busy, last_event=last_seq(change))
        record = rows.find_record(change, order.id) or fresh(order, reading)
        match decide(order, record, _read_news(reading, news), asked):
            case Wait():
                return None
            case Ask(record):
                record, why = begin_asked(order, record, reading), order.trigger.words
            case Begin(record, why):
                pass
        seq = rows.insert_start(change, order.id, why, order.does)
        rows.save_record(change, order.id, record)
    fault_point("order.claimed")
    town.say(f"order {order.id}: begun {why}")
    return carry_out(town, order, rows.get_start(town.db, seq), news)


def lock_of(town: Town, id: str) -> Lock:
    """Held by whoever begins it, or runs its command."""
    return Lock(town.run / f"order.{id.replace('/', '.')}.lock")


def list_left(town: Town) -> list[Start]:
    """Starts whose process is gone before it could say what came of them."""
    return [
        start
        for start in rows.list_open_starts(town.db).values()
        if start.run is None and not is_held(lock_of(town, start.order).path)
    ]


def take_up(town: Town, start: Start, orders: Mapping[str, Order]) -> None:
    """One of those: a formula is poured now, unless it was; of a command nobody knows how far it came."""
    lock = lock_of(town, start.order)
    if not lock.try_lock():
        return
    try:
        order = orders.get(start.order)
        left = rows.find_open_start(town.db, start.order)
        if left is None or left.seq != start.seq or left.run is not None:
            return
        if start.is_formula and order is not None and order.does == start.does:
            carry_out(town, order, start, [])
            return
        processes.end((), term_seconds=1.0, sessions=[_mark(town, start.order)])
        _end(town, start, StartState.CUT_OFF, "whoever ran it ended before it did")
    finally:
        lock.release()


def close_runs(town: Town) -> None:
    """A start whose run is over is over too."""
    for start in rows.list_open_starts(town.db).values():
        run = find_run(town.db, start.run) if start.run else None
        if start.run is not None and run is None:
            _end(town, start, StartState.FAILED, f"{start.run} is gone")
        elif run is not None and run.state in OVER:
            done = run.state is RunState.DONE
            reason = None if done else f"{run.id} is {run.state}"
            # A run that failed has asked for a person itself.
            _end(town, start, StartState.DONE if done else StartState.FAILED, reason, is_known=True)


def carry_out(town: Town, order: Order, start: Start, news: list[Event]) -> Start:
    """Pours the formula, or runs the command to its end; what goes wrong is in the start that comes back."""
    try:
        if order.formula is not None:
            run = _pour(town, order, start, news)
            with town.change() as change:
                rows.note_run(change, start.seq, run)
        else:
            _end(town, start, *_run(town, order, news))
    except GtError as error:
        _end(town, start, StartState.FAILED, error.message)
    return rows.get_start(town.db, start.seq)


def _pour(town: Town, order: Order, start: Start, news: list[Event]) -> RunId:
    told = _told(order, news)
    vars = {name: _filled(value, told) for name, value in order.vars.items()}
    key = f"order {start.order} {start.seq}"
    assert order.formula is not None
    rig = rig_of(town, order)
    return pour_run(town, rig, order.formula, vars, order.preset, order.spread, key, OVERSEER).id


def rig_of(town: Town, order: Order) -> Rig:
    """Where its formula is run. Raises GtError where that is nowhere."""
    if order.rig is not None:
        return town.rig(order.rig)
    rigs = list_rigs(town.db)
    if len(rigs) != 1:
        raise UsageError(f"order {order.id} names no rig", hint=f"rig: {rigs[0].name if rigs else 'NAME'}")
    return rigs[0]


def _told(order: Order, news: list[Event]) -> dict[str, str]:
    """What a command is told of the events that had it begun, by the names of its environment."""
    if not isinstance(order.trigger, On) or not news:
        return {}
    subjects = dict.fromkeys(event.subject for event in news[-_MOST_SUBJECTS:])
    return {"GT_EVENT": news[-1].type, "GT_SUBJECT": news[-1].subject, "GT_SUBJECTS": " ".join(subjects)}


def _filled(value: str, told: Mapping[str, str]) -> str:
    for name, said in told.items():
        value = value.replace("{{" + name.removeprefix("GT_").lower() + "}}", said)
    return value


def _is_so(town: Town, order: Order, trigger: When, watch: Watch) -> bool:
    watch.asked[order.id] = now()
    return _command(town, order, trigger.command, CONDITION_SECONDS, {}) == 0


def _run(town: Town, order: Order, news: list[Event]) -> tuple[StartState, str | None]:
    """How it ended, and what went wrong."""
    assert order.run is not None
    log = log_of(town, order.id)
    since = log.stat().st_size if log.exists() else 0
    status = _command(town, order, order.run, order.timeout, _told(order, news))
    if status is None:
        return StartState.FAILED, f"it took longer than {order.timeout:.0f}s; see {log}"
    if status < 0:
        return StartState.CUT_OFF, f"it was ended by signal {-status}"
    if status:
        return StartState.FAILED, f"it ended with status {status}{last_words(log, since)}; see {log}"
    return StartState.DONE, None


def _command(town: Town, order: Order, command: str, seconds: float, told: Mapping[str, str]) -> int | None:
    """In the town's folder, as nobody's session: an order is written by people, and no worktree has a part in it."""
    log = log_of(town, order.id)
    log.parent.mkdir(parents=True, exist_ok=True)
    kept = {name: value for name, value in town.environment.items() if not name.startswith(("GT_", "TMUX"))}
    own = {
        "GT_TOWN": str(town.path), "GT_RIG": order.rig or "", "GT_ORDER": order.id,
        "PATH": f"{gt_command().parent}:{kept.get('PATH', '/usr/bin:/bin')}",
    }  # fmt: skip
    mark = _mark(town, order.id)
    return run_logged(["sh", "-c", command], town.path, {**kept, **own, **told}, log, seconds, mark, town.log_size())


def log_of(town: Town, id: str) -> Path:
    return town.logs / "orders" / f"{id.replace('/', '.')}.log"


def stop_commands(town: Town) -> None:
    """For a deacon that ends: what it runs ends with it, and the next one says that it was cut off."""
    marks = [_mark(town, id) for id, start in rows.list_open_starts(town.db).items() if not start.is_formula]
    if marks:
        processes.end((), term_seconds=1.0, sessions=marks)


def _mark(town: Town, id: str) -> str:
    return town.mark(f"order.{id}")


def _end(town: Town, start: Start, state: StartState, reason: str | None, *, is_known: bool = False) -> None:
    """Told to a person at the first failure, not at each that follows."""
    with town.change() as change:
        before = next((old for old in rows.list_starts(change, start.order, 2) if old.seq < start.seq), None)
        ended = rows.end_start(change, start, state, reason)
        if ended and state is StartState.FAILED and not is_known and (before is None or before.state is not state):
            words = f"order {start.order} {state}: {reason}; gt order show {start.order}"
            raise_escalation(change, "low", words)
