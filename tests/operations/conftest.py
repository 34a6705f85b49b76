"""A town on disk whose agents are rows only: enough for whatever needs no window."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gastown_tmux.domain.addresses import OVERSEER, Address
from gastown_tmux.domain.agents import Role
from gastown_tmux.domain.ids import BeadId, RigName
from gastown_tmux.domain.rigs import RemoteKind, Rig
from gastown_tmux.edges.files import clock
from gastown_tmux.operations.town.install import install
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.work.beads import create_bead
from gastown_tmux.store.agents import insert_agent, insert_session, move_agent
from gastown_tmux.store.beads import sling_bead
from gastown_tmux.store.rigs import insert_rig
from tests.operations.quiet_town import QuietTown, make_quiet_town
from tests.prepared import copy_prepared

As = Callable[[str], Town]


@pytest.fixture
def town(short_tmp: Path) -> Iterator[Town]:
    """Asked by the overseer; rig ``demo`` has the crew ``ann`` and ``ben`` and the polecat ``cat``."""
    copy_prepared("town", _make, short_tmp / "town")
    made = Town(short_tmp / "town", OVERSEER, dict(os.environ))
    rig = Rig(
        name=RigName("demo"), prefix="de", source="/p", remote="/p", remote_kind=RemoteKind.CHECKOUT, target="main",
        target_commit=None, email="t@localhost", parked=False, created=clock.now(),
    )  # fmt: skip
    with made.change() as change:
        insert_rig(change, rig)
        for name, role in (("ann", Role.CREW), ("ben", Role.CREW), ("cat", Role.POLECAT)):
            insert_agent(change, Address(f"demo/{name}"), role, None)
    yield made
    made.close()


def _make(path: Path) -> None:
    install(Town(Path("/"), OVERSEER, dict(os.environ)), path)


@pytest.fixture
def worker_bead(town: Town) -> BeadId:
    """On the hook of the polecat ``cat``, which is on and has a session."""
    bead = create_bead(town, "work", town.rig("demo")).value
    with town.change() as change:
        move_agent(change, "demo/cat", "start")
        sling_bead(change, bead.id, Address("demo/cat"))
        insert_session(change, Address("demo/cat"), "claude", (1, "1"), bead.id)
    return bead.id


@pytest.fixture
def as_agent(town: Town) -> Iterator[As]:
    """The same town, asked by another."""
    towns: list[Town] = []

    def ask(address: str) -> Town:
        towns.append(town.acting_as(Address(address)))
        return towns[-1]

    yield ask
    for other in towns:
        other.close()


@pytest.fixture
def quiet(short_tmp: Path) -> Iterator[QuietTown]:
    """Its rig ``demo`` is a real repository; where worktrees, snapshots or landings matter."""
    made = make_quiet_town(short_tmp)
    yield made
    made.town.close()


@pytest.fixture
def git_calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """What git has been run with since it was asked last, a line each."""
    program, calls = tmp_path / "bin" / "git", tmp_path / "calls"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$*" >> {calls}\nexec {shutil.which("git")} "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")

    def take() -> list[str]:
        made = calls.read_text().splitlines() if calls.exists() else []
        calls.unlink(missing_ok=True)
        return made

    return take
