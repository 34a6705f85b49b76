"""What the row modules share: a place to read from."""

from collections.abc import Callable
from enum import StrEnum
from typing import Protocol, TypeVar, cast

from gastown_tmux.store.db import Database, Row, Value

Word = TypeVar("Word", bound=StrEnum)


class Reader(Protocol):
    """A database as last committed, or a change that sees its own writes."""

    def rows(self, sql: str, *values: object) -> list[Row]: ...

    def row(self, sql: str, *values: object) -> Row | None: ...


def recall(reader: Reader, what: str, read: Callable[[], list[Value]]) -> list[Value]:
    """``Database.recall``, where ``reader`` is one; a change always reads."""
    return reader.recall(what, read) if isinstance(reader, Database) else read()


def matching_ids(reader: Reader, table: str, start: str) -> list[str]:
    """Ids that begin so, four at most, the very id first; ``table`` is one of ours, never a user's word."""
    sql = f"SELECT id FROM {table} WHERE id >= ? AND id < ? || char(0x10ffff) ORDER BY id LIMIT 4"
    return [row["id"] for row in reader.rows(sql, start, start)] if start else []


def word_of(value: str, instead: Word) -> Word:
    """One of the words of that kind. ``instead``, where this gt does not know it: that of which nothing is started,
    ended, landed or called done until a person says so. ``store.unknown_words`` lists them.
    """
    # A call of the enumeration takes eight times as long, and there is one for each row.
    return cast("Word", type(instead)._value2member_map_.get(value, instead))
