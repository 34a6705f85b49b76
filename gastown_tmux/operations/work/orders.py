"""gt order: what is done by itself, again and again."""

import re
from datetime import datetime

from gastown_tmux.dataclass import dataclass, replace
from gastown_tmux.domain.events import EventType
from gastown_tmux.domain.formulas.keys import nearest
from gastown_tmux.domain.formulas.model import Formula
from gastown_tmux.domain.formulas.pouring import pour
from gastown_tmux.domain.formulas.values import settle_values
from gastown_tmux.domain.ids import RigName, RunId, Time
from gastown_tmux.domain.orders.model import Order
from gastown_tmux.domain.orders.starts import Start, StartState
from gastown_tmux.domain.orders.timing import Begin, Reading, Record, Wait, begin_by_hand, decide, fresh
from gastown_tmux.domain.rigs import Rig
from gastown_tmux.domain.runs import RunState
from gastown_tmux.edges.configuration.order_files import OrderFile, OrderFolder
from gastown_tmux.edges.files import clock
from gastown_tmux.edges.files.text import read_text
from gastown_tmux.errors import GtError, NotFoundError, RefusedError, UsageError
from gastown_tmux.operations.supervision.up import ensure_up
from gastown_tmux.operations.town.clock_watch import now
from gastown_tmux.operations.town.town import Answer, Town
from gastown_tmux.operations.work.formulas import load_formula, open_shelf
from gastown_tmux.operations.work.order_approvals import WAITS, Verdict, judge, list_called
from gastown_tmux.operations.work.order_starts import carry_out, lock_of, log_of, rig_of
from gastown_tmux.operations.work.order_watch import find_hindrance
from gastown_tmux.store import orders as rows
from gastown_tmux.store.db import Change
from gastown_tmux.store.events import last_seq
from gastown_tmux.store.meta import find_result, keep_result
from gastown_tmux.store.rows import Reader
from gastown_tmux.store.runs import find_run


@dataclass(frozen=True, slots=True)
class OrderView:
    """``state`` is on, running, waiting (to be allowed by a person), paused or broken; ``reason`` what is wrong, what
    goes on, or how it went last.

    ``name`` is the file's, behind its rig where it stands in a rig's folder. ``next`` is None where nobody can say.
    """

    name: str
    rig: RigName | None
    when: str
    does: str
    next: Time | None
    last: Time | None
    state: str
    reason: str | None
    run: RunId | None
    source: str
    hint: str | None = None

    @property
    def due(self) -> Time | None:
        return self.next


@dataclass(frozen=True, slots=True)
class WholeOrder(OrderView):
    """With its text, and its newest starts first. ``digest`` is of all that it says now, its formula and the scripts
    that it calls included; ``log`` is what its command printed; ``calls`` are the scripts that
    its command names, of which a change is a change of the order where they lie in the town's folder.
    """

    description: str = ""
    cooldown: float = 0.0
    text: str = ""
    digest: str | None = None
    log: str | None = None
    calls: tuple[str, ...] = ()
    starts: tuple[Start, ...] = ()

    @property
    def outline(self) -> str:
        history = "\n".join(start.line for start in self.starts)
        return "\n\n".join(filter(None, (self.description, self.text.rstrip(), history)))


def list_orders(town: Town) -> list[OrderView]:
    """All, broken ones with what is wrong with them."""
    records, last = rows.list_records(town.db), rows.list_last_starts(town.db)
    return [_view(town, file, records.get(file.id), last.get(file.id)) for file in OrderFolder(town.path).list()]


def show_order(town: Town, name: str, rig: Rig | None = None) -> WholeOrder:
    file = find_order(town, name, rig)
    starts = rows.list_starts(town.db, file.id)
    view = _view(town, file, rows.find_record(town.db, file.id), starts[0] if starts else None)
    log = log_of(town, file.id)
    try:
        text = read_text(file.path)
    except (OSError, ValueError):
        text = ""
    known = {field: getattr(view, field) for field in OrderView.__dataclass_fields__}
    return WholeOrder(
        **known, description=file.order.description if file.order else "", text=text, starts=tuple(starts),
        cooldown=file.order.cooldown if file.order else 0.0, log=str(log) if log.exists() else None,
        calls=tuple(_called(town, file.order)) if file.order else (),
        digest=judge(town, file, rows.find_approval(town.db, file.id))[1] if file.order else None,
    )  # fmt: skip


def _called(town: Town, order: Order) -> list[str]:
    return [
        str(script.path) + ("" if script.is_watched else " (outside the town: changes of it are not noticed)")
        for script in list_called(town, order)
    ]


def run_order(town: Town, name: str, rig: Rig | None = None, key: str | None = None) -> Answer:
    """Begins it now, paused or not; its own times stay as they are. A formula is poured, a command runs to its end. By
    a person's word it is allowed, too.

    Raises RefusedError while it goes on, or waits for a person and none asks; GtError where it fails.
    """
    file = find_order(town, name, rig)
    order = _whole(town, file)
    verdict, digest = judge(town, file, rows.find_approval(town.db, file.id))
    if verdict is Verdict.WAITS and not town.is_person:
        raise _not_allowed(file)
    done = find_result(town.db, "order run", key)
    if done is not None:
        return _answer(rows.get_start(town.db, int(done)))
    if town.is_person and order.formula is not None:
        ensure_up(town)
    _refuse_going(town.db, order)
    lock = lock_of(town, order.id)
    if not lock.try_lock():
        raise RefusedError(f"order {order.id} is just being begun", hint=f"gt order show {order.id}")
    try:
        with town.change() as change:
            _refuse_going(change, order)
            reading = _reading(change)
            record = rows.find_record(change, order.id) or fresh(order, reading)
            if verdict is Verdict.WAITS:
                rows.approve(change, order.id, digest)
            seq = rows.insert_start(change, order.id, f"by {town.actor}", order.does)
            rows.save_record(change, order.id, begin_by_hand(order, record, reading))
            keep_result(change, "order run", key, str(seq))
        start = carry_out(town, order, rows.get_start(town.db, seq), [])
    finally:
        lock.release()
    if start.state not in (StartState.GOING, StartState.DONE):
        raise GtError(f"order {order.id} failed: {start.reason}", hint=f"gt order show {order.id}")
    return _answer(start)


def _refuse_going(reader: Reader, order: Order) -> None:
    going = rows.find_open_start(reader, order.id)
    if going is not None:
        hint = f"gt run show {going.run}" if going.run else f"gt order show {order.id}"
        raise RefusedError(f"order {order.id} goes on since {going.started}", hint=hint)


def pause_order(town: Town, name: str, rig: Rig | None = None) -> Answer:
    """What goes on goes on to its end; nothing is begun by itself."""
    file = find_order(town, name, rig)
    with town.change() as change:
        record = _record(change, file)
        if not record.paused:
            rows.save_record(change, file.id, replace(record, paused=True))
            change.event(EventType.ORDER_PAUSED, file.id)
    return Answer(show_order(town, name, rig), f"{file.id} is paused" + (" already" if record.paused else ""))


def resume_order(town: Town, name: str, rig: Rig | None = None, digest: str | None = None) -> Answer:
    """From now on: what would have come meanwhile is not made up for. A person allows what it says now, too; with
    ``digest``, only what had that digest when it was read. Raises RefusedError where it says something else now, and
    where it is to be allowed and an agent asks.
    """
    file = find_order(town, name, rig)
    read, verdict = digest, Verdict.ALLOWED
    if file.order is not None:
        verdict, digest = judge(town, file, rows.find_approval(town.db, file.id))
    if read is not None and digest != read:
        raise RefusedError(f"changed: order {file.id} says something else now", hint=f"gt order show {file.id}")
    waited = verdict is Verdict.WAITS
    if waited and not town.is_person:
        raise _not_allowed(file)
    with town.change() as change:
        record = _record(change, file)
        if waited and digest is not None:
            rows.approve(change, file.id, digest)
        if record.paused or waited:
            begun = record.begun
            again = fresh(file.order, _reading(change)) if file.order else replace(record, paused=False)
            rows.save_record(change, file.id, replace(again, begun=begun))
            change.event(EventType.ORDER_RESUMED, file.id)
    words = " as it is now" if waited else "" if record.paused else " already"
    return Answer(show_order(town, name, rig), f"{file.id} goes on{words}")


def _not_allowed(file: OrderFile) -> RefusedError:
    return RefusedError(f"order {file.id}: {WAITS}", hint=f"the overseer may: gt order resume {file.id}")


def find_order(town: Town, name: str, rig: Rig | None = None) -> OrderFile:
    """By name, or ``RIG/NAME``. Raises NotFoundError that names one like it, RefusedError where several have it."""
    files = OrderFolder(town.path).list()
    found = [file for file in files if name in (file.id, file.name) and (rig is None or file.home == rig.name)]
    exact = [file for file in found if file.id == name]
    if len(found) == 1 or exact:
        return (exact or found)[0]
    if found:
        raise RefusedError(f"{name!r} may be {' or '.join(file.id for file in found)}", hint="type the whole name")
    known = dict.fromkeys([file.id for file in files] + [file.name for file in files])
    hint = nearest(name, list(known)) or f"write {town.path / 'orders' / 'NAME.yaml'}"
    raise NotFoundError(f"no order {name!r}", hint=hint)


def _whole(town: Town, file: OrderFile) -> Order:
    """One that has nothing wrong with it. Raises UsageError with file and line."""
    if file.order is None:
        raise UsageError(file.problem or f"{file.path} is broken", hint=file.faults[0].hint)
    return file.order


def _record(change: Change, file: OrderFile) -> Record:
    known = rows.find_record(change, file.id)
    if known is not None:
        return known
    reading = _reading(change)
    return fresh(file.order, reading) if file.order else Record("", reading.now)


def _reading(change: Change) -> Reading:
    moment = now()
    return Reading(moment, clock.local(moment.wall), last_event=last_seq(change))


def _answer(start: Start) -> Answer:
    if start.run is not None:
        return Answer(start, f"{start.order}: {start.run} was poured: gt run show {start.run}")
    return Answer(start, f"{start.order}: {start.state}" + (f": {start.reason}" if start.reason else ""))


def _view(town: Town, file: OrderFile, record: Record | None, last: Start | None) -> OrderView:
    order = file.order
    problem, hint = (file.problem, file.faults[0].hint) if order is None else _find_problem(town, order)
    going = last if last is not None and last.ended is None else None
    failed = last if last is not None and last.state in (StartState.FAILED, StartState.CUT_OFF) else None
    reason = f"{failed.state}: {failed.reason}" if failed else record.note if record else None
    state = "paused" if record and record.paused else "on"
    if problem is not None:
        state, reason = "broken", problem
    elif order is not None and state == "on" and _waits(town, file):
        state, reason, hint = "waiting", WAITS, f"gt order resume {file.id}"
    elif going is not None:
        run = find_run(town.db, going.run) if going.run else None
        state, reason = "running", f"goes on since {going.started}"
        if run is not None:
            waits = f" is {run.state}" if run.state is not RunState.RUNNING else " goes on"
            reason = f"{run.id}{waits}" + (f": {run.reason}" if run.reason else "")
    elif state == "on" and (hindrance := find_hindrance(town, order)):  # type: ignore[arg-type]
        reason = hindrance
    return OrderView(
        name=file.id, rig=order.rig if order else file.home, when=order.trigger.words if order else "",
        does=order.does if order else "", next=_next(order, record) if order and state in ("on", "running") else None,
        last=last.started if last else None, state=state, reason=reason, run=last.run if last else None,
        source=str(file.path), hint=hint,
    )  # fmt: skip


def _waits(town: Town, file: OrderFile) -> bool:
    return judge(town, file, rows.find_approval(town.db, file.id))[0] is Verdict.WAITS


def _find_problem(town: Town, order: Order) -> tuple[str | None, str | None]:
    """What keeps it from being begun although its file is right."""
    try:
        if order.rig is not None or order.formula is not None:
            rig = rig_of(town, order)
            if order.formula is not None:
                _try_values(load_formula(open_shelf(town, rig), order.formula), order)
    except GtError as error:
        return error.message, error.hint
    return None, None


def _try_values(formula: Formula, order: Order) -> None:
    """Raises UsageError where it could not be poured with the order's values."""
    # What an event fills in is known when it comes.
    given = {name: re.sub(r"\{\{\w+\}\}", "1", value) for name, value in order.vars.items()}
    try:
        pour(formula, settle_values(formula, given), "run-00000", order.preset)
    except UsageError as error:
        hint = re.sub(r"^--var (\w+)=(.*)", r"vars: {\1: \2}", error.hint or "")
        raise UsageError(error.message, hint=hint or None) from None


def _next(order: Order, record: Record | None) -> Time | None:
    moment = now()
    reading = Reading(moment, clock.local(moment.wall))
    match decide(order, record or fresh(order, reading), reading):
        case Wait(_, datetime() as local):
            return clock.from_local(local)
        case Wait(_, float() as seconds):
            return clock.from_epoch(moment.wall + seconds)
        case Begin():
            return clock.from_epoch(moment.wall)
        case _:
            return None
