"""Rows of orders: what is counted since when, and each start with what came of it."""

from collections.abc import Collection
from datetime import datetime

from gastown_tmux.domain.events import EventType
from gastown_tmux.domain.ids import RunId, Time
from gastown_tmux.domain.orders.starts import Approval, Start, StartState
from gastown_tmux.domain.orders.timing import Moment, Record
from gastown_tmux.store.db import Change, Row
from gastown_tmux.store.rows import Reader, word_of

#: Starts of one order that are kept.
KEPT = 50


def find_record(reader: Reader, id: str) -> Record | None:
    row = reader.row("SELECT * FROM orders WHERE id = ?", id)
    return _record(row) if row else None


def list_records(reader: Reader) -> dict[str, Record]:
    return {row["id"]: _record(row) for row in reader.rows("SELECT * FROM orders")}


def save_record(change: Change, id: str, record: Record) -> None:
    change.execute(
        "INSERT INTO orders (id, rule, since, slot, event, begun, paused, note) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET rule = excluded.rule, since = excluded.since, slot = excluded.slot,"
        " event = excluded.event, begun = excluded.begun, paused = excluded.paused, note = excluded.note",
        id, record.rule, _written(record.since), record.slot.isoformat() if record.slot else None, record.event,
        _written(record.begun) if record.begun else None, record.paused, record.note,
    )  # fmt: skip


def list_open_starts(reader: Reader) -> dict[str, Start]:
    """What goes on, by order."""
    return {row["of"]: _start(row) for row in reader.rows("SELECT * FROM order_starts WHERE ended IS NULL")}


def find_open_start(reader: Reader, id: str) -> Start | None:
    row = reader.row("SELECT * FROM order_starts WHERE of = ? AND ended IS NULL", id)
    return _start(row) if row else None


def get_start(reader: Reader, seq: int) -> Start:
    row = reader.row("SELECT * FROM order_starts WHERE seq = ?", seq)
    assert row is not None
    return _start(row)


def list_starts(reader: Reader, id: str, most: int = KEPT) -> list[Start]:
    """Of one order, the newest first."""
    rows = reader.rows("SELECT * FROM order_starts WHERE of = ? ORDER BY seq DESC LIMIT ?", id, most)
    return [_start(row) for row in rows]


def list_last_starts(reader: Reader) -> dict[str, Start]:
    """The newest of each order."""
    sql = "SELECT * FROM order_starts WHERE seq IN (SELECT max(seq) FROM order_starts GROUP BY of)"
    return {row["of"]: _start(row) for row in reader.rows(sql)}


def find_start_of_run(reader: Reader, run: str) -> Start | None:
    """The one that had this run poured."""
    row = reader.row("SELECT * FROM order_starts WHERE run = ?", run)
    return _start(row) if row else None


def find_start_at(reader: Reader, id: str, time: Time) -> Start | None:
    """The order's last one that had begun then."""
    row = reader.row("SELECT * FROM order_starts WHERE of = ? AND started <= ? ORDER BY seq DESC LIMIT 1", id, time)
    return _start(row) if row else None


def list_commands_at(reader: Reader, time: Time) -> list[Start]:
    """Those whose command ran then."""
    sql = "SELECT * FROM order_starts WHERE does LIKE 'run %' AND started <= ? AND (ended IS NULL OR ended >= ?)"
    return [_start(row) for row in reader.rows(sql, time, time)]


def insert_start(change: Change, id: str, why: str, does: str, chain: Collection[str] = ()) -> int:
    """Its number. ``chain``: the orders that brought it about. Raises TakenError while another start of it goes on."""
    sql = "INSERT INTO order_starts (of, why, does, state, started, chain) VALUES (?, ?, ?, ?, ?, ?)"
    words = " ".join(sorted(chain))
    seq = change.execute(sql, id, why, does, StartState.GOING, change.time, words).lastrowid
    change.event(EventType.ORDER_STARTED, id, why=why, does=does)
    old = "DELETE FROM order_starts WHERE of = ? AND ended IS NOT NULL AND seq NOT IN"
    change.execute(f"{old} (SELECT seq FROM order_starts WHERE of = ? ORDER BY seq DESC LIMIT ?)", id, id, KEPT)
    assert seq is not None
    return seq


def note_run(change: Change, seq: int, run: str) -> None:
    change.execute("UPDATE order_starts SET run = ? WHERE seq = ?", run, seq)


def end_start(change: Change, start: Start, state: StartState, reason: str | None) -> bool:
    """Whether it went on until now."""
    sql = "UPDATE order_starts SET state = ?, reason = ?, ended = ? WHERE seq = ? AND ended IS NULL"
    if not change.execute(sql, state, reason, change.time, start.seq).rowcount:
        return False
    change.event(EventType.ORDER_ENDED, start.order, state=state, run=start.run, reason=reason)
    return True


def list_approvals(reader: Reader) -> dict[str, Approval]:
    return {row["id"]: _approval(row) for row in reader.rows("SELECT * FROM order_approvals")}


def find_approval(reader: Reader, id: str) -> Approval | None:
    row = reader.row("SELECT * FROM order_approvals WHERE id = ?", id)
    return _approval(row) if row else None


def approve(change: Change, id: str, digest: str) -> None:
    """What it says now is what it may say."""
    sql = "INSERT OR REPLACE INTO order_approvals (id, approved, asked, since) VALUES (?, ?, NULL, ?)"
    change.execute(sql, id, digest, change.time)


def ask(change: Change, id: str, digest: str) -> None:
    """A person is to say whether it may say that."""
    change.execute(
        "INSERT INTO order_approvals (id, approved, asked, since) VALUES (?, NULL, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET asked = excluded.asked, since = excluded.since",
        id, digest, change.time,
    )  # fmt: skip
    change.event(EventType.ORDER_CHANGED, id)


def forget_approval(change: Change, id: str) -> None:
    change.execute("DELETE FROM order_approvals WHERE id = ?", id)


def _approval(row: Row) -> Approval:
    return Approval(row["approved"], row["asked"], Time(row["since"]))


def _record(row: Row) -> Record:
    return Record(
        rule=row["rule"],
        since=_moment(row["since"]),
        slot=_slot(row["slot"]),
        event=row["event"],
        begun=_moment(row["begun"]) if row["begun"] else None,
        paused=bool(row["paused"]),
        note=row["note"],
    )


def _start(row: Row) -> Start:
    return Start(
        seq=row["seq"],
        order=row["of"],
        why=row["why"],
        does=row["does"],
        run=row["run"] and RunId(row["run"]),
        state=word_of(row["state"], StartState.CUT_OFF),
        reason=row["reason"],
        started=Time(row["started"]),
        ended=row["ended"] and Time(row["ended"]),
        chain=frozenset(row["chain"].split()),
    )


def _written(moment: Moment) -> str:
    return f"{moment.wall} {moment.ticks} {moment.boot}"


def _moment(text: str) -> Moment:
    """What cannot be read was long ago."""
    try:
        wall, ticks, boot = text.split(" ", 2)
        return Moment(float(wall), float(ticks), boot)
    except ValueError:
        return Moment(0.0, 0.0, "")


def _slot(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
