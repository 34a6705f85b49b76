"""Beads that another town works at, and home's refinery lands."""

import os
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.boxes.homes import Box, box_by_shell, box_by_sshd
from tests.journeys.town_world import TownWorld, git


def settle(box: Box) -> Box:
    box.gt("install", box.town)
    box.gt("--town", box.town, "config", "default-agent", "runbook")
    return box


@pytest.fixture
def box(short_tmp: Path) -> Iterator[Box]:
    with box_by_shell(short_tmp / "box") as box:
        yield settle(box)


def test_beads_are_worked_at_elsewhere_and_land_here(box: Box, town: TownWorld) -> None:
    """One lands, one reports, one asks, and one is refused by a gate here that its second try passes."""
    gate = "{name: gate, run: 'test ! -e again.txt || grep -q twice again.txt'}"
    town.gt("config", "set", "merge.gates", f"[{gate}]", "--rig", "demo")
    assert "next: gt sling BEAD RIG@box" in town.gt("host", "add", "box", "--", *box.prefix).out
    lands = town.bead("lands", "echo far > far.txt")
    asks = town.bead("asks", "exit 3")
    reports = town.bead("reports", "echo hello")
    seen = box.folder / "seen"
    again = town.bead("again", f"if test -e {seen}; then echo twice; else touch {seen}; echo once; fi > again.txt")
    slung = town.gt("sling", lands, asks, reports, again, "demo@box")
    assert slung.out.splitlines() == [f"{bead} is given to box" for bead in (lands, asks, reports, again)]
    found = town.wait_state(lands, "merged", 60)
    assert found["host"] == "box"
    assert git(town.project, "show", "main:far.txt") == "far"
    assert "@box" in git(town.project, "log", "--format=%an", "main")
    assert "hello" in town.wait_state(reports, "closed", 60)["report"]
    town.wait_for(lambda: town.json("bead", "show", asks)["reason"] == "escalated", 60, "the question")
    town.wait_state(again, "merged", 60)
    assert git(town.project, "show", "main:again.txt") == "twice"
    states = [bead["state"] for bead in town.json("bead", "list")["items"]]
    assert sorted(states) == ["closed", "merged", "merged", "open"]

    def has_heard() -> bool:
        there = box.gt("--town", box.town, "bead", "list", "--json").stdout
        return there.count('"merged"') == 2 and there.count('"closed"') == 2

    town.wait_for(has_heard, 20, "the box to hear what became of them")
    assert town.json("host", "show", "box")["beads"] == 0


@pytest.mark.needs("ssh")
@pytest.mark.skipif(not Path("/usr/sbin/sshd").exists(), reason="needs sshd")
def test_through_ssh_and_whatever_is_killed(town: TownWorld, short_tmp: Path) -> None:
    with box_by_sshd(short_tmp / "box") as box:
        settle(box)
        town.gt("config", "set", "ssh.config", box.folder / "ssh" / "config")
        town.gt("host", "add", "box", "box")
        beads = [town.bead(f"bead {number}", f"echo {number} > {number}.txt") for number in range(2)]
        town.gt("sling", *beads, "demo@box")
        # The deacon here, and all daemons there, in the middle of it.
        for path in (town.path, box.town):
            for pid in find_daemons(path):
                os.kill(pid, 9)
        for bead in beads:
            town.wait_state(bead, "merged", 90)
        assert len(git(town.project, "log", "--format=%s", "main").splitlines()) == 3
        # An agent may not take back what a host has.
        away = town.bead("away", "sleep 1000")
        town.gt("sling", away, "demo@box")
        agent = {"GT_AGENT": "mayor"}
        assert town.gt("unsling", away, "--force", env=agent, code=4).err.startswith("gt: mayor may not")
        assert "lands nowhere" in town.gt("unsling", away, "--force").out
        assert town.json("bead", "show", away)["state"] == "open"
        town.gt("down", "--agents")


def find_daemons(path: Path) -> list[int]:
    found = []
    for process in psutil.process_iter():
        try:
            line = process.cmdline()
        except psutil.Error:
            continue
        if str(path) in line and "daemon" in line:
            found.append(process.pid)
    return found
