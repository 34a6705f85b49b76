"""How a batch lands: a chain of candidates, tested at its tip, searched by prefixes where that fails."""

from collections.abc import Mapping, Sequence
from enum import Enum
from functools import partial
from typing import assert_never

from gastown_tmux.dataclass import replace
from gastown_tmux.domain.ids import Commit, MergeRequestId
from gastown_tmux.domain.merging import LIVE, MergeRequest, MergeState
from gastown_tmux.domain.queue_plan import Probe, Search, Settled, Waiting, count_intact
from gastown_tmux.domain.work import Reason
from gastown_tmux.edges.files.faults import fault_point
from gastown_tmux.errors import GtError, meets_all
from gastown_tmux.operations.merging import setting_aside
from gastown_tmux.operations.merging.candidate import build
from gastown_tmux.operations.merging.delays import delay, put_back
from gastown_tmux.operations.merging.gates import test
from gastown_tmux.operations.merging.proposing import propose
from gastown_tmux.operations.merging.publishing import publish
from gastown_tmux.operations.merging.results import send_back, settle
from gastown_tmux.operations.merging.rig_queue import RigQueue
from gastown_tmux.operations.merging.verdicts import Built, Delay, Rejection, pause
from gastown_tmux.store import merging as rows

#: Why a request is held.
TESTED, MERGES = "test ✓, waits for a person", "merges, no gates, waits for a person"


class End(Enum):
    """How a batch ended: all of it landed, some of it came back, it was put off, or each is to be tried by itself."""

    GREEN = "green"
    RED = "red"
    PUT_OFF = "put off"
    APART = "apart"


def work_off(
    queue: RigQueue, members: Sequence[MergeRequest], plan: Mapping[MergeRequestId, Waiting], tip: Commit
) -> tuple[End, set[MergeRequestId]]:
    """Brings each member to its next rest; the target is at ``tip``.

    And the members that could not even be set aside. What is raised leaves the rest for ``put_back``.
    """
    end, left = End.GREEN, set[MergeRequestId]()
    rest = begin(queue, members)
    fault_point("refinery.testing")
    while rest:
        chain, rest, came_back = _build_chain(queue, rest, plan, tip, left)
        end = End.RED if came_back else end
        if not chain:
            break
        settled, verdict = search(queue, chain)
        if isinstance(verdict, Delay):
            return put_off(queue, chain, rest, verdict), left
        if settled.green and plan[chain[0].request.id].trial:
            _hold(queue, chain[0])
            return end, left
        green, before = chain[: settled.green], tip
        all_of_it = [*(built.request for built in chain), *rest]
        if green:
            try:
                published = (
                    propose(queue, green[0], tip)
                    if queue.is_proposed
                    else publish(queue, green, tip, tested=bool(queue.settings.gates()))
                )
            except GtError as error:
                for built in green:
                    delay(queue, built.request.id, Delay(error.message, pause(built.request), error.whole), broken=True)
                put_back(queue, all_of_it)
                return End.PUT_OFF, left
            match published:
                case Delay():
                    return put_off(queue, green, all_of_it, published), left
                case Rejection() if len(green) > 1:
                    put_back(queue, all_of_it)
                    return End.APART, left
                case Rejection():
                    end = End.RED
                    come_back(queue, green[0].request, published, green[0].commit)
                case False:
                    # One of them is not as it was tested: the others are built again without it.
                    rest = all_of_it
                    continue
                case True:
                    tip = green[-1].commit
                case _:
                    assert_never(published)
        if settled.culprit is not None and verdict is not None:
            end = End.RED
            return_culprit(queue, chain, settled.culprit, verdict, plan, before)
            rest = [*(built.request for built in chain[settled.culprit + 1 :]), *rest]
    return end, left


def begin(queue: RigQueue, members: Sequence[MergeRequest]) -> list[MergeRequest]:
    """Those that are still queued, or gathered, are in testing from now on."""
    begun = []
    with queue.town.change() as change:
        for request in members:
            found = rows.get_merge_request(change, request.id)
            if found.state in (MergeState.QUEUED, MergeState.GATHERED):
                rows.move_merge_request(change, found.id, "test", reason=setting_aside.kept_reason(found))
                begun.append(request)
    return begun


def _build_chain(
    queue: RigQueue,
    requests: Sequence[MergeRequest],
    plan: Mapping[MergeRequestId, Waiting],
    tip: Commit,
    left: set[MergeRequestId],
) -> tuple[list[Built], list[MergeRequest], bool]:
    """The chain; those that do not go together with it and are tried on what it leaves; whether any came back."""
    chain: list[Built] = []
    later: list[MergeRequest] = []
    came_back = False
    for request in requests:
        if not may_follow(queue, plan[request.id], chain):
            put_back(queue, [request])
            continue
        found: list[Built | Rejection | Delay | None] = []
        work = partial(_try_to_build, queue, request, plan[request.id], chain, tip, found)
        if not setting_aside.attempt(queue.town, request, work):
            left.add(request.id)
        for built in found:
            if built is None:
                later.append(request)
            else:
                came_back |= take(queue, request, built, chain)
    return chain, later, came_back


def take(queue: RigQueue, request: MergeRequest, built: Built | Rejection | Delay, chain: list[Built]) -> bool:
    """What became of a request that was to follow in the chain: whether it came back."""
    match built:
        case Built():
            with queue.town.change() as change:
                kept = rows.set_candidate(change, request.id, built.commit)
            chain += [built] if kept else []
        case Rejection():
            come_back(queue, request, built, None)
            return True
        case Delay():
            delay(queue, request.id, built)
        case _:
            assert_never(built)
    return False


def _try_to_build(
    queue: RigQueue,
    request: MergeRequest,
    entry: Waiting,
    chain: Sequence[Built],
    tip: Commit,
    found: list[Built | Rejection | Delay | None],
) -> None:
    """Finds None where it is refused on the chain and not on the target: only that speaks against a request."""
    ahead = {built.request.head: built.commit for built in chain if built.request.id in entry.holds}
    try:
        built = build(queue, request, chain[-1].commit if chain else tip, ahead, entry.own)
        if not chain or not isinstance(built, Rejection):
            found.append(built)
            return
        alone = build(queue, request, tip, {}, entry.own)
        found.append(alone if isinstance(alone, Rejection) else None)
    except GtError as error:
        if meets_all(error):
            raise
        found.append(Delay(error.message, pause(request), error.whole))


def may_follow(queue: RigQueue, entry: Waiting, chain: Sequence[Built]) -> bool:
    """Whether what must land before it has, or is in the chain: it may have come back since the plan was made."""
    placed = {built.request.id for built in chain}
    for id in entry.holds - placed:
        if rows.get_merge_request(queue.town.db, id).state in LIVE:
            return False
    if not entry.needs:
        return True
    unmet = rows.list_unmet(queue.town.db, queue.rig.name).get(entry.bead, frozenset())
    return unmet <= {built.request.bead for built in chain}


def search(queue: RigQueue, chain: Sequence[Built]) -> tuple[Settled, Rejection | Delay | None]:
    """What is known of the chain in the end, with the verdict on the culprit, or why there is none."""
    search = Search(len(chain))
    verdicts: dict[int, Rejection] = {}
    while isinstance(step := search.step(), Probe):
        verdict = test(queue, chain[step.prefix - 1])
        if isinstance(verdict, Delay):
            return Settled(0, None), verdict
        if verdict is not None:
            verdicts[step.prefix] = verdict
        search = search.judged(step.prefix, verdict is None)
    return step, verdicts[search.red] if search.red is not None else None


def _hold(queue: RigQueue, built: Built) -> None:
    """It has passed, and waits for a person; unless one has had a word meanwhile."""
    gated = bool(queue.settings.gates())
    with queue.town.change() as change:
        now = rows.get_merge_request(change, built.request.id)
        if not count_intact([now], [built.commit]):
            return
        if gated:
            rows.set_tested(change, now.id, built.commit)
        if now.approved:
            rows.move_merge_request(change, now.id, "requeue")
        else:
            rows.move_merge_request(change, now.id, "hold", reason=TESTED if gated else MERGES)


def put_off(queue: RigQueue, chain: Sequence[Built], rest: Sequence[MergeRequest], verdict: Delay) -> End:
    for built in chain:
        delay(queue, built.request.id, verdict)
    put_back(queue, rest)
    return End.APART if verdict.apart else End.PUT_OFF


def return_culprit(
    queue: RigQueue,
    chain: Sequence[Built],
    culprit: int,
    verdict: Rejection,
    plan: Mapping[MergeRequestId, Waiting],
    tip: Commit,
) -> None:
    """The gates pass without it and fail with it. Whether they pass on it alone is asked: then it takes two to fail."""
    built, before = chain[culprit], chain[:culprit]
    words = verdict.words
    if before and plan[built.request.id].holds.isdisjoint(one.request.id for one in before):
        alone = build(queue, built.request, tip, {}, plan[built.request.id].own)
        # The log that the author is sent is of the failure.
        if isinstance(alone, Built) and test(queue, replace(alone, log=built.log.with_suffix(".alone.log"))) is None:
            others = ", ".join(one.request.bead for one in before)
            words = f"{words} (together with {others}, which landed before it; by itself it passes)"
    come_back(queue, built.request, Rejection(verdict.reason, words, verdict.log), built.commit)


def come_back(queue: RigQueue, request: MergeRequest, rejection: Rejection, candidate: Commit | None) -> None:
    only_if = (MergeState.TESTING, candidate)
    if rejection.reason is Reason.DONE:
        settle(queue.town, request, rejection.words, only_if=only_if)
    else:
        send_back(queue.town, request, rejection.reason, rejection.words, rejection.log, only_if=only_if)
