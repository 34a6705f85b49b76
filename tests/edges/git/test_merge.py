import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from gastown_tmux.edges.git import worktree
from gastown_tmux.edges.git.command import GitError, Output, Person
from gastown_tmux.edges.git.merge import Conflict, Tree, commit_tree, merge_tree
from gastown_tmux.edges.git.push import Behind, Pushed, Refused, _failure, is_landed, push
from gastown_tmux.edges.git.workbench import workbench
from gastown_tmux.errors import RefusedError
from tests.edges.git_world import ANN, World, commit, make_world, own_home, run_git

REFINERY = Person("rig/refinery", "user@example.org")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with own_home(tmp_path):
        yield make_world(tmp_path)


def merged(world: World, target: str, head: str, known: Sequence[str] = ()) -> Tree | Conflict:
    with workbench(world.repository) as bench:
        return merge_tree(bench, target, head, known)


def candidate(world: World, head: str) -> str:
    tree = merged(world, world.base(), head)
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
    found = merged(world, world.base(), head)
    assert isinstance(found, Conflict)
    assert found.files == ("README", "src/main.py")
    assert "CONFLICT (content): Merge conflict in README" in found.words
    assert "CONFLICT (modify/delete): src/main.py" in found.words
    assert world.repository.list_refs("refs") == refs and worktree.status(world.repository, path).clean


def test_unrelated_histories_are_an_error(world: World) -> None:
    empty = run_git(world.repository.path, "mktree")
    alone = commit_tree(world.repository, empty, [], "alone", ANN, ANN)
    with pytest.raises(GitError, match=r"unrelated histories"):
        merged(world, world.base(), alone)


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
    assert isinstance(found, Refused) and found.words == "pre-receive hook declined; no pushes on Friday"
    assert run_git(world.remote, "rev-parse", "main") == base


def test_what_git_calls_an_unpacker_error_has_its_cause() -> None:
    verdict = "!\trefs/heads/x:refs/heads/main\t[remote rejected] (unpacker error)\n"
    said = "error: remote unpack failed: unable to create temporary object directory\nerror: failed to push some refs\n"
    found = _failure(Output(1, verdict.encode(), said))
    assert isinstance(found, Refused) and found.words == "unpack failed: unable to create temporary object directory"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_remote_without_write_permission_refuses(world: World) -> None:
    base, made = world.base(), candidate(world, commit(world.add("ann"), "mine"))
    objects = world.remote / "objects"
    objects.chmod(0o555)
    try:
        found = push(world.repository, str(world.remote), made, "main", base, into_checkout=False)
    finally:
        objects.chmod(0o755)
    assert isinstance(found, Refused) and found.words.startswith("unpack failed: unable to create")


def test_an_unreachable_remote_is_an_error(world: World) -> None:
    base, made = world.base(), candidate(world, commit(world.add("ann"), "mine"))
    with pytest.raises(GitError, match=r"does not appear to be a git repository"):
        push(world.repository, str(world.remote) + "x", made, "main", base, into_checkout=False)


def test_a_branch_that_is_being_rebased_is_left_alone(world: World) -> None:
    base, made = world.base(), candidate(world, commit(world.add("ann"), "mine"))
    person = world.person
    (person / ".git" / "rebase-merge").mkdir()
    (person / ".git" / "rebase-merge" / "head-name").write_text("refs/heads/main\n")
    found = push(world.repository, str(person), made, "main", base, into_checkout=True)
    assert isinstance(found, Refused) and found.words == "main is in the middle of a rebase there"
    assert run_git(person, "rev-parse", "main") == base
    (person / ".git" / "rebase-merge" / "head-name").write_text("refs/heads/other\n")
    assert push(world.repository, str(person), made, "main", base, into_checkout=True) == Pushed()


def test_the_files_of_a_checkout_follow_unless_they_are_dirty(world: World) -> None:
    base, made = world.base(), candidate(world, commit(world.add("ann"), "mine"))
    person = world.person
    url = str(person)
    assert isinstance(push(world.repository, url, made, "main", base, into_checkout=False), Refused)
    (person / "README").write_text("dirty\n")
    found = push(world.repository, url, made, "main", base, into_checkout=True)
    assert isinstance(found, Refused) and found.words == "Working directory has unstaged changes"
    assert run_git(person, "rev-parse", "HEAD") == base and (person / "README").read_text() == "dirty\n"
    run_git(person, "checkout", "README")
    assert push(world.repository, url, made, "main", base, into_checkout=True) == Pushed()
    assert (person / "mine").exists() and run_git(person, "status", "--porcelain") == ""


def both_change(world: World, theirs: dict[str, str], mine: dict[str, str]) -> tuple[str, str]:
    """The target's commit and an author's head, each with these files on top of what is on main."""
    path = world.add("both")
    for name, text in mine.items():
        head = commit(path, name, text)
    for name, text in theirs.items():
        commit(world.person, name, text)
    run_git(world.person, "push", "-q", "origin", "HEAD:main")
    world.repository.fetch()
    return world.base(), head


def start_with(world: World, files: dict[str, str]) -> None:
    for name, text in files.items():
        commit(world.person, name, text)
    run_git(world.person, "push", "-q", "origin", "HEAD:main")
    world.repository.fetch()


def content(world: World, tree: Tree | Conflict, name: str) -> str:
    assert isinstance(tree, Tree), tree
    return run_git(world.repository.path, "cat-file", "blob", f"{tree.id}:{name}")


def test_the_targets_attributes_hold_wherever_they_lie(world: World) -> None:
    start_with(world, {".gitattributes": "LOG merge=union\n", "a/b/.gitattributes": "NEWS merge=union\n"})
    start_with(world, {"LOG": "0\n", "a/b/NEWS": "0\n"})
    target, head = both_change(world, {"LOG": "0\n1\n", "a/b/NEWS": "0\n1\n"}, {"LOG": "0\n2\n", "a/b/NEWS": "0\n2\n"})
    tree = merged(world, target, head)
    assert content(world, tree, "LOG").split() == ["0", "1", "2"] == content(world, tree, "a/b/NEWS").split()


def test_attributes_of_the_branch_and_of_the_shared_repository_do_not(world: World) -> None:
    start_with(world, {"LOG": "0\n"})
    target, head = both_change(world, {"LOG": "0\n1\n"}, {".gitattributes": "* merge=union\n", "LOG": "0\n2\n"})
    info = world.repository.path / "info"
    info.mkdir(exist_ok=True)
    (info / "attributes").write_text("* merge=union\n")
    (info / "grafts").write_text(f"{head} {target}\n")
    run_git(world.repository.path, "update-ref", f"refs/replace/{head}", target)
    run_git(world.repository.path, "config", "merge.default", "union")
    found = merged(world, target, head)
    assert isinstance(found, Conflict) and found.files == ("LOG",)


def test_a_driver_sees_the_files_of_the_project(world: World) -> None:
    settings = world.repository.project.settings
    settings.parent.mkdir(parents=True)
    driver = "cat README %B >> %A && git rev-parse --show-toplevel > /dev/null"
    settings.write_text(f'[merge "mine"]\n\tdriver = "{driver}"\n')
    start_with(world, {".gitattributes": "LOG merge=mine\n", "LOG": "0\n"})
    target, head = both_change(world, {"LOG": "1\n"}, {"LOG": "2\n"})
    assert content(world, merged(world, target, head), "LOG").split() == ["1", "hello", "2"]
    settings.write_text('[merge "mine"]\n\tdriver = no-such-program %A %B\n')
    found = merged(world, target, head)
    assert isinstance(found, Conflict) and found.files == ("LOG",) and "no-such-program: not found" in found.words


def test_what_the_target_is_known_to_have_does_not_come_back(world: World) -> None:
    """A commit that was dropped upstream, and one that landed under another name with more on the same line."""
    start_with(world, {"dropped": "x\n", "LOG": "0\n1\n"})
    path, began = world.add("ann"), world.base()
    commit(path, "LOG", "0\n2\n")
    landed = commit(path, "LOG", "0\n3\n")
    head = commit(path, "LOG", "0\n4\n")
    run_git(world.person, "reset", "-q", "--hard", "HEAD~2")
    commit(world.person, "LOG", "0\n3\n", "the branch, as one commit")
    run_git(world.person, "push", "-qf", "origin", "HEAD:main")
    world.repository.fetch()
    tree = merged(world, world.base(), head, [began, landed])
    assert content(world, tree, "LOG").split() == ["0", "4"]
    assert isinstance(tree, Tree) and "dropped" not in run_git(world.repository.path, "ls-tree", "--name-only", tree.id)
    assert isinstance(merged(world, world.base(), head), Conflict)
