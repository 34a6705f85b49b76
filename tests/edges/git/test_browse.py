"""What people read of a repository, through GitPython; git's own words are the measure."""

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from gastown_tmux.edges.git.browse import FileChange, list_changes, list_commits, opened, summarise
from gastown_tmux.edges.git.command import GitError
from gastown_tmux.edges.git.repository import Repository
from tests.edges.git_world import World, commit, make_world, own_home, run_git


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with own_home(tmp_path):
        yield make_world(tmp_path)


def test_every_kind_of_change_with_its_counts(world: World) -> None:
    ann = world.add("ann")
    (ann / "gone.txt").write_text("1\n2\n")
    (ann / "moved.txt").write_text("".join(f"line {number}\n" for number in range(20)))
    old = commit(ann, "kept.txt", "a\nb\n")
    (ann / "gone.txt").unlink()
    (ann / "moved.txt").rename(ann / "new place.txt")
    (ann / "data.bin").write_bytes(bytes(range(256)))
    (ann / os.fsdecode(b"latin\xe9")).write_text("x\n")
    (ann / "empty").touch()
    new = commit(ann, "kept.txt", "a\nc\nd\n")
    found = {change.path: change for change in list_changes(world.repository, old, new)}
    assert found == {
        "data.bin": FileChange("A", "data.bin", None, None, None),
        "empty": FileChange("A", "empty", None, 0, 0),
        "gone.txt": FileChange("D", "gone.txt", None, 0, 2),
        "kept.txt": FileChange("M", "kept.txt", None, 2, 1),
        os.fsdecode(b"latin\xe9"): FileChange("A", os.fsdecode(b"latin\xe9"), None, 1, 0),
        "new place.txt": FileChange("R", "new place.txt", "moved.txt", 0, 0),
    }
    assert summarise([found["kept.txt"]]) == "kept.txt | +2 -1\n1 file changed, 2 lines added, 1 deleted"


def test_a_tree_is_compared_as_well_as_a_commit(world: World) -> None:
    ann = world.add("ann")
    head = commit(ann, "sub/file", "1\n")
    empty = run_git(ann, "hash-object", "-w", "-t", "tree", "/dev/null")
    assert list_changes(world.repository, empty, f"{head}:sub") == [FileChange("A", "file", None, 1, 0)]


def test_commits_are_told_oldest_first(world: World) -> None:
    ann = world.add("ann")
    made = [commit(ann, "a", f"{number}\n", f"number {number}") for number in range(3)]
    found = list_commits(world.repository, world.base(), made[-1])
    assert [(each.id, each.subject, each.email) for each in found] == [
        (id, f"number {number}", "pat@example.org") for number, id in enumerate(made)
    ]


def test_an_agents_configuration_runs_nothing(world: World, tmp_path: Path) -> None:
    ann, mark = world.add("ann"), tmp_path / "ran"
    for key in ("diff.external", "core.fsmonitor", "core.pager", "diff.x.textconv"):
        run_git(ann, "config", key, f"touch '{mark}';:")
    (ann / ".gitattributes").write_text("* diff=x\n")
    head = commit(ann, "a", "1\n")
    assert list_changes(world.repository, world.base(), head) and list_commits(world.repository, world.base(), head)
    mark.unlink(missing_ok=True)  # the agent's own commit runs what it likes
    list_changes(world.repository, world.base(), head)
    assert not mark.exists()


def test_no_helper_outlives_the_look(world: World) -> None:
    head = commit(world.add("ann"), "a", "1\n")
    gc.disable()
    try:
        assert list_commits(world.repository, world.base(), head)
        running = [Path(f"/proc/{child.pid}/cmdline").read_text() for child in psutil.Process().children()]
        assert not [words for words in running if "cat-file" in words]
    finally:
        gc.enable()


def test_what_is_missing_is_one_clear_line(world: World, tmp_path: Path) -> None:
    for names in (("0" * 39 + "1", "HEAD"), (world.base(), "nothing")):
        with pytest.raises(GitError):
            list_changes(world.repository, *names)
    with pytest.raises(GitError, match=r"cannot be read"), opened(Repository(tmp_path, tmp_path / "lock")):
        pass
