"""Pull requests that people merge although their work went back to its author: it has landed all the same."""

from gastown_tmux.domain.ids import Commit
from gastown_tmux.domain.merging import MergeState
from gastown_tmux.domain.proposals import Proposal
from gastown_tmux.domain.pull_requests import PullRequest
from gastown_tmux.edges.files.faults import fault_point
from gastown_tmux.edges.git import push
from gastown_tmux.operations.merging.publishing import fetch_target
from gastown_tmux.operations.merging.results import record_late
from gastown_tmux.operations.merging.rig_queue import RigQueue
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
    record_late(queue.town, queue.rig, request, commit, local=False, tell=True)
