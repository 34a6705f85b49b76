"""Worlds that many tests begin with: each worker makes one once, and copies it for whoever wants one."""

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_DISPOSABLE = shutil.ignore_patterns("config.json", "*.db-wal", "*.db-shm")
"""What a town compiles from settings names files by their inodes; whoever needs it makes it again."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What lies at ``path``, and where its own path stands in it: in files, and in columns of databases."""

    path: Path
    files: tuple[Path, ...]
    columns: tuple[tuple[Path, str, str], ...]

    def copy(self, target: Path) -> None:
        shutil.copytree(self.path, target, symlinks=True, ignore=_DISPOSABLE, dirs_exist_ok=True)
        old, new = str(self.path), str(target)
        for name in self.files:
            file = target / name
            file.write_bytes(file.read_bytes().replace(os.fsencode(old), os.fsencode(new)))
        for name in {name for name, _, _ in self.columns}:
            with contextlib.closing(sqlite3.connect(target / name)) as database, database:
                database.execute("PRAGMA synchronous = OFF")
                database.execute("UPDATE meta SET value = lower(hex(randomblob(16))) WHERE key = 'id'")
                for _, table, column in (column for column in self.columns if column[0] == name):
                    database.execute(f"UPDATE {table} SET {column} = replace({column}, ?, ?)", (old, new))


_prepared: dict[str, Prepared] = {}


def copy_prepared(name: str, make: Callable[[Path], None], target: Path) -> None:
    """Does what ``make(target)`` does, for a ``make`` that depends on nothing else, and whose result names no path but
    its own. Times and ids of commits are those of the first.
    """
    shelf = os.environ.get("PREPARED_WORLDS")
    if shelf is None:  # outside of the tests
        make(target)
        return
    if name not in _prepared:
        path = Path(shelf) / name
        make(path)
        _prepared[name] = _read(path)
    _prepared[name].copy(target)


def _read(path: Path) -> Prepared:
    files: list[Path] = []
    columns: list[tuple[Path, str, str]] = []
    ignored = _DISPOSABLE("", [file.name for file in path.rglob("*")])
    for file in (file for file in path.rglob("*") if file.is_file() and file.name not in ignored):
        content, name = file.read_bytes(), file.relative_to(path)
        assert os.fsencode(os.environ["HOME"]) not in content, f"{file} names the home of one test"
        if content.startswith(b"SQLite format 3"):
            columns += [(name, *column) for column in _columns_that_name(file, str(path))]
        elif os.fsencode(path) in content:
            files.append(name)
    return Prepared(path, tuple(files), tuple(columns))


def _columns_that_name(file: Path, path: str) -> list[tuple[str, str]]:
    with contextlib.closing(sqlite3.connect(file)) as database:
        assert database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0, f"{file} is in use"
        tables = [table for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        columns = [(table, row[1]) for table in tables for row in database.execute(f"PRAGMA table_info({table})")]
        return [
            (table, column)
            for table, column in columns
            if database.execute(f"SELECT 1 FROM {table} WHERE instr({column}, ?)", (path,)).fetchone()
        ]
