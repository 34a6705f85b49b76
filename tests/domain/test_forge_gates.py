"""Gates that GitHub opens: what their conditions name, and what its answers make of them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gastown_tmux.domain.forge_gates import Said, judge_pull, judge_run, judge_runs, parse_pull, parse_run


@pytest.mark.parametrize(
    ("condition", "repository", "number"),
    [
        ("7", None, 7),
        (" #7 ", None, 7),
        ("cli/cli#7", "github.com/cli/cli", 7),
        ("forge.example/a/b#7", "forge.example/a/b", 7),
        ("https://github.com/cli/cli/pull/7", "github.com/cli/cli", 7),
        ("https://localhost:8443/a/b/pull/7/files#diff", "localhost:8443/a/b", 7),
    ],
)
def test_pull_requests(condition: str, repository: str | None, number: int) -> None:
    target = parse_pull(condition)
    assert (str(target.repository) if target.repository else None, target.number) == (repository, number)


@pytest.mark.parametrize(
    ("condition", "number", "branch", "workflow"),
    [
        ("123456", 123456, None, None),
        ("https://github.com/cli/cli/actions/runs/5", 5, None, None),
        ("main", None, "main", None),
        ("release/1.0", None, "release/1.0", None),
        ("ci.yml@main", None, "main", "ci.yml"),
    ],
)
def test_workflow_runs(condition: str, number: int | None, branch: str | None, workflow: str | None) -> None:
    target = parse_run(condition)
    assert (target.number, target.branch, target.workflow) == (number, branch, workflow)


@pytest.mark.parametrize("condition", ["", "soon", "7.5", "cli#7", "https://github.com/cli/cli/issues/7", "#"])
def test_what_is_no_pull_request(condition: str) -> None:
    with pytest.raises(ValueError, match="number of a pull request"):
        parse_pull(condition)


@pytest.mark.parametrize("condition", ["", "a b", "ci@main", "ci.yml@", "https://github.com/cli/cli"])
def test_what_is_no_workflow_run(condition: str) -> None:
    with pytest.raises(ValueError, match="id of a workflow run"):
        parse_run(condition)


@pytest.mark.parametrize(
    ("answer", "said", "words"),
    [
        ({"merged": True, "state": "closed"}, Said.OPEN, "pull request 7 is merged"),
        ({"merged": False, "state": "closed"}, Said.STUCK, "pull request 7 was closed without being merged"),
        ({"merged": False, "state": "open"}, Said.CLOSED, "pull request 7 is open"),
        ({"state": "open", "draft": True}, Said.CLOSED, "pull request 7 is a draft"),
        ({"merged": "yes"}, Said.CLOSED, "pull request 7 is open"),
        (None, Said.CLOSED, "pull request 7 is open"),
    ],
)
def test_a_pull_request(answer: object, said: Said, words: str) -> None:
    opinion = judge_pull(7, answer)
    assert (opinion.said, opinion.words) == (said, words)


def run(number: int, at: int, end: str | None = "success", commit: str = "b", workflow: int = 1) -> dict[str, Any]:
    return {
        "id": number, "created_at": f"2026-11-28T10:{at:02}:00Z", "head_sha": commit, "workflow_id": workflow,
        "status": "completed" if end else "in_progress", "conclusion": end,
    }  # fmt: skip


SINCE = "2026-11-28T10:30:00.123Z"


@pytest.mark.parametrize(
    ("runs", "said", "words"),
    [
        ([run(1, 31), run(2, 32, workflow=2)], Said.OPEN, "all workflow runs on main ended well"),
        ([run(1, 31), run(2, 32, None, workflow=2)], Said.CLOSED, "workflow run 2 is in_progress"),
        ([run(1, 31, "failure"), run(2, 32, None, workflow=2)], Said.STUCK, "workflow run 1 ended with failure"),
        ([run(1, 31, "failure"), run(2, 32)], Said.OPEN, "all workflow runs on main ended well"),
        ([run(1, 31, "failure", "a"), run(2, 32)], Said.OPEN, "all workflow runs on main ended well"),
        ([run(1, 31, "skipped")], Said.OPEN, "all workflow runs on main ended well"),
        ([run(1, 31, "cancelled")], Said.STUCK, "workflow run 1 ended with cancelled"),
        ([run(1, 29)], Said.CLOSED, f"no workflow has run on main since {SINCE}"),
        ([], Said.CLOSED, f"no workflow has run on main since {SINCE}"),
        (["x", {"created_at": 7}], Said.CLOSED, f"no workflow has run on main since {SINCE}"),
    ],
)
def test_the_runs_of_a_branch(runs: list[Any], said: Said, words: str) -> None:
    opinion = judge_runs("main", {"workflow_runs": runs}, SINCE)
    assert (opinion.said, opinion.words) == (said, words)


KEYS = ("workflow_runs", "created_at", "id", "status", "conclusion", "head_sha", "merged", "state")
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(KEYS), inner),
    max_leaves=12,
)


@given(ANYTHING)
def test_no_answer_is_too_strange(answer: object) -> None:
    for opinion in (judge_pull(1, answer), judge_run(answer), judge_runs("main", answer, SINCE)):
        assert opinion.words
