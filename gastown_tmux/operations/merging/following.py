"""What people and their forge do with what was proposed to them: asked in one question a rig, and acted on once."""

import contextlib
from collections.abc import Mapping
from functools import partial
from typing import assert_never

from gastown_tmux.dataclass import replace
from gastown_tmux.domain.ids import Commit
from gastown_tmux.domain.merging import MergeRequest, MergeState
from gastown_tmux.domain.proposals import Back, Landed, Proposal, Stay, decide, tell
from gastown_tmux.domain.pull_requests import Check, PullRequest, read_pull_request, write_query
from gastown_tmux.domain.work import Reason
from gastown_tmux.edges.files import clock
from gastown_tmux.edges.files.atomic import make_folder
from gastown_tmux.edges.files.faults import fault_point
from gastown_tmux.edges.git import push
from gastown_tmux.edges.hosts.forge import Forge, LimitedError, UnreachableError
from gastown_tmux.errors import GtError, MissingError, RefusedError
from gastown_tmux.operations.escalation.escalations import raise_escalation
from gastown_tmux.operations.mail import sending
from gastown_tmux.operations.merging import setting_aside
from gastown_tmux.operations.merging.proposing import LOOK_SECONDS
from gastown_tmux.operations.merging.publishing import fetch_target
from gastown_tmux.operations.merging.results import record_merged, report
from gastown_tmux.operations.merging.returned import RETURNED_SECONDS, look_at_returned
from gastown_tmux.operations.merging.rig_queue import RigQueue
from gastown_tmux.operations.town.forge import forge_of
from gastown_tmux.operations.town.isolation import isolated
from gastown_tmux.store import beads, proposals
from gastown_tmux.store import merging as rows
from gastown_tmux.store.meta import once

_MOST_CHECKS = 5
_LOG_LINES, _LOG_LETTERS = 20, 200
#: Seconds before a forge that cannot be asked is asked again.
_TROUBLE_SECONDS, _LOGIN_SECONDS = 60.0, 300.0
_ENABLE = (
    "mutation($id: ID!, $head: GitObjectID!, $how: PullRequestMergeMethod!) { enablePullRequestAutoMerge(input:"
    " {pullRequestId: $id, expectedHeadOid: $head, mergeMethod: $how}) { pullRequest { number } } }"
)


def follow_proposals(queue: RigQueue) -> list[MergeRequest]:
    """Looks at all pull requests of the rig, if it is time to, and does what follows; those that came to rest.

    A forge that cannot be asked is asked later; that is said at each of them.
    """
    town = queue.town
    waiting = rows.list_merge_requests(town.db, rig=queue.rig.name, state=MergeState.PROPOSED)
    returned = {one.bead: one for one in proposals.list_returned(town.db, queue.rig.name, clock.now())}
    if not returned and not any(one.not_before is None or one.not_before <= clock.now() for one in waiting):
        return []
    known = {one.id: proposal for one in waiting if (proposal := proposals.find_proposal(town.db, one.bead))}
    try:
        asked = sorted({proposal.number for proposal in (*known.values(), *returned.values())})
        forge, found = _ask(queue, asked)
    except GtError as error:
        _put_off(queue, waiting, error)
        return []
    with town.change() as change:
        proposals.put_off_proposed(change, queue.rig.name, clock.after(LOOK_SECONDS))
        proposals.put_off_returned(change, queue.rig.name, clock.after(RETURNED_SECONDS))
    for proposal in returned.values():
        # What cannot be looked at now is at the next look.
        with isolated(town, "look at the pull request of", proposal.bead):
            look_at_returned(queue, proposal, found.get(proposal.number))
    for request in waiting:
        if (proposal := known.get(request.id)) is not None:
            now = found.get(proposal.number)
            setting_aside.attempt(town, request, partial(_look, queue, forge, request, proposal, now))
    ended = [rows.get_merge_request(town.db, one.id) for one in waiting]
    return [one for one in ended if one.state is not MergeState.PROPOSED]


def _ask(queue: RigQueue, numbers: list[int]) -> tuple[Forge, Mapping[int, PullRequest]]:
    forge, repository = forge_of(queue.town, queue.rig)
    if not numbers:
        return forge, {}
    data = forge.query(write_query(numbers), {"owner": repository.owner, "name": repository.name})
    whole = data.get("repository")
    if not isinstance(whole, dict):
        raise RefusedError(f"{repository} is not there, or this login may not see it")
    values = (read_pull_request(value) for value in whole.values())
    return forge, {one.number: one for one in values if one is not None}


def _put_off(queue: RigQueue, waiting: list[MergeRequest], error: GtError) -> None:
    seconds = _TROUBLE_SECONDS
    if isinstance(error, LimitedError):
        seconds = error.seconds
    elif isinstance(error, MissingError):
        seconds = _LOGIN_SECONDS
    hint = f": {error.hint}" if error.hint else ""
    queue.town.say(f"pull requests: {error.message}{hint}")
    with queue.town.change() as change:
        proposals.put_off_proposed(change, queue.rig.name, clock.after(seconds))
        proposals.put_off_returned(change, queue.rig.name, clock.after(max(seconds, RETURNED_SECONDS)))
        for request in waiting:
            rows.set_reason(change, request.id, f"{error.message}{hint}")
        if not isinstance(error, LimitedError | UnreachableError):
            words = f"pull requests of {queue.rig.name} are not followed: {error.message}{hint}"
            bead = waiting[0].bead if waiting else None
            once(change, "forge", words, lambda: raise_escalation(change, "medium", words, bead=bead))


def _look(queue: RigQueue, forge: Forge, request: MergeRequest, known: Proposal, now: PullRequest | None) -> None:
    """Does what the forge's answer asks for. What it cannot do now is tried at the next look."""
    if now is None:
        _stay(queue, request, known, Stay("is not there any more, or this login may not see it", ask=True))
        return
    try:
        if now.state == "OPEN" and now.base == known.base != queue.rig.target:
            now = _retarget(queue, forge, known, now)
        match _decide(queue, forge, known, now, queue.rig.target):
            case Landed(commit=commit):
                _land(queue, request, known, commit)
            case Back() as back:
                _send_back(queue, forge, request, known, now, back)
            case Stay() as stay:
                if stay.arm:
                    stay = _arm(queue, forge, request, now, stay)
                _stay(queue, request, known, stay)
            case other:
                assert_never(other)
    except GtError as error:
        queue.town.say(f"{request.id}: {error.message}")
        with queue.town.change() as change:
            if rows.get_merge_request(change, request.id).state is MergeState.PROPOSED:
                rows.set_reason(change, request.id, f"{known.url}: {error.message}")


def _retarget(queue: RigQueue, forge: Forge, known: Proposal, now: PullRequest) -> PullRequest:
    """Work of the rig lands elsewhere by now, and so does what was proposed; a base that a person chose stays."""
    _, repository = forge_of(queue.town, queue.rig)
    forge.ask(f"{repository.path}/pulls/{now.number}", method="PATCH", body={"base": queue.rig.target})
    with queue.town.change() as change:
        proposals.set_base(change, known.bead, queue.rig.target)
    return replace(now, base=queue.rig.target)


def _decide(queue: RigQueue, forge: Forge, known: Proposal, now: PullRequest, target: str) -> Landed | Back | Stay:
    settings = queue.settings
    # With a token of its own gt speaks as a login of its own; with the user's it is a person who remarks.
    own = None
    if settings.text("merge.request.token") is not None and now.remarks:
        own = forge.login()
    return decide(now, known, target, auto=bool(settings.get("merge.request.auto")), own=own)


def _land(queue: RigQueue, request: MergeRequest, known: Proposal, commit: Commit) -> None:
    """The forge's word is not enough: the commit is seen on the target, or it is waited for."""
    fetch_target(queue)
    if not push.is_landed(queue.repository, commit, f"refs/remotes/origin/{queue.rig.target}"):
        _stay(queue, request, known, Stay(f"is merged as {commit[:12]}, which {request.target} does not have"))
        return
    fault_point("refinery.published")
    record_merged(queue.town, queue.rig, request, commit, local=False)


def _send_back(
    queue: RigQueue, forge: Forge, request: MergeRequest, known: Proposal, now: PullRequest, back: Back
) -> None:
    town = queue.town
    foreign = None
    if now.head not in known.heads:
        with contextlib.suppress(GtError):
            queue.repository.fetch(known.branch)
        foreign = f"origin/{known.branch}"
    details = tuple((check, _read_log(forge, queue, check)) for check in back.checks[:_MOST_CHECKS])
    log = town.logs / "merge" / f"{request.id}.review.log"
    make_folder(log.parent)
    log.write_text(tell(details, back.remarks, foreign, request.target), encoding="utf-8")
    last = known.rounds + 1 >= queue.settings.count("merge.request.rounds")
    words = f"{back.words}: {known.url}"
    reason = Reason.CONFLICTED if back.conflicts else Reason.REJECTED
    fault_point("refinery.looked")
    with town.change() as change:
        if rows.get_merge_request(change, request.id).state is not MergeState.PROPOSED:
            return
        move = "conflict" if back.conflicts else "reject"
        rows.move_merge_request(change, request.id, move, reason=words, log=str(log))  # type: ignore[arg-type]
        beads.refuse_bead(
            change, request.bead, Reason.ESCALATED if last else reason, target=None if last else request.author
        )
        proposals.mark_seen(change, request.bead, back.seen, back=True)
        if last:
            text = f"{request.bead} went back {known.rounds + 1} times: {words}"
            raise_escalation(change, "medium", text, bead=request.bead)
    report(town, request.id)


def _stay(queue: RigQueue, request: MergeRequest, known: Proposal, stay: Stay) -> None:
    """What was said by the way is sent to the author, who need not do anything for it."""
    town, words = queue.town, f"{known.url} {stay.words}"
    if stay.moved:
        queue.repository.fetch(known.branch)
    if stay.told or stay.moved:
        foreign = f"origin/{known.branch}" if stay.moved else None
        body = tell((), stay.told, foreign, request.target)
        seed = f"{request.id} {' '.join(sorted(stay.seen))}"
        sending.notify(town, request.author, f"news of {request.bead}: {known.url}", body, seed=seed)
    with town.change() as change:
        now = rows.get_merge_request(change, request.id)
        if now.state is not MergeState.PROPOSED:
            return
        if now.reason != words:
            rows.set_reason(change, request.id, words)
        proposals.set_person(change, request.bead, stay.person)
        if stay.seen - known.seen:
            proposals.mark_seen(change, request.bead, stay.seen)
        if stay.ask:
            text = f"{request.bead}: {words}"
            once(change, "forge", text, lambda: raise_escalation(change, "medium", text, bead=request.bead))


def _arm(queue: RigQueue, forge: Forge, request: MergeRequest, now: PullRequest, stay: Stay) -> Stay:
    """Only of the head that was looked at, and by the forge's rules. One that waits for nothing it merges at once."""
    how = "SQUASH" if queue.settings.get("merge.strategy") == "squash" else "MERGE"
    try:
        try:
            forge.query(_ENABLE, {"id": now.id, "head": now.head, "how": how})
        except RefusedError as error:
            if "clean status" not in error.message.lower():
                raise
            _, repository = forge_of(queue.town, queue.rig)
            body = {"sha": now.head, "merge_method": how.lower()}
            forge.ask(f"{repository.path}/pulls/{now.number}/merge", method="PUT", body=body)
            with queue.town.change() as change:
                proposals.put_off_proposed(change, queue.rig.name, clock.now())
        return Stay("is ready, and will be merged by the forge", stay.told, stay.moved, seen=stay.seen)
    except RefusedError as error:
        words = f"is not merged by the forge: {error.message}"
        return Stay(words, stay.told, stay.moved, person=True, seen=stay.seen)


def _read_log(forge: Forge, queue: RigQueue, check: Check) -> str:
    """The step that failed and the last lines of its log, where the forge's own runner ran it."""
    if check.job is None:
        return ""
    _, repository = forge_of(queue.town, queue.rig)
    parts = []
    with contextlib.suppress(GtError):
        job = forge.ask(f"{repository.path}/actions/jobs/{check.job}")
        steps = job.get("steps") if isinstance(job, dict) else None
        for step in steps if isinstance(steps, list) else ():
            if isinstance(step, dict) and step.get("conclusion") == "failure":
                parts.append(f"step: {step.get('name')}")
        lines = forge.ask_text(f"{repository.path}/actions/jobs/{check.job}/logs").splitlines()
        parts += [line[-_LOG_LETTERS:] for line in lines[-_LOG_LINES:]]
    return "\n".join(parts)
