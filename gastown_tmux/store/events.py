"""Event rows, read. They are written by ``Change.event`` in the transaction of what they tell."""

import json
from collections.abc import Iterable

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.events import Event
from gastown_tmux.domain.ids import Time
from gastown_tmux.reading import json_object
from gastown_tmux.store.db import Change, Row
from gastown_tmux.store.rows import Reader


def list_events(
    reader: Reader,
    *,
    after: int = 0,
    since: str | None = None,
    type: str | None = None,
    subject: str | None = None,
) -> list[Event]:
    """Oldest first. ``type`` may be a whole one or the part before its dot."""
    sql, values = "SELECT * FROM events WHERE seq > ?", [after]
    conditions: list[object] = list(values)
    if since is not None:
        sql += " AND time >= ?"
        conditions.append(since)
    if type is not None:
        sql += " AND (type = ? OR type LIKE ? || '.%')"
        conditions += [type, type]
    if subject is not None:
        sql += " AND subject = ?"
        conditions.append(subject)
    return [_event(row) for row in reader.rows(sql + " ORDER BY seq", *conditions)]


def last_event(reader: Reader, type: str, subject: str) -> Event | None:
    """The newest of exactly this type about ``subject``."""
    row = reader.row("SELECT * FROM events WHERE type = ? AND subject = ? ORDER BY seq DESC LIMIT 1", type, subject)
    return _event(row) if row else None


def list_newest(reader: Reader, subject: str, most: int, of: str = "") -> list[Event]:
    """So many of the newest about ``subject``, oldest first; ``of``: only those whose data has these words."""
    sql = "SELECT * FROM events WHERE subject = ? AND instr(data, ?) ORDER BY seq DESC LIMIT ?"
    return [_event(row) for row in reversed(reader.rows(sql, subject, of, most))]


def put_back(change: Change, events: Iterable[Event]) -> None:
    """Rows that a restored database lacks, under the numbers they had: none of these is given out again."""
    for event in events:
        change.execute(
            "INSERT OR IGNORE INTO events (seq, time, type, actor, subject, data) VALUES (?, ?, ?, ?, ?, ?)",
            event.seq, event.time, event.type, event.actor, event.subject,
            json.dumps(event.data, ensure_ascii=False),
        )  # fmt: skip


def last_seq(reader: Reader) -> int:
    row = reader.row("SELECT coalesce(max(seq), 0) FROM events")
    assert row is not None
    return int(row[0])


def _event(row: Row) -> Event:
    return Event(
        seq=row["seq"],
        time=Time(row["time"]),
        type=row["type"],
        actor=Address(row["actor"]),
        subject=row["subject"],
        data=json_object(row["data"]),
    )
