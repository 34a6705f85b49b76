import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gastown_tmux.edges.git.command import GitError
from gastown_tmux.edges.git.repository import Repository
from gastown_tmux.errors import RefusedError
from tests.edges.git_world import World, commit, make_world, own_home, run_git


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with own_home(tmp_path):
        yield make_world(tmp_path)


def test_a_new_repository_has_no_heads_and_no_hooks(world: World, tmp_path: Path) -> None:
    repository = world.repository
    assert repository.list_refs("refs") == {"refs/remotes/origin/main": world.base()}
    assert list((repository.path / "hooks").iterdir()) == []
    assert repository.remote_url() == str(world.remote)
    with pytest.raises(GitError, match=r"only-the-refinery-pushes"):
        repository.run("push", "origin", f"{world.base()}:refs/heads/x")


def test_create_again_changes_nothing_and_another_remote_is_refused(world: World) -> None:
    again = world.repository
    assert Repository.create(again.path, again.lock_path, str(world.remote), again.project) == again
    with pytest.raises(RefusedError, match=r"already a repository of"):
        Repository.create(again.path, again.lock_path, str(world.person))


def test_a_failed_create_leaves_nothing_and_a_killed_one_is_cleared(world: World, tmp_path: Path) -> None:
    path = tmp_path / "new" / "repo.git"
    with pytest.raises(GitError):
        Repository.create(path, tmp_path / "lock", str(tmp_path / "none"))
    assert not path.parent.exists()
    (path.parent / ".repo.git.dead.new").mkdir(parents=True)
    Repository.create(path, tmp_path / "lock", str(world.remote))
    assert list(path.parent.iterdir()) == [path]


def test_fetch_follows_and_prunes(world: World) -> None:
    repository = world.repository
    new = commit(world.person, "b")
    run_git(world.person, "push", "-q", "origin", "HEAD:main", "HEAD:side/one")
    repository.fetch("main")
    assert repository.list_refs("refs/remotes/origin") == {"refs/remotes/origin/main": new}
    repository.fetch()
    assert "refs/remotes/origin/side/one" in repository.list_refs("refs/remotes/origin")
    run_git(world.person, "push", "-q", "origin", ":side/one")
    with ThreadPoolExecutor(5) as pool:
        list(pool.map(lambda _: repository.fetch(), range(5)))
    assert repository.list_refs("refs/remotes/origin") == {"refs/remotes/origin/main": new}
    with pytest.raises(GitError, match=r"couldn't find remote ref"):
        repository.fetch("none")


def test_a_fetch_is_of_the_remote_that_we_know(world: World, tmp_path: Path) -> None:
    """Whatever an agent has made of `origin`."""
    other = tmp_path / "other.git"
    run_git(tmp_path, "init", "-q", "--bare", str(other))
    repository = world.repository
    run_git(repository.path, "config", "remote.origin.url", str(other))
    run_git(repository.path, "config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/upstream/*")
    run_git(repository.path, "update-ref", "-d", "refs/remotes/origin/main")
    repository.fetch()
    assert repository.resolve("refs/remotes/origin/main") == run_git(world.remote, "rev-parse", "main")
    assert repository.remote_url() == str(world.remote)


def test_a_branch_named_head_is_passed_over(world: World) -> None:
    """Git would write it through refs/remotes/origin/HEAD into what that names."""
    repository, tip = world.repository, world.base()
    run_git(repository.path, "symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
    old = run_git(world.remote, "commit-tree", "-m", "other", f"{tip}^{{tree}}")
    for name in ("HEAD", "HEAD/below"):
        run_git(world.remote, "update-ref", f"refs/heads/{name}", old)
        repository.fetch()
        assert repository.resolve("refs/remotes/origin/main") == tip
        run_git(world.remote, "update-ref", "-d", f"refs/heads/{name}")


@pytest.mark.parametrize("part", ["--depth=1", "--filter=blob:none"])
def test_what_a_fetch_of_a_part_took_away_comes_back(world: World, part: str) -> None:
    """An agent's `git fetch --depth=1` cuts the history off for everybody, `--filter` leaves files out."""
    repository = world.repository
    run_git(world.remote, "config", "uploadpack.allowFilter", "true")
    tips = [commit(world.person, f"file-{number}") for number in range(3)]
    run_git(world.person, "push", "-q", "origin", "HEAD:main")
    run_git(repository.path, "fetch", "-q", part, f"file://{world.remote}", "+main:refs/remotes/origin/main")
    subprocess.run(["git", "-C", repository.path, "config", "--remove-section", f"remote.file://{world.remote}"])
    repository.fetch("main")
    assert not (repository.path / "shallow").exists()
    assert not list(repository.path.glob("objects/pack/*.promisor"))
    assert len(repository.new_commits(tips[0], tips[-1])) == 2
    run_git(repository.path, "rev-list", "--quiet", "--objects", tips[-1])


def test_refs_move_only_from_where_they_were(world: World) -> None:
    repository, base = world.repository, world.base()
    new = commit(world.person, "b")
    run_git(world.person, "push", "-q", "origin", "HEAD:main")
    repository.fetch()
    ref = "refs/heads/x"
    assert repository.update_ref(ref, base, None)
    assert not repository.update_ref(ref, new, None)
    assert not repository.update_ref(ref, new, new)
    assert repository.update_ref(ref, new, base)
    assert repository.resolve(ref) == new
    assert not repository.delete_ref(ref, base)
    assert repository.delete_ref(ref, new)
    assert repository.resolve(ref) is None
    with pytest.raises(GitError):
        repository.update_ref("refs/heads/bad..name", new, None)


def test_thirty_writers_of_one_ref(world: World) -> None:
    with ThreadPoolExecutor(10) as pool:
        won = list(pool.map(lambda _: world.repository.update_ref("refs/x/1", world.base(), None), range(30)))
    assert sum(won) == 1


def test_what_lies_between_two_commits(world: World) -> None:
    person, base = world.person, world.base()
    commit(person, "näme with space", "1\n", "one: ünï")
    (person / "README").unlink()
    head = commit(person, "src/main.py", "print(2)\n", "two")
    run_git(person, "push", "-q", "origin", "HEAD:main")
    repository = world.repository
    repository.fetch()
    assert repository.is_ancestor(base, head) and not repository.is_ancestor(head, base)
    with pytest.raises(GitError):
        repository.is_ancestor(base, "0" * 39 + "1")
    assert "-print(1)\n+print(2)" in repository.diff(base, head)


def test_loose_objects_are_packed_and_nothing_is_lost(world: World) -> None:
    path = world.add("ann")
    kept = [commit(path, f"file-{number}") for number in range(5)]
    world.repository.maintain()
    assert not world.repository.run("count-objects").text.startswith("0 ")
    for _ in range(2):
        world.repository.maintain(loose=0)
    assert world.repository.run("count-objects").text.startswith("0 ")
    assert all(world.repository.resolve(one) == one for one in kept)
    world.repository.run("fsck", "--no-dangling")
    commit(path, "after")


def test_what_was_rewritten_is_known_as_far_as_the_log_goes_back(world: World) -> None:
    log = world.repository.path / "logs/refs/remotes/origin/main"
    was = [world.base()]
    for _ in range(2):
        run_git(world.person, "commit", "-q", "--amend", "--allow-empty", "-m", f"other than {was[-1]}")
        run_git(world.person, "push", "-q", "--force", "origin", "HEAD:main")
        world.repository.fetch("main")
        was.append(world.base())
    assert world.repository.forced_updates("origin/main") == [was[1], was[0]]
    log.write_bytes(b"nothing of git's\n" + b"".join(log.read_bytes().splitlines(keepends=True)[1:]))
    assert world.repository.forced_updates("origin/main") == [was[1], was[0]]
    assert world.repository.forced_updates("origin/none") == []
