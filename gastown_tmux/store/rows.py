"""What the row modules share: a place to read from."""

from typing import Protocol

from gastown_tmux.store.db import Row


class Reader(Protocol):
    """A database as last committed, or a change that sees its own writes."""

    def rows(self, sql: str, *values: object) -> list[Row]: ...

    def row(self, sql: str, *values: object) -> Row | None: ...
