"""`gt rig add` on repositories of every shape: work lands as a clone's would, or one line says why it cannot."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.journeys.shapes import LANDING, REFUSED, Lands, Refused, Shape, bare
from tests.journeys.town_world import TownWorld, chore, git, make_repository

#: What a person may have set who wants all that is new, for all repositories that they make.
ALL_THAT_IS_NEW = """\
[user]
	name = Test Person
	email = test@localhost
[init]
	defaultBranch = trunk
	defaultRefFormat = reftable
	defaultObjectFormat = sha256
[worktree]
	useRelativePaths = true
"""
GROUPS = 4


def check_line(err: str) -> None:
    lines = err.splitlines()
    complaint = [number for number, line in enumerate(lines) if line.startswith("gt: ")]
    assert len(complaint) == 1, err
    assert all(line.startswith("hint: ") for line in lines[complaint[0] + 1 :]), err
    assert "fault in gt" not in err, err


def land(world: TownWorld, shapes: dict[str, Shape]) -> None:
    """A rig of each, a bead in each, and what is to be seen on the branch then."""
    beads, before = {}, {}
    for number, (name, shape) in enumerate(shapes.items()):
        assert isinstance(shape.comes, Lands)
        before[name] = git(shape.comes.where, "rev-parse", f"refs/heads/{shape.comes.branch}")
        world.gt("rig", "add", f"r{number}", shape.source, *shape.options)
        words = ["--rig", f"r{number}", "--body", chore("echo new > new.txt; echo more >> file-0.txt")]
        beads[name] = world.json("bead", "create", name, *words)["id"]
    world.gt("sling", *beads.values())
    for name, shape in shapes.items():
        landed = world.wait_state(beads[name], "merged", 60)
        assert isinstance(shape.comes, Lands)
        where, ref = shape.comes.where, f"refs/heads/{shape.comes.branch}"
        assert git(where, "rev-parse", ref) == landed["merged_commit"], name
        assert git(where, "rev-parse", f"{ref}^") == before[name], name
        changed = git(where, "diff-tree", "-r", "--name-status", before[name], ref).split()
        assert changed == ["M", "file-0.txt", "A", "new.txt"], name
        git(where, "rev-list", "--quiet", "--objects", ref)
        head = subprocess.run(["git", "-C", where, "symbolic-ref", "-q", "HEAD"], capture_output=True, text=True)
        if head.stdout.strip() == ref and git(where, "rev-parse", "--is-bare-repository") == "false":
            assert (where / "new.txt").exists() and git(where, "status", "--short") == "", name


@pytest.mark.parametrize("group", range(GROUPS))
def test_work_lands(quick_bare_town: TownWorld, group: int) -> None:
    base = quick_bare_town.project
    land(quick_bare_town, {name: build(base / name) for name, build in list(LANDING.items())[group::GROUPS]})


def test_users_who_want_all_that_is_new(bare_town: TownWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """Formats that GitPython, or a git of yesterday, cannot read: not in a town."""
    base = bare_town.project
    project = bare(make_repository(base / "seed"), base / "p.git")
    Path(os.environ["GIT_CONFIG_GLOBAL"]).write_text(ALL_THAT_IS_NEW)
    monkeypatch.setenv("GIT_DEFAULT_HASH", "sha256")
    monkeypatch.setenv("GIT_DEFAULT_REF_FORMAT", "reftable")
    world = TownWorld(base / "town", base, bare_town.run, bare_town.wait_for)
    try:
        world.gt("install", world.path)
        world.gt("config", "default-agent", "runbook")
        land(world, {"new": Shape(project, Lands(project))})
        for made in (world.path / ".git", world.path / "rigs/r0/repo.git"):
            settings = git(made, "config", "--local", "--list")
            assert "core.repositoryformatversion=0" in settings
            assert all(word not in settings for word in ("refstorage", "objectformat", "relativeworktrees=")), settings
    finally:
        world.gt("down", "--agents", code=None)


def test_one_line_says_why_not(quick_bare_town: TownWorld) -> None:
    world = quick_bare_town
    for name, build in REFUSED.items():
        shape = build(world.project / name)
        assert isinstance(shape.comes, Refused)
        said = world.gt("rig", "add", "refused", shape.source, *shape.options, code=None)
        check_line(said.err)
        assert shape.comes.words in said.err, (name, said.err)
        assert said.code == shape.comes.code, (name, said)
        assert list((world.path / "rigs").iterdir()) == [], name
    assert world.json("rig", "list") == {"items": []}
    assert not world.json("status")["tmux"]["alive"]
