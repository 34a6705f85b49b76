"""Orders begun when their time has come, for the deacon, or by hand; and what came of what was begun."""

from collections.abc import Mapping
from pathlib import Path

from gastown_tmux.domain.addresses import OVERSEER
from gastown_tmux.domain.events import Event
from gastown_tmux.domain.ids import RunId
from gastown_tmux.domain.orders.model import On, Order, When
from gastown_tmux.domain.orders.starts import Start, StartState
from gastown_tmux.domain.orders.timing import Ask, Begin, Reading, Wait, begin_asked, decide, fresh
from gastown_tmux.domain.rigs import Rig
from gastown_tmux.domain.runs import OVER, RunState
from gastown_tmux.edges.files import clock
from gastown_tmux.edges.files.faults import fault_point
from gastown_tmux.edges.hosts.installation import gt_command
from gastown_tmux.edges.processes import processes
from gastown_tmux.edges.processes.commands import last_words, run_logged
from gastown_tmux.edges.processes.locks import Lock, is_held
from gastown_tmux.errors import GtError, UsageError
from gastown_tmux.operations.escalation.escalations import raise_escalation
from gastown_tmux.operations.town.clock_watch import now
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.work.order_watch import Watch, find_chain, read_news
from gastown_tmux.operations.work.runs import pour_run
from gastown_tmux.store import orders as rows
from gastown_tmux.store.escalations import resolve_told
from gastown_tmux.store.events import last_seq
from gastown_tmux.store.rigs import list_rigs
from gastown_tmux.store.runs import find_run

#: A condition that takes longer is not so.
CONDITION_SECONDS = 60.0
#: Subjects of events that a command is told.
_MOST_SUBJECTS = 100


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
    chain = find_chain(town, news)
    with town.change() as change:
        moment = now()
        busy = rows.find_open_start(change, order.id) is not None
        reading = Reading(moment, clock.local(moment.wall), watch.seen, busy, last_event=last_seq(change))
        record = rows.find_record(change, order.id) or fresh(order, reading)
        match decide(order, record, read_news(reading, news), asked):
            case Wait():
                return None
            case Ask(record):
                record, why = begin_asked(order, record, reading), order.trigger.words
            case Begin(record, why):
                pass
        seq = rows.insert_start(change, order.id, why, order.does, chain)
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
        if ended and state is StartState.DONE:
            resolve_told(change, f"order {start.order} {StartState.FAILED}: ")
        if ended and state is StartState.FAILED and not is_known and (before is None or before.state is not state):
            words = f"order {start.order} {StartState.FAILED}: {reason}; gt order show {start.order}"
            raise_escalation(change, "low", words)
