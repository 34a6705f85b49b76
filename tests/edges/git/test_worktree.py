from collections.abc import Iterator
from pathlib import Path

import pytest

from gastown_tmux.edges.git import worktree
from gastown_tmux.edges.git.worktree import BrokenWorktree, Status
from gastown_tmux.errors import RefusedError
from tests.edges.git_world import World, make_world, own_home, run_git


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with own_home(tmp_path):
        yield make_world(tmp_path)


def test_a_lost_git_file_is_broken_and_the_town_around_it_untouched(world: World) -> None:
    path = world.add("ann")
    (path / "README").write_text("mine\n")
    before = run_git(world.town, "status", "--porcelain")
    (path / ".git").unlink()
    for act in (
        lambda: worktree.status(world.repository, path),
        lambda: worktree.assert_place(world.repository, path, "work/ann"),
        lambda: world.reuse(path, "work/x"),
        lambda: world.add("ann"),
    ):
        with pytest.raises(BrokenWorktree):
            act()
    assert (path / "README").read_text() == "mine\n"
    assert run_git(world.town, "status", "--porcelain") == before
    assert worktree.repair(world.repository, [path]) == []
    assert worktree.status(world.repository, path).unstaged == ("README",)


def test_a_repository_in_the_place_of_a_worktree_is_broken(world: World, tmp_path: Path) -> None:
    path = world.add("ann")
    (path / ".git").unlink()
    run_git(path, "init", "-q")
    with pytest.raises(BrokenWorktree, match=r"lost its .git file"):
        worktree.git_dir(world.repository, path)
    other = tmp_path / "other"
    run_git(world.person, "worktree", "add", "-q", str(other))
    with pytest.raises(BrokenWorktree, match=r"not a worktree of"):
        worktree.git_dir(world.repository, other)
    with pytest.raises(BrokenWorktree, match=r"missing"):
        worktree.git_dir(world.repository, tmp_path / "none")


def test_another_branch_is_refused(world: World) -> None:
    path = world.add("ann")
    run_git(path, "checkout", "-q", "-b", "own")
    with pytest.raises(RefusedError, match=r"is on own, not on work/ann"):
        worktree.assert_place(world.repository, path, "work/ann")
    run_git(path, "checkout", "-q", "--detach")
    with pytest.raises(RefusedError, match=r"is on no branch, not on own"):
        worktree.assert_place(world.repository, path, "own")


def test_a_moved_town_is_repaired(world: World, tmp_path: Path) -> None:
    paths = [world.add("ann"), world.add("bob")]
    (paths[0] / "README").write_text("mine\n")
    moved = tmp_path / "moved town"
    world.town.rename(moved)
    repository = type(world.repository)(moved / "rigs" / "r" / "repo.git", moved / ".gt" / "run" / "r.lock")
    new = [moved / path.relative_to(world.town) for path in paths]
    gone = moved / ".gt" / "hooks" / "rig.gone" / "work"
    assert worktree.repair(repository, [*new, gone]) == [gone]
    assert worktree.status(repository, new[0]).unstaged == ("README",)
    assert worktree.assert_place(repository, new[1], "work/bob")
    run_git(new[1], "commit", "-qm", "x", "--allow-empty")


def test_status_tells_odd_names_and_stages_apart(world: World) -> None:
    path = world.add("ann")
    (path / "new\nline ü").write_text("x")
    (path / "dir").mkdir()
    (path / "dir" / "f").write_text("x")
    (path / "staged").write_text("x")
    run_git(path, "add", "staged")
    (path / "README").unlink()
    found = worktree.status(world.repository, path)
    assert found == Status(("staged",), ("README",), ("dir/", "new\nline ü"), None)


def test_an_ignored_file_keeps_the_worktree_clean_and_a_tracked_one_is_the_projects(world: World) -> None:
    path = world.add("ann")
    for _ in range(2):
        assert worktree.ignore(world.repository, path, Path(".gemini/settings.json"))
    (path / ".gemini").mkdir()
    (path / ".gemini" / "settings.json").write_text("{}")
    assert worktree.status(world.repository, path).clean
    assert (world.repository.path / "info" / "exclude").read_text().count("/.gemini/settings.json\n") == 1
    assert not worktree.ignore(world.repository, path, Path("src/main.py"))
