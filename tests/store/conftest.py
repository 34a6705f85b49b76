"""A database with the rig ``demo`` and two workers."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gastown_tmux.domain.addresses import OVERSEER, Address
from gastown_tmux.domain.agents import Role
from gastown_tmux.domain.ids import RigName, Time
from gastown_tmux.domain.rigs import RemoteKind, Rig
from gastown_tmux.store.agents import insert_agent
from gastown_tmux.store.db import Change, Database, create
from gastown_tmux.store.rigs import insert_rig

NOW = Time("2026-11-22T10:02:08.123Z")
TOAST, RYE = Address("demo/toast"), Address("demo/rye")


def fill(change: Change) -> None:
    insert_rig(
        change,
        Rig(
            name=RigName("demo"), prefix="de", source="/p", remote="/p", remote_kind=RemoteKind.REMOTE, target="main",
            target_commit=None, email="t@localhost", parked=False, created=NOW,
        ),
    )  # fmt: skip
    for address in (TOAST, RYE):
        insert_agent(change, address, Role.POLECAT, None)


@pytest.fixture
def db_path(tmp_path: Path) -> Path:
    create(tmp_path / "town.db", fill, OVERSEER, NOW)
    return tmp_path / "town.db"


@pytest.fixture
def db(db_path: Path) -> Iterator[Database]:
    opened = Database(db_path)
    yield opened
    opened.close()
