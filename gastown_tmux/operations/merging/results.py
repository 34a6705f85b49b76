"""What became of a merge request: first the rows, then the mails, each of them exactly once."""

from pathlib import Path

from gastown_tmux.domain.ids import Commit, MergeRequestId
from gastown_tmux.domain.merging import LIVE, MergeRequest, MergeRequestMove, MergeState
from gastown_tmux.domain.rigs import Rig
from gastown_tmux.domain.work import ATTEMPTS, BeadState, Reason
from gastown_tmux.edges.files.faults import fault_point
from gastown_tmux.operations.escalation.escalations import raise_escalation
from gastown_tmux.operations.mail import sending
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.work.landed import notify_landed
from gastown_tmux.reading import read_end
from gastown_tmux.store import beads, convoys, escalations
from gastown_tmux.store import merging as rows
from gastown_tmux.store.db import Change
from gastown_tmux.store.rigs import set_target_commit

_TAIL = 4000


def record_merged(town: Town, rig: Rig, request: MergeRequest, commit: Commit, *, local: bool) -> None:
    """``commit`` was seen on the target. ``local``: the target is in repo.git, whose place the rig keeps.

    A request that came to rest meanwhile is left as it is.
    """
    with town.change() as change:
        now = rows.get_merge_request(change, request.id).state
        if now not in LIVE:
            return
        if now is not MergeState.PUBLISHING:
            rows.move_merge_request(change, request.id, "publish", candidate=commit)
        rows.move_merge_request(change, request.id, "merge", merged_commit=commit)
        beads.merge_bead(change, request.bead, commit)
        if local:
            set_target_commit(change, rig.name, commit)
        convoys.land_convoy(change, beads.get_bead(change, request.bead).convoy)
        # The refinery's own questions are answered by this; an agent's may not be.
        escalations.resolve_about(change, request.bead, change.actor)
    fault_point("refinery.merged")
    report(town, request.id)


def record_late(
    town: Town, rig: Rig, request: MergeRequest, commit: Commit, *, local: bool, tell: bool = False
) -> None:
    """``commit`` was seen on the target, of a request that was given up meanwhile. Where a newer head goes on there,
    nobody need be told; else its bead is merged, unless somebody is at it again, who hears of it.
    """
    with town.change() as change:
        state = rows.get_merge_request(change, request.id).state
        if state not in (MergeState.SUPERSEDED, MergeState.REJECTED, MergeState.CONFLICTED):
            return
        if state is not MergeState.SUPERSEDED:
            rows.move_merge_request(change, request.id, "supersede", reason="it landed all the same")
        rows.move_merge_request(change, request.id, "merge", merged_commit=commit)
        bead = beads.get_bead(change, request.bead)
        silent = state is MergeState.SUPERSEDED and not tell
        rows.mark_told(change, request.id, told=silent)
        if bead.state is BeadState.OPEN and bead.merge_request == request.id:
            beads.resubmit_bead(change, bead.id, request.id)
            beads.merge_bead(change, bead.id, commit)
            convoys.land_convoy(change, bead.convoy)
            escalations.resolve_about(change, bead.id, change.actor)
        if local:
            set_target_commit(change, rig.name, commit)
    fault_point("refinery.merged")
    if not silent:
        report(town, request.id)


def settle(town: Town, request: MergeRequest, words: str, *, only_if: tuple[MergeState, Commit | None]) -> None:
    """Nothing of it is left to land. Its bead is merged, where an older head of it was; else it is closed as done."""
    with town.change() as change:
        if not _is_still(change, request, only_if):
            return
        rows.move_merge_request(change, request.id, "supersede", reason=words)
        commit = rows.find_merged_commit(change, request.bead)
        if commit is not None:
            beads.merge_bead(change, request.bead, commit)
        else:
            beads.close_bead(change, request.bead, Reason.DONE, "settle")
        convoys.land_convoy(change, beads.get_bead(change, request.bead).convoy)
    report(town, request.id)


def _is_still(change: Change, request: MergeRequest, only_if: tuple[MergeState, Commit | None]) -> bool:
    """Whether a verdict on that state and candidate (None: any) says anything of the request as it is now."""
    now, (state, candidate) = rows.get_merge_request(change, request.id), only_if
    return now.state is state and candidate in (None, now.candidate)


def send_back(
    town: Town,
    request: MergeRequest,
    reason: Reason,
    words: str,
    log: Path | None = None,
    *,
    only_if: tuple[MergeState, Commit | None] | None = None,
) -> None:
    """The bead is open again, its branch kept and its author preferred; after the last attempt a person is asked.

    ``only_if``: what a verdict is of, state and candidate (None: any); of anything else it says nothing.
    """
    bead = beads.get_bead(town.db, request.bead)
    last = bead.attempts >= ATTEMPTS
    move: MergeRequestMove = "conflict" if reason is Reason.CONFLICTED else "reject"
    with town.change() as change:
        if only_if is not None and not _is_still(change, request, only_if):
            return
        rows.move_merge_request(change, request.id, move, reason=words, log=str(log) if log else None)
        beads.refuse_bead(
            change,
            bead.id,
            Reason.ESCALATED if last else reason,
            target=None if last or "@" in request.author else request.author,
        )
        if last:
            raise_escalation(change, "medium", f"{bead.id} came back {bead.attempts} times: {words}", bead=bead.id)
    report(town, request.id)


def report(town: Town, id: MergeRequestId) -> None:
    """Author and convoy's watcher hear of it. Killed half-way and done again, it sends nothing twice."""
    request = rows.get_merge_request(town.db, id)
    bead = beads.get_bead(town.db, request.bead)
    if request.state is MergeState.MERGED:
        subject = f"{bead.id} is merged"
        body = f"{bead.title}\n\ncommit {request.merged_commit} on {request.target}\n"
        if bead.state in (BeadState.HOOKED, BeadState.WORKING, BeadState.SUBMITTED):
            subject = f"an earlier state of {bead.id} is merged"
            body += (
                "\nYour work goes on from there: what is new lands by gt done; where nothing is: gt done --report -\n"
            )
    elif request.state is MergeState.SUPERSEDED:
        subject = f"{bead.id} is {bead.state}: {request.reason}"
        body = f"{bead.title}\n\n" + (f"commit {bead.merged_commit}\n" if bead.merged_commit else "")
    else:
        subject = f"{bead.id} came back: {request.state}"
        body = f"{request.reason}\n\n{_tail(request.log)}"
    if "@" not in request.author:  # else its host tells it, in the words of the bead that it knows
        sending.notify(town, request.author, subject, body, seed=f"{id} {request.state}")
    notify_landed(town, bead.convoy)
    with town.change() as change:
        rows.mark_told(change, id)


def _tail(log: str | None) -> str:
    if log is None:
        return ""
    try:
        return read_end(log, _TAIL).decode(errors="replace")
    except OSError:
        return ""
