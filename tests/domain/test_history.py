"""What a branch has of its own, told from the commits that its target lacks."""

import pytest

from gastown_tmux.domain.history import find_own
from gastown_tmux.domain.ids import Commit

#: The target is at ``t2``, which has ``t1`` and ``t0`` behind it; of these, git lists none.
BEYOND = {
    "a1": ["t0"],
    "a2": ["a1"],
    "b": ["t1"],
    "both": ["a2", "b"],  # left at t0 and at t1
    "caught-up": ["a2", "t2"],
    "diamond": ["l", "r"],
    "l": ["a1"],
    "r": ["a1"],
    "root": [],
    "with-root": ["root", "a1"],
}


@pytest.mark.parametrize(
    ("head", "commits", "base"),
    [
        ("a2", {"a1", "a2"}, "t0"),
        ("b", {"b"}, "t1"),
        ("diamond", {"diamond", "l", "r", "a1"}, "t0"),
        ("with-root", {"with-root", "root", "a1"}, "t0"),
    ],
)
def test_a_branch_that_left_its_target_once(head: str, commits: set[str], base: str) -> None:
    found = find_own(BEYOND, Commit("t2"), Commit(head))  # type: ignore[arg-type]
    assert found is not None
    assert (found.commits, found.base, found.tip) == (commits, base, "t2")


@pytest.mark.parametrize("head", ["both", "caught-up", "root", "t2", "not here"])
def test_where_git_must_be_asked(head: str) -> None:
    assert find_own(BEYOND, Commit("t2"), Commit(head)) is None  # type: ignore[arg-type]
