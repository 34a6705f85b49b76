import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gastown_tmux.edges.git import snapshot, worktree
from gastown_tmux.edges.git.snapshot import Caps, LeftOut, Snapshot, history
from gastown_tmux.edges.git.snapshot_history import read_state
from gastown_tmux.edges.git.worktree import BrokenWorktree
from tests.edges.git_world import ANN, World, commit, make_world, own_home, run_git


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with own_home(tmp_path):
        yield make_world(tmp_path)


def take(world: World, path: Path, agent: str = "rig.ann", hook: object = None, **caps: int) -> Snapshot:
    time = "2026-11-22T10:02:08.123Z"
    return snapshot.take(world.repository, agent, path, time=time, why="test", hook=hook, by=ANN, caps=Caps(**caps))


def tree(world: World, taken: Snapshot, below: str = "work") -> dict[str, str]:
    """Path → mode of every file in a snapshot."""
    found = world.repository.run("ls-tree", "-r", "-z", "--full-tree", f"{taken.commit}:{below}").records
    return {record.partition("\t")[2]: record[:6] for record in found}


def content(world: World, taken: Snapshot, name: str) -> bytes:
    return world.repository.run("cat-file", "blob", f"{taken.commit}:{name}").stdout


def fingerprint(world: World, path: Path) -> object:
    """All of the agent's own state that a snapshot must leave as it is."""
    admin = worktree.git_dir(world.repository, path)
    refs = {k: v for k, v in world.repository.list_refs("refs").items() if "gastown" not in k}
    facts = {str(p): (p.stat().st_mtime_ns, p.read_bytes()) for p in admin.rglob("*") if p.is_file()}
    return refs, facts, run_git(path, "--no-optional-locks", "status", "--porcelain")


def test_all_unsaved_work_is_in_it_and_the_agent_notices_nothing(world: World) -> None:
    path = world.add("ann")
    mine = commit(path, "src/kept.py")
    (path / "README").write_text("changed\n")
    (path / "src" / "main.py").unlink()
    (path / "staged").write_text("1\n")
    run_git(path, "add", "staged")
    (path / "staged").write_text("2\n")
    (path / "new\nline ü").write_text("odd\n")
    (path / "deep" / "er").mkdir(parents=True)
    (path / "deep" / "er" / "run.sh").write_text("#!/bin/sh\n")
    (path / "deep" / "er" / "run.sh").chmod(0o755)
    (path / "link").symlink_to("/etc/passwd")
    (path / "dangling").symlink_to("nowhere")
    (path / "a.log").write_text("ignored")
    os.mkfifo(path / "pipe")
    os.write(os.open(os.fsencode(path) + b"/\xff", os.O_CREAT | os.O_WRONLY, 0o644), b"latin")
    before = fingerprint(world, path)
    taken = take(world, path, hook={"bead": "ab-1"})
    assert fingerprint(world, path) == before
    assert tree(world, taken) == {
        ".gitignore": "100644",
        "README": "100644",
        "dangling": "120000",
        "deep/er/run.sh": "100755",
        "link": "120000",
        "new\nline ü": "100644",
        "src/kept.py": "100644",
        "staged": "100644",
        os.fsdecode(b"\xff"): "100644",
    }
    assert content(world, taken, "work/README") == b"changed\n"
    assert content(world, taken, "work/staged") == b"2\n"
    assert content(world, taken, "work/link") == b"/etc/passwd"
    assert world.repository.resolve(f"{taken.commit}^") == mine
    assert read_state(world.repository, taken) == {
        "hook": {"bead": "ab-1"},
        "branch": "work/ann",
        "head": mine,
        "operation": None,
        "nested": [],
    }
    ref = "refs/gastown/hooks/rig.ann/1"
    assert taken == Snapshot("rig.ann", 1, ref, taken.commit, "2026-11-22T10:02:08.123Z", "test", 8, ())
    assert history(world.repository, "rig.ann") == [taken]
    assert run_git(world.repository.path, "fsck", "--connectivity-only") is not None


def test_nothing_new_gives_the_last_one_again(world: World) -> None:
    path = world.add("ann")
    first = take(world, path)
    assert take(world, path) == first
    (path / "README").write_text("x\n")
    second = take(world, path)
    assert second.seq == 2 and take(world, path) == second
    run_git(path, "commit", "-qam", "x")
    third = take(world, path)
    assert third.seq == 3 and world.repository.resolve(f"{third.commit}^") != world.base()
    assert take(world, path, hook=1).seq == 4
    assert history(world.repository, "rig.a") == []


def test_what_is_too_large_is_left_out_loudly(world: World) -> None:
    path = world.add("ann")
    (path / "big").write_bytes(b"x" * 2000)
    (path / "README").write_bytes(b"y" * 3000)
    for name in ("c", "b", "a"):
        (path / name).write_bytes(name.encode() * 400)
    taken = take(world, path, file=1000, total=1000)
    assert taken.left_out == (
        LeftOut("README", 3000, "larger than 1000 bytes"),
        LeftOut("big", 2000, "larger than 1000 bytes"),
        LeftOut("c", 400, "more than 1000 bytes in all"),
    )
    assert history(world.repository, "rig.ann") == [taken]
    assert set(tree(world, taken)) == {".gitignore", "README", "a", "b", "src/main.py"}
    assert content(world, taken, "work/README") == b"hello\n"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read anything")
def test_what_cannot_be_read_is_left_out(world: World) -> None:
    path = world.add("ann")
    (path / "secret").touch(0o000)
    assert take(world, path).left_out == (LeftOut("secret", 0, "not readable"),)


def test_files_that_changed_their_kind(world: World) -> None:
    path = world.add("ann")
    (path / "README").unlink()
    (path / "README").mkdir()
    (path / "README" / "inside").write_text("x")
    shutil.rmtree(path / "src")
    elsewhere = path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "main.py").write_text("print(1)\n")
    (path / "src").symlink_to("elsewhere")
    taken = take(world, path)
    assert tree(world, taken) == {
        ".gitignore": "100644",
        "README/inside": "100644",
        "elsewhere/main.py": "100644",
        "src": "120000",
    }


def test_repositories_inside(world: World) -> None:
    path = world.add("ann")
    for name in ("vendor/lib", "unborn"):
        (path / name).mkdir(parents=True)
        run_git(path / name, "init", "-q")
    head = commit(path / "vendor/lib", "tracked")
    (path / "vendor/lib" / "untracked").write_text("x")
    (path / "unborn" / "first").write_text("x")
    (path / "unborn" / "deeper").mkdir()
    run_git(path / "unborn" / "deeper", "init", "-q")
    deep = commit(path / "unborn" / "deeper", "bottom")
    (path / "empty").mkdir()
    run_git(path / "empty", "init", "-q")
    taken = take(world, path)
    assert set(tree(world, taken)) == {".gitignore", "README", "src/main.py"}
    assert set(tree(world, taken, "nested")) == {
        "unborn/deeper/bottom",
        "unborn/first",
        "vendor/lib/tracked",
        "vendor/lib/untracked",
    }
    inside = {entry["path"]: entry["head"] for entry in read_state(world.repository, taken)["nested"]}
    assert inside == {"empty": None, "unborn": None, "vendor/lib": head, "unborn/deeper": deep}
    assert taken.files == 4
    (path / "vendor/lib/.git/HEAD").write_text("garbage")
    assert take(world, path).seq in (1, 2)


def test_a_changed_submodule(world: World, tmp_path: Path) -> None:
    library = tmp_path / "library"
    run_git(tmp_path, "init", "-q", str(library))
    commit(library, "lib.c")
    path = world.add("ann")
    run_git(path, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(library), "lib")
    run_git(path, "commit", "-qm", "submodule")
    clean = take(world, path)
    assert tree(world, clean)["lib"] == "160000"
    (path / "lib" / "lib.c").write_text("changed\n")
    (path / "lib" / "new.c").write_text("new\n")
    taken = take(world, path)
    assert set(tree(world, taken, "nested")) == {"lib/lib.c", "lib/new.c"}
    assert content(world, taken, "nested/lib/lib.c") == b"changed\n"


def test_a_new_file_in_a_submodule_of_a_submodule(world: World, tmp_path: Path) -> None:
    local = ("-c", "protocol.file.allow=always")
    for name in ("inner", "library"):
        run_git(tmp_path, "init", "-q", name)
        commit(tmp_path / name, "lib.c")
    path = world.add("ann")
    run_git(tmp_path / "library", *local, "submodule", "--quiet", "add", str(tmp_path / "inner"), "inner")
    run_git(tmp_path / "library", "commit", "-qm", "submodule")
    run_git(path, *local, "submodule", "--quiet", "add", str(tmp_path / "library"), "lib")
    run_git(path, "commit", "-qm", "submodule")
    run_git(path, *local, "submodule", "--quiet", "update", "--init", "--recursive")
    (path / "lib" / "inner" / "new.c").write_text("new\n")
    assert content(world, take(world, path), "nested/lib/inner/new.c") == b"new\n"


@pytest.mark.parametrize("how", ["merge", "rebase"])
def test_in_the_middle_of_a_conflict(world: World, how: str) -> None:
    path = world.add("ann")
    run_git(path, "checkout", "-q", "-b", "side")
    commit(path, "README", "side\n")
    run_git(path, "checkout", "-q", "work/ann")
    (path / "src" / "main.py").unlink()
    commit(path, "README", "ours\n")
    with pytest.raises(AssertionError):
        run_git(path, how, "side")
    before = fingerprint(world, path)
    taken = take(world, path)
    assert fingerprint(world, path) == before
    state = read_state(world.repository, taken)
    assert state["operation"] == how and state["branch"] == ("work/ann" if how == "merge" else None)
    assert b"<<<<<<<" in content(world, taken, "work/README")


def test_a_filter_of_line_endings_does_not_stop_it(world: World) -> None:
    path = world.add("ann")
    run_git(path, "config", "core.autocrlf", "input")
    run_git(path, "config", "core.safecrlf", "true")
    (path / "dos").write_bytes(b"a\r\nb\r\n")
    assert "dos" in tree(world, take(world, path))


def test_a_filter_whose_program_fails_does_not_stop_it(world: World) -> None:
    path = world.add("ann")
    run_git(path, "config", "filter.lfs.clean", "exit 1")
    run_git(path, "config", "filter.lfs.required", "true")
    (path / ".gitattributes").write_text("*.bin filter=lfs\n")
    (path / "a.bin").write_text("precious\n")
    assert content(world, take(world, path), "work/a.bin") == b"precious\n"


def test_broken_and_half_made_worktrees_are_never_taken(world: World, tmp_path: Path) -> None:
    path = world.add("ann")
    admin = worktree.git_dir(world.repository, path)
    (admin / worktree.UNFILLED).touch()
    with pytest.raises(BrokenWorktree, match=r"not all there yet"):
        take(world, path)
    (path / ".git").unlink()
    with pytest.raises(BrokenWorktree, match=r"lost its .git file"):
        take(world, path)
    with pytest.raises(BrokenWorktree, match=r"is missing"):
        take(world, tmp_path / "none")
    assert history(world.repository, "rig.ann") == []


def test_a_held_index_lock_does_not_matter(world: World) -> None:
    path = world.add("ann")
    (worktree.git_dir(world.repository, path) / "index.lock").touch()
    (path / "README").write_text("x\n")
    assert content(world, take(world, path), "work/README") == b"x\n"


def test_a_split_index(world: World) -> None:
    path = world.add("ann")
    run_git(path, "update-index", "--split-index")
    (path / "README").write_text("x\n")
    admin = worktree.git_dir(world.repository, path)
    before = sorted(admin.iterdir())
    taken = take(world, path)
    assert set(tree(world, taken)) == {".gitignore", "README", "src/main.py"}
    assert sorted(admin.iterdir()) == before


def test_many_at_once_lose_none(world: World) -> None:
    paths = [world.add(f"a{n}") for n in range(4)]
    for number, path in enumerate(paths):
        (path / "README").write_text(f"{number}\n")
    with ThreadPoolExecutor(8) as pool:
        # Different worktrees under one name cannot happen by design; the refs must not care.
        taken = list(pool.map(lambda n: take(world, paths[n % 4], hook=n), range(16)))
    assert sorted(t.seq for t in taken) == list(range(1, 17))
    assert {s.commit for s in history(world.repository, "rig.ann")} == {t.commit for t in taken}


def test_foreign_refs_are_passed_over(world: World) -> None:
    path = world.add("ann")
    assert world.repository.update_ref("refs/gastown/hooks/rig.ann/7", world.base(), None)
    assert history(world.repository, "rig.ann") == []
    taken = take(world, path)
    assert taken.seq == 8 and history(world.repository, "rig.ann") == [taken]
    assert world.repository.update_ref("refs/gastown/hooks/rig.ann/9", world.base(), None)
    assert take(world, path, hook=1).seq == 10
