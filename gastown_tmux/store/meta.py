"""The town's own few values, and the first results of keyed commands."""

from gastown_tmux.domain.events import EventType
from gastown_tmux.errors import RefusedError
from gastown_tmux.store.db import Change
from gastown_tmux.store.rows import Reader


def get_meta(reader: Reader, key: str) -> str | None:
    row = reader.row("SELECT value FROM meta WHERE key = ?", key)
    return row["value"] if row else None


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
    """What the first command with this key made. Raises RefusedError where another verb used the key."""
    if key is None:
        return None
    row = reader.row("SELECT verb, result FROM keys WHERE key = ?", key)
    if row is None:
        return None
    if row["verb"] != verb:
        raise RefusedError(f"key {key!r} was used by 'gt {row['verb']}'")
    return str(row["result"])


def keep_result(change: Change, verb: str, key: str | None, result: str) -> None:
    if key is not None:
        change.execute("INSERT INTO keys (key, verb, result) VALUES (?, ?, ?)", key, verb, result)
