import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from gastown_tmux.edges.git import places, snapshot, worktree
from gastown_tmux.edges.git.removal import Saved, empty_trash, remove
from gastown_tmux.edges.git.worktree import BrokenWorktree
from gastown_tmux.errors import RefusedError
from tests.edges.git_world import ANN, World, make_world, own_home, run_git


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with own_home(tmp_path):
        yield make_world(tmp_path)


def save(world: World, path: Path) -> Saved:
    taken = snapshot.take(
        world.repository, "rig.ann", path, time="2026-11-22T10:00:00.000Z", why="removal", hook={}, by=ANN
    )
    return Saved(taken.commit)


def remove_it(world: World, path: Path, saved: Saved, registered: list[Path] | None = None) -> Path | None:
    return remove(
        world.repository,
        path,
        saved,
        registered=[path] if registered is None else registered,
        town=world.town,
        trash=world.town / ".gt" / "trash",
    )


def test_everything_goes_to_the_trash_and_the_branch_is_free(world: World) -> None:
    path = world.add("ann")
    (path / "a.log").write_text("ignored")
    outside = world.town / "outside"
    outside.mkdir()
    (path / "link").symlink_to(outside)
    place = remove_it(world, path, save(world, path))
    assert place is not None and not path.exists()
    assert (place / "work" / "a.log").read_text() == "ignored"
    assert (place / "admin" / "index").exists()
    assert remove_it(world, path, Saved(save_of(world))) is None
    world.add("bob", "work/ann")
    assert empty_trash(place.parent, 3600) == []
    assert empty_trash(place.parent, -1) == [place]
    assert outside.is_dir() and not place.exists()


def save_of(world: World) -> str:
    return next(iter(world.repository.list_refs("refs/gastown/hooks").values()))


def test_a_removal_killed_half_way_is_finished(world: World) -> None:
    path = world.add("ann")
    saved = save(world, path)
    path.rename(path.with_name("gone"))
    assert remove_it(world, path, saved) is None
    assert worktree.admin_of(world.repository, path) is None
    world.add("ann")


def test_what_is_not_ours_stays(world: World, tmp_path: Path) -> None:
    path = world.add("ann")
    saved = save(world, path)
    outside = tmp_path / "outside"
    places.add(world.repository, outside, "work/out", world.base(), "gt: test")
    with pytest.raises(RefusedError, match=r"is not one of our worktrees"):
        remove_it(world, path, saved, [])
    with pytest.raises(RefusedError, match=r"is not inside the town"):
        remove_it(world, outside, saved)
    with pytest.raises(RefusedError, match=r"is not inside the town"):
        remove_it(world, world.town, saved)
    with pytest.raises(RefusedError, match=r"is not inside the town"):
        remove_it(world, world.town / ".." / "outside", saved)
    (world.town / "link").symlink_to(path.parent)
    with pytest.raises(RefusedError, match=r"through a symbolic link"):
        remove_it(world, world.town / "link" / "work", saved)
    whole = world.town / "clone"
    run_git(world.town, "clone", "-q", str(world.remote), str(whole))
    with pytest.raises(BrokenWorktree):
        remove_it(world, whole, saved)
    for left in (path, outside, whole):
        assert (left / "README").exists()


def test_without_a_kept_snapshot_nothing_goes(world: World) -> None:
    path = world.add("ann")
    saved = save(world, path)
    for claim in (world.base(), "0" * 39 + "1", saved.commit[:10], "refs/gastown/hooks/rig.ann/1", ""):
        with pytest.raises(RefusedError, match=r"is not a snapshot"):
            remove_it(world, path, Saved(claim))
    assert world.repository.delete_ref("refs/gastown/hooks/rig.ann/1", saved.commit)
    with pytest.raises(RefusedError, match=r"is not a snapshot"):
        remove_it(world, path, saved)
    assert (path / "README").exists()


def test_a_broken_worktree_stays(world: World) -> None:
    path = world.add("ann")
    saved = save(world, path)
    (path / ".git").unlink()
    with pytest.raises(BrokenWorktree):
        remove_it(world, path, saved)
    assert (path / "README").exists() and not (world.town / ".gt" / "trash").exists()


def test_the_trash_is_emptied_by_age_and_links_are_not_followed(tmp_path: Path) -> None:
    trash, outside = tmp_path / "trash", tmp_path / "outside"
    (outside / "precious").mkdir(parents=True)
    assert empty_trash(trash, 0) == []
    for name, age in (("old", 7200), ("new", 10)):
        (trash / name / "deep").mkdir(parents=True)
        (trash / name / "deep" / "link").symlink_to(outside)
        past = (trash / name).stat().st_mtime - age
        if name == "old":
            (trash / name / "deep" / "file").touch()
            (trash / name / "deep").chmod(0o555)
        os.utime(trash / name, (past, past))
    (trash / "link").symlink_to(outside)
    assert empty_trash(trash, 3600) == [trash / "old"]
    assert (outside / "precious").is_dir() and (trash / "new").is_dir()
