import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import git as gitpython
import pytest

from gastown_tmux.edges.git import layout
from gastown_tmux.edges.git.settings_file import format_settings, read_settings
from tests.edges.git_world import World, make_world, own_home, run_git


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with own_home(tmp_path):
        yield make_world(tmp_path)


def settings_of(path: Path) -> list[str]:
    return run_git(path, "config", "--list", "--show-scope").splitlines()


def test_a_new_repository_and_its_worktrees(world: World) -> None:
    place, common = world.add("ann"), world.repository.path
    for setting in ("core.repositoryformatversion=0", "extensions.worktreeconfig=true", "core.bare=true"):
        assert f"local\t{setting}" in settings_of(common)
    assert "worktree\tcore.bare=false" in settings_of(place)
    assert run_git(common, "rev-parse", "--is-bare-repository") == "true"
    assert run_git(place, "rev-parse", "--is-bare-repository") == "false"
    assert run_git(place, "status", "--short") == ""
    # The target too can be checked out, and left, and checked out again, as in a clone.
    for branch in ("main", "work/ann", "main", "work/ann"):
        run_git(place, "checkout", "-q", branch)
    run_git(place, "branch", "-f", "main", "HEAD")
    # An agent's own worktree, and what else turns the settings of worktrees on.
    run_git(place, "worktree", "add", "-q", "-b", "own", str(world.town / "own"))
    run_git(place, "sparse-checkout", "set", "src")
    run_git(common, "config", "extensions.worktreeConfig", "true")
    for path in (place, world.town / "own"):
        assert run_git(path, "rev-parse", "--is-bare-repository") == "false"
    assert (world.town / "own" / "README").exists()


def test_gitpython_reads_both(world: World) -> None:
    place = world.add("ann")
    with gitpython.Repo(world.repository.path) as read:
        assert read.bare
        assert read.commit("refs/remotes/origin/main").message == "first\n"
        assert [ref.name for ref in read.remotes.origin.refs] == ["origin/main"]
    with gitpython.Repo(place) as read:
        assert not read.bare and read.active_branch.name == "work/ann"
        assert not read.is_dirty(untracked_files=True)


def test_an_agents_worktree_locks_no_older_git_out(world: World) -> None:
    """Whatever its user prefers."""
    place = world.add("ann")
    run_git(place, "config", "--global", "worktree.useRelativePaths", "true")
    run_git(place, "worktree", "add", "-q", "--detach", str(world.town / "own"))
    assert [key for key, _ in read_settings(world.repository.path / "config") or [] if key[:11] == "extensions."] == [
        "extensions.worktreeconfig"
    ]


def make_old(world: World) -> Path:
    """A repository and a worktree as gt made them once; the worktree's place."""
    place, common = world.add("ann"), world.repository.path
    found = read_settings(common / "config") or []
    new = ("extensions.", "worktree.", "include.")
    old = [setting for setting in found if not setting[0].startswith(new)]
    (common / "config").write_bytes(format_settings(old))
    for path in (common / layout.MASTER, *common.glob("worktrees/*/config.worktree")):
        path.unlink()
    assert run_git(place, "status", "--short") == ""
    return place


def test_an_old_one_is_brought_to_it(world: World) -> None:
    """At every step on the way it works."""
    place, common = make_old(world), world.repository.path
    for _ in range(2):
        settings = layout.lay_out(common, world.repository.remote_url())
        assert run_git(place, "status", "--short") == ""
    (common / "config").write_bytes(format_settings(settings))
    assert run_git(place, "status", "--short") == ""
    assert run_git(place, "rev-parse", "--is-bare-repository") == "false"
    assert read_settings(common / "config") == layout.read_master(common) == settings


def test_what_a_worktree_has_besides_stays(world: World) -> None:
    place = world.add("ann")
    run_git(place, "config", "--worktree", "core.hooksPath", ".husky/_")
    run_git(place, "config", "--worktree", "core.bare", "true")
    run_git(place, "config", "--worktree", "--unset-all", "gc.auto")
    admin = Path(os.fsdecode(subprocess.check_output(["git", "rev-parse", "--git-dir"], cwd=place).strip()))
    layout.pin(admin)
    found = dict(read_settings(admin / layout.WORKTREE) or [])
    assert (found["core.bare"], found["gc.auto"], found["core.hookspath"]) == ("false", "0", ".husky/_")
    before = (admin / layout.WORKTREE).stat().st_ino
    layout.pin(admin)
    assert (admin / layout.WORKTREE).stat().st_ino == before
