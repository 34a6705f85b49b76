"""A convoy that lands as a whole: its requests are gathered on one another, gated, and land at once when all are there.

The chain of what is gathered is made anew each time, on the target as it is then; ``refs/gastown/convoys/<id>`` is its
tip, from which the branches of the convoy's other beads are cut.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import assert_never

from gastown_tmux.domain.history import Own
from gastown_tmux.domain.ids import Commit, ConvoyId, MergeRequestId
from gastown_tmux.domain.merging import MergeRequest, MergeState
from gastown_tmux.domain.queue_plan import Waiting, count_intact
from gastown_tmux.domain.work import list_missing
from gastown_tmux.edges.files.faults import fault_point
from gastown_tmux.errors import GtError, meets_all
from gastown_tmux.operations.hooks.worktrees import convoy_ref
from gastown_tmux.operations.mail import sending
from gastown_tmux.operations.merging import batches, setting_aside
from gastown_tmux.operations.merging.batches import MERGES, TESTED, End
from gastown_tmux.operations.merging.candidate import build
from gastown_tmux.operations.merging.delays import delay, put_back
from gastown_tmux.operations.merging.publishing import publish
from gastown_tmux.operations.merging.rig_queue import RigQueue
from gastown_tmux.operations.merging.verdicts import Built, Delay, Rejection, pause
from gastown_tmux.store import gathering as gathered
from gastown_tmux.store import merging as rows
from gastown_tmux.store.convoys import get_convoy


def gather(
    queue: RigQueue,
    convoy: ConvoyId,
    members: Sequence[MergeRequest],
    plan: Mapping[MergeRequestId, Waiting],
    tip: Commit,
) -> tuple[End, set[MergeRequestId]]:
    """Brings what was gathered, and what comes to it, to its next rest; the target is at ``tip``.

    And the members that could not even be set aside. All of a convoy lands, or nothing.
    """
    end, left = End.GREEN, set[MergeRequestId]()
    if queue.is_proposed:
        words = f"{convoy} lands as a whole, which pull requests cannot: gt config set merge.publish push"
        for request in members:
            delay(queue, request.id, Delay(words, pause(request)))
        return End.PUT_OFF, left
    rest = batches.begin(queue, members)
    fault_point("refinery.testing")
    while rest:
        chain, came_back = _build_chain(queue, convoy, rest, plan, tip, left)
        end = End.RED if came_back else end
        if not chain:
            break
        rest = [built.request for built in chain]
        settled, verdict = batches.search(queue, chain)
        if isinstance(verdict, Delay):
            return batches.put_off(queue, chain, (), verdict), left
        if settled.culprit is not None and verdict is not None:
            end = End.RED
            culprit = chain[settled.culprit].request
            if not _list_missing(queue, convoy, chain):
                _tell_red(queue, convoy, culprit, verdict)
            batches.return_culprit(queue, chain, settled.culprit, verdict, plan, tip)
            rest = [request for request in rest if request.id != culprit.id]
            continue
        if _keep(queue, convoy, chain, tip):
            break
        if _list_missing(queue, convoy, chain) or _awaits_review(queue, chain):
            continue  # one of them is not as it was tested
        ending = _land(queue, convoy, chain, tip)
        if ending is not None:
            return ending, left
    return end, left


def _build_chain(
    queue: RigQueue,
    convoy: ConvoyId,
    requests: Sequence[MergeRequest],
    plan: Mapping[MergeRequestId, Waiting],
    tip: Commit,
    left: set[MergeRequestId],
) -> tuple[list[Built], bool]:
    """What goes together, and whether any came back; a conflict is one, be it with the target or with a companion."""
    former = gathered.list_former(queue.town.db, convoy)
    chain: list[Built] = []
    came_back = False
    for request in requests:
        found: list[Built | Rejection | Delay] = []
        if rows.get_merge_request(queue.town.db, request.id).state is not MergeState.TESTING:
            continue
        if not batches.may_follow(queue, plan[request.id], chain):
            put_back(queue, [request])
            continue
        work = partial(_build, queue, request, plan[request.id].own, chain, tip, former, found)
        if not setting_aside.attempt(queue.town, request, work):
            left.add(request.id)
        for built in found:
            came_back |= batches.take(queue, request, built, chain)
    return chain, came_back


def _build(
    queue: RigQueue,
    request: MergeRequest,
    own: Own | None,
    chain: Sequence[Built],
    tip: Commit,
    former: Mapping[MergeRequestId, Sequence[Commit]],
    found: list[Built | Rejection | Delay],
) -> None:
    """Its branch may contain a companion as that was when it was gathered before."""
    ahead = {
        commit: built.commit for built in chain for commit in (built.request.head, *former.get(built.request.id, ()))
    }
    try:
        found.append(build(queue, request, chain[-1].commit if chain else tip, ahead, own))
    except GtError as error:
        if meets_all(error):
            raise
        found.append(Delay(error.message, pause(request), error.whole))


def _list_missing(queue: RigQueue, convoy: ConvoyId, chain: Sequence[Built]) -> Sequence[str]:
    return list_missing(gathered.list_states(queue.town.db, convoy), [built.request.bead for built in chain])


def _awaits_review(queue: RigQueue, chain: Sequence[Built]) -> bool:
    if not queue.settings.get("merge.review"):
        return False
    return any(not rows.get_merge_request(queue.town.db, built.request.id).approved for built in chain)


def _keep(queue: RigQueue, convoy: ConvoyId, chain: Sequence[Built], tip: Commit) -> bool:
    """Where some of the convoy is missing yet, the rest waits for it. False: all is there, or a verdict is void."""
    review = bool(queue.settings.get("merge.review"))
    gated = bool(queue.settings.gates())
    repository, ref = queue.repository, convoy_ref(convoy)
    last = chain[-1].commit
    if not _list_missing(queue, convoy, chain) and not _awaits_review(queue, chain):
        return False
    repository.update_ref(ref, last, repository.resolve(ref))
    fault_point("refinery.gathered")
    with queue.town.change() as change:
        found = [rows.get_merge_request(change, built.request.id) for built in chain]
        if count_intact(found, [built.commit for built in chain]) < len(chain):
            return False
        for request in found:
            if gated:
                rows.set_tested(change, request.id, last)
            if review and not request.approved:
                rows.move_merge_request(change, request.id, "hold", reason=TESTED if gated else MERGES)
            else:
                words = f"lands with the rest of {convoy}"
                rows.move_merge_request(change, request.id, "gather", reason=words)
        kept = [(built.request.id, built.commit) for built, now in zip(chain, found, strict=True)]
        gathered.set_gathered(
            change, convoy, [one for one, now in zip(kept, found, strict=True) if now.approved or not review]
        )
    return True


def _land(queue: RigQueue, convoy: ConvoyId, chain: Sequence[Built], tip: Commit) -> End | None:
    """None: one of them is not as it was tested, and the others are built again."""
    try:
        published = publish(queue, chain, tip, tested=bool(queue.settings.gates()))
    except GtError as error:
        for built in chain:
            delay(queue, built.request.id, Delay(error.message, pause(built.request), error.whole), broken=True)
        return End.PUT_OFF
    match published:
        case Delay():
            return batches.put_off(queue, chain, (), published)
        case Rejection():
            # It is of the whole, and no one of them is at fault alone.
            return batches.put_off(queue, chain, (), Delay(published.words, pause(chain[0].request)))
        case False:
            return None
        case True:
            ref = convoy_ref(convoy)
            if old := queue.repository.resolve(ref):
                queue.repository.delete_ref(ref, old)
            return End.GREEN
        case _:
            assert_never(published)


def _tell_red(queue: RigQueue, convoy: ConvoyId, culprit: MergeRequest, verdict: Rejection) -> None:
    found = get_convoy(queue.town.db, convoy)
    queue.town.say(f"{convoy} is red as a whole: {culprit.bead}: {verdict.words}")
    body = f"{culprit.bead} goes back to its author, the rest waits for it: {verdict.words}\n"
    for address in found.concerned:
        seed = f"{convoy} red {culprit.id} {culprit.attempts} {address}"
        sending.notify(queue.town, address, f"convoy {found.name} is red as a whole", body, seed=seed)
