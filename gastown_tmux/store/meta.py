"""The town's own few values, and the first results of keyed commands."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

from gastown_tmux.domain.events import EventType
from gastown_tmux.store.db import Change
from gastown_tmux.store.rows import Reader

#: Which gt runs the town.
MAKER = "gt"


def get_meta(reader: Reader, key: str) -> str | None:
    row = reader.row("SELECT value FROM meta WHERE key = ?", key)
    return row["value"] if row else None


def read_meta(path: Path, key: str) -> str | None:
    """A value of a database that is not to be opened as ours; None where it cannot be read."""
    try:
        connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=1.0)
    except sqlite3.Error:
        return None
    try:
        row = connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])
    except sqlite3.Error:
        return None
    finally:
        connection.close()


def set_meta(change: Change, key: str, value: str) -> None:
    change.execute(
        "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        key,
        value,
    )


def is_wanted(reader: Reader) -> bool:
    """Whether the town should be up."""
    return get_meta(reader, "wanted") == "up"


def set_wanted(change: Change, wanted: bool) -> bool:
    """Whether this changed anything."""
    if is_wanted(change) == wanted:
        return False
    set_meta(change, "wanted", "up" if wanted else "down")
    change.event(EventType.TOWN_WANTED, "town", wanted="up" if wanted else "down")
    return True


def find_result(reader: Reader, verb: str, key: str | None) -> str | None:
    """What the first command of this verb with this key made."""
    if key is None:
        return None
    row = reader.row("SELECT result FROM keys WHERE verb = ? AND key = ?", verb, key)
    return str(row["result"]) if row else None


def keep_result(change: Change, verb: str, key: str | None, result: str) -> None:
    if key is not None:
        change.execute("INSERT INTO keys (verb, key, result) VALUES (?, ?, ?)", verb, key, result)


def once(change: Change, verb: str, key: str | None, make: Callable[[], str]) -> str:
    """What ``make`` gives, called by the first command with this key only: it may run twice, or by many at once."""
    done = find_result(change, verb, key)
    if done is None:
        done = make()
        keep_result(change, verb, key, done)
    return done
