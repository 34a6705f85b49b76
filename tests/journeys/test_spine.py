"""The main job: a bead goes from sling to main."""

import os
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.journeys.town_world import TownWorld, git

pytestmark = pytest.mark.with_mayor


def test_bead_goes_from_sling_to_main(town: TownWorld) -> None:
    bead = town.bead("add a greeting", "echo hello > greeting.txt")
    town.gt("sling", bead)
    landed = town.wait_state(bead, "merged")
    assert git(town.project, "rev-parse", "main") == landed["merged_commit"]
    assert (town.project / "greeting.txt").read_text() == "hello\n"
    assert git(town.project, "log", "-1", "--format=%an %s") == f"{landed['assignee']} add a greeting"


def test_down_stays_down(town: TownWorld) -> None:
    """A daemon that was just starting another when it was stopped must not leave that one behind."""
    for _ in range(3):
        town.gt("up")
        shown = [int(pid) for pid in town.tmux("list-panes", "-a", "-F", "#{pane_pid}").split()]
        children = [child for pid in shown for child in psutil.Process(pid).children(recursive=True)]
        town.gt("down", "--agents")
        assert not [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]
        assert not any(daemon["alive"] for daemon in town.json("status")["daemons"])


def test_what_a_sling_starts(quick_town: TownWorld) -> None:
    """Each program costs as much as all that Python does about it."""
    started: list[list[str]] = []

    def note(event: str, values: tuple[Any, ...]) -> None:
        if event == "subprocess.Popen" and slinging:
            started.append([os.fsdecode(word) for word in values[1]])

    slinging: list[str] = []
    sys.addaudithook(note)
    quick_town.gt("up")
    bead = quick_town.bead("one", "true")
    slinging.append(bead)
    quick_town.gt("sling", bead, "demo")
    slinging.clear()
    quick_town.wait_state(bead, "closed")
    programs = Counter(Path(words[0]).name for words in started)
    assert programs["git"] <= 13 and programs["tmux"] <= 4, "\n".join(map(" ".join, started))
    assert programs.keys() <= {"git", "tmux", "python"}  # the deacon's guard, where it has not come yet
