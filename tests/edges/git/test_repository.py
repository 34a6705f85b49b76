from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gastown_tmux.edges.git.command import GitError
from gastown_tmux.edges.git.repository import Change, Repository
from gastown_tmux.errors import RefusedError
from tests.edges.git_world import World, commit, make_world, own_home, run_git


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with own_home(tmp_path):
        yield make_world(tmp_path)


def test_a_new_repository_has_no_heads_and_no_hooks(world: World, tmp_path: Path) -> None:
    repository = world.repository
    assert repository.list_refs("refs") == {"refs/remotes/origin/main": world.base()}
    assert not (repository.path / "hooks").exists()
    assert repository.remote_url() == str(world.remote)
    with pytest.raises(GitError, match=r"only-the-refinery-pushes"):
        repository.run("push", "origin", f"{world.base()}:refs/heads/x")


def test_create_again_changes_nothing_and_another_remote_is_refused(world: World) -> None:
    again = world.repository
    assert Repository.create(again.path, again.lock_path, str(world.remote)) == again
    with pytest.raises(RefusedError, match=r"already a repository of"):
        Repository.create(again.path, again.lock_path, str(world.person))


def test_a_failed_create_leaves_nothing_and_a_killed_one_is_cleared(world: World, tmp_path: Path) -> None:
    path = tmp_path / "new" / "repo.git"
    with pytest.raises(GitError):
        Repository.create(path, tmp_path / "lock", str(tmp_path / "none"))
    assert list(path.parent.iterdir()) == []
    (path.parent / ".repo.git.dead.new").mkdir()
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
    commits = repository.commits(base, head)
    assert [(c.subject, c.author, c.email) for c in commits] == [
        ("one: ünï", "Pat", "pat@example.org"),
        ("two", "Pat", "pat@example.org"),
    ]
    assert commits[-1].id == head and commits[0].time > 1_500_000_000
    assert repository.commits(head, head) == []
    assert repository.changed_files(base, head) == [
        Change("D", "README"),
        Change("A", "näme with space"),
        Change("M", "src/main.py"),
    ]
    assert repository.changed_files(head, head) == []
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
