"""gt install: make a town."""

import os
import unicodedata
from pathlib import Path

from gastown_tmux.domain.addresses import OVERSEER
from gastown_tmux.domain.events import EventType
from gastown_tmux.domain.ids import RESERVED, parse_name
from gastown_tmux.edges.files import clock
from gastown_tmux.edges.files.atomic import write_atomic
from gastown_tmux.edges.files.faults import fault_point
from gastown_tmux.edges.git import command
from gastown_tmux.edges.processes import locks
from gastown_tmux.edges.tmux import server
from gastown_tmux.errors import GtError, RefusedError
from gastown_tmux.operations.town.ledger import TOWN_PERSON
from gastown_tmux.operations.town.town import Answer, Town
from gastown_tmux.store import db, meta
from gastown_tmux.town_path import is_town

_YAML = """\
# Town-level configuration; 'gt config show' lists every key, its value and where that comes from.
"""
_IGNORED = """\
/.gt/*
!/.gt/ledger/
/rigs/*/repo.git/
/rigs/*/gate/
"""


def install(asked: Town, path: Path | None = None, name: str | None = None) -> Answer:
    """Makes a town, or completes one that a kill left half-made. Raises RefusedError in a folder with other things."""
    command.require_version()
    server.Server(Path("/nowhere"), Path("/nowhere")).require_version()
    named = asked.path if asked.path != Path("/") else Path(asked.environment.get("HOME", "/")) / "gt"
    path = (path or named).expanduser().absolute()
    given = name
    name = parse_name(name or _name_from(path), "town")
    town = Town(path, asked.actor, asked.environment, asked.flags, asked.say)
    database = path / ".gt" / "town.db"
    if is_town(path) and database.exists():
        known = meta.get_meta(town.db, "name")
        if given is not None and known != given:
            raise RefusedError(f"{path} is town {known!r} already", hint="choose another path")
        return Answer(_describe(town), f"{path} is a town already")
    if path.exists() and not path.is_dir():
        raise RefusedError(f"{path} is not a folder", hint="choose another path")
    if path.exists() and any(path.iterdir()) and not (path / ".gt").is_dir():
        raise RefusedError(f"{path} is not empty", hint="gt install an empty or new folder")
    try:
        for folder in (".gt", ".gt/run", ".gt/logs", ".gt/mail", ".gt/hooks", ".gt/ledger"):
            (path / folder).mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in ("roles", "layouts", "formulas", "orders", "rigs"):
            (path / folder).mkdir(exist_ok=True)
    except OSError as error:
        raise GtError(f"{path} cannot be made: {error.strerror}", hint="choose a folder you may write to") from None
    fault_point("install.folders")
    for order in town.memory.names():  # of a town that was here before
        town.memory.remove(order)
    with locks.Lock(town.run / "install.lock"):
        return _fill(town, name)


def _fill(town: Town, name: str) -> Answer:
    path, database = town.path, town.db_path
    if database.exists():
        return Answer(_describe(town), f"{path} is a town already")
    _write_once(path / ".gitignore", _IGNORED)
    for folder in ("roles", "layouts", "formulas", "orders", ".gt/ledger"):
        _write_once(path / folder / ".gitkeep", "")
    _write_once(path / "town.yaml", _YAML)
    _commit_first(path)
    fault_point("install.committed")

    def fill(change: db.Change) -> None:
        for key, value in (("id", os.urandom(16).hex()), ("name", name), ("path", str(path)), ("wanted", "down")):
            meta.set_meta(change, key, value)
        change.event(EventType.TOWN_INSTALLED, name, path=str(path))

    db.create(database, fill, OVERSEER, clock.now())
    return Answer(_describe(town), f"town {name} is made in {path}\nnext: gt rig add NAME URL")


def _name_from(path: Path) -> str:
    plain = [each for each in unicodedata.normalize("NFKD", path.name.lower()) if not unicodedata.combining(each)]
    kept = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in plain).strip("-")
    return kept[:32] if kept[:1].isalpha() and kept[:32] not in RESERVED else "town"


def _write_once(path: Path, text: str) -> None:
    if not path.exists():
        write_atomic(path, text.encode())


def _commit_first(path: Path) -> None:
    """The town's folder is a repository of its own: configuration, roles, layouts, formulas, orders and ledger."""
    if not (path / ".git").exists():
        command.git("init", "--quiet", "--template=", "--initial-branch=main", "--", str(path))
    if command.git("rev-parse", "--verify", "--quiet", "HEAD", cwd=path, ok=(0, 1)).code:
        command.git("add", "--all", cwd=path)
        command.git(
            "commit",
            "--quiet",
            "--no-verify",
            "--message=Make the town",
            cwd=path,
            env=command.author_environment(TOWN_PERSON),
        )


def _describe(town: Town) -> dict[str, object]:
    return {"town": meta.get_meta(town.db, "name"), "path": str(town.path), "schema": db.SCHEMA}
