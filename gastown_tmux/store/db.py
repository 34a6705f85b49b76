"""town.db: opened, migrated, changed in immediate transactions, backed up online."""

import contextlib
import json
import os
import sqlite3
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import TypeVar, cast

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.events import EventType
from gastown_tmux.domain.ids import ID_ALPHABET, Time
from gastown_tmux.domain.odd_bytes import printable
from gastown_tmux.errors import GtError, NotFoundError, RefusedError, UsageError
from gastown_tmux.store.migrations import MIGRATIONS

Row = sqlite3.Row
Value = TypeVar("Value")
SCHEMA = len(MIGRATIONS)
BUSY_SECONDS = 15.0
#: Bytes: SQLite makes its shared memory in pieces of half of this.
LEAST_SPACE = 2**16
BACKUP_SECONDS = 60.0


class LockedError(RefusedError):
    """Another process holds the database, and did not let go of it in time."""

    meets_all = True


class UnwritableError(GtError):
    """The disk is full, or it or the file may not be written to: that says nothing of what is in the database."""

    meets_all = True


class DamagedError(GtError):
    """town.db cannot be read as a database."""

    meets_all = True


class NewerError(RefusedError):
    """A newer gt runs the town. ``successor`` is its command, where that is known and there."""

    meets_all = True

    def __init__(self, message: str, successor: Path | None) -> None:
        hint = "upgrade gastown-tmux" if successor is None else f"use {successor}, or upgrade this gt"
        super().__init__(message, hint=hint)
        self.successor = successor


class TakenError(RefusedError):
    """A row that must be the only one of its kind has a rival; the message names the rule."""


def make_id(prefix: str, length: int = 5) -> str:
    """A fresh random id, ``<prefix>-`` and so many letters or digits. Uniqueness is the caller's insert."""
    return prefix + "-" + "".join(ID_ALPHABET[byte % 36] for byte in os.urandom(length))


class Change:
    """One immediate transaction: what it does, and the event rows that tell of it."""

    def __init__(self, connection: sqlite3.Connection, actor: Address, time: Time) -> None:
        self._connection = connection
        self.actor = actor
        self.time = time

    def execute(self, sql: str, *values: object) -> sqlite3.Cursor:
        """Raises TakenError where a unique index or a foreign key stands against it."""
        try:
            return _execute(self._connection, sql, [_stored(value) for value in values])
        except sqlite3.IntegrityError as error:
            raise TakenError(str(error)) from None

    def rows(self, sql: str, *values: object) -> list[Row]:
        return self.execute(sql, *values).fetchall()

    def row(self, sql: str, *values: object) -> Row | None:
        found: Row | None = self.execute(sql, *values).fetchone()
        return found

    def event(self, type: EventType, subject: str, **data: object) -> None:
        shown = {name: _stored(value) for name, value in data.items()}
        self.execute(
            "INSERT INTO events (time, type, actor, subject, data) VALUES (?, ?, ?, ?, ?)",
            self.time, type, self.actor, subject, json.dumps(shown, ensure_ascii=False),
        )  # fmt: skip

    def insert_with_id(self, prefix: str, insert: Callable[[str], object], length: int = 5) -> str:
        """Calls ``insert`` with fresh ids until one is free, and returns it."""
        while True:
            fresh = make_id(prefix, length)
            try:
                insert(fresh)
            except TakenError as error:
                if error.message.endswith(".id"):
                    continue
                raise
            return fresh


def _stored(value: object) -> object:
    """A byte of a file name that is no letter has no place in a row: it stands there as people are shown it."""
    return printable(value) if isinstance(value, str) else value


class Database:
    """A town's database. Reads see the last commit; every write goes through ``change``."""

    def __init__(self, path: Path, patience: float = BUSY_SECONDS) -> None:
        """Opens an existing database; another's lock is waited for so many seconds.

        Raises NotFoundError where there is none, DamagedError where it is none, NewerError where a newer gt
        made it. An older one is migrated, after a backup beside it.
        """
        self.path = path
        if not path.is_file():
            raise NotFoundError(f"{path} is gone", hint="gt doctor --fix restores the newest backup")
        with explained(path):
            self._connection = _connect(path, patience)
            self._recalled: dict[str, tuple[tuple[int, int], Sequence[object]]] = {}
            version = self._connection.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA:
            successor = _find_successor(self._connection)
            self.close()
            raise NewerError(f"a newer gt made this town (schema {version}; this gt knows {SCHEMA})", successor)
        if version < SCHEMA:
            with explained(path):
                backup(self._connection, _name_backup(self._connection, path, version), over=False)
                _migrate(self._connection)

    def rows(self, sql: str, *values: object) -> list[Row]:
        with explained(self.path):
            return _execute(self._connection, sql, values).fetchall()

    def row(self, sql: str, *values: object) -> Row | None:
        with explained(self.path):
            found: Row | None = _execute(self._connection, sql, values).fetchone()
            return found

    @contextlib.contextmanager
    def change(self, actor: Address, time: Time) -> Iterator[Change]:
        """All of it is committed, or after any exception nothing of it."""
        with explained(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield Change(self._connection, actor, time)
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def mark(self) -> tuple[int, int]:
        """Another value whenever something was committed since, by whomever; a few microseconds."""
        with explained(self.path):
            version: int = self._connection.execute("PRAGMA data_version").fetchone()[0]
        return version, self._connection.total_changes

    def recall(self, what: str, read: Callable[[], list[Value]]) -> list[Value]:
        """What ``read`` gave the last time for ``what``, unless something was committed since: then it reads again.

        For lists of rows that many ask for in one look, and look after look in a quiet town.
        """
        if self._connection.in_transaction:
            return read()  # what it sees may be taken back
        mark = self.mark()
        known = self._recalled.get(what)
        if known is None or known[0] != mark:
            self._recalled[what] = known = mark, read()
        return list(cast("Sequence[Value]", known[1]))

    def backup(self, target: Path) -> None:
        """A whole copy, taken online, that appears at ``target`` only when complete."""
        with explained(self.path):
            backup(self._connection, target)

    def close(self) -> None:
        self._connection.close()


def _execute(connection: sqlite3.Connection, sql: str, values: Sequence[object]) -> sqlite3.Cursor:
    """Raises UsageError for a value that no row can hold: half a character, a number of sixty digits, a list."""
    try:
        return connection.execute(sql, values)
    except (UnicodeError, OverflowError, sqlite3.InterfaceError, sqlite3.ProgrammingError) as error:
        if isinstance(error, sqlite3.Error) and "binding" not in str(error):
            raise
        raise UsageError(f"that cannot be stored: {error}") from error


def create(path: Path, fill: Callable[[Change], None], actor: Address, time: Time) -> None:
    """Makes a database with the first rows of ``fill`` in it. It is built aside: half of one cannot exist."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    with explained(path):
        try:
            connection = _connect(aside)
            try:
                _migrate(connection)
                connection.execute("BEGIN IMMEDIATE")
                fill(Change(connection, actor, time))
                connection.execute("COMMIT")
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            finally:
                connection.close()
            os.link(aside, path)
        finally:
            for leftover in path.parent.glob(aside.name + "*"):
                leftover.unlink()


def in_memory() -> sqlite3.Connection:
    """An empty town's rows, which no file has."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    _migrate(connection)
    return connection


def _connect(path: Path, patience: float = BUSY_SECONDS) -> sqlite3.Connection:
    if not path.exists():
        path.touch(mode=0o600)
    connection = sqlite3.connect(path, timeout=patience, isolation_level=None, check_same_thread=False)
    try:
        connection.row_factory = sqlite3.Row
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")
        # SQLite's own lower() knows no letter beyond ASCII.
        connection.create_function("has_words", 2, _has_words, deterministic=True)
    except BaseException:
        connection.close()
        raise
    return connection


def _has_words(text: str, search: str) -> bool:
    from gastown_tmux.domain.pages import has_words  # few lines search

    return has_words(text, search)


def _find_successor(connection: sqlite3.Connection) -> Path | None:
    """The command that a newer gt has left word of, whatever else has become of the rows."""
    try:
        [text] = connection.execute("SELECT value FROM meta WHERE key = 'gt'").fetchone()
        command = Path(json.loads(text)["command"])
    except (sqlite3.Error, ValueError, TypeError, KeyError):
        return None
    return command if command.is_absolute() and command.exists() else None


def _name_backup(connection: sqlite3.Connection, path: Path, version: int) -> Path:
    """A database that was put back and is migrated again has another past: its copy replaces no other's."""
    first = path.with_name(f"town.db.schema-{version}")
    if not first.exists():
        return first
    [newest] = connection.execute("SELECT coalesce(max(seq), 0) FROM events").fetchone()
    return first.with_name(f"{first.name}-{newest}")


def _migrate(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
            for statement in _statements(script):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _statements(script: str) -> Iterator[str]:
    """One by one, because ``executescript`` would commit the transaction around it."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def backup(connection: sqlite3.Connection, target: Path, *, over: bool = True) -> None:
    """Unless ``over``, a copy that is there stays: another may have made it, and migrated what we copy, meanwhile."""
    aside = target.with_name(f".{target.name}.{os.getpid()}")
    deadline = time.monotonic() + BACKUP_SECONDS

    def look_at_the_clock(status: int, remaining: int, total: int) -> None:
        # SQLite itself would wait for a lock without end.
        if time.monotonic() > deadline:
            raise sqlite3.OperationalError("database is locked")

    try:
        aside.touch(mode=0o600)
        copy = sqlite3.connect(aside)
        try:
            connection.backup(copy, progress=look_at_the_clock)
            # One file for good: whoever reads a copy in WAL mode makes two more beside it.
            copy.execute("PRAGMA journal_mode = DELETE")
        finally:
            copy.close()
        if over:
            aside.replace(target)
        else:
            with contextlib.suppress(FileExistsError):
                os.link(aside, target)
    finally:
        aside.unlink(missing_ok=True)


def is_whole(path: Path) -> bool:
    """Whether a copy can be opened, has a schema that we know, and nothing in it is damaged."""
    try:
        connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    except sqlite3.Error:
        return False
    try:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        found = connection.execute("PRAGMA integrity_check").fetchone()
        return bool(0 < version <= SCHEMA and found == ("ok",))
    except sqlite3.Error:
        return False
    finally:
        connection.close()


@contextlib.contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turns what SQLite says of locks, disks and damage into errors that a person can act on."""
    try:
        yield
    except sqlite3.OperationalError as error:
        words = str(error)
        if "locked" in words or "busy" in words:
            raise LockedError(f"{path} has been locked by another process for a while", hint="gt doctor") from error
        if "full" in words or _is_full(path):
            raise UnwritableError(
                f"no space left for {path}", hint="free some disk space, then run the command again"
            ) from error
        if "readonly" in words or not os.access(path.parent, os.W_OK):
            raise UnwritableError(f"{path} may not be written to", hint="see who owns it, and its disk") from error
        raise GtError(f"{path}: {words}", hint="gt doctor") from error
    except sqlite3.ProgrammingError:
        raise  # a fault of ours, which says nothing of the file
    except sqlite3.DatabaseError as error:
        raise DamagedError(f"{path} is damaged: {error}", hint="gt doctor --fix restores the newest backup") from error


def _is_full(path: Path) -> bool:
    """Whether there is no room for the index of its write-ahead log, without which it cannot even be read."""
    disk = os.statvfs(path.parent)
    free = disk.f_bavail if os.geteuid() else disk.f_bfree
    return free * disk.f_frsize < LEAST_SPACE


def placeholders(values: Collection[object]) -> str:
    """``?, ?, ?`` for an ``IN`` list."""
    return ", ".join("?" * len(values))
