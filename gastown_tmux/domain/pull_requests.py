"""A pull request as a forge tells of it: what is asked, and what of the answer is believed."""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.odd_bytes import printable

_MOST_TEXT = 1500
_FAILED = frozenset(("FAILURE", "TIMED_OUT", "STARTUP_FAILURE", "ERROR", "ACTION_REQUIRED"))

_FIELDS = """
  id number state isDraft url headRefOid headRefName baseRefName mergeable reviewDecision
  headRef { name } mergeCommit { oid } autoMergeRequest { enabledAt }
  reviews(last: 30) { nodes { id state body url author { __typename login } } }
  comments(last: 30) { nodes { id body url author { __typename login } } }
  reviewThreads(last: 50) { nodes { isResolved path line comments(last: 10) {
    nodes { id body url author { __typename login } } } } }
  commits(last: 1) { nodes { commit { oid statusCheckRollup { contexts(first: 100) { nodes { __typename
    ... on CheckRun { databaseId name status conclusion detailsUrl title summary }
    ... on StatusContext { context state description targetUrl } } } } } } }
"""


def write_query(numbers: Iterable[int]) -> str:
    """All of a repository's pull requests that are followed, in one question; ``$owner`` and ``$name`` are its."""
    asked = " ".join(f"p{number}: pullRequest(number: {number}) {{ {_FIELDS} }}" for number in numbers)
    return f"query($owner: String!, $name: String!) {{ repository(owner: $owner, name: $name) {{ {asked} }} }}"


class RemarkKind(StrEnum):
    """What a person or a bot said there: about lines, with a review that asks for changes, or by the way."""

    LINES = "lines"
    CHANGES = "changes"
    COMMENT = "comment"


@dataclass(frozen=True, slots=True)
class Remark:
    id: str
    kind: RemarkKind
    author: str
    is_bot: bool
    body: str
    url: str
    where: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """One that failed. ``job``: by which the forge's own runner has its steps and its log."""

    name: str
    verdict: str
    url: str
    words: str
    job: int | None


@dataclass(frozen=True, slots=True)
class PullRequest:
    """``id`` is what mutations want. ``merge_commit``: where it is merged. ``pending``: checks that are not over."""

    id: str
    number: int
    url: str
    state: str
    is_draft: bool
    head: str
    has_branch: bool
    base: str
    merge_commit: str | None
    conflicts: bool
    decision: str
    is_armed: bool
    failed: tuple[Check, ...]
    pending: int
    remarks: tuple[Remark, ...]


def read_pull_request(value: object) -> PullRequest | None:
    """None for what is none: gone, or of a shape that nobody knows."""
    if not isinstance(value, dict) or value.get("state") not in ("OPEN", "CLOSED", "MERGED"):
        return None
    number, head = value.get("number"), _text(value, "headRefOid")
    if not isinstance(number, int) or not head:
        return None
    failed, pending = _read_checks(value, head)
    return PullRequest(
        id=_text(value, "id"),
        number=number,
        url=_text(value, "url"),
        state=str(value["state"]),
        is_draft=value.get("isDraft") is True,
        head=head,
        has_branch=isinstance(value.get("headRef"), dict),
        base=_text(value, "baseRefName"),
        merge_commit=_text(value.get("mergeCommit"), "oid") or None,
        conflicts=value.get("mergeable") == "CONFLICTING",
        decision=_text(value, "reviewDecision"),
        is_armed=isinstance(value.get("autoMergeRequest"), dict),
        failed=failed,
        pending=pending,
        remarks=tuple(_read_remarks(value)),
    )


def _read_checks(value: Mapping[str, object], head: str) -> tuple[tuple[Check, ...], int]:
    """Of the head alone: those of an older commit say nothing."""
    failed, pending = list[Check](), 0
    for node in _nodes(value, "commits"):
        commit = node.get("commit")
        if not isinstance(commit, dict) or commit.get("oid") != head:
            continue
        for one in _nodes(commit.get("statusCheckRollup"), "contexts"):
            job = one.get("databaseId")
            if one.get("__typename") == "CheckRun":
                verdict = _text(one, "conclusion")
                pending += one.get("status") != "COMPLETED"
                name, url = _text(one, "name"), _text(one, "detailsUrl")
                words = ": ".join(filter(None, (_text(one, "title"), _text(one, "summary"))))
            else:
                verdict = _text(one, "state")
                pending += verdict in ("PENDING", "EXPECTED")
                name, url, words = _text(one, "context"), _text(one, "targetUrl"), _text(one, "description")
            if verdict in _FAILED:
                failed.append(Check(name, verdict.lower(), url, words, job if isinstance(job, int) else None))
    return tuple(failed), pending


def _read_remarks(value: Mapping[str, object]) -> Iterator[Remark]:
    for review in _nodes(value, "reviews"):
        asks = review.get("state") == "CHANGES_REQUESTED"
        if asks or (_text(review, "body") and review.get("state") == "COMMENTED"):
            yield _remark(review, RemarkKind.CHANGES if asks else RemarkKind.COMMENT)
    for thread in _nodes(value, "reviewThreads"):
        where = f"{_text(thread, 'path')}:{thread.get('line') or '?'}"
        if thread.get("isResolved") is not True:
            yield from (_remark(comment, RemarkKind.LINES, where) for comment in _nodes(thread, "comments"))
    yield from (_remark(comment, RemarkKind.COMMENT) for comment in _nodes(value, "comments"))


def _remark(value: Mapping[str, object], kind: RemarkKind, where: str = "") -> Remark:
    author = value.get("author")
    bot = isinstance(author, dict) and author.get("__typename") == "Bot"
    return Remark(
        _text(value, "id"), kind, _text(author, "login") or "somebody", bot, _text(value, "body"), _text(value, "url"),
        where,
    )  # fmt: skip


def _nodes(value: object, name: str) -> Iterator[dict[str, object]]:
    connection = value.get(name) if isinstance(value, dict) else None
    nodes = connection.get("nodes") if isinstance(connection, dict) else None
    yield from (node for node in (nodes if isinstance(nodes, list) else ()) if isinstance(node, dict))


def _text(value: object, name: str) -> str:
    found = value.get(name) if isinstance(value, dict) else None
    if not isinstance(found, str):
        return ""
    text = printable(found).replace("\0", "").replace("\r\n", "\n")
    return text if len(text) <= _MOST_TEXT else f"{text[:_MOST_TEXT]} …"
