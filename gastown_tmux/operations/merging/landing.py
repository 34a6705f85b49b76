"""How a submitted branch lands: candidate, gates, publish, and only then the row that says merged."""

import contextlib
from collections.abc import Set
from functools import partial
from typing import assert_never

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.ids import Commit, MergeRequestId, Time
from gastown_tmux.domain.merging import MERGE_REQUEST, MergeRequest, MergeState
from gastown_tmux.domain.odd_bytes import printable
from gastown_tmux.domain.rigs import RemoteKind, Rig
from gastown_tmux.edges.files import clock
from gastown_tmux.edges.files.atomic import make_folder
from gastown_tmux.edges.files.bounded_log import append
from gastown_tmux.edges.files.faults import fault_point
from gastown_tmux.edges.git import push
from gastown_tmux.edges.git.repository import Repository
from gastown_tmux.edges.processes import locks, processes
from gastown_tmux.errors import GtError, RefusedError
from gastown_tmux.operations.escalation.escalations import raise_escalation
from gastown_tmux.operations.hooks.shared_files import settle_shared_files
from gastown_tmux.operations.hooks.worktrees import find_base
from gastown_tmux.operations.merging import setting_aside
from gastown_tmux.operations.merging.candidate import build
from gastown_tmux.operations.merging.gates import run_gates
from gastown_tmux.operations.merging.inspection import send_objects
from gastown_tmux.operations.merging.results import record_merged, send_back
from gastown_tmux.operations.merging.verdicts import Delay, Rejection, log_path, pause
from gastown_tmux.operations.sessions import daemon_deaths
from gastown_tmux.operations.town.town import Answer, Town
from gastown_tmux.store import beads
from gastown_tmux.store import merging as rows
from gastown_tmux.store.meta import once
from gastown_tmux.store.rigs import find_rig, list_rigs, set_target_commit

#: Tries of the first in the queue after which somebody is asked to look: some minutes.
PATIENCE = 10
#: Tries without a pause while somebody else is quicker with the target.
_AT_ONCE = 3


class _TargetMovedError(GtError):
    """Somebody else moved the target that only the town is to move."""


def run_refinery(town: Town, rig: Rig | None = None, once: bool = False) -> Answer:
    """Lands what is queued for the rig (none given: each), one after another, until nothing is due.

    ``once``: one merge request of a rig at most. Raises RefusedError while another refinery works on the rig.
    """
    with setting_aside.ended_by_signals():
        tried = [id for one in ([rig] if rig else list_rigs(town.db)) for id in _run(town, one, once)]
    requests = [rows.get_merge_request(town.db, id) for id in tried]
    merged = sum(request.state is MergeState.MERGED for request in requests)
    return Answer(requests, f"{merged} of {len(requests)} landed" if requests else "nothing is due")


def _run(town: Town, rig: Rig, once: bool) -> list[MergeRequestId]:
    """The merge requests that were tried."""
    town = town.acting_as(Address(f"{rig.name}/refinery"))
    tried: list[MergeRequestId] = []
    left: set[MergeRequestId] = set()
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
        while (due := _next_due(town, rig, left)) is not None:
            rig = town.rig(rig.name)
            tried.append(due.id)
            town.say(f"{due.id}: {due.bead} by {due.author}")
            if not setting_aside.attempt(town, due, partial(process, town, rig, due)):
                left.add(due.id)
            found = rows.get_merge_request(town.db, due.id)
            town.say(f"{due.id}: {found.state}" + (f": {found.reason}" if found.reason else ""))
            if once:
                break
            town.reload_settings()
    except Exception as error:
        daemon_deaths.record(town, town.actor, error)
        raise
    finally:
        lock.release()
    return tried


def _next_due(town: Town, rig: Rig, left: Set[MergeRequestId]) -> MergeRequest | None:
    now = clock.now()
    for request in rows.list_queue(town.db, rig.name):
        if request.id not in left and (request.not_before is None or request.not_before <= now):
            return request
    return None


def process(town: Town, rig: Rig, request: MergeRequest) -> None:
    """Brings one merge request to its next rest: merged, sent back, or queued with the reason for the delay."""
    repository = town.repository(rig.name)
    try:
        settle_shared_files(town, rig)
        tip = _fetch_target(town, rig, repository)
        candidate = request.candidate
        # Of an earlier try too: a push that its refinery did not live to see goes on, and may land late.
        if candidate is not None and push.is_landed(repository, candidate, tip):
            record_merged(town, rig, request, candidate, local=_is_local(town, rig))
            return
        if request.state is not MergeState.QUEUED:
            if request.reason == setting_aside.DIED_AGAIN:
                setting_aside.set_aside(town, request, request.reason)
                return
            if candidate is not None and _may_land_yet(repository, rig, request, tip, candidate):
                _finish(town, rig, repository, request, tip, candidate)
                return
            with town.change() as change:
                reason = setting_aside.kept_reason(request) or "the refinery was interrupted"
                rows.move_merge_request(change, request.id, "requeue", reason=reason)
                rows.retarget(change, rig.name, rig.target)
        _land(town, rig, repository, rows.get_merge_request(town.db, request.id), tip)
    except GtError as error:
        words = error.message
        if isinstance(error, _TargetMovedError):
            with town.change() as change:
                # Once for all that wait behind it.
                once(change, "target moved", words, lambda: raise_escalation(change, "high", words, bead=request.bead))
        _delay(town, request.id, Delay(words, pause(request), error.whole), broken=True)


def _fetch_target(town: Town, rig: Rig, repository: Repository) -> Commit:
    """Where the target is. Kept in repo.git, it must be where the row says; else the queue stands still."""
    if not _is_local(town, rig):
        return find_base(town, rig)
    ref = f"refs/heads/{rig.target}"
    here = repository.resolve(ref)
    if rig.target_commit is None:
        tip = find_base(town, rig)
        # It may be there: of a refinery that was killed, or by an agent's `git checkout`, and then with its commits.
        if here is not None and not repository.is_ancestor(here, tip):
            raise _TargetMovedError(f"{ref} in repo.git has commits that the town did not put there: it is at {here}")
        repository.update_ref(ref, tip, here)
        with town.change() as change:
            set_target_commit(change, rig.name, tip)
        return tip
    if here == rig.target_commit:
        return rig.target_commit
    pending = [request for request in rows.list_queue(town.db, rig.name) if request.candidate == here]
    if pending and here is not None:
        # Killed between the ref and the row: the candidate is the queue's own.
        return Commit(here)
    raise _TargetMovedError(f"{ref} in repo.git is at {here}, and the town put it at {rig.target_commit}")


def _is_local(town: Town, rig: Rig) -> bool:
    return town.settings(rig.name).get("merge.publish") == "local"


def _land(town: Town, rig: Rig, repository: Repository, request: MergeRequest, tip: Commit) -> None:
    with town.change() as change:
        rows.move_merge_request(change, request.id, "test", reason=setting_aside.kept_reason(request))
    fault_point("refinery.testing")
    bead = beads.get_bead(town.db, request.bead)
    built = build(town, rig, repository, request, bead, tip)
    if isinstance(built, Rejection | Delay):
        _put_back(town, request, built)
        return
    verdict = run_gates(town, rig, repository, request, built)
    if verdict is None and not _is_local(town, rig):
        verdict = send_objects(repository, rig, request, tip, built)
    if verdict is not None:
        _put_back(town, request, verdict)
        return
    with town.change() as change:
        now = find_rig(change, rig.name)
        if now is not None and now.target != rig.target:
            rows.move_merge_request(change, request.id, "requeue", reason=f"work lands on {now.target} by now")
            return
        kept = setting_aside.kept_reason(request)
        rows.move_merge_request(change, request.id, "publish", reason=kept, candidate=built)
    fault_point("refinery.publishing")
    _finish(town, rig, repository, request, tip, built)


def _may_land_yet(repository: Repository, rig: Rig, request: MergeRequest, tip: Commit, candidate: Commit) -> bool:
    """Whether a candidate that was about to be published, or is even now by a push that outlives its refinery, still
    fits the target. Then it is published again: with another one beside it, work would be told refused that landed.
    """
    if request.state is not MergeState.PUBLISHING or request.target != rig.target:
        return False
    return repository.resolve(f"{candidate}^1") == tip


def _finish(
    town: Town, rig: Rig, repository: Repository, request: MergeRequest, tip: Commit, candidate: Commit
) -> None:
    refusal = _publish(town, rig, repository, request, tip, candidate)
    if refusal is not None:
        _delay(town, request.id, refusal)
        return
    fault_point("refinery.published")
    record_merged(town, rig, request, candidate, local=_is_local(town, rig))


def _put_back(town: Town, request: MergeRequest, verdict: Rejection | Delay) -> None:
    match verdict:
        case Rejection():
            send_back(town, request, verdict.reason, verdict.words, verdict.log)
        case Delay():
            _delay(town, request.id, verdict)
        case _:
            assert_never(verdict)


def _publish(
    town: Town, rig: Rig, repository: Repository, request: MergeRequest, tip: Commit, candidate: Commit
) -> Delay | None:
    """Compare-and-swap of the target, and a look that the candidate is on it."""
    if _is_local(town, rig):
        if not repository.update_ref(f"refs/heads/{rig.target}", candidate, tip):
            return Delay(f"{rig.target} moved meanwhile", 0)
        return None
    into_checkout = rig.remote_kind is RemoteKind.CHECKOUT
    match push.push(repository, rig.remote, candidate, rig.target, tip, into_checkout=into_checkout):
        case push.Behind():
            # One that has moved each time may be read from elsewhere than it is pushed to, and stay behind.
            seconds = pause(request) if request.attempts > _AT_ONCE else 0
            return Delay(f"{rig.target} moved meanwhile", seconds)
        case push.Refused(words=words, whole=whole):
            return Delay(f"the remote refuses: {words}", pause(request), whole)
        case push.Pushed():
            repository.fetch(rig.target)
    if not push.is_landed(repository, candidate, f"refs/remotes/origin/{rig.target}"):
        return Delay(f"{candidate} was pushed but is not on {rig.target}", pause(request))
    return None


def _delay(town: Town, id: MergeRequestId, delay: Delay, *, broken: bool = False) -> None:
    """``broken``: it may be published all the same, so it stays so until the target has been seen."""
    with town.change() as change:
        found = rows.get_merge_request(change, id)
        not_before: Time | None = clock.after(delay.seconds) if delay.seconds else None
        log = _keep_whole(town, found, delay)
        if found.state is MergeState.QUEUED or (broken and found.state is MergeState.PUBLISHING):
            rows.put_off(change, id, delay.words, not_before, log=log)
        elif MERGE_REQUEST.can(found.state, "requeue"):  # else a person has rejected it meanwhile
            rows.move_merge_request(change, id, "requeue", reason=delay.words, not_before=not_before, log=log)
        if found.position == 1 and found.attempts >= PATIENCE:
            words = f"{found.bead} does not land, and is tried again and again: {delay.words}. Look: gt mq show {id}"
            once(change, "landing waits", id, lambda: raise_escalation(change, "medium", words, bead=found.bead))


def _keep_whole(town: Town, request: MergeRequest, delay: Delay) -> str | None:
    """Where all is that was said; None where the words are all."""
    error = GtError(delay.words, whole=delay.whole)
    if not error.left_out:
        return None
    log = log_path(town, request)
    with contextlib.suppress(OSError):
        make_folder(log.parent)
        append(log, printable(f"{clock.now()} {error.in_full}\n").encode(), town.log_size(request.rig))
    return str(log)
