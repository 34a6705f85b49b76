"""The branch that work lands on is renamed or deleted upstream: said at once, and followed by one verb."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.town_world import TownWorld, git, make_repository


@pytest.fixture
def remote(bare_town: TownWorld, short_tmp: Path) -> Iterator[Path]:
    """A bare repository that ``demo`` lands in."""
    make_repository(bare_town.project)
    remote = short_tmp / "remote.git"
    subprocess.run(["git", "clone", "-q", "--bare", bare_town.project, remote], check=True)
    bare_town.gt("rig", "add", "demo", remote)
    yield remote


def rename(remote: Path, old: str = "main", new: str = "trunk") -> None:
    """As a forge does it: the default branch too."""
    git(remote, "branch", "-m", old, new)
    git(remote, "symbolic-ref", "HEAD", f"refs/heads/{new}")


def escalations(world: TownWorld) -> list[str]:
    """What somebody is asked about the target, and has not answered."""
    asked = world.json("escalate", "list")["items"]
    return [each["text"] for each in asked if "main" in each["text"] and each["state"] != "resolved"]


def rig(world: TownWorld) -> Any:
    return world.json("rig", "show", "demo")


def submitted(world: TownWorld, title: str, script: str) -> str:
    bead = world.bead(title, script)
    world.gt("sling", bead)
    world.wait_state(bead, "submitted")
    return bead


def test_a_target_that_is_renamed(bare_town: TownWorld, remote: Path) -> None:
    """Those that wait say why, those that work go on; the verb that is named lands them all on the new branch."""
    world = bare_town
    world.gt("config", "set", "merge.gates", "[{name: wait, run: 'while [ -e ../held ]; do sleep 0.1; done'}]")
    held = world.path / "rigs/demo/held"
    held.touch()
    first = submitted(world, "first", "echo first > first.txt")
    world.wait_for(lambda: world.ask("SELECT state FROM merge_requests") == "testing", 20, "the gate")
    at_work = world.bead("at work", "touch ../begun; while [ ! -e ../go ]; do sleep 0.1; done; echo work > work.txt")
    world.gt("sling", at_work)
    world.wait_state(at_work, "working")
    rename(remote)
    held.unlink()
    world.wait_for(lambda: rig(world)["problem"], 20, "the rig to say so")
    assert "main" in rig(world)["problem"] and "trunk" in rig(world)["problem"]
    assert "gone" in world.gt("rig", "show", "demo").out and "problem" in world.json("rig", "list")["items"][0]
    request = world.json("mq", "show", first)
    assert request["state"] == "queued" and "gt rig set demo --branch trunk" in request["reason"], request
    assert len(world.wait_for(lambda: escalations(world), 10, "somebody to be told")) == 1
    [found] = [f for f in world.gt("doctor", "--json", code=1).json["items"] if "main" in f["what"]]
    assert found["level"] == "error" and "gt rig set demo --branch trunk" in found["hint"], found
    # What cannot begin is told so in the same words.
    waiting = world.bead("waiting", "echo waiting > waiting.txt")
    said = world.gt("sling", waiting, code=None)
    assert said.code != 0 and "gt rig set demo --branch trunk" in said.err, said

    before = world.json("mq", "list")["items"]
    assert world.gt("rig", "set", "demo", "--branch", "no-such", code=3).err.count("\n") <= 2
    assert world.json("mq", "list")["items"][0]["target"] == before[0]["target"] == "main"
    done = world.gt("rig", "set", "demo", "--branch", "trunk", "--json").json
    assert done["target"] == "trunk" and done["problem"] is None, done
    assert not escalations(world)
    assert "already" in world.gt("rig", "set", "demo", "--branch", "trunk").out
    world.wait_state(first, "merged", 40)
    assert world.json("mq", "show", first)["target"] == "trunk"
    world.gt("sling", waiting)
    world.wait_state(waiting, "merged", 40)
    hook = world.path / ".gt/hooks" / world.json("bead", "show", at_work)["assignee"].replace("/", ".")
    (hook / "go").touch()
    world.wait_state(at_work, "merged", 40)
    assert git(remote, "log", "--format=%s", "trunk").split("\n")[-1] == "first"
    assert {"first.txt", "waiting.txt", "work.txt"} <= set(git(remote, "ls-tree", "--name-only", "trunk").split("\n"))
    assert git(remote, "branch", "--format=%(refname:short)") == "trunk"
    world.gt("doctor")
    [event] = [e for e in world.json("events", "--type", "rig")["items"] if e["type"] == "rig.target"]
    assert event["data"]["target"] == "trunk"


def test_a_target_that_is_deleted_and_comes_back(bare_town: TownWorld, remote: Path) -> None:
    world = bare_town
    commit = git(remote, "rev-parse", "main")
    git(remote, "branch", "other", "main")
    git(remote, "symbolic-ref", "HEAD", "refs/heads/other")
    git(remote, "branch", "-D", "main")
    bead = world.bead("work", "echo work > work.txt")
    assert "main" in world.gt("sling", bead, code=None).err
    assert rig(world)["problem"]
    git(remote, "update-ref", "refs/heads/main", commit)
    world.gt("sling", bead)
    world.wait_state(bead, "merged", 40)
    assert rig(world)["problem"] is None
    world.gt("doctor", code=None)


def test_the_whole_remote_is_gone(bare_town: TownWorld, remote: Path) -> None:
    world = bare_town
    bead = world.bead("work", "echo work > work.txt; touch ../begun; while [ ! -e ../go ]; do sleep 0.1; done")
    world.gt("sling", bead)
    world.wait_state(bead, "working")
    moved = remote.with_name("moved.git")
    remote.rename(moved)
    hook = world.path / ".gt/hooks" / world.json("bead", "show", bead)["assignee"].replace("/", ".")
    (hook / "go").touch()
    world.wait_for(lambda: rig(world)["problem"], 40, "the rig to say so")
    assert str(remote) in rig(world)["problem"]
    said = world.gt("rig", "set", "demo", "--branch", "main", code=None)
    assert said.code != 0 and "Traceback" not in said.err and str(remote) in said.err
    moved.rename(remote)
    world.gt("mq", "retry", bead)
    world.wait_state(bead, "merged", 60)
    assert rig(world)["problem"] is None


def test_another_default_branch_is_only_told(bare_town: TownWorld, remote: Path) -> None:
    """Work goes on landing where it was told to: nobody deleted that."""
    world = bare_town
    git(remote, "branch", "trunk", "main")
    git(remote, "symbolic-ref", "HEAD", "refs/heads/trunk")
    bead = world.bead("work", "echo work > work.txt")
    world.gt("sling", bead)
    world.wait_state(bead, "merged", 40)
    assert git(remote, "log", "-1", "--format=%s", "main") == "work" and rig(world)["problem"] is None
    [found] = [f for f in world.json("doctor")["items"] if "trunk" in f["what"]]
    assert found["level"] == "warning" and "gt rig set demo --branch trunk" in found["hint"]
    assert not escalations(world)


def test_a_project_whose_branch_is_renamed(town: TownWorld) -> None:
    """A checked-out project without a remote is its own remote."""
    git(town.project, "branch", "-m", "main", "trunk")
    bead = town.bead("work", "echo work > work.txt")
    town.gt("sling", bead, code=None)
    town.wait_for(lambda: rig(town)["problem"], 20, "the rig to say so")
    town.gt("rig", "set", "demo", "--branch", "trunk")
    town.gt("sling", bead)
    town.wait_state(bead, "merged", 40)
    assert (town.project / "work.txt").read_text() == "work\n"


def test_a_target_that_only_the_town_has(bare_town: TownWorld, remote: Path) -> None:
    """merge.publish local: what has landed here goes along to the new branch, or the verb is refused."""
    world = bare_town
    world.gt("config", "set", "merge.publish", "local", "--rig", "demo")
    bead = world.bead("one", "echo one > one.txt")
    world.gt("sling", bead)
    commit = world.wait_state(bead, "merged", 40)["merged_commit"]
    rename(remote)
    git(remote, "branch", "apart", git(remote, "commit-tree", "-m", "apart", "trunk^{tree}"))
    said = world.gt("rig", "set", "demo", "--branch", "apart", code=4).err
    assert "main" in said and "apart" in said
    world.gt("rig", "set", "demo", "--branch", "trunk")
    repository = world.path / "rigs/demo/repo.git"
    assert git(repository, "rev-parse", "refs/heads/trunk") == commit
    two = world.bead("two", "echo two > two.txt")
    world.gt("sling", two)
    landed = world.wait_state(two, "merged", 40)["merged_commit"]
    assert git(repository, "rev-parse", "refs/heads/trunk", f"{landed}^") == f"{landed}\n{commit}"
    assert git(remote, "rev-list", "--count", "trunk") == "1"
    world.gt("doctor")


def test_held_and_sent_back_requests_go_along(bare_town: TownWorld, remote: Path) -> None:
    world = bare_town
    world.gt("config", "set", "merge.review", "true")
    held, refused = world.bead("held", "echo held > held.txt"), world.bead("refused", "echo no > no.txt")
    world.gt("sling", held, refused)
    world.wait_for(lambda: world.ask("SELECT count(*) FROM merge_requests WHERE state = 'held'") == 2, 40, "both held")
    world.gt("down")
    world.gt("mq", "reject", refused)
    rename(remote)
    world.gt("rig", "set", "demo", "--branch", "trunk")
    world.gt("config", "set", "merge.review", "false")
    assert world.json("mq", "retry", refused)["target"] == "trunk"
    world.gt("mq", "approve", held)
    world.gt("refinery", "run", "--rig", "demo")
    for bead in (held, refused):
        assert world.state(bead) == "merged"
    assert git(remote, "show", "trunk:held.txt") == "held"


def test_a_target_that_is_chosen_while_one_is_tested(bare_town: TownWorld, remote: Path) -> None:
    """A verdict counts for the target that it was given on: it is asked for again."""
    world = bare_town
    git(remote, "read-tree", "main")
    git(remote, "--work-tree=.", "read-tree", "--prefix=more/", "main")
    git(remote, "branch", "other", git(remote, "commit-tree", "-p", "main", "-m", "more", git(remote, "write-tree")))
    gate = "echo $$ >> ../runs; while [ -e ../held ]; do sleep 0.1; done"
    world.gt("config", "set", "merge.gates", f"[{{name: wait, run: '{gate}'}}]")
    (world.path / "rigs/demo/held").touch()
    bead = world.bead("work", "echo work > work.txt")
    world.gt("sling", bead)
    world.wait_for(lambda: world.ask("SELECT state FROM merge_requests") == "testing", 30, "the gate")
    world.gt("rig", "set", "demo", "--branch", "other")
    (world.path / "rigs/demo/held").unlink()
    world.wait_state(bead, "merged", 40)
    assert git(remote, "log", "-1", "--format=%s", "other") == "work"
    assert git(remote, "log", "-1", "--format=%s", "main") == "first"
    assert len((world.path / "rigs/demo/runs").read_text().split()) == 2
