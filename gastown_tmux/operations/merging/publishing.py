"""What is on the target, and how a tested chain of candidates comes there: by one compare-and-swap."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from gastown_tmux.domain.ids import Commit, MergeRequestId
from gastown_tmux.domain.merging import MergeRequest
from gastown_tmux.domain.queue_plan import count_intact
from gastown_tmux.domain.rigs import QueueState, RemoteKind
from gastown_tmux.edges.files.faults import fault_point
from gastown_tmux.edges.git import push
from gastown_tmux.errors import GtError
from gastown_tmux.operations.hooks.worktrees import find_base
from gastown_tmux.operations.merging import setting_aside
from gastown_tmux.operations.merging.inspection import send_objects
from gastown_tmux.operations.merging.results import record_late, record_merged
from gastown_tmux.operations.merging.rig_queue import RigQueue
from gastown_tmux.operations.merging.verdicts import Built, Delay, Rejection, pause
from gastown_tmux.store import merging as rows
from gastown_tmux.store.late import list_late
from gastown_tmux.store.rigs import find_rig, set_target_commit
from gastown_tmux.store.targets import find_tip, move_tip

#: Lost races after which it is told that they are, and paused between two.
_RACES = 3


class TargetMovedError(GtError):
    """Somebody else moved the target that only the town is to move."""


def fetch_target(queue: RigQueue) -> Commit:
    """Where the target is. Kept in repo.git, it must be where the row says; else the queue stands still."""
    town, rig, repository = queue.town, queue.rig, queue.repository
    if not queue.is_local:
        return find_base(town, rig)
    ref = f"refs/heads/{rig.target}"
    here = repository.resolve(ref)
    if rig.target_commit is None:
        tip = find_base(town, rig)
        # It may be there: of a refinery that was killed, or by an agent's `git checkout`, and then with its commits.
        if here is not None and not repository.is_ancestor(here, tip):
            raise TargetMovedError(f"{ref} in repo.git has commits that the town did not put there: it is at {here}")
        repository.update_ref(ref, tip, here)
        with town.change() as change:
            set_target_commit(change, rig.name, tip)
        return tip
    if here == rig.target_commit:
        return rig.target_commit
    if here is not None and any(here in commits for commits in rows.list_published(town.db, rig.name).values()):
        # Killed between the ref and the row: the candidate is the queue's own.
        return Commit(here)
    raise TargetMovedError(f"{ref} in repo.git is at {here}, and the town put it at {rig.target_commit}")


def find_landed(queue: RigQueue, published: dict[MergeRequestId, list[Commit]], tip: Commit) -> set[Commit]:
    """Those of the candidates that are on the target."""
    asked = sorted({commit for commits in published.values() for commit in commits})
    if not asked:
        return set()
    # One call names those that are away; that the others have landed, and are not just unknown here, each proves.
    away = queue.repository.away_from(tip, asked)
    return {commit for commit in asked if commit not in away and push.is_landed(queue.repository, commit, tip)}


def publish(queue: RigQueue, chain: Sequence[Built], tip: Commit, *, tested: bool) -> Rejection | Delay | bool:
    """Brings the chain onto the target, which is at ``tip``, and says of each that it is merged.

    False where a verdict does not count any more: somebody has changed a request meanwhile, and nothing was published.
    Whatever is raised, the requests may be on the target.
    """
    last = chain[-1]
    if not queue.is_local:
        refusal = send_objects(queue, last.request, tip, last.commit)
        if refusal is not None:
            return refusal
    with queue.town.change() as change:
        now = find_rig(change, queue.rig.name)
        if now is None or now.target != queue.rig.target:
            return Delay(f"work lands on {now.target if now else 'nothing'} by now", 0)
        if now.queue is not QueueState.RUNNING:
            return Delay(f"the merge queue was paused: {now.queue_reason}", 0)
        found = [rows.get_merge_request(change, built.request.id) for built in chain]
        if count_intact(found, [built.commit for built in chain]) < len(chain):
            return False
        for request, built in zip(found, chain, strict=True):
            kept = setting_aside.kept_reason(request)
            rows.move_merge_request(change, request.id, "publish", reason=kept, candidate=built.commit)
            if tested:
                rows.set_tested(change, request.id, last.commit)
    fault_point("refinery.publishing")
    return finish(queue, [(built.request, built.commit) for built in chain], tip) or True


def finish(queue: RigQueue, chain: Sequence[tuple[MergeRequest, Commit]], tip: Commit) -> Delay | None:
    """The same of a chain whose rows say that it is being published."""
    refusal = _put_on_target(queue, chain, tip)
    if refusal is None:
        fault_point("refinery.published")
        record_all(queue, chain)
    return refusal


def record_all(queue: RigQueue, landed: Sequence[tuple[MergeRequest, Commit]]) -> None:
    """Each of these was seen on the target. One whose rows cannot say so keeps none of the others from it."""
    for request, commit in landed:
        work = partial(record_merged, queue.town, queue.rig, request, commit, local=queue.is_local)
        setting_aside.attempt(queue.town, request, work)


def record_late_ones(queue: RigQueue, tip: Commit) -> None:
    """Of what was given up after it was about to be pushed, all that is on the target nevertheless has landed."""
    late = list_late(queue.town.db, queue.rig.name)
    published: dict[MergeRequestId, list[Commit]] = {}
    for request, commit in late:
        published.setdefault(request.id, []).append(commit)
    landed = find_landed(queue, published, tip)
    for request, commit in late:
        if commit in landed:
            record_late(queue.town, queue.rig, request, commit, local=queue.is_local)


def _put_on_target(queue: RigQueue, chain: Sequence[tuple[MergeRequest, Commit]], tip: Commit) -> Delay | None:
    """Compare-and-swap of the target, and a look that the last candidate is on it."""
    rig, repository = queue.rig, queue.repository
    (request, commit), count = chain[-1], len(chain)
    if queue.is_local:
        if not repository.update_ref(f"refs/heads/{rig.target}", commit, tip):
            return _overtaken(queue, chain)
        return None
    into_checkout = rig.remote_kind is RemoteKind.CHECKOUT
    match push.push(repository, rig.remote, commit, rig.target, tip, into_checkout=into_checkout):
        case push.Behind():
            return _overtaken(queue, chain)
        case push.Refused(words=words, whole=whole):
            where = "the remote"
            if into_checkout:
                where = f"the checkout {push.find_checkout(Path(rig.remote), rig.target)}"
            return Delay(f"{where} refuses: {words}", 0 if count > 1 else pause(request), whole, apart=count > 1)
        case push.Pushed():
            repository.fetch(rig.target)
    if not push.is_landed(repository, commit, f"refs/remotes/origin/{rig.target}"):
        return Delay(f"{commit} was pushed but is not on {rig.target}", pause(request))
    with queue.town.change() as change:
        # Else nobody would be told of somebody who takes just this away again.
        if find_tip(change, rig.name, rig.target) == tip:
            move_tip(change, rig.name, rig.target, commit)
    return None


def _overtaken(queue: RigQueue, chain: Sequence[tuple[MergeRequest, Commit]]) -> Delay:
    """The chain is built and tested anew: nothing untested is pushed to win a race."""
    with queue.town.change() as change:
        for request, _ in chain:
            rows.count_overtaken(change, request.id)
        times = max(rows.get_merge_request(change, request.id).overtaken for request, _ in chain)
    words = f"{queue.rig.target} moved meanwhile"
    if times < _RACES:
        return Delay(words, 0)
    # It may also be read from elsewhere than it is pushed to, and stay behind.
    return Delay(f"{words}, {times} times by now: it moves faster than the gates run", pause(chain[-1][0]))
