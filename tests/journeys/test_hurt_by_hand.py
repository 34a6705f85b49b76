"""A person removes or moves what the town lives in, while it is up: said in one line, and nothing is lost."""

import dataclasses
import shutil

import pytest

from tests.journeys.town_world import TownWorld, git

pytestmark = pytest.mark.with_mayor


def test_a_worktree_deleted_and_a_town_moved_while_it_is_up(town: TownWorld) -> None:
    town.gt("crew", "add", "ann", "--rig", "demo")
    work = town.path / ".gt" / "hooks" / "demo.ann" / "work"
    town.gt("crew", "start", "ann")
    (work / "draft.txt").write_text("unsaved\n")
    saved = town.json("snapshot", "now", "ann")
    assert saved["files"] == 1
    refused = town.gt("snapshot", "restore", "ann", code=4)
    assert "hint: gt pause demo/ann" in refused.err
    town.gt("pause", "ann")
    (work / "draft.txt").unlink()
    assert "gt resume demo/ann" in town.gt("snapshot", "restore", "ann", str(saved["seq"])).out
    assert (work / "draft.txt").read_text() == "unsaved\n"
    town.gt("resume", "ann")
    town.json("snapshot", "now", "ann")
    shutil.rmtree(work)
    town.gt("respawn", "ann")
    assert (work / "draft.txt").read_text() == "unsaved\n"
    (work / ".git").unlink()
    town.gt("stop", "ann")
    town.gt("crew", "start", "ann")
    assert git(work, "status", "--porcelain") == "?? draft.txt"

    there = town.path.with_name("another place")
    town.path.rename(there)
    moved = dataclasses.replace(town, path=there)
    try:
        said = moved.gt("agents").err.splitlines()
        assert len(said) == 1 and f"moved here from {town.path}" in said[0] and "gt respawn" in said[0], said
        moved.gt("respawn", "ann")
        bead = moved.bead("after the move", "echo moved > moved.txt")
        moved.gt("sling", bead)
        moved.wait_state(bead, "merged")
        assert git(town.project, "show", "main:moved.txt") == "moved"
        assert {item["level"] for item in moved.json("doctor")["items"]} <= {"warning"}
        assert not town.path.exists()
    finally:
        moved.gt("down", "--agents")
