"""A worker's place that was used before is as a new one: nothing of an earlier bead reaches the next."""

import json
from pathlib import Path

import pytest

from tests.edges.used_places import BREAKS, HABITS, describe, live
from tests.journeys.test_submodules_of_a_rig import add_submodule, bump, commit, place_of
from tests.journeys.town_world import TownWorld, git, make_repository

#: One of each kind; tests/edges/git/test_used_places.py has them all.
SOME = {
    name: HABITS[name]
    for name in (
        "skip-worktree",
        "sparse cone",
        "configuration",
        "rebase with autostash",
        "an index that is none",
        "nothing may be written",
        "a repository in a folder of the project",
        "work in a submodule",
    )
}


def make_project(world: TownWorld) -> Path:
    """Files, a folder, a link, a submodule with two commits; returns where the submodule comes from."""
    shelf = world.project.with_name("shelf")
    make_repository(shelf / "lib")
    make_repository(world.project)
    (world.project / "dir").mkdir()
    (world.project / "link-to").symlink_to("file-0.txt")
    (world.project / ".gitignore").write_text("*.log\nbuild/\n.env\n")
    (world.project / ".env").write_text("PORT=1\n")
    add_submodule(world.project, shelf / "lib", "lib")
    commit(shelf / "lib", "second.txt", "second\n")
    bump(world.project, "lib")
    commit(world.project, "dir/deep.txt", "deep\n")
    return shelf


@pytest.fixture
def town(quick_bare_town: TownWorld) -> TownWorld:
    world = quick_bare_town
    make_project(world)
    world.gt("rig", "add", "demo", world.project)
    for key, value in (("worktree.copy", [".env"]), ("worktree.setup", ["git config core.hooksPath .husky"])):
        world.gt("config", "set", key, json.dumps(value))
    world.gt("config", "agent", "set", "quiet", "sleep", "600")
    world.gt("config", "default-agent", "quiet")
    for name in ("used", "new"):
        world.gt("polecat", "add", name, "--rig", "demo")
    return world


def sling(world: TownWorld, title: str, worker: str) -> str:
    bead = world.bead(title)
    world.gt("sling", bead, worker)
    return bead


def test_a_used_place_is_as_a_new_one(town: TownWorld) -> None:
    shelf = town.project.with_name("shelf")
    used, new = place_of(town, "demo/used"), place_of(town, "demo/new")
    different = {}
    for number, (habit, script) in enumerate((SOME | BREAKS).items()):
        bead = sling(town, f"before {habit}", "demo/used")
        (used / "build").mkdir(exist_ok=True)
        (used / "build" / "output").write_text(habit)
        (used / ".env").write_text(f"PORT={habit}\n")
        live(used, script)
        town.gt("unsling", bead)
        # The next bead is cut from a newer target, whose submodule is newer too.
        commit(shelf / "lib", "third.txt", f"{habit}\n")
        bump(town.project, "lib")
        beads = [sling(town, f"after {habit}", f"demo/{name}") for name in ("used", "new")]
        one, other = describe(used), describe(new)
        for bead in beads:
            town.gt("unsling", bead)
        assert number == 0 or other["files"]["lib/third.txt"]
        different |= {f"{habit}: {key}": (one[key], other[key]) for key in other if one[key] != other[key]}
        assert (used / ".env").read_text() == "PORT=1\n"
    assert not different, "\n".join(f"{what}\n  used {a}\n  new  {b}" for what, (a, b) in different.items())
    assert git(town.project, "status", "--porcelain") == ""
