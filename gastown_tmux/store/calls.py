"""What a person was called for."""

from collections.abc import Iterable

from gastown_tmux.dataclass import values_of
from gastown_tmux.domain.calls import Call
from gastown_tmux.domain.ids import Time
from gastown_tmux.domain.needs import NeedKind, Urgency
from gastown_tmux.store.db import Change, Row, placeholders
from gastown_tmux.store.rows import Reader, word_of


def _call(row: Row) -> Call:
    def time(name: str) -> Time | None:
        return row[name] and Time(row[name])

    return Call(
        occasion=row["occasion"],
        kind=word_of(row["kind"], NeedKind.ESCALATION),
        id=row["id"],
        title=row["title"],
        reason=row["reason"],
        next=row["next"],
        urgency=word_of(row["urgency"], Urgency.HIGH),
        made=Time(row["made"]),
        shown=time("shown"),
        sent=time("sent"),
        gone=time("gone"),
        tries=row["tries"],
        not_before=time("not_before"),
        trouble=row["trouble"],
    )


def list_calls(reader: Reader) -> list[Call]:
    """The oldest first."""
    return [_call(row) for row in reader.rows("SELECT * FROM calls ORDER BY made, occasion")]


def keep_calls(change: Change, calls: Iterable[Call]) -> None:
    """As they are now."""
    for call in calls:
        columns = values_of(call)
        sql = f"INSERT OR REPLACE INTO calls ({', '.join(columns)}) VALUES ({placeholders(columns)})"
        change.execute(sql, *columns.values())


def forget_calls(change: Change, calls: Iterable[Call]) -> None:
    for call in calls:
        change.execute("DELETE FROM calls WHERE occasion = ?", call.occasion)
