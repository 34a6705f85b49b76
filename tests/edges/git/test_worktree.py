import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gastown_tmux.edges.git import worktree
from gastown_tmux.edges.git.command import GitError
from gastown_tmux.edges.git.worktree import BrokenWorktree, Operation, Status
from gastown_tmux.errors import RefusedError
from tests.edges.git_world import World, commit, make_world, own_home, run_git

ADD = """
import sys
from pathlib import Path
from gastown_tmux.edges.git import worktree
from gastown_tmux.edges.git.repository import Repository
repository = Repository(Path(sys.argv[1]), Path(sys.argv[2]))
worktree.add(repository, Path(sys.argv[3]), sys.argv[4], sys.argv[5], "gt: test")
"""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with own_home(tmp_path):
        yield make_world(tmp_path)


def start_add(world: World, path: Path, branch: str) -> "subprocess.Popen[bytes]":
    repository = world.repository
    arguments = [str(repository.path), str(repository.lock_path), str(path), branch, world.base()]
    return subprocess.Popen([sys.executable, "-c", ADD, *arguments], stderr=subprocess.PIPE)


def until(condition: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not (found := condition()) and time.monotonic() < deadline:
        time.sleep(0.0005)
    return found


def test_add_makes_a_clean_locked_worktree_on_its_branch(world: World) -> None:
    path = world.add("ann")
    assert (path / "src" / "main.py").read_text() == "print(1)\n"
    assert run_git(path, "symbolic-ref", "HEAD") == "refs/heads/work/ann"
    assert worktree.status(world.repository, path) == Status((), (), (), None)
    assert worktree.status(world.repository, path).clean
    admin = worktree.assert_place(world.repository, path, "work/ann")
    assert (admin / "locked").read_text().strip() == "gt: test"
    run_git(world.repository.path, "worktree", "prune")
    assert admin.is_dir()


def test_add_again_touches_no_work(world: World) -> None:
    path = world.add("ann")
    (path / "README").write_text("mine\n")
    (path / "new").write_text("mine\n")
    world.add("ann")
    assert worktree.status(world.repository, path) == Status((), ("README",), ("new",), None)


def test_a_branch_with_work_is_kept_and_one_without_is_moved_to_the_base(world: World) -> None:
    repository, old = world.repository, world.base()
    first = world.add("ann", "work/a")
    kept = commit(first, "mine", message="mine")
    run_git(first, "checkout", "-q", "--detach")
    new = commit(world.person, "theirs")
    run_git(world.person, "push", "-q", "origin", "HEAD:main")
    repository.fetch()
    assert repository.update_ref("refs/heads/work/b", old, None)
    second, third = world.add("bob", "work/a"), world.add("cid", "work/b")
    assert run_git(second, "rev-parse", "HEAD") == kept and (second / "mine").exists()
    assert run_git(third, "rev-parse", "HEAD") == new and (third / "theirs").exists()


def test_a_branch_is_not_checked_out_twice_unless_asked(world: World) -> None:
    first = world.add("ann", "work/a")
    with pytest.raises(RefusedError, match=r"branch work/a is checked out in .*rig.ann/work$"):
        world.add("bob", "work/a")
    other = world.add("bob")
    with pytest.raises(RefusedError, match=r"is checked out in"):
        worktree.reuse(world.repository, other, "work/a", world.base())
    for _ in range(2):
        worktree.reuse(world.repository, other, "work/a", world.base(), ignore_other_worktrees=True)
    assert run_git(other, "symbolic-ref", "HEAD") == run_git(first, "symbolic-ref", "HEAD")
    third = world.place("cid")
    worktree.add(world.repository, third, "work/a", world.base(), "a test", ignore_other_worktrees=True)
    assert run_git(third, "symbolic-ref", "HEAD") == run_git(first, "symbolic-ref", "HEAD")


def test_foreign_files_in_the_place_are_not_touched(world: World) -> None:
    path = world.place("ann")
    path.mkdir(parents=True)
    (path / "precious").write_text("x")
    with pytest.raises(BrokenWorktree, match=r"holds files but is not a worktree"):
        world.add("ann")
    assert (path / "precious").read_text() == "x"
    outside = world.town / "outside"
    outside.mkdir()
    world.place("bob").parent.mkdir()
    world.place("bob").symlink_to(outside)
    with pytest.raises(RefusedError, match=r"in the way"):
        world.add("bob")
    assert list(outside.iterdir()) == []


def test_thirty_at_once(world: World) -> None:
    with ThreadPoolExecutor(30) as pool:
        paths = list(pool.map(lambda n: world.add(f"a{n}"), range(30)))
    for number, path in enumerate(paths):
        worktree.assert_place(world.repository, path, f"work/a{number}")
        assert worktree.status(world.repository, path).clean


def test_the_same_one_by_five_processes_at_once(world: World) -> None:
    path = world.place("ann")
    processes = [start_add(world, path, "work/ann") for _ in range(5)]
    for process in processes:
        _, said = process.communicate(timeout=60)
        assert process.returncode == 0, said
    assert worktree.status(world.repository, path).clean


def test_killed_at_any_moment_and_run_again(world: World) -> None:
    for number in range(60):
        commit_name = world.person / "many" / f"f{number}"
        commit_name.parent.mkdir(exist_ok=True)
        commit_name.write_text("x" * 5000)
    commit(world.person, "last")
    run_git(world.person, "push", "-q", "origin", "HEAD:main")
    world.repository.fetch()
    entries = world.repository.path / "worktrees"
    for number in range(12):
        path, branch = world.place(f"k{number}"), f"work/k{number}"
        moments = [
            lambda p=path: p.parent.exists(),
            lambda n=number: len(list(entries.glob("*"))) > n,
            lambda p=path: (p / ".git").exists(),
            lambda p=path: (p / "README").exists(),
        ]
        process = start_add(world, path, branch)
        assert until(moments[number % 4])
        process.kill()
        process.communicate(timeout=10)
        world.add(f"k{number}", branch)
        worktree.assert_place(world.repository, path, branch)
        assert worktree.status(world.repository, path).clean
        assert len(list((path / "many").iterdir())) == 60


def test_what_a_killed_git_leaves_is_taken_up(world: World) -> None:
    path = world.add("ann")
    admin = worktree.git_dir(world.repository, path)
    # Killed while it wrote the files: no index yet, its lock still there, some files missing.
    (admin / "index").rename(admin / "index.lock")
    (path / "README").unlink()
    world.add("ann")
    assert worktree.status(world.repository, path).clean
    # Killed while it made the entry.
    (admin / "HEAD").unlink()
    for name in ("README", ".gitignore", "src/main.py"):
        (path / name).unlink()
    (path / "src").rmdir()
    world.add("ann")
    assert worktree.status(world.repository, path).clean


def test_a_lost_git_file_is_broken_and_the_town_around_it_untouched(world: World) -> None:
    path = world.add("ann")
    (path / "README").write_text("mine\n")
    before = run_git(world.town, "status", "--porcelain")
    (path / ".git").unlink()
    for act in (
        lambda: worktree.status(world.repository, path),
        lambda: worktree.assert_place(world.repository, path, "work/ann"),
        lambda: worktree.reuse(world.repository, path, "work/x", world.base()),
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


def conflict(path: Path, base: str, how: str) -> None:
    run_git(path, "checkout", "-q", "-b", "side", base)
    commit(path, "README", "side\n")
    run_git(path, "checkout", "-q", "work/ann")
    commit(path, "README", "ours\n")
    with pytest.raises(AssertionError):
        run_git(path, how, "side")


@pytest.mark.parametrize(
    ("how", "operation"),
    [("merge", Operation.MERGE), ("rebase", Operation.REBASE), ("cherry-pick", Operation.CHERRY_PICK)],
)
def test_an_unfinished_operation_is_told_and_reuse_ends_it(world: World, how: str, operation: Operation) -> None:
    path = world.add("ann")
    conflict(path, world.base(), how)
    found = worktree.status(world.repository, path)
    assert (found.unstaged, found.operation, found.clean) == (("README",), operation, False)
    worktree.reuse(world.repository, path, "work/next", world.base())
    assert worktree.status(world.repository, path).clean
    assert run_git(path, "rev-parse", "HEAD") == world.base()


def test_reuse_drops_changes_and_keeps_ignored_files_and_nested_repositories(world: World) -> None:
    path = world.add("ann")
    mine = commit(path, "mine")
    (path / "README").write_text("dirty\n")
    (path / "junk").write_text("x")
    (path / "a.log").write_text("x")
    (path / "nested").mkdir()
    run_git(path / "nested", "init", "-q")
    commit(path / "nested", "deep")
    (worktree.git_dir(world.repository, path) / "index.lock").touch()
    worktree.reuse(world.repository, path, "work/next", world.base())
    found = worktree.status(world.repository, path)
    assert found == Status((), (), ("nested/",), None)
    assert (path / "a.log").exists() and (path / "nested" / "deep").exists()
    assert world.repository.resolve("refs/heads/work/ann") == mine
    worktree.reuse(world.repository, path, "work/ann", world.base())
    assert (path / "mine").exists()


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


def test_a_hook_of_the_agents_does_not_run(world: World, tmp_path: Path) -> None:
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    (hooks / "post-checkout").write_text(f"#!/bin/sh\ntouch '{tmp_path}/ran'\n")
    (hooks / "post-checkout").chmod(0o755)
    run_git(world.repository.path, "config", "core.hooksPath", str(hooks))
    worktree.reuse(world.repository, world.add("ann"), "work/b", world.base())
    assert not (tmp_path / "ran").exists()


def test_under_a_plain_c_locale(world: World) -> None:
    path = world.place("änn")
    environment = {**os.environ, "LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    arguments = [
        str(world.repository.path),
        str(world.repository.lock_path),
        str(path),
        "work/änn",
        world.base(),
    ]
    subprocess.run([sys.executable, "-c", ADD, *arguments], env=environment, check=True, timeout=60)
    worktree.assert_place(world.repository, path, "work/änn")


def test_git_keeps_the_lock_when_its_caller_is_killed(world: World, tmp_path: Path) -> None:
    # A filter that waits stands for a large checkout.
    (world.person / ".gitattributes").write_text("slow filter=slow\n")
    commit(world.person, "slow")
    run_git(world.person, "push", "-q", "origin", "HEAD:main")
    world.repository.fetch()
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    run_git(world.repository.path, "config", "filter.slow.smudge", f"echo >> '{tmp_path}/runs'; cat '{gate}'")
    path = world.place("ann")
    process = start_add(world, path, "work/ann")
    with gate.open("wb") as opened:
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=10)
        with ThreadPoolExecutor(1) as pool:
            again = pool.submit(world.add, "ann")
            assert not until(again.done, 0.3)
            opened.write(b"filtered\n")
            opened.close()
            again.result(20)
    assert (path / "slow").read_text() == "filtered\n"
    assert (tmp_path / "runs").read_text() == "\n"


def test_an_add_that_fails_by_chance_is_tried_once_more(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, program = shutil.which("git"), tmp_path / "bin" / "git"
    program.parent.mkdir()
    # As git 2.39 does when another `worktree add` is in its way: the branch is made, the worktree is not.
    program.write_text(f"""#!/bin/sh
case "$*" in *"worktree add"*)
    if mkdir '{tmp_path}/failed'; then
        '{real}' --git-dir='{world.repository.path}' branch work/ann {world.base()}
        echo 'fatal: failed to read .git/worktrees/X/commondir: Success' >&2; exit 128
    fi
esac
exec '{real}' "$@"
""")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    path = world.add("ann")
    assert (tmp_path / "failed").is_dir() and worktree.status(world.repository, path).clean


def test_a_failing_add_says_why_in_gits_words(world: World) -> None:
    with pytest.raises(GitError, match=r"not a valid branch name"):
        world.add("ann", "bad..name")
    with pytest.raises(GitError, match=r"invalid reference|Not a valid|not a valid"):
        worktree.add(world.repository, world.place("b"), "work/b", "0" * 39 + "1", "gt: test")


def test_an_ignored_file_keeps_the_worktree_clean_and_a_tracked_one_is_the_projects(world: World) -> None:
    path = world.add("ann")
    for _ in range(2):
        assert worktree.ignore(world.repository, path, Path(".gemini/settings.json"))
    (path / ".gemini").mkdir()
    (path / ".gemini" / "settings.json").write_text("{}")
    assert worktree.status(world.repository, path).clean
    assert (world.repository.path / "info" / "exclude").read_text().count("/.gemini/settings.json\n") == 1
    assert not worktree.ignore(world.repository, path, Path("src/main.py"))
