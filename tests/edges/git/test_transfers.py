"""How far git has come is told to whoever waits, and why it failed is told as to nobody."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gastown_tmux.edges.git.command import GitError, following, git
from gastown_tmux.edges.git.push import Pushed, Refused, find_checkout, push
from gastown_tmux.edges.git.repository import Repository
from gastown_tmux.edges.git.transfers import Progress, watched
from tests.edges.git_world import World, commit, make_world, own_home, run_git


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with own_home(tmp_path):
        yield make_world(tmp_path)


def test_each_step_is_told_to_its_end_and_only_within(world: World, tmp_path: Path) -> None:
    told: list[Progress | None] = []
    with watched(told.append):
        fresh = Repository.create(tmp_path / "fresh.git", tmp_path / "fresh.lock", f"file://{world.remote}")
        transfers = told.count(None)
        assert (
            push(fresh, f"file://{world.remote}", commit_on(fresh, world), "new", None, into_checkout=False) == Pushed()
        )
    last = {step.step: step for step in told if step is not None}
    assert last["counting"].done == last["counting"].total
    assert last["sending"].done == last["sending"].total
    assert transfers == 1 and told[-1] is None and following.get() is None
    fresh.fetch()
    assert told.count(None) == 2


def test_a_transfer_that_is_ended_is_over_for_who_watches(world: World) -> None:
    told: list[Progress | None] = []
    with watched(told.append), pytest.raises(GitError, match="was ended after 0 seconds"):
        git("fetch", "--quiet", "--", str(world.remote), git_dir=world.repository.path, timeout=0)
    assert told == [None]


def commit_on(repository: Repository, world: World) -> str:
    """A commit that its remote has not."""
    made = commit(world.person, "new")
    run_git(world.person, "push", "-q", str(repository.path), f"{made}:refs/heads/mine")
    return made


def test_what_is_in_the_way_in_a_checkout_is_named(world: World, tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    git("clone", "--quiet", "--", str(world.remote), str(checkout), cwd=tmp_path)
    new = commit_on(world.repository, world)
    added = git("diff", "--name-only", f"{new}^", new, git_dir=world.repository.path).text.strip()
    (checkout / added).write_text("mine\n")
    refused = push(world.repository, str(checkout), new, "main", world.base(), into_checkout=True)
    assert isinstance(refused, Refused)
    assert refused.words.startswith("Could not update working tree") and f"'{added}" in refused.words
    assert (checkout / added).read_text() == "mine\n"


def test_the_checkout_of_a_branch_may_be_a_linked_worktree(world: World, tmp_path: Path) -> None:
    checkout, linked = tmp_path / "checkout", tmp_path / "linked\nand odd"
    git("clone", "--quiet", "--", str(world.remote), str(checkout), cwd=tmp_path)
    assert find_checkout(checkout, "main") == checkout == find_checkout(checkout, "nowhere")
    git("checkout", "--quiet", "--detach", cwd=checkout)
    git("worktree", "add", "--quiet", str(linked), "main", cwd=checkout)
    assert find_checkout(checkout, "main") == linked
    assert find_checkout(tmp_path / "gone", "main") == tmp_path / "gone"


def test_what_went_wrong_is_said_in_the_same_words(world: World) -> None:
    hook = world.remote / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho this branch is closed >&2\nexit 1\n")
    hook.chmod(0o755)
    new, remote = commit_on(world.repository, world), f"file://{world.remote}"

    def fail() -> tuple[str, str]:
        with pytest.raises(GitError) as failed:
            git("fetch", "--quiet", "--", remote, "main:news/main", "main:mine", git_dir=world.repository.path)
        world.repository.delete_ref("refs/heads/news/main", world.base())
        refused = push(world.repository, remote, new, "other", None, into_checkout=False)
        assert isinstance(refused, Refused) and "this branch is closed" in refused.whole
        return failed.value.whole, refused.words

    told: list[Progress | None] = []
    with watched(told.append):
        fetched, pushed = fail()
    assert pushed == fail()[1] and told.count(None) == 2
    # What git says of the refs that went well is no part of it.
    assert [" ".join(line.split()) for line in fetched.splitlines()] == ["! [rejected] main -> mine (non-fast-forward)"]
