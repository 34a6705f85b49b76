"""A bar for who waits at a terminal; a pipe and a script get what was asked for and nothing else."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.town_world import make_repository

COMMAND = [sys.executable, "-m", "gastown_tmux"]


@pytest.fixture
def source(run_gt: Callable[..., Any], short_tmp: Path) -> str:
    assert run_gt("install", short_tmp / "home" / "gt").code == 0
    return str(make_repository(short_tmp / "source", files=120))


def on_terminal(*words: str) -> str:
    """All that a terminal of 80 columns is sent."""
    ours, theirs = os.openpty()
    environment = {**os.environ, "COLUMNS": "80", "LINES": "24"}
    with os.fdopen(ours, "rb", buffering=0) as screen:
        child = subprocess.Popen([*COMMAND, *words], stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
        os.close(theirs)
        sent = b""
        try:
            while part := screen.read(65536):
                sent += part
        except OSError:  # nobody has the other end any more
            pass
        assert child.wait(30) == 0, sent
    return sent.decode()


def test_a_clone_draws_a_bar_and_takes_it_away(source: str) -> None:
    sent = on_terminal("rig", "add", "demo", source)
    drawn = [line.removesuffix("\033[K") for line in sent.split("\r") if line.endswith("\033[K")]
    assert any(line.startswith("receiving 100% [########################] 122/122") for line in drawn), sent
    assert all(len(line) < 80 for line in drawn)
    assert "\r\033[Krig demo: beads are" in sent


@pytest.mark.parametrize("quiet", ["--json", "--quiet"])
def test_who_asked_for_a_document_or_for_quiet_sees_no_bar(source: str, quiet: str) -> None:
    assert "\033[K" not in (sent := on_terminal("rig", "add", "demo", source, quiet)) and "demo" in sent


def test_a_pipe_gets_no_bar(run_gt: Callable[..., Any], source: str) -> None:
    added = run_gt("rig", "add", "demo", source)
    assert (added.code, added.err) == (0, f"cloning {source}\n") and added.out.startswith("rig demo: beads are")
