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

from gastown_tmux.edges.git import places, worktree
from gastown_tmux.edges.git.command import GitError
from gastown_tmux.edges.git.worktree import BrokenWorktree, Operation, Status
from gastown_tmux.errors import RefusedError
from tests.edges.git_world import World, commit, make_world, own_home, run_git

ACT = """
import sys
from pathlib import Path
from gastown_tmux.edges.git import places
from gastown_tmux.edges.git.repository import Repository
repository = Repository(Path(sys.argv[2]), Path(sys.argv[3]))
how = {"trash": Path(sys.argv[7])} if sys.argv[1] == "reuse" else {}
getattr(places, sys.argv[1])(repository, Path(sys.argv[4]), sys.argv[5], sys.argv[6], "gt: test", **how)
"""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with own_home(tmp_path):
        yield make_world(tmp_path)


def start(act: str, world: World, path: Path, branch: str) -> "subprocess.Popen[bytes]":
    """One of the functions, in a process that can be killed."""
    repository = world.repository
    arguments = [act, *map(str, (repository.path, repository.lock_path, path)), branch, world.base()]
    trash = str(world.town / ".gt" / "trash")
    return subprocess.Popen([sys.executable, "-c", ACT, *arguments, trash], stderr=subprocess.PIPE)


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
    processes = [start("add", world, path, "work/ann") for _ in range(5)]
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
        process = start("add", world, path, branch)
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
    (admin / worktree.UNFILLED).touch()
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
    world.reuse(path, "work/next")
    assert worktree.status(world.repository, path).clean
    assert run_git(path, "rev-parse", "HEAD") == world.base()


def test_reuse_keeps_ignored_files_and_what_it_takes_away(world: World) -> None:
    path = world.add("ann")
    mine = commit(path, "mine")
    (path / "README").write_text("dirty\n")
    (path / "junk").write_text("x")
    (path / "a.log").write_text("x")
    (path / "nested").mkdir()
    run_git(path / "nested", "init", "-q")
    commit(path / "nested", "deep")
    (worktree.git_dir(world.repository, path) / "index.lock").touch()
    assert world.reuse(path, "work/next") is None
    assert worktree.status(world.repository, path).clean
    assert (path / "a.log").exists() and not (path / "nested").exists()
    [away] = (world.town / ".gt" / "trash").iterdir()
    assert (away / "work" / "junk").exists() and (away / "admin" / "index").exists()
    assert run_git(away / "work" / "nested", "log", "--format=%s") == "change"
    assert world.repository.resolve("refs/heads/work/ann") == mine
    world.reuse(path, "work/ann")
    assert (path / "mine").exists()


def test_only_what_somebody_touched_is_written_again(world: World) -> None:
    path = world.add("ann")
    written = (path / "src/main.py").stat().st_mtime_ns
    (path / "README").write_text("dirty\n")
    world.reuse(path, "work/next")
    assert (path / "README").read_text() == "hello\n"
    assert (path / "src/main.py").stat().st_mtime_ns == written


def test_where_rules_of_writing_changed_every_file_is_written_again(world: World) -> None:
    path = world.add("ann")
    commit(world.person, ".gitattributes", "*.py eol=crlf\nREADME filter=loud\n")
    run_git(world.person, "push", "-q", "origin", "HEAD:main")
    world.repository.fetch()
    world.reuse(path, "work/next")
    assert (path / "src/main.py").read_bytes() == b"print(1)\r\n"
    run_git(world.repository.path, "config", "filter.loud.smudge", "tr a-z A-Z")
    world.reuse(path, "work/third")
    assert (path / "README").read_bytes() == b"HELLO\n"


def test_a_place_that_cannot_be_made_as_new_is_made_again(world: World) -> None:
    path = world.add("ann")
    (path / "a.log").write_text("x")
    tie = worktree.git_dir(world.repository, path) / "commondir"
    tie.unlink()
    tie.mkdir()
    why = world.reuse(path, "work/next")
    assert why is not None and "commondir" in why
    assert worktree.status(world.repository, path).clean and not (path / "a.log").exists()
    [away] = (world.town / ".gt" / "trash").iterdir()
    assert (away / "whole" / "a.log").exists() and (away / "entry" / "commondir").is_dir()


def test_reuse_killed_at_any_moment_and_run_again(world: World) -> None:
    """Each kill leaves a place that the next run, by whichever of the two ways, makes whole."""
    commit(world.person, "src/more.py")
    run_git(world.person, "push", "-q", "origin", "HEAD:main")
    path = world.add("ann")
    admin = worktree.git_dir(world.repository, path)
    for number, moment in enumerate((
        lambda: (admin / worktree.UNFILLED).exists(),
        lambda: not (admin / "index").exists(),
        lambda: (admin / "HEAD").read_text() == "ref: refs/heads/work/3\n",
        lambda: (admin / "index.lock").exists(),
    ), 1):  # fmt: skip
        (path / "README").write_text("dirty\n")
        (path / "junk").write_text("x")
        process = start("reuse", world, path, f"work/{number}")
        until(moment)
        process.kill()
        process.communicate(timeout=10)
        if worktree.symbolic_branch(admin) == f"work/{number}":
            world.add("ann", f"work/{number}")
        else:
            world.reuse(path, f"work/{number}")
        assert worktree.status(world.repository, path).clean


def test_gates_see_exactly_the_tree(world: World) -> None:
    path, trash = world.place("gate"), world.town / ".gt" / "trash"
    made = commit(world.add("ann"), "mine")
    places.make_gate(world.repository, path, made, "gt: test", trash)
    assert sorted(p.name for p in path.iterdir()) == [".git", ".gitignore", "README", "mine", "src"]
    (path / "README").write_text("dirty")
    (path / "a.log").write_text("x")
    (path / "nested").mkdir()
    run_git(path / "nested", "init", "-q")
    for _ in range(2):
        places.make_gate(world.repository, path, world.base(), "gt: test", trash)
        assert sorted(p.name for p in path.iterdir()) == [".git", ".gitignore", "README", "src"]
        assert (path / "README").read_text() == "hello\n"
        assert run_git(path, "rev-parse", "--abbrev-ref", "HEAD") == "HEAD"
        assert not trash.exists() or len(list(trash.iterdir())) == 1
        # A gate that broke its own place breaks no later one.
        shutil.rmtree(path / "src")
        (path / ".git").unlink()


def test_a_hook_of_the_agents_does_not_run(world: World, tmp_path: Path) -> None:
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    (hooks / "post-checkout").write_text(f"#!/bin/sh\ntouch '{tmp_path}/ran'\n")
    (hooks / "post-checkout").chmod(0o755)
    run_git(world.repository.path, "config", "core.hooksPath", str(hooks))
    world.reuse(world.add("ann"), "work/b")
    assert not (tmp_path / "ran").exists()


def test_under_a_plain_c_locale(world: World) -> None:
    path = world.place("änn")
    environment = {**os.environ, "LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    arguments = ["add", *map(str, (world.repository.path, world.repository.lock_path, path)), "work/änn", world.base()]
    subprocess.run([sys.executable, "-c", ACT, *arguments], env=environment, check=True, timeout=60)
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
    run_git(world.repository.path, "config", "filter.slow.clean", "cat > /dev/null; echo x")
    path = world.place("ann")
    process = start("add", world, path, "work/ann")
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
    with pytest.raises(GitError, match=r"bad name"):
        world.add("ann", "bad..name")
    with pytest.raises(GitError, match=r"nonexistent object"):
        places.add(world.repository, world.place("b"), "work/b", "0" * 39 + "1", "gt: test")
