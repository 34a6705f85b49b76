import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from gastown_tmux.edges.git import worktree
from gastown_tmux.edges.git.command import GitError, Person
from gastown_tmux.edges.git.merge import Conflict, Tree, commit_tree, merge_tree
from gastown_tmux.edges.git.push import Behind, Pushed, Refused, is_landed, push
from gastown_tmux.errors import RefusedError
from tests.edges.git_world import ANN, World, commit, make_world, own_home, run_git

REFINERY = Person("rig/refinery", "user@example.org")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with own_home(tmp_path):
        yield make_world(tmp_path)


def candidate(world: World, head: str) -> str:
    tree = merge_tree(world.repository, world.base(), head)
    assert isinstance(tree, Tree)
    return commit_tree(world.repository, tree.id, [world.base()], "one: ünï\n\nBead: ab-1\n", ANN, REFINERY)


def their_push(world: World, name: str = "theirs") -> str:
    new = commit(world.person, name)
    run_git(world.person, "push", "-q", "origin", "HEAD:main")
    return new


def reject(repository: Path, words: str) -> None:
    hook = repository / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\necho '{words}' >&2\nexit 1\n")
    hook.chmod(0o755)


def test_a_clean_merge_becomes_a_commit_by_its_author(world: World) -> None:
    head = commit(world.add("ann"), "mine")
    made = candidate(world, head)
    assert run_git(world.repository.path, "log", "-1", "--format=%an|%ae|%cn|%P|%B", made) == (
        f"rig/ann|user@example.org|rig/refinery|{world.base()}|one: ünï\n\nBead: ab-1"
    )
    assert run_git(world.repository.path, "ls-tree", "--name-only", made).split()[-2:] == ["mine", "src"]


def test_a_conflict_names_its_files_and_touches_nothing(world: World) -> None:
    path = world.add("ann")
    (path / "src" / "main.py").unlink()
    head = commit(path, "README", "mine\n")
    (world.person / "src" / "main.py").write_text("print(3)\n")
    commit(world.person, "README", "theirs\n")
    run_git(world.person, "push", "-q", "origin", "HEAD:main")
    world.repository.fetch()
    refs = world.repository.list_refs("refs")
    found = merge_tree(world.repository, world.base(), head)
    assert isinstance(found, Conflict)
    assert found.files == ("README", "src/main.py")
    assert "CONFLICT (content): Merge conflict in README" in found.words
    assert "CONFLICT (modify/delete): src/main.py" in found.words
    assert world.repository.list_refs("refs") == refs and worktree.status(world.repository, path).clean


def test_unrelated_histories_are_an_error(world: World) -> None:
    empty = run_git(world.repository.path, "mktree")
    alone = commit_tree(world.repository, empty, [], "alone", ANN, ANN)
    with pytest.raises(GitError, match=r"unrelated histories"):
        merge_tree(world.repository, world.base(), alone)


def test_a_push_lands_and_may_be_asked_again(world: World) -> None:
    base, made = world.base(), candidate(world, commit(world.add("ann"), "mine"))
    assert not is_landed(world.repository, made, "refs/remotes/origin/main")
    for _ in range(2):
        assert push(world.repository, str(world.remote), made, "main", base, into_checkout=False) == Pushed()
    assert run_git(world.remote, "rev-parse", "main") == made
    world.repository.fetch()
    assert is_landed(world.repository, made, "refs/remotes/origin/main")
    assert not is_landed(world.repository, made, "refs/remotes/origin/none")
    assert not is_landed(world.repository, "0" * 39 + "1", "refs/remotes/origin/main")


def test_a_remote_that_moved_is_behind(world: World) -> None:
    base, made = world.base(), candidate(world, commit(world.add("ann"), "mine"))
    now = their_push(world)
    assert push(world.repository, str(world.remote), made, "main", base, into_checkout=False) == Behind(now)
    assert push(world.repository, str(world.remote), made, "gone", base, into_checkout=False) == Behind(None)
    assert run_git(world.remote, "rev-parse", "main") == now
    assert push(world.repository, str(world.remote), made, "new", None, into_checkout=False) == Pushed()
    with pytest.raises(RefusedError, match=r"is not built on"):
        push(world.repository, str(world.remote), base, "new", made, into_checkout=False)


def test_a_remote_that_moves_during_the_push_is_behind(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    base, made = world.base(), candidate(world, commit(world.add("ann"), "mine"))
    now = their_push(world)
    # The look before the push sees the old place: the push itself must find out.
    monkeypatch.setattr("gastown_tmux.edges.git.push._remote_branch", lambda *_: base)
    assert push(world.repository, str(world.remote), made, "main", base, into_checkout=False) == Behind(None)
    assert run_git(world.remote, "rev-parse", "main") == now


def test_a_hook_that_refuses_is_quoted(world: World) -> None:
    base, made = world.base(), candidate(world, commit(world.add("ann"), "mine"))
    reject(world.remote, "no pushes on Friday")
    found = push(world.repository, str(world.remote), made, "main", base, into_checkout=False)
    assert found == Refused("pre-receive hook declined; no pushes on Friday")
    assert run_git(world.remote, "rev-parse", "main") == base


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_remote_without_write_permission_refuses(world: World) -> None:
    base, made = world.base(), candidate(world, commit(world.add("ann"), "mine"))
    objects = world.remote / "objects"
    objects.chmod(0o555)
    try:
        found = push(world.repository, str(world.remote), made, "main", base, into_checkout=False)
    finally:
        objects.chmod(0o755)
    assert isinstance(found, Refused)


def test_an_unreachable_remote_is_an_error(world: World) -> None:
    base, made = world.base(), candidate(world, commit(world.add("ann"), "mine"))
    with pytest.raises(GitError, match=r"does not appear to be a git repository"):
        push(world.repository, str(world.remote) + "x", made, "main", base, into_checkout=False)


def test_the_files_of_a_checkout_follow_unless_they_are_dirty(world: World) -> None:
    base, made = world.base(), candidate(world, commit(world.add("ann"), "mine"))
    person = world.person
    url = str(person)
    assert isinstance(push(world.repository, url, made, "main", base, into_checkout=False), Refused)
    (person / "README").write_text("dirty\n")
    found = push(world.repository, url, made, "main", base, into_checkout=True)
    assert found == Refused("Working directory has unstaged changes")
    assert run_git(person, "rev-parse", "HEAD") == base and (person / "README").read_text() == "dirty\n"
    run_git(person, "checkout", "README")
    assert push(world.repository, url, made, "main", base, into_checkout=True) == Pushed()
    assert (person / "mine").exists() and run_git(person, "status", "--porcelain") == ""
