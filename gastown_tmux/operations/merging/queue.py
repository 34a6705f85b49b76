"""gt mq: the merge queue, and what a person says of it."""

import contextlib
from pathlib import Path

from gastown_tmux.dataclass import dataclass, values_of
from gastown_tmux.domain.ids import Commit
from gastown_tmux.domain.merging import LIVE, MERGE_REQUEST, MergeRequest, MergeState
from gastown_tmux.domain.radar import Clash, describe
from gastown_tmux.domain.work import Bead, BeadState, Reason
from gastown_tmux.edges.files import clock
from gastown_tmux.edges.git.browse import FileChange, LogEntry, list_changes, list_commits, summarise
from gastown_tmux.errors import GtError, RefusedError
from gastown_tmux.operations.hooks.state import write_state
from gastown_tmux.operations.merging.results import send_back
from gastown_tmux.operations.town.town import Answer, Town
from gastown_tmux.operations.work import worker
from gastown_tmux.reading import read_end
from gastown_tmux.store import beads
from gastown_tmux.store import merging as rows
from gastown_tmux.store.clashes import list_clashes

_GATE_LINES, _GATE_BYTES = 10, 4096
#: Letters of a head in our own words, and the fewest that name one.
_SHOWN = 12


@dataclass(frozen=True, slots=True)
class ShownRequest(MergeRequest):
    """A merge request with what would land of it, commits and files; None where they are gone.

    ``gate``: the last lines of what its gates, or those of its batch, print at this moment. ``clashes``: other works
    under way that it cannot be merged with, and in which files.
    """

    commits: list[LogEntry] | None
    files: list[FileChange] | None
    gate: str | None
    clashes: list[Clash]

    @property
    def changes(self) -> str | None:
        """For a person: the commits, then the files with counts."""
        told = ["the gates print:", self.gate, ""] if self.gate else []
        told += [f"conflicts with {one.of(self.bead)} in {describe(one)}" for one in self.clashes]
        if self.commits is not None and self.files is not None:
            told += [*(f"{commit.id[:10]} {commit.subject}" for commit in self.commits), "", summarise(self.files)]
        return "\n".join(told) or None


def show_merge_request(town: Town, request: MergeRequest) -> ShownRequest:
    repository = town.repository(request.rig)
    commits, files = None, None
    with contextlib.suppress(GtError):
        commits = list_commits(repository, request.base, request.head)
        files = list_changes(repository, request.base, request.head)
    clashes = [one for one in list_clashes(town.db, request.rig) if request.state in LIVE and one.of(request.bead)]
    gate = read_gate(town, request)
    return ShownRequest(**values_of(request), commits=commits, files=files, gate=gate, clashes=clashes)


def read_gate(town: Town, request: MergeRequest) -> str | None:
    """A batch is tested at one of its requests, whose log has grown since the test began."""
    if request.state is not MergeState.TESTING:
        return None
    testing = [one for one in rows.list_queue(town.db, request.rig) if one.state is MergeState.TESTING]
    newest: tuple[float, Path | None] = (clock.to_epoch(request.updated), None)
    for log in (log for one in testing for log in (town.logs / "merge").glob(f"{one.id}*.log")):
        with contextlib.suppress(OSError):
            newest = max(newest, (log.stat().st_mtime, log), key=lambda found: found[0])
    if newest[1] is None:
        return None
    try:
        lines = read_end(newest[1], _GATE_BYTES).decode(errors="replace").splitlines()
    except OSError:
        return None
    return "\n".join(lines[-_GATE_LINES:])


def submit(town: Town, bead: Bead | None = None) -> Answer:
    """Submits the branch of a bead that is on a hook, in its worker's place; without one, the caller's own.

    One that is submitted is so again, where its branch has another head by now.
    """
    if bead is None:
        return worker.done(town)
    newer = worker.find_newer_head(town, bead)
    if bead.state is BeadState.SUBMITTED and not newer:
        return Answer(rows.get_merge_request(town.db, str(bead.merge_request)), f"{bead.id} is submitted already")
    if bead.assignee is None or (bead.state not in (BeadState.HOOKED, BeadState.WORKING) and not newer):
        raise RefusedError(f"{bead.id} is {bead.state}: it is not on a hook", hint=f"gt bead show {bead.id}")
    text = worker.submit(town, town.rig(bead.rig), bead.assignee, bead)
    write_state(town, bead.assignee)
    request = beads.get_bead(town.db, bead.id).merge_request
    return Answer(rows.get_merge_request(town.db, str(request)), text)


def approve(town: Town, request: MergeRequest, head: str | None = None) -> Answer:
    """A person's word for this head: a held merge request goes on to the queue, one in the queue is not held. When the
    target moves it is merged and tested anew, and nobody is asked again.

    ``head`` is the one that was judged: where there is another, it is refused, as "changed".
    """
    _require_head(request, head)
    review = bool(town.settings(request.rig).get("merge.review"))
    early = request.state in (MergeState.QUEUED, MergeState.TESTING) and review and not request.approved
    if request.state is MergeState.PROPOSED:
        raise RefusedError(f"{request.id} is for people to approve on their forge: {request.url}")
    if request.state is not MergeState.HELD and not early:
        if request.state in (*LIVE, MergeState.MERGED):
            return Answer(request, f"{request.id} is {request.state} already")
        raise RefusedError(f"{request.id} is {request.state}", hint=f"gt mq show {request.id}")
    with town.change() as change:
        rows.set_approved(change, request.id)
        if rows.get_merge_request(change, request.id).state is MergeState.HELD:
            rows.move_merge_request(change, request.id, "approve")
    now = rows.get_merge_request(town.db, request.id)
    return Answer(now, f"{request.id} is {'approved, and lands when it has passed' if early else now.state}")


def retry(town: Town, request: MergeRequest) -> Answer:
    """Tries now what waits for a better time; submits the branch of one that came back once more, as it is now."""
    if request.state is MergeState.PROPOSED:
        with town.change() as change:
            rows.hurry(change, request.id)
        return Answer(rows.get_merge_request(town.db, request.id), f"{request.url} is looked at now")
    if request.state is MergeState.QUEUED or (request.state is MergeState.PUBLISHING and request.not_before):
        with town.change() as change:
            rows.hurry(change, request.id)
        return Answer(rows.get_merge_request(town.db, request.id), f"{request.id} is tried again now")
    if request.state in (MergeState.TESTING, MergeState.PUBLISHING, MergeState.GATHERED, MergeState.MERGED):
        return Answer(request, f"{request.id} is {request.state} already")
    if request.state is MergeState.HELD:
        raise RefusedError(f"{request.id} waits for a person", hint=f"gt mq approve {request.id}")
    if request.state not in (MergeState.CONFLICTED, MergeState.REJECTED):
        raise RefusedError(f"{request.id} is {request.state}", hint=f"gt mq show {request.id}")
    bead = beads.get_bead(town.db, request.bead)
    if bead.state is not BeadState.OPEN or bead.merge_request != request.id:
        raise RefusedError(f"{bead.id} is {bead.state} by now", hint=f"gt bead show {bead.id}")
    head = _find_head(town, request)
    with town.change() as change:
        rows.move_merge_request(change, request.id, "supersede", reason="submitted again")
        rows.mark_told(change, request.id)
        fresh = rows.insert_merge_request(
            change,
            bead=bead.id,
            rig=request.rig,
            author=request.author,
            branch=request.branch,
            head=head,
            base=request.base,
            target=town.rig(request.rig).target,
            approved=town.is_person and head == request.head,
        )
        beads.resubmit_bead(change, bead.id, fresh)
    newer = f", with {head[:12]}, which is newer" if head != request.head else ""
    return Answer(rows.get_merge_request(town.db, fresh), f"{bead.id} is submitted again as {fresh}{newer}")


def _find_head(town: Town, request: MergeRequest) -> Commit:
    """Of its branch now, kept from then on; what was submitted, where the branch is gone."""
    repository = town.repository(request.rig)
    head = Commit(repository.resolve(f"refs/heads/{request.branch}") or request.head)
    if head != request.head:
        repository.update_ref(worker.merge_ref(request.bead, head), head, None)
    return head


def reject(town: Town, request: MergeRequest, message: str | None = None, head: str | None = None) -> Answer:
    """A person says no: the bead goes back to its author with the words. ``head`` as ``approve`` has it."""
    _require_head(request, head)
    if request.state is MergeState.REJECTED:
        return Answer(request, f"{request.id} is rejected already")
    if not MERGE_REQUEST.can(request.state, "reject"):
        raise RefusedError(f"{request.id} is {request.state}", hint=f"gt mq show {request.id}")
    words = message or "rejected by " + town.actor
    send_back(town, request, Reason.REJECTED, words)
    return Answer(rows.get_merge_request(town.db, request.id), f"{request.id} is rejected; {request.bead} is open")


def _require_head(request: MergeRequest, head: str | None) -> None:
    """Raises RefusedError where another head was judged. As many letters as we show of one name it."""
    if head is not None and not (len(head) >= _SHOWN and request.head.startswith(head)):
        raise RefusedError(
            f"{request.id} has changed: its head is {request.head[:_SHOWN]} now", f"gt diff {request.bead}"
        )
