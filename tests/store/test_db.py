"""town.db: whole or not there, migrated with a way back, changed by many at once, clear about what stops it."""

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gastown_tmux.domain.addresses import OVERSEER
from gastown_tmux.domain.events import EventType
from gastown_tmux.errors import GtError, NotFoundError, RefusedError
from gastown_tmux.store import db as module
from gastown_tmux.store.db import (
    SCHEMA,
    DamagedError,
    Database,
    NewerError,
    TakenError,
    UnwritableError,
    backup,
    create,
    explained,
    is_whole,
)
from gastown_tmux.store.events import list_events
from gastown_tmux.store.meta import get_meta, set_meta
from gastown_tmux.store.migrations import MIGRATIONS
from tests.store.conftest import NOW, fill


def old_database(path: Path, schema: int) -> None:
    connection = sqlite3.connect(path)
    for script in MIGRATIONS[:schema]:
        connection.executescript(script)
    connection.execute("INSERT INTO meta VALUES ('name', 'old')")
    connection.execute(f"PRAGMA user_version = {schema}")
    connection.commit()
    connection.close()


@pytest.mark.parametrize("schema", range(1, SCHEMA))
def test_an_older_one_is_migrated_after_a_backup(tmp_path: Path, schema: int) -> None:
    path = tmp_path / "town.db"
    old_database(path, schema)
    database = Database(path)
    row = database.row("PRAGMA user_version")
    assert row is not None and row[0] == SCHEMA and get_meta(database, "name") == "old"
    database.close()
    kept = sqlite3.connect(tmp_path / f"town.db.schema-{schema}")
    assert kept.execute("PRAGMA user_version").fetchone()[0] == schema
    assert kept.execute("SELECT value FROM meta").fetchone()[0] == "old"
    kept.close()


def test_a_second_migration_keeps_the_first_ones_backup(tmp_path: Path) -> None:
    path = tmp_path / "town.db"
    for name in ("first", "second"):
        old_database(path, SCHEMA - 1)
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute("UPDATE meta SET value = ?", (name,))
            connection.commit()
        Database(path).close()
        path.unlink()
    kept = sorted(tmp_path.glob("town.db.schema-*"))
    values = []
    for copy in kept:
        with contextlib.closing(sqlite3.connect(copy)) as connection:
            values.append(connection.execute("SELECT value FROM meta").fetchone()[0])
    assert values == ["first", "second"]
    assert [oct(copy.stat().st_mode & 0o777) for copy in kept] == ["0o600", "0o600"]


def test_who_migrates_at_the_same_time_replaces_no_backup(db: Database, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("from before the migration")
    with contextlib.closing(sqlite3.connect(db.path)) as connection:
        backup(connection, tmp_path / "kept", over=False)
        assert (tmp_path / "kept").read_text() == "from before the migration"
        backup(connection, tmp_path / "new", over=False)
    assert is_whole(tmp_path / "new") and not list(tmp_path.glob(".new*"))


KILLED = """
import os, signal, sys
from gastown_tmux.store import db
real = db._statements
def statements(script):
    for number, statement in enumerate(real(script)):
        if number == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        yield statement
db._statements = statements
db.Database(__import__("pathlib").Path(sys.argv[1]))
"""


def test_killed_in_a_migration_it_is_as_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "town.db"
    old_database(path, 1)
    step = "CREATE TABLE one (x) STRICT;\nCREATE TABLE two (x) STRICT;\nCREATE TABLE three (x) STRICT;\n".replace(
        "(x)", "(x TEXT)"
    )
    code = f"from gastown_tmux.store import db\ndb.MIGRATIONS = (db.MIGRATIONS[0], {step!r})\ndb.SCHEMA = 2\n" + KILLED
    done = subprocess.run([sys.executable, "-c", code, path], timeout=30)
    assert done.returncode == -signal.SIGKILL
    connection = sqlite3.connect(path)
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert tables.isdisjoint({"one", "two", "three"})
    assert connection.execute("PRAGMA user_version").fetchone()[0] == 1
    connection.close()
    monkeypatch.setattr(module, "MIGRATIONS", (MIGRATIONS[0], step))
    monkeypatch.setattr(module, "SCHEMA", 2)
    database = Database(path)
    assert database.rows("SELECT * FROM three") == []
    database.close()


def test_a_newer_one_is_refused_and_left_alone(db_path: Path) -> None:
    connection = sqlite3.connect(db_path)
    connection.execute(f"PRAGMA user_version = {SCHEMA + 1}")
    connection.close()
    data = db_path.read_bytes()
    with pytest.raises(NewerError, match=f"schema {SCHEMA + 1}; this gt knows {SCHEMA}") as refused:
        Database(db_path)
    assert refused.value.hint == "upgrade gastown-tmux" and refused.value.exit_code == 4
    assert db_path.read_bytes() == data and not is_whole(db_path)


@pytest.mark.parametrize("data", [b"no database at all\n" * 100, b"SQLite format 3\0" + b"\0" * 4096])
def test_a_damaged_one_is_named(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "town.db"
    path.write_bytes(data)
    with pytest.raises(DamagedError, match="is damaged") as damaged:
        Database(path)
    assert "gt doctor --fix" in str(damaged.value.hint) and not is_whole(path)


def test_one_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="is gone"):
        Database(tmp_path / "town.db")
    assert not is_whole(tmp_path / "town.db")


def test_a_change_is_all_or_nothing_and_its_event_with_it(db: Database) -> None:
    before = len(list_events(db))
    with pytest.raises(ZeroDivisionError), db.change(OVERSEER, NOW) as change:
        set_meta(change, "key", "value")
        change.event(EventType.TOWN_WANTED, "town")
        _ = 1 / 0
    assert get_meta(db, "key") is None and len(list_events(db)) == before
    with db.change(OVERSEER, NOW) as change:
        set_meta(change, "key", "välue")
        change.event(EventType.TOWN_WANTED, "town", words="ü")
    assert get_meta(db, "key") == "välue"
    assert list_events(db)[-1].data == {"words": "ü"} and list_events(db)[-1].time == NOW


def test_twelve_writers_lose_nothing(db_path: Path) -> None:
    def count(number: int) -> None:
        database = Database(db_path)
        for _ in range(10):
            with database.change(OVERSEER, NOW) as change:
                # Read, then write: only an immediate transaction may do that among many.
                set_meta(change, "count", str(int(get_meta(change, "count") or 0) + 1))
                change.event(EventType.TOWN_WANTED, str(number))
        database.close()

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(count, range(12)))
    database = Database(db_path)
    assert get_meta(database, "count") == "120"
    seqs = [event.seq for event in list_events(database, type="town.wanted")]
    assert len(seqs) == 120 and seqs == sorted(set(seqs))
    database.close()


def test_a_lock_that_is_never_let_go_is_named(db_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BUSY_SECONDS", 0.1)
    holder, waiter = Database(db_path), Database(db_path)
    with (
        holder.change(OVERSEER, NOW),
        pytest.raises(RefusedError, match="locked by another process"),
        waiter.change(OVERSEER, NOW),
    ):
        pass
    holder.close()
    waiter.close()


def test_a_full_disk_is_named_and_loses_nothing(db: Database) -> None:
    row = db.row("PRAGMA page_count")
    assert row is not None
    # SQLite's own limit ends in the same error as a full disk.
    db.row(f"PRAGMA max_page_count = {row[0]}")
    with pytest.raises(GtError, match="no space left for") as full, db.change(OVERSEER, NOW) as change:
        set_meta(change, "big", "x" * 10**6)
    assert full.value.hint == "free some disk space, then run the command again"
    assert get_meta(db, "big") is None
    db.row("PRAGMA max_page_count = 1000000")
    with db.change(OVERSEER, NOW) as change:
        set_meta(change, "big", "x" * 10**6)


def test_a_backup_is_whole_and_taken_while_others_write(db: Database, tmp_path: Path) -> None:
    other = Database(db.path)
    with db.change(OVERSEER, NOW) as change:
        set_meta(change, "key", "value")
        other.backup(tmp_path / "copy")
    other.close()
    assert is_whole(tmp_path / "copy")
    copy = Database(tmp_path / "copy")
    assert get_meta(copy, "key") is None  # not committed yet
    copy.close()
    assert [path.name for path in tmp_path.glob(".copy*")] == []


def test_a_backup_does_not_wait_for_ever(db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BACKUP_SECONDS", 0.1)
    with (
        pytest.raises(RefusedError, match="locked by another process"),
        db.change(OVERSEER, NOW) as change,
    ):
        set_meta(change, "key", "value")
        db.backup(tmp_path / "copy")
    assert [path.name for path in tmp_path.iterdir() if "copy" in path.name] == []


def test_half_of_one_cannot_be_made(tmp_path: Path) -> None:
    path = tmp_path / "town.db"

    def fail(change: object) -> None:
        raise ValueError

    with pytest.raises(ValueError):
        create(path, fail, OVERSEER, NOW)
    assert list(tmp_path.iterdir()) == []
    create(path, fill, OVERSEER, NOW)
    with pytest.raises(FileExistsError):
        create(path, fill, OVERSEER, NOW)
    assert [found.name for found in tmp_path.iterdir()] == ["town.db"]


def test_an_id_that_is_taken_is_made_again(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = iter([b"aaaaa", b"aaaaa", b"bbbbb"])
    monkeypatch.setattr(os, "urandom", lambda size: next(ids))
    sql = "INSERT INTO convoys (id, name, state, created) VALUES (?, 'c', 'open', '')"
    with db.change(OVERSEER, NOW) as change:
        first, second = (change.insert_with_id("cv", lambda fresh: change.execute(sql, fresh)) for _ in range(2))
        assert first != second
        with pytest.raises(TakenError):
            change.execute(sql, first)


@pytest.mark.parametrize("words", ["disk I/O error", "unable to open database file", "database or disk is full"])
def test_a_full_disk_is_named_whatever_sqlite_calls_it(words: str) -> None:
    # No block is ever free on /proc.
    with pytest.raises(UnwritableError, match="no space left"), explained(Path("/proc/town.db")):
        raise sqlite3.OperationalError(words)


def test_what_was_read_is_read_again_only_after_a_commit(db: Database) -> None:
    read: list[int] = []

    def look() -> list[object]:
        read.append(1)
        return [row[0] for row in db.rows("SELECT value FROM meta WHERE key = 'name'")]

    def recall() -> list[object]:
        return db.recall("name", look)

    before = recall()
    assert recall() == before and len(read) == 1
    recall().append("a caller's own")
    assert recall() == before
    other = Database(db.path)
    with other.change(OVERSEER, NOW) as change:
        set_meta(change, "name", "other")
    other.close()
    assert recall() == ["other"] and len(read) == 2
    # What a change of our own has written may be taken back.
    with pytest.raises(ZeroDivisionError), db.change(OVERSEER, NOW) as change:
        set_meta(change, "name", "never")
        assert recall() == ["never"]
        raise ZeroDivisionError
    assert recall() == ["other"]
