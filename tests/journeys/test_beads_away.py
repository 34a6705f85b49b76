"""Beads that another town works at, and home's refinery lands."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hosts.boxes import Box, box_by_shell
from tests.journeys.town_world import TownWorld, chore, git


@pytest.fixture
def box(short_tmp: Path) -> Iterator[Box]:
    with box_by_shell(short_tmp / "box") as box:
        box.gt("install", box.town)
        box.gt("--town", box.town, "config", "default-agent", "runbook")
        yield box


def test_a_bead_is_worked_at_elsewhere_and_lands_here(town: TownWorld, box: Box) -> None:
    town.gt("host", "add", "box", "--", *box.prefix)
    bead = town.json("bead", "create", "far", "--rig", "demo", "--body", chore("hostname > far.txt; echo x > x"))["id"]
    slung = town.gt("sling", bead, "demo@box")
    assert slung.out == f"{bead} is given to box\n"
    found = town.wait_state(bead, "merged", 60)
    assert found["host"] == "box"
    assert git(town.project, "show", "main:x") == "x"
    assert "box" in git(town.project, "log", "-1", "--format=%an", "main")
    there = box.gt("--town", box.town, "bead", "list", "--json")
    town.wait_for(
        lambda: "merged" in box.gt("--town", box.town, "bead", "list", "--json").stdout, 20, "the box to hear"
    )
    assert there
