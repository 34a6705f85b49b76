from collections.abc import Iterator
from pathlib import Path

import pytest

from gastown_tmux.edges.git import snapshot, worktree
from gastown_tmux.edges.git.snapshot import Caps, LeftOut, Snapshot, history
from gastown_tmux.edges.git.snapshot_history import (
    Keep,
    archive,
    diff,
    droppable,
    find_work,
    list_agents,
    push,
    restore,
    thin,
)
from gastown_tmux.errors import GtError, RefusedError
from tests.edges.git_world import ANN, World, commit, make_world, own_home, run_git


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with own_home(tmp_path):
        yield make_world(tmp_path)


def take(
    world: World, path: Path, time: str = "2026-11-22T10:02:08.123Z", caps: Caps = snapshot.DEFAULT_CAPS
) -> Snapshot:
    return snapshot.take(world.repository, "rig.ann", path, time=time, why="test", hook=time, by=ANN, caps=caps)


def files(path: Path) -> dict[str, object]:
    """Every file below, `.git` aside: its bytes and mode, or where a link leads."""
    return {
        str(found.relative_to(path)): found.readlink()
        if found.is_symlink()
        else (found.read_bytes(), found.stat().st_mode & 0o100)
        for found in path.rglob("*")
        if ".git" not in found.parts and (found.is_symlink() or found.is_file())
    }


def fill(path: Path) -> None:
    (path / "README").write_text("changed\n")
    (path / "src" / "main.py").unlink()
    (path / "new\nline ü").write_text("odd\n")
    (path / "run.sh").write_text("#!/bin/sh\n")
    (path / "run.sh").chmod(0o755)
    (path / "link").symlink_to("/etc/passwd")
    (path / "dir").mkdir()
    (path / "dir" / "f").write_text("f\n")


def spoil(path: Path) -> None:
    (path / "README").unlink()
    (path / "README").mkdir()
    (path / "README" / "inside").write_text("x")
    (path / "src").mkdir(exist_ok=True)
    (path / "src" / "main.py").write_text("print(9)\n")
    (path / "new\nline ü").unlink()
    (path / "run.sh").chmod(0o644)
    (path / "link").unlink()
    (path / "link").write_text("no link\n")
    (path / "dir" / "f").unlink()
    (path / "dir").rmdir()
    (path / "dir").write_text("a file\n")
    (path / "extra").write_text("x")
    run_git(path, "add", "extra")


def test_restore_brings_every_file_back_and_leaves_the_rest(world: World) -> None:
    path = world.add("ann")
    fill(path)
    (path / "a.log").write_text("ignored")
    wanted = files(path)
    first = take(world, path)
    spoil(path)
    second, spoilt = take(world, path), files(path)
    head = run_git(path, "rev-parse", "HEAD")
    index = (worktree.git_dir(world.repository, path) / "index").read_bytes()
    for target, expected in ((first, wanted), (first, wanted), (second, spoilt), (first, wanted)):
        assert restore(world.repository, target, path) == ()
        assert files(path) == expected
    assert (worktree.git_dir(world.repository, path) / "index").read_bytes() == index
    assert run_git(path, "symbolic-ref", "HEAD") == "refs/heads/work/ann"
    assert run_git(path, "rev-parse", "HEAD") == head
    assert take(world, path).left_out == ()


def test_a_worktree_that_is_gone_is_made_again_elsewhere(world: World) -> None:
    path = world.add("ann")
    commit(path, "mine")
    fill(path)
    wanted, saved = files(path), take(world, path)
    other = world.add("bob", "work/other")
    restore(world.repository, saved, other)
    assert files(other) == wanted


def test_what_no_snapshot_can_hold_stays(world: World) -> None:
    caps = Caps(file=1000)
    path = world.add("ann")
    (path / "late").write_text("small\n")
    saved = take(world, path, caps=caps)
    (path / "late").write_text("y" * 2000)
    (path / "README").write_text("x" * 2000)
    assert restore(world.repository, saved, path, caps) == (
        LeftOut("README", 2000, "larger than 1000 bytes"),
        LeftOut("late", 2000, "larger than 1000 bytes"),
    )
    assert (path / "README").read_text() == "x" * 2000 and (path / "late").read_text() == "y" * 2000
    (path / "late").unlink()
    (path / "late").mkdir()
    run_git(path / "late", "init", "-q")
    commit(path / "late", "precious")
    with pytest.raises(RefusedError, match=r"late is in the way"):
        restore(world.repository, saved, path, caps)
    assert (path / "late" / "precious").exists()


def test_repositories_inside_are_restored(world: World) -> None:
    path = world.add("ann")
    (path / "lib" / "deep").mkdir(parents=True)
    run_git(path / "lib", "init", "-q")
    head = commit(path / "lib", "tracked", "1\n")
    run_git(path / "lib" / "deep", "init", "-q")
    (path / "lib" / "deep" / "f").write_text("deep\n")
    (path / "lib" / "tracked").write_text("2\n")
    wanted, saved = files(path), take(world, path)
    (path / "lib" / "tracked").write_text("3\n")
    (path / "lib" / "extra").write_text("x\n")
    (path / "lib" / "deep" / "f").unlink()
    restore(world.repository, saved, path)
    assert files(path) == wanted and run_git(path / "lib", "rev-parse", "HEAD") == head
    other = world.add("bob")
    restore(world.repository, saved, other)
    assert files(other) == wanted
    third, outside = world.add("cid"), world.town / "outside"
    outside.mkdir()
    (third / "lib").symlink_to(outside)
    (world.repository.path / "info").mkdir(exist_ok=True)
    (world.repository.path / "info" / "exclude").write_text("lib\n")
    with pytest.raises(RefusedError, match=r"symbolic link"):
        restore(world.repository, saved, third)
    assert list(outside.iterdir()) == []


def test_diff(world: World) -> None:
    path = world.add("ann")
    first = take(world, path)
    (path / "README").write_text("changed\n")
    run_git(path, "commit", "-qam", "c")
    (path / "README").write_text("again\n")
    second = take(world, path)
    assert "-changed\n+again" in diff(world.repository, second)
    assert "-hello\n+again" in diff(world.repository, second, first)
    assert "-hello\n+again" in diff(world.repository, second, world.base())
    assert diff(world.repository, first) == ""


def made(seq: int, time: str) -> Snapshot:
    return Snapshot("a", seq, f"r/{seq}", "c", time, "", 0, ())


def test_thinning_keeps_all_then_hourly_then_daily_and_always_the_newest() -> None:
    snapshots = [
        made(1, "2026-01-01T00:00:00.000Z"),
        made(2, "2026-11-02T10:00:00.000Z"),
        made(3, "2026-11-02T23:00:00.000Z"),
        made(4, "2026-11-20T10:00:00.000Z"),
        made(5, "2026-11-20T10:30:00.000Z"),
        made(6, "2026-11-20T11:00:00.000Z"),
        made(7, "2026-11-22T09:00:00.000Z"),
        made(8, "2026-11-22T09:01:00.000Z"),
    ]
    now = "2026-11-22T10:00:00.000Z"
    assert [s.seq for s in droppable(snapshots, now, Keep())] == [1, 2, 4]
    assert [s.seq for s in droppable(snapshots, now, Keep(0, 0, 0))] == [1, 2, 3, 4, 5, 6, 7]
    assert droppable([], now, Keep()) == []


def test_thin_deletes_refs_and_numbers_are_not_used_again(world: World) -> None:
    path = world.add("ann")
    old = [take(world, path, time=f"2026-01-01T00:00:0{n}.000Z") for n in range(3)]
    assert thin(world.repository, "rig.ann", "2026-11-22T10:00:00.000Z") == old[:2]
    assert history(world.repository, "rig.ann") == [old[2]]
    assert thin(world.repository, "rig.ann", "2026-11-22T10:00:00.000Z") == []
    assert take(world, path).seq == 4


def test_repositories_inside_are_compared_too(world: World) -> None:
    path = world.add("ann")
    (path / "lib").mkdir()
    run_git(path / "lib", "init", "-q")
    (path / "lib" / "f").write_text("1\n")
    first = take(world, path)
    (path / "lib" / "f").write_text("2\n")
    found = diff(world.repository, take(world, path), first)
    assert "a/lib/f" in found and "-1\n+2" in found


def test_work_is_found_only_on_top_of_the_branch_as_it_is_now(world: World) -> None:
    path = world.add("ann")
    assert find_work(world.repository, "work/ann") is None
    (path / "README").write_text("draft\n")
    draft = take(world, path)
    world.add("bob", "work/other")
    assert find_work(world.repository, "work/ann") == draft
    # The same commit, but another branch.
    assert find_work(world.repository, "work/other") is None
    assert find_work(world.repository, "work/missing") is None
    run_git(path, "commit", "-qam", "the draft and more")
    assert find_work(world.repository, "work/ann") is None
    clean = take(world, path)
    assert find_work(world.repository, "work/ann") == clean


def test_archived_snapshots_leave_the_name_free(world: World) -> None:
    path = world.add("ann")
    old = take(world, path)
    archive(world.repository, "rig.nobody", "rig.nobody.then")
    archive(world.repository, "rig.ann", "rig.ann.then")
    assert history(world.repository, "rig.ann") == []
    assert [one.commit for one in history(world.repository, "rig.ann.then")] == [old.commit]
    assert list_agents(world.repository) == ["rig.ann.then"]
    (path / "README").write_text("next\n")
    assert take(world, path).seq == 1


def test_pushed_snapshots_move_a_hook_to_another_machine(world: World, tmp_path: Path) -> None:
    path = world.add("ann")
    fill(path)
    saved = take(world, path)
    backup = tmp_path / "backup.git"
    run_git(tmp_path, "init", "-q", "--bare", str(backup))
    push(world.repository, str(backup))
    push(world.repository, str(backup))
    assert run_git(backup, "rev-parse", saved.ref) == saved.commit
    assert run_git(backup, "ls-tree", "--name-only", saved.commit + ":work").splitlines()[:1] == [".gitignore"]
    with pytest.raises(GtError, match=r"gone.git"):
        push(world.repository, str(tmp_path / "gone.git"))
    # Another history under the same name there is never overwritten.
    other = run_git(backup, "commit-tree", "-m", "another town's", saved.commit + "^{tree}")
    run_git(backup, "update-ref", saved.ref, other)
    with pytest.raises(GtError, match=r"\(fetch first\)"):
        push(world.repository, str(backup))
    assert run_git(backup, "rev-parse", saved.ref) == other
