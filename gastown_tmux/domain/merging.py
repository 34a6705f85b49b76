"""Merge requests and the order in which they are tried."""

from enum import StrEnum
from typing import Literal

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.ids import BeadId, Commit, MergeRequestId, RigName, Time
from gastown_tmux.domain.state_machine import Machine


class MergeState(StrEnum):
    QUEUED = "queued"
    TESTING = "testing"
    PUBLISHING = "publishing"
    MERGED = "merged"
    HELD = "held"
    GATHERED = "gathered"
    PROPOSED = "proposed"
    CONFLICTED = "conflicted"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"


#: In one of these, a merge request is still on its way; a bead has at most one such.
LIVE = (
    MergeState.QUEUED,
    MergeState.TESTING,
    MergeState.PUBLISHING,
    MergeState.HELD,
    MergeState.GATHERED,
    MergeState.PROPOSED,
)
#: In these, nothing more becomes of it by itself.
OVER = frozenset(MergeState) - frozenset(LIVE)

MergeRequestMove = Literal[
    "test", "publish", "merge", "requeue", "conflict", "reject", "hold", "gather", "propose", "approve", "supersede"
]  # fmt: skip
MERGE_REQUEST: Machine[MergeState, MergeRequestMove] = Machine(
    "merge request",
    MergeState.QUEUED,
    {
        "test": dict.fromkeys((MergeState.QUEUED, MergeState.GATHERED), MergeState.TESTING),
        # From the queue: an earlier candidate of it is seen to be published. Proposed: the forge has merged it.
        "publish": dict.fromkeys((MergeState.QUEUED, MergeState.TESTING, MergeState.PROPOSED), MergeState.PUBLISHING),
        # Superseded: a push of it that was taken for lost came late.
        "merge": dict.fromkeys((MergeState.PUBLISHING, MergeState.SUPERSEDED), MergeState.MERGED),
        "requeue": dict.fromkeys((MergeState.TESTING, MergeState.PUBLISHING, MergeState.GATHERED), MergeState.QUEUED),
        "conflict": dict.fromkeys((MergeState.TESTING, MergeState.PROPOSED), MergeState.CONFLICTED),
        "reject": dict.fromkeys(
            (MergeState.QUEUED, MergeState.TESTING, MergeState.HELD, MergeState.GATHERED, MergeState.PROPOSED),
            MergeState.REJECTED,
        ),
        # It has passed, and a person has the last word.
        "hold": {MergeState.TESTING: MergeState.HELD},
        # It has passed, and people and their forge have the last word.
        "propose": {MergeState.TESTING: MergeState.PROPOSED},
        # It has passed on the others of its convoy, and lands when all of them have.
        "gather": {MergeState.TESTING: MergeState.GATHERED},
        "approve": {MergeState.HELD: MergeState.QUEUED},
        "supersede": dict.fromkeys((*LIVE, MergeState.CONFLICTED, MergeState.REJECTED), MergeState.SUPERSEDED),
    },
)


class Verdict(StrEnum):
    """What the end of a gate says of the tree it ran on."""

    PASSED = "passed"
    FAILED = "failed"
    LATE = "late"
    NONE = "none"


#: Exit statuses of a shell that found no program.
NOT_FOUND = (126, 127)
#: "Try again later", as sendmail and git-bisect have it, and signals that others send, as negative and as by a shell.
_NO_VERDICT = {*NOT_FOUND, 75, *(status for number in (1, 2, 9, 15) for status in (-number, 128 + number))}


def judge_status(status: int | None) -> Verdict:
    """``status`` is negative for a signal, None where the time ran out. A program's own crash is its failure."""
    if status is None:
        return Verdict.LATE
    if status in _NO_VERDICT:
        return Verdict.NONE
    return Verdict.FAILED if status else Verdict.PASSED


@dataclass(frozen=True, slots=True)
class MergeRequest:
    """``head`` was submitted, cut from ``base``; ``candidate`` is the commit that was built of it.

    ``title`` and ``priority`` are its bead's. ``tested_in``: the commit that the gates passed on, which has this one in
    its history, or is it. ``retries``: how often a gate that failed was run again on the same tree. ``overtaken``: how
    often somebody else moved the target while it was tested. ``approved``: by a person, for this head. ``url``: of its
    bead's pull request.
    """

    id: MergeRequestId
    bead: BeadId
    title: str
    priority: int
    rig: RigName
    author: Address
    branch: str
    head: Commit
    base: Commit
    target: str
    state: MergeState
    position: int | None
    attempts: int
    reason: str | None
    candidate: Commit | None
    tested_in: Commit | None
    retries: int
    overtaken: int
    approved: bool
    merged_commit: Commit | None
    not_before: Time | None
    log: str | None
    created: Time
    updated: Time
    url: str | None
