"""A town whose folder is deleted while it is up ends by itself; one that is only moved does not."""

import shutil
import subprocess
from pathlib import Path

import pytest

from gastown_tmux.edges.processes import launch
from tests.journeys.town_world import TownWorld

pytestmark = pytest.mark.with_mayor


def runs(path: Path) -> bool:
    """Whether anything does, in its name."""
    named = subprocess.run(["pgrep", "-f", str(path)], capture_output=True).returncode == 0
    return named or bool(launch.agent_processes(str(path)))


def test_what_is_left_of_it_ends(town: TownWorld) -> None:
    town.gt("sling", town.bead("take your time", "sleep 300"), "demo")
    town.wait_for(lambda: any(agent["state"] == "working" for agent in town.json("agents")["items"]), 20, "work")
    shutil.rmtree(town.path, ignore_errors=True)
    town.wait_for(lambda: not runs(town.path), 30, "all of it to end")
    shutil.rmtree(town.path, ignore_errors=True)
    said = town.run("--town", town.path, "down", "--agents")
    assert said.code == 3 and "is not a town" in said.err


def test_with_no_daemon_left_down_ends_it(town: TownWorld) -> None:
    town.gt("sling", town.bead("take your time", "sleep 300"), "demo")
    town.wait_for(lambda: any(agent["state"] == "working" for agent in town.json("agents")["items"]), 20, "work")
    town.gt("daemon", "stop")
    shutil.rmtree(town.path, ignore_errors=True)
    said = town.run("--town", town.path, "down", "--agents")
    assert said.code == 0 and "what was left of it has ended, 1 agents among it" in said.out
    assert not runs(town.path)
