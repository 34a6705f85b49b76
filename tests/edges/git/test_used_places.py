from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gastown_tmux.edges.git import places, submodules
from gastown_tmux.edges.git.submodules import Origin
from gastown_tmux.edges.git.worktree import git_dir
from tests.edges.git_world import World, commit, make_world, own_home, run_git
from tests.edges.used_places import HABITS, describe, live


@dataclass
class Town:
    """A project at `old` and then at `new`, and what a place made for the latter is like."""

    world: World
    old: str
    new: str
    fresh: dict[str, Any]

    def add(self, name: str, base: str) -> Path:
        path = self.world.place(name)
        places.add(self.world.repository, path, f"bead/{name}", base, "gt: test")
        self._fill(path)
        return path

    def reuse(self, path: Path, branch: str) -> str | None:
        trash = self.world.town / "trash"
        why = places.reuse(self.world.repository, path, branch, self.new, "gt: test", trash=trash)
        self._fill(path)
        return why

    def _fill(self, path: Path) -> None:
        admin = git_dir(self.world.repository, path)
        origin = Origin(str(self.world.remote), self.world.person)
        assert submodules.fill(self.world.repository, path, admin, origin) == ()


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    tmp_path = tmp_path_factory.mktemp("places")
    with own_home(tmp_path):
        world = make_world(tmp_path)
        lib = tmp_path / "lib"
        lib.mkdir()
        run_git(lib, "init", "-q")
        for number in range(3):
            (lib / f"file-{number}.txt").write_text(f"line {number}\n")
            (world.person / f"file-{number}.txt").write_text(f"line {number}\n")
        commit(lib, "first.txt")
        run_git(world.person, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(lib), "lib")
        commit(lib, "second.txt")
        run_git(world.person / "lib", "pull", "-q", "origin", "main")
        (world.person / "link-to").symlink_to("file-0.txt")
        old = commit(world.person, "dir/deep.txt")
        commit(lib, "third.txt")
        run_git(world.person / "lib", "pull", "-q", "origin", "main")
        new = commit(world.person, "file-1.txt", "newer\n")
        run_git(world.person, "push", "-q", "origin", "HEAD:main")
        run_git(world.repository.path, "config", "extensions.worktreeConfig", "true")
        world.repository.fetch()
        made = Town(world, old, new, {})
        made.fresh = describe(made.add("fresh", new))
        yield made


@pytest.mark.parametrize("habit", HABITS)
def test_a_used_place_is_as_a_new_one(town: Town, habit: str, request: pytest.FixtureRequest) -> None:
    used = town.add(f"used-{list(HABITS).index(habit)}", town.old)
    (used / "build").mkdir()
    (used / "build" / "output").write_text("x")
    live(used, HABITS[habit])
    why = town.reuse(used, f"next/{used.parent.name}")
    found = describe(used)
    different = {key: (found[key], town.fresh[key]) for key in found if found[key] != town.fresh[key]}
    assert not different, (why, different)
    assert why or (used / "build" / "output").exists()
