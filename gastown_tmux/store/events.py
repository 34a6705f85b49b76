"""Event rows, read. They are written by ``Change.event`` in the transaction of what they tell."""

import json
from collections.abc import Iterable, Sequence

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.events import Event
from gastown_tmux.domain.ids import Time
from gastown_tmux.reading import json_object
from gastown_tmux.store.db import Change, Row
from gastown_tmux.store.rows import Reader

#: Of the bead, the bead of the merge request, and the run that an event is about.
_TITLE = (
    ", coalesce((SELECT title FROM beads WHERE id = subject), (SELECT b.title FROM merge_requests m"
    " JOIN beads b ON b.id = m.bead WHERE m.id = subject), (SELECT title FROM runs WHERE id = subject)) AS bead_title"
)


def list_events(
    reader: Reader,
    *,
    after: int = 0,
    since: str | None = None,
    type: str | None = None,
    subject: str | None = None,
    titled: bool = False,
) -> list[Event]:
    """Oldest first. ``type`` may be a whole one or the part before its dot. ``titled``: with the ``title`` of the bead
    that each is about among its data, for people to read.
    """
    sql, values = f"SELECT *{_TITLE if titled else ''} FROM events WHERE seq > ?", [after]
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


def has_test_at(reader: Reader, start: Time, end: Time) -> bool:
    """Whether gates of the merge queue may have run at some moment between the two; a delay does not end them."""
    sql = (
        "SELECT 1 FROM events t WHERE type = 'merge.testing' AND time <= ? AND NOT EXISTS (SELECT 1 FROM events n"
        " WHERE n.subject = t.subject AND n.seq > t.seq AND n.time < ? AND n.type <> 'merge.delayed') LIMIT 1"
    )
    return reader.row(sql, end, start) is not None


def list_about(reader: Reader, bead: str) -> list[Event]:
    """What happened to a bead, to its merge requests, escalations and the sessions of its workers; oldest first."""
    sql = (
        "SELECT * FROM events WHERE subject = ?1 OR subject IN (SELECT id FROM merge_requests WHERE bead = ?1"
        " UNION ALL SELECT id FROM escalations WHERE bead = ?1)"
        " UNION ALL SELECT * FROM events WHERE subject IN (SELECT agent FROM sessions WHERE bead = ?1)"
        " AND type IN ('session.started', 'session.ended')"
        " AND json_extract(data, '$.session') IN (SELECT id FROM sessions WHERE bead = ?1) ORDER BY seq"
    )
    return [_event(row) for row in reader.rows(sql, bead)]


def list_last(reader: Reader, types: Sequence[str], before: str) -> list[Event]:
    """Of each type the last one about each subject before that time, oldest first."""
    marks = ", ".join("?" * len(types))
    sql = (
        "SELECT * FROM events WHERE seq IN (SELECT max(seq) FROM events"
        f" WHERE time < ? AND type IN ({marks}) GROUP BY subject, type) ORDER BY seq"
    )
    return [_event(row) for row in reader.rows(sql, before, *types)]


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
    data = json_object(row["data"])
    if "bead_title" in row.keys() and row["bead_title"] is not None:  # noqa: SIM118 - a row's values are not its names
        data.setdefault("title", row["bead_title"])
    return Event(
        seq=row["seq"],
        time=Time(row["time"]),
        type=row["type"],
        actor=Address(row["actor"]),
        subject=row["subject"],
        data=data,
    )
