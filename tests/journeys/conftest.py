"""The towns that journeys are made in."""

import contextlib
import dataclasses
import io
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gastown_tmux.cli.main import run
from gastown_tmux.domain.addresses import OVERSEER
from gastown_tmux.operations.sessions.headquarters import want_mayor
from gastown_tmux.operations.town.town import Town
from tests.journeys.askers import Asker
from tests.journeys.terminals import Terminal
from tests.journeys.town_world import Said, TownWorld, make_repository
from tests.prepared import copy_prepared


def run_quickly(*words: str | Path, code: int | None = 0) -> None:
    """In this process: most journeys begin and end alike, and a new Python takes longer than the command itself."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as errors:
        status = run([str(word) for word in words])
    assert code is None or status == code, f"gt {words}: {errors.getvalue()}"


@pytest.fixture
def bare_town(
    short_tmp: Path, run_gt: Callable[..., Any], wait_for: Callable[..., Any], request: pytest.FixtureRequest
) -> Iterator[TownWorld]:
    """A town without a rig, whose agents are runbook agents.

    Its Mayor was stopped, unless the test is marked ``with_mayor``: the prompt in that window is one more large Python
    to start, and most journeys never look at it.
    """
    world = TownWorld(short_tmp / "town", short_tmp / "project", run_gt, wait_for)
    _copy_town("bare-town", _make_town, short_tmp, request)
    yield world
    run_quickly("--town", world.path, "down", "--agents", code=None)


def _copy_town(name: str, make: Callable[[Path], None], folder: Path, request: pytest.FixtureRequest) -> None:
    if request.node.get_closest_marker("with_mayor") is not None:
        copy_prepared(name, make, folder)
    else:
        copy_prepared(f"{name}-without-mayor", lambda path: _make_without_mayor(make, path), folder)


def _make_without_mayor(make: Callable[[Path], None], folder: Path) -> None:
    make(folder)
    with contextlib.closing(Town(folder / "town", OVERSEER, dict(os.environ))) as town, town.change() as change:
        want_mayor(change, False)


def _make_town(folder: Path) -> None:
    run_quickly("install", folder / "town")
    run_quickly("--town", folder / "town", "config", "default-agent", "runbook")


@pytest.fixture
def town(bare_town: TownWorld, request: pytest.FixtureRequest) -> TownWorld:
    """A town with the rig ``demo`` on a checked-out project without a remote."""
    shutil.rmtree(bare_town.path)
    _copy_town("town-with-a-rig", _make_town_with_a_rig, bare_town.path.parent, request)
    return bare_town


def _make_town_with_a_rig(folder: Path) -> None:
    _make_town(folder)
    make_repository(folder / "project")
    run_quickly("--town", folder / "town", "rig", "add", "demo", folder / "project")


@pytest.fixture
def terminal(short_tmp: Path, wait_for: Callable[..., Any]) -> Iterator[Terminal]:
    terminal = Terminal(short_tmp / "person.sock", wait_for)
    terminal.open()
    yield terminal
    terminal.close()


@pytest.fixture
def second_terminal(short_tmp: Path, wait_for: Callable[..., Any]) -> Iterator[Terminal]:
    terminal = Terminal(short_tmp / "other.sock", wait_for)
    terminal.open()
    yield terminal
    terminal.close()


@pytest.fixture
def make_asker(town: TownWorld, short_tmp: Path) -> Callable[..., Asker]:
    """With a name and a screen it starts an agent that asks what is on it."""
    (short_tmp / "askers").mkdir()
    return lambda name, screen: Asker(town, name, short_tmp / "askers", screen)


@pytest.fixture
def quick_bare_town(
    bare_town: TownWorld, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> TownWorld:
    """Its commands run in this process: for tests of many commands of which none replaces itself."""

    def run_here(*words: str | Path, env: dict[str, str] | None = None) -> Said:
        with monkeypatch.context() as patch:
            for name, value in (env or {}).items():
                patch.setenv(name, value)
            code = run([str(word) for word in words])
        return Said(code, *capsys.readouterr())

    return dataclasses.replace(bare_town, run=run_here)


@pytest.fixture
def quick_town(town: TownWorld, quick_bare_town: TownWorld) -> TownWorld:
    """The same, with the rig ``demo``."""
    return quick_bare_town
