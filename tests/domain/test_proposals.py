"""What becomes of a pull request, as a table: what the forge says, and what follows."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gastown_tmux.dataclass import replace
from gastown_tmux.domain.ids import BeadId, Commit, RigName
from gastown_tmux.domain.proposals import Back, Landed, Proposal, Stay, decide, tell
from gastown_tmux.domain.pull_requests import Check, PullRequest, Remark, RemarkKind, read_pull_request, write_query

OURS, THEIRS, OLD, MERGED = "a" * 40, "b" * 40, "c" * 40, "d" * 40
KNOWN = Proposal(
    BeadId("de-1"), RigName("demo"), 7, "https://x/7", "bead/de-1", "main", Commit(OURS), frozenset((OURS, OLD)), 0,
    frozenset(),
)  # fmt: skip
NOW = PullRequest("P7", 7, "https://x/7", "OPEN", False, OURS, True, "main", None, False, "", False, (), 0, ())
FAILS = Check("ci", "failure", "https://x/ci", "", 1)
LINES = Remark("R1", RemarkKind.LINES, "eve", False, "a better name", "https://x/r1", "file:1")
CHANGES = Remark("R2", RemarkKind.CHANGES, "eve", False, "please", "https://x/r2")
ASIDE = Remark("R3", RemarkKind.COMMENT, "eve", False, "by the way", "https://x/r3")
BOT = Remark("R4", RemarkKind.COMMENT, "cov", True, "99 %", "https://x/r4")

CASES: list[tuple[str, dict[str, Any], dict[str, Any], type[Any], str]] = [
    ("merged", {"state": "MERGED", "merge_commit": MERGED}, {}, Landed, MERGED),
    ("merged without a commit", {"state": "MERGED"}, {}, Stay, "no commit"),
    ("merged elsewhere", {"state": "MERGED", "merge_commit": MERGED, "base": "dev"}, {}, Stay, "into dev"),
    ("closed", {"state": "CLOSED", "remarks": (LINES,)}, {}, Stay, "closed without a merge: reopen"),
    ("closed, branch gone", {"state": "CLOSED", "has_branch": False}, {}, Stay, "its branch deleted"),
    ("another base", {"base": "dev", "failed": (FAILS,)}, {}, Stay, "against dev"),
    ("not seen yet", {"head": OLD, "failed": (FAILS,)}, {}, Stay, "has not seen it yet"),
    ("a check fails", {"failed": (FAILS,)}, {}, Back, "1 check fails"),
    ("while others run", {"failed": (FAILS,), "pending": 1}, {}, Stay, "waits for 1 check"),
    ("told already", {"failed": (FAILS,)}, {"seen": frozenset((f"checks {OURS}",))}, Stay, "waits for its author"),
    ("lines", {"remarks": (LINES,)}, {}, Back, "1 review remark"),
    ("lines while checks run", {"remarks": (LINES,), "pending": 2}, {}, Back, "1 review remark"),
    ("changes", {"remarks": (LINES, CHANGES)}, {}, Back, "2 review remarks"),
    ("seen", {"remarks": (LINES, CHANGES)}, {"seen": frozenset(("R1", "R2"))}, Stay, "waits to be merged"),
    ("by the way", {"remarks": (ASIDE, BOT)}, {}, Stay, "waits to be merged"),
    ("conflict", {"conflicts": True}, {}, Back, "it conflicts with main"),
    ("conflict told", {"conflicts": True}, {"seen": frozenset((f"conflict {OURS}",))}, Stay, "waits"),
    ("draft", {"is_draft": True}, {}, Stay, "is a draft"),
    ("review", {"decision": "REVIEW_REQUIRED"}, {}, Stay, "waits for a review"),
    ("armed", {"is_armed": True}, {}, Stay, "will be merged by the forge"),
    ("somebody's commit", {"head": THEIRS}, {}, Stay, "waits to be merged"),
]


@pytest.mark.parametrize(
    ("now", "known", "kind", "words"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_what_follows(now: dict[str, Any], known: dict[str, Any], kind: type[Any], words: str) -> None:
    found = decide(replace(NOW, **now), replace(KNOWN, **known), "main", auto=False)
    assert isinstance(found, kind)
    assert words in (found.commit if isinstance(found, Landed) else found.words)


def test_each_is_told_once() -> None:
    now = replace(NOW, failed=(FAILS,), conflicts=True, remarks=(LINES, CHANGES, ASIDE, BOT))
    back = decide(now, KNOWN, "main", auto=False)
    assert isinstance(back, Back) and not back.conflicts
    assert back.remarks == (LINES, CHANGES, ASIDE) and back.checks == (FAILS,)
    again = decide(now, replace(KNOWN, seen=back.seen), "main", auto=False)
    assert isinstance(again, Stay) and again.told == ()


def test_somebodys_commit_is_told_once() -> None:
    found = decide(replace(NOW, head=THEIRS), KNOWN, "main", auto=True)
    assert isinstance(found, Stay) and found.moved and not found.arm
    again = decide(replace(NOW, head=THEIRS), replace(KNOWN, seen=found.seen), "main", auto=False)
    assert isinstance(again, Stay) and not again.moved


def test_our_own_remarks_are_none() -> None:
    now = replace(NOW, remarks=(replace(LINES, author="gt-bot"), ASIDE))
    found = decide(now, KNOWN, "main", auto=False, own="gt-bot")
    assert isinstance(found, Stay) and found.told == (ASIDE,)


@pytest.mark.parametrize(("change", "armed"), [({}, True), ({"is_draft": True}, False), ({"is_armed": True}, False)])
def test_the_forge_is_asked_to_merge_once_a_head(change: dict[str, Any], armed: bool) -> None:
    found = decide(replace(NOW, **change), KNOWN, "main", auto=True)
    assert isinstance(found, Stay) and found.arm is armed
    again = decide(replace(NOW, **change), replace(KNOWN, seen=found.seen), "main", auto=True)
    assert isinstance(again, Stay) and not again.arm


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([
        "state", "number", "headRefOid", "reviews", "comments", "reviewThreads", "commits", "nodes", "commit", "oid",
        "statusCheckRollup", "contexts", "author", "login", "body", "__typename", "conclusion", "mergeCommit",
    ]), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


@given(JSON)
def test_any_answer_is_one_or_none(answer: Any) -> None:
    whole = {"state": "OPEN", "number": 7, "headRefOid": OURS, **(answer if isinstance(answer, dict) else {})}
    for value in (answer, whole):
        found = read_pull_request(value)
        if found is not None:
            decision = decide(found, KNOWN, "main", auto=True)
            if isinstance(decision, Back):
                assert tell(tuple((check, "") for check in decision.checks), decision.remarks, None, "main")


def test_one_question_for_all_of_them() -> None:
    query = write_query((7, 9))
    assert "p7: pullRequest(number: 7)" in query and "p9: pullRequest(number: 9)" in query
    assert query.count("{") == query.count("}")
