"""Pull requests that people merge although their work went back to its author: it has landed all the same."""

from gastown_tmux.domain.ids import Commit
from gastown_tmux.domain.merging import MergeState
from gastown_tmux.domain.proposals import Proposal
from gastown_tmux.domain.pull_requests import PullRequest
from gastown_tmux.domain.work import BeadState
from gastown_tmux.edges.files.faults import fault_point
from gastown_tmux.edges.git import push
from gastown_tmux.operations.merging.publishing import fetch_target
from gastown_tmux.operations.merging.results import report
from gastown_tmux.operations.merging.rig_queue import RigQueue
from gastown_tmux.store import beads, convoys, escalations
from gastown_tmux.store import merging as rows

#: Seconds between two looks at those: nothing is expected of them.
RETURNED_SECONDS = 300.0
#: Nothing was to land of these, or not any more.
_RETURNED = (MergeState.CONFLICTED, MergeState.REJECTED, MergeState.SUPERSEDED)


def look_at_returned(queue: RigQueue, known: Proposal, now: PullRequest | None) -> None:
    """Where people merged it, the request of that head is merged, and the bead too, if nobody works on it any more.

    Whoever does hears of it, and goes on: what is new since lands as any work.
    """
    if now is None or now.state != "MERGED" or now.base != queue.rig.target or now.merge_commit is None:
        return
    requests = rows.list_merge_requests(queue.town.db, rig=queue.rig.name)
    request = next((one for one in reversed(requests) if (one.bead, one.head) == (known.bead, known.pushed)), None)
    if request is None or request.state not in _RETURNED:
        return
    fetch_target(queue)
    commit = Commit(now.merge_commit)
    if not push.is_landed(queue.repository, commit, f"refs/remotes/origin/{queue.rig.target}"):
        return
    fault_point("refinery.published")
    with queue.town.change() as change:
        state = rows.get_merge_request(change, request.id).state
        if state not in _RETURNED:
            return
        if state is not MergeState.SUPERSEDED:
            rows.move_merge_request(change, request.id, "supersede", reason=f"people merged {known.url}")
        rows.move_merge_request(change, request.id, "merge", merged_commit=commit)
        rows.mark_told(change, request.id, told=False)
        bead = beads.get_bead(change, known.bead)
        if bead.state is BeadState.OPEN and bead.merge_request == request.id:
            beads.resubmit_bead(change, bead.id, request.id)
            beads.merge_bead(change, bead.id, commit)
            convoys.land_convoy(change, bead.convoy)
            escalations.resolve_about(change, bead.id, change.actor)
    fault_point("refinery.merged")
    report(queue.town, request.id)
