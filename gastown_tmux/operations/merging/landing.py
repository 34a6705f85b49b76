"""The refinery: round for round it looks where the target is, takes up what was left, and lands the next batch."""

import re
from collections.abc import Set
from pathlib import Path

from gastown_tmux.dataclass import dataclass, field, replace
from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.history import find_own
from gastown_tmux.domain.ids import Commit, ConvoyId, MergeRequestId
from gastown_tmux.domain.merging import MergeRequest, MergeState
from gastown_tmux.domain.queue_plan import Waiting, Window, choose, find_holds, take_up
from gastown_tmux.domain.rigs import QueueState, Rig
from gastown_tmux.edges.files import clock
from gastown_tmux.edges.git.command import GitError
from gastown_tmux.edges.processes import locks, processes
from gastown_tmux.errors import GtError, RefusedError
from gastown_tmux.operations.escalation.escalations import raise_escalation
from gastown_tmux.operations.hooks.project_rules import follow_source
from gastown_tmux.operations.hooks.shared_files import settle_shared_files
from gastown_tmux.operations.merging import setting_aside
from gastown_tmux.operations.merging.batches import End, work_off
from gastown_tmux.operations.merging.delays import delay, put_back
from gastown_tmux.operations.merging.following import follow_proposals
from gastown_tmux.operations.merging.gathering import gather
from gastown_tmux.operations.merging.publishing import (
    TargetMovedError,
    fetch_target,
    find_landed,
    finish,
    record_all,
    record_late_ones,
)
from gastown_tmux.operations.merging.queue_state import paused_words
from gastown_tmux.operations.merging.rig_queue import RigQueue
from gastown_tmux.operations.merging.turns import turn
from gastown_tmux.operations.merging.verdicts import Delay, pause
from gastown_tmux.operations.sessions import daemon_deaths
from gastown_tmux.operations.sessions.daemon_control import is_landed_elsewhere
from gastown_tmux.operations.town.inheriting import follow
from gastown_tmux.operations.town.isolation import isolated
from gastown_tmux.operations.town.town import Answer, Town
from gastown_tmux.operations.town.upgrading import find_successor
from gastown_tmux.store import merging as rows
from gastown_tmux.store.gathering import list_gathered, list_together
from gastown_tmux.store.late import end_looking, list_to_look_at, look_later
from gastown_tmux.store.meta import once as only_once
from gastown_tmux.store.rigs import list_rigs

#: How the reason of a request begins that something else must come before; then the plan decides when it is due.
_WAITS = "waits for "
_WAIT_SECONDS = 60.0
#: How long what the project's own repository says of filters and drivers is not asked again by one refinery.
_FOLLOW_SECONDS = 5.0
_COMMIT = re.compile(r"(?:[0-9a-f]{40}|[0-9a-f]{64})\Z")


@dataclass
class _Run:
    """What a refinery remembers from round to round; ``left`` could not be handled, nor set aside. A convoy that is
    gathered and the rest of the queue take turns: ``gathered_last`` tells whose is next.
    """

    once: bool
    window: Window
    tried: list[MergeRequestId] = field(default_factory=list)
    left: set[MergeRequestId] = field(default_factory=set)
    gathered_last: bool = False
    followed: float | None = None


def run_refinery(town: Town, rig: Rig | None = None, once: bool = False) -> Answer:
    """Lands what is queued for the rig (none given: each), batch after batch, until nothing is due.

    ``once``: one merge request of a rig at most. Raises RefusedError while another refinery works on the rig.
    """
    with setting_aside.ended_by_signals():
        tried = [id for one in ([rig] if rig else list_rigs(town.db)) for id in _run(town, one, once)]
    requests = [rows.get_merge_request(town.db, id) for id in dict.fromkeys(tried)]
    merged = sum(request.state is MergeState.MERGED for request in requests)
    if requests:
        return Answer(requests, f"{merged} of {len(requests)} landed")
    paused = [each for each in ([town.rig(rig.name)] if rig else list_rigs(town.db)) if each.queue is QueueState.PAUSED]
    return Answer(requests, "; ".join(["nothing is due", *(f"{paused_words(each.name)}" for each in paused)]))


def _run(town: Town, rig: Rig, once: bool) -> list[MergeRequestId]:
    """The merge requests that were tried."""
    town = town.acting_as(Address(f"{rig.name}/refinery"))
    follow(town)
    run = _Run(once, Window(1, 1))
    died = daemon_deaths.find_unfinished(town, f"refinery.{rig.name}")
    lock = locks.Lock(town.run / f"refinery.{rig.name}.lock")
    if not lock.try_lock():
        raise RefusedError(f"a refinery of {rig.name} is at work", hint=f"gt attach {rig.name}/refinery")
    try:
        # What a killed predecessor left running would change the files under the gates of this one.
        processes.end((), sessions=[town.gate_mark(rig.name)])
        if died:
            daemon_deaths.record(town, town.actor, daemon_deaths.KILLED)
            setting_aside.blame(town, rig.name)
        setting_aside.report_all(town, rig.name)
        _look_for_late_ones(town, rig)
        _follow_proposals(town, rig, run)
        # One of a newer gt goes on with the rest: the deacon starts it.
        while find_successor(town.db) is None and _list_due(town, rig, run.left):
            with turn(town, town.rig(rig.name)):
                # While others had theirs, what is in the queue may have changed.
                if found := _list_due(town, rig, run.left):
                    _round(RigQueue.of(town, town.rig(rig.name)), run, found)
            if once:
                break
            town.reload_settings()
            _follow_proposals(town, rig, run)
    except Exception as error:
        daemon_deaths.record(town, town.actor, error)
        raise
    finally:
        lock.release()
    return run.tried


def _look_for_late_ones(town: Town, rig: Rig) -> None:
    """What was set aside may have been pushed all the same, by what was left of a refinery that was killed."""
    asked = list_to_look_at(town.db, rig.name, clock.now())
    if not asked:
        return
    queue, is_seen = RigQueue.of(town, town.rig(rig.name)), False
    with isolated(town, "look for what was set aside in rig", rig.name):
        record_late_ones(queue, fetch_target(queue))
        is_seen = True
    with town.change() as change:
        for id in asked:
            if is_seen:
                end_looking(change, id)
            else:  # a target that cannot be read now says nothing
                look_later(change, id, clock.after(_WAIT_SECONDS))


def _follow_proposals(town: Town, rig: Rig, run: _Run) -> None:
    run.tried += [request.id for request in follow_proposals(RigQueue.of(town, town.rig(rig.name)))]


def _list_due(town: Town, rig: Rig, left: Set[MergeRequestId]) -> list[MergeRequest]:
    """The queue, if it is not paused, and anything in it is due."""
    if town.rig(rig.name).queue is not QueueState.RUNNING or is_landed_elsewhere(town, rig.name):
        return []
    if rows.has_ready(town.db, rig.name):
        with town.change() as change:
            rows.requeue_ready(change, rig.name)
    found = [request for request in rows.list_queue(town.db, rig.name) if request.id not in left]
    return found if any(_is_due(request) for request in found) else []


def _is_due(request: MergeRequest) -> bool:
    return request.not_before is None or request.not_before <= clock.now()


def _round(queue: RigQueue, run: _Run, found: list[MergeRequest]) -> None:
    """Brings at least one request that is due to its next rest: merged, sent back, or queued with a reason."""
    try:
        settle_shared_files(queue.town, queue.rig)
        tip = fetch_target(queue)
    except GtError as error:
        due = [request for request in found if _is_due(request)][: 1 if run.once else None]
        if isinstance(error, TargetMovedError):
            words, bead = error.message, due[0].bead
            with queue.town.change() as change:
                # Once for all that wait behind it.
                only_once(change, "target moved", words, lambda: raise_escalation(change, "high", words, bead=bead))
        run.tried += [request.id for request in due]
        for request in due:
            delay(queue, request.id, Delay(error.message, pause(request), error.whole), broken=True)
        return
    if not _take_up(queue, run, found, tip):
        _land_next(queue, run, tip)


def _take_up(queue: RigQueue, run: _Run, found: list[MergeRequest], tip: Commit) -> bool:
    """What an earlier round left half-way comes to rest, or is queued again; whether any of it has landed or was
    published, and the target is to be looked at anew.
    """
    published = rows.list_published(queue.town.db, queue.rig.name)
    record_late_ones(queue, tip)
    if not published and all(request.state is MergeState.QUEUED for request in found):
        return False
    landed = find_landed(queue, published, tip)
    taken = take_up(found, published, landed, queue.rig.target, tip, lambda commit: _parent(queue, commit))
    record_all(queue, taken.landed)
    run.tried += [request.id for request, _ in taken.landed]
    deadly = any(request.reason == setting_aside.DIED_AGAIN for request in taken.again)
    # Of a chain that ended two refineries, each is tried by itself.
    apart = deadly and len(taken.again) > 1
    for request in taken.back + (taken.again if deadly else ()):
        if request.reason == setting_aside.DIED_AGAIN and not apart:
            setting_aside.set_aside(queue.town, request, setting_aside.DIED_AGAIN)
        else:
            _queue_again(queue, request, apart)
    if deadly or not any(_is_due(request) for request in taken.again):
        return bool(taken.landed)
    run.tried += [request.id for request in taken.again]
    chain = [(request, request.candidate) for request in taken.again if request.candidate is not None]
    try:
        refusal, broken = finish(queue, chain, tip), False
    except GtError as error:
        refusal, broken = Delay(error.message, pause(taken.again[0]), error.whole), True
    if refusal is not None:
        for request in taken.again:
            delay(queue, request.id, refusal, broken=broken)
    return True


def _queue_again(queue: RigQueue, request: MergeRequest, apart: bool) -> None:
    with queue.town.change() as change:
        now = rows.get_merge_request(change, request.id)
        if now.state in (MergeState.TESTING, MergeState.PUBLISHING):
            kept = setting_aside.DIED if apart else setting_aside.kept_reason(now)
            rows.move_merge_request(change, now.id, "requeue", reason=kept or "the refinery was interrupted")
            rows.retarget(change, queue.rig.name, queue.rig.target)


def _parent(queue: RigQueue, commit: Commit) -> Commit | None:
    found = queue.repository.resolve(f"{commit}^1")
    return Commit(found) if found else None


def _land_next(queue: RigQueue, run: _Run, tip: Commit) -> None:
    town = queue.town
    run.window = run.window.within(queue.settings.count("merge.batch"))
    queued = [
        request
        for request in rows.list_queue(town.db, queue.rig.name)
        if request.state is MergeState.QUEUED and request.id not in run.left
    ]
    convoys = list_together(town.db, queue.rig.name)
    first = next((request for request in queued if _is_due(request) and request.bead in convoys), None)
    ordinary = [request for request in queued if request.bead not in convoys]
    convoy = None
    if first is not None and (run.gathered_last is False or not any(_is_due(request) for request in ordinary)):
        convoy = convoys[first.bead]
    run.gathered_last = convoy is not None
    if convoy is not None:
        companions = [one for one in list_gathered(town.db, queue.rig.name) if convoys.get(one.bead) == convoy]
        queued = [*companions, *(request for request in queued if convoys.get(request.bead) == convoy)]
        plan = {id: replace(each, due=True, alone=False, trial=False) for id, each in _plan(queue, queued, tip).items()}
        choice = choose(list(plan.values()), len(plan))
    else:
        queued = ordinary
        plan = _plan(queue, queued, tip)
        choice = choose(list(plan.values()), 1 if run.once or queue.is_proposed else run.window.size)
    with town.change() as change:
        for request in queued:
            if name := choice.waits.get(request.id):
                rows.set_waiting(change, request.id, f"{_WAITS}{name}", clock.after(_WAIT_SECONDS))
    members = [request for id in choice.members for request in queued if request.id == id]
    if not members:
        return
    run.tried += choice.members
    for request in members:
        town.say(f"{request.id}: {request.bead} by {request.author}")
    end = _work_off(queue, run, members, plan, tip, convoy)
    match end:
        case End.GREEN | End.RED:
            run.window = run.window.after(green=end is End.GREEN)
        case End.APART:
            run.window = Window(run.window.most, 1)
        case End.PUT_OFF:
            pass
    for request in members:
        now = rows.get_merge_request(town.db, request.id)
        town.say(f"{now.id}: {now.state}" + (f": {now.reason}" if now.reason else ""))


def _work_off(
    queue: RigQueue,
    run: _Run,
    members: list[MergeRequest],
    plan: dict[MergeRequestId, Waiting],
    tip: Commit,
    convoy: ConvoyId | None,
) -> End:
    ends: list[End] = []

    def work() -> None:
        if run.followed is None or clock.ticks() - run.followed > _FOLLOW_SECONDS:
            follow_source(queue.repository, Path(queue.rig.source))
            run.followed = clock.ticks()
        end, left = gather(queue, convoy, members, plan, tip) if convoy else work_off(queue, members, plan, tip)
        run.left |= left
        ends.append(end)

    try:
        if len(members) == 1:
            if not setting_aside.attempt(queue.town, members[0], work):
                run.left.add(members[0].id)
            return ends[0] if ends else End.RED
        work()
        return ends[0]
    except GtError as error:
        for request in members:
            delay(queue, request.id, Delay(error.message, pause(request), error.whole), broken=True)
        return End.PUT_OFF
    except Exception as error:  # noqa: BLE001 - whose it is shows when each is tried by itself
        queue.town.say(f"{len(members)} together: {daemon_deaths.describe(error)}")
        put_back(queue, members)
        return End.APART


def _plan(queue: RigQueue, queued: list[MergeRequest], tip: Commit) -> dict[MergeRequestId, Waiting]:
    held = rows.list_held(queue.town.db, queue.rig.name)
    heads = [(request.id, request.head) for request in (*queued, *held) if _COMMIT.match(request.head)]
    parents = _parents_beyond(queue, [head for _, head in heads], tip)
    holds = find_holds(parents, heads)
    unmet = rows.list_unmet(queue.town.db, queue.rig.name)
    review = bool(queue.settings.get("merge.review"))
    return {
        request.id: Waiting(
            request.id,
            request.bead,
            unmet.get(request.bead, frozenset()),
            holds.get(request.id, frozenset()),
            alone=setting_aside.kept_reason(request) is not None or (review and not request.approved),
            trial=review and not request.approved,
            due=_is_due(request) or (request.reason or "").startswith(_WAITS),
            own=find_own(parents, tip, request.head),
        )
        for request in queued
    }


def _parents_beyond(queue: RigQueue, heads: list[Commit], tip: Commit) -> dict[Commit, list[Commit]]:
    """The commits of all of them that the target lacks, each with its parents."""
    try:
        return queue.repository.parents_beyond(tip, heads) if heads else {}
    except GitError as error:
        queue.town.say(f"which branch is built on which cannot be seen: {error.message}")
        return {}
