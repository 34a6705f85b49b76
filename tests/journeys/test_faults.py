"""Killed at a named moment and run again, a command ends as if it had not been killed."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.journeys.town_world import TownWorld, git, make_repository

KILLED = -9


def killed(world: TownWorld, point: str, *words: str | Path, **env: str) -> None:
    """The command, killed at ``point``."""
    world.gt(*words, env={"GT_FAULT": point, **env}, code=KILLED)


def test_install_and_rig_add(short_tmp: Path, run_gt: Callable[..., Any], wait_for: Callable[..., Any]) -> None:
    world = TownWorld(short_tmp / "town", make_repository(short_tmp / "project"), run_gt, wait_for)
    for point in ("install.folders", "install.committed"):
        assert run_gt("install", world.path, env={"GT_FAULT": point}).code == KILLED
    assert run_gt("install", world.path).code == 0
    assert git(world.path, "status", "--short") == ""
    killed(world, "rig.cloned", "rig", "add", "demo", world.project)
    assert world.json("rig", "list")["items"] == []
    world.gt("rig", "add", "demo", world.project)
    assert [rig["name"] for rig in world.json("rig", "list")["items"]] == ["demo"]
    git(world.path / "rigs/demo/repo.git", "fsck", "--strict")


def test_sling(town: TownWorld) -> None:
    """With its key, the same sling starts the same bead once, wherever the first one was killed."""
    town.gt("up")
    beads = set()
    for number, point in enumerate(("sling.claimed", "sling.prepared", "session.claimed", "session.opened")):
        words = ("sling", "-m", f"job {number}\n```sh\necho {number} > {number}.txt\n```", "demo", "--key", str(number))
        # The witness may be quicker with a session than the sling that is to be killed there.
        assert town.gt(*words, env={"GT_FAULT": point}, code=None).code in (KILLED, 0)
        town.gt(*words)
        beads |= {bead["id"] for bead in town.json(*words)["items"]}
    assert len(beads) == len(town.json("bead", "list")["items"]) == 4
    # What could not be started is started by the same words, once it can be.
    town.gt("config", "set", "worktree.setup", "['false']")
    words = ("sling", "-m", "late\n```sh\ntouch late\n```", "demo", "--key", "late")
    said = town.gt(*words, code=1).err
    assert "could not be started" in said and "worktree.setup" in said
    town.gt("config", "unset", "worktree.setup")
    beads.add(town.json(*words)["items"][0]["id"])
    assert len(beads) == len(town.json("bead", "list")["items"])
    for bead in beads:
        assert town.wait_state(bead, "merged")["attempts"] == 1
    assert git(town.project, "rev-list", "--count", "main") == "6"
    # Nobody repeats it: the witness sees that its sender is dead.
    alone = town.bead("alone", "echo alone > alone.txt")
    town.gt("sling", alone, env={"GT_FAULT": "sling.claimed"}, code=KILLED)
    town.wait_for(lambda: town.state(alone) != "hooked", 10, "the witness to start it")


def test_done_and_refinery(town: TownWorld) -> None:
    """One commit and one mail for each bead, wherever its agent or the refinery was killed."""
    town.gt("config", "agent", "set", "quiet", "sleep", "600")
    points = ("refinery.testing", "refinery.publishing", "refinery.published", "refinery.merged")
    beads = [town.bead(point) for point in points]
    agents = {bead["id"]: bead["assignee"] for bead in town.json("sling", *beads, "--agent", "quiet")["items"]}
    town.gt("down")
    for bead, point in zip(beads, points, strict=True):
        work = town.path / ".gt/hooks" / agents[bead].replace("/", ".") / "work"
        (work / point).write_text("done\n")
        git(work, "add", "-A")
        git(work, "commit", "-qm", point)
    for moment in ("done.kept", "done.submitted"):
        killed(town, moment, "done", GT_AGENT=agents[beads[0]])
    for bead, point in zip(beads, points, strict=True):
        town.gt("done", env={"GT_AGENT": agents[bead]})
        killed(town, point, "refinery", "run", "--rig", "demo")
        town.gt("refinery", "run", "--rig", "demo")
        landed = town.json("bead", "show", bead)
        assert landed["state"] == "merged", landed
        assert git(town.project, "rev-parse", "main") == landed["merged_commit"]
        assert len(list((town.path / ".gt/mail" / agents[bead].replace("/", ".") / "new").iterdir())) == 1
    assert git(town.project, "rev-list", "--count", "main") == str(1 + len(beads))


def test_a_push_that_outlives_its_refinery(town: TownWorld) -> None:
    """It lands while the next refinery pushes too: once, and nobody is told that it was refused."""
    town.gt("config", "agent", "set", "quiet", "sleep", "600")
    bead = town.bead("slow")
    agent = town.json("sling", bead, "--agent", "quiet")["items"][0]["assignee"]
    town.gt("down")
    work, base = town.path / ".gt/hooks" / agent.replace("/", ".") / "work", town.path.parent
    begun, hook = base / "begun", town.project / ".git/hooks/pre-receive"
    waits = f"while ! test -e {base}/go-$n; do sleep 0.05; done"
    hook.write_text(f"#!/bin/sh\necho >> {begun}; n=$(grep -c '' {begun}); {waits}\n")
    hook.chmod(0o755)
    (work / "slow").write_text("done\n")
    git(work, "add", "-A")
    git(work, "commit", "-qm", "slow")
    town.gt("done", env={"GT_AGENT": agent})
    command = [sys.executable, "-m", "gastown_tmux", "--town", town.path, "refinery", "run", "--rig", "demo"]
    first = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    town.wait_for(begun.exists, 20, "the push")
    first.kill()
    first.wait()
    second = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    town.wait_for(lambda: begun.read_text().count("\n") == 2, 20, "the other push")
    (base / "go-1").touch()
    town.wait_for(lambda: git(town.project, "rev-list", "--count", "main") == "2", 20, "the push to land")
    (base / "go-2").touch()
    assert second.wait(30) == 0
    landed = town.json("bead", "show", bead)
    assert landed["state"] == "merged", landed
    assert git(town.project, "rev-parse", "main") == landed["merged_commit"]
    assert git(town.project, "rev-list", "--count", "main") == "2"
