"""How what is tested is proposed to people: its branch is pushed, and a pull request opened or updated."""

from gastown_tmux.domain.forges import ForgeRepository
from gastown_tmux.domain.ids import BeadId, Commit
from gastown_tmux.domain.merging import MergeRequest
from gastown_tmux.domain.proposals import Proposal
from gastown_tmux.domain.queue_plan import count_intact
from gastown_tmux.domain.rigs import QueueState
from gastown_tmux.domain.work import Reason
from gastown_tmux.edges.files import clock
from gastown_tmux.edges.files.faults import fault_point
from gastown_tmux.edges.git import push
from gastown_tmux.edges.hosts.forge import Forge, LimitedError, UnreachableError
from gastown_tmux.errors import MissingError, RefusedError
from gastown_tmux.operations.escalation.escalations import raise_escalation
from gastown_tmux.operations.merging.inspection import send_objects
from gastown_tmux.operations.merging.rig_queue import RigQueue
from gastown_tmux.operations.merging.verdicts import Built, Delay, Rejection, pause
from gastown_tmux.operations.town.forge import forge_of
from gastown_tmux.store import beads, proposals
from gastown_tmux.store import merging as rows
from gastown_tmux.store.meta import once
from gastown_tmux.store.rigs import find_rig

#: Seconds between two looks at a pull request.
LOOK_SECONDS = 60.0
#: What a forge takes as the text of one.
_MOST_LETTERS = 60_000
#: Where nobody is logged in, a person must do something; it is tried again now and then.
_LOGIN_SECONDS = 120.0


def propose(queue: RigQueue, built: Built, tip: Commit) -> Rejection | Delay | bool:
    """Brings the request's own branch before people. False where somebody changed the request meanwhile.

    Killed half-way and done again, it pushes nothing twice and opens nothing twice.
    """
    request = built.request
    try:
        forge, repository = forge_of(queue.town, queue.rig)
        refusal = send_objects(queue, request, tip, request.head) or _still_wanted(queue, built)
        if refusal is not None:
            return refusal if not isinstance(refusal, bool) else False
        refusal = _push(queue, request)
        if refusal is not None:
            return refusal
        fault_point("refinery.pushed")
        found = _open(queue, request, forge, repository)
    except LimitedError as error:
        return Delay(error.message, error.seconds)
    except MissingError as error:
        words = f"{error.message}: {error.hint}"
        with queue.town.change() as change:
            text = f"nothing of {queue.rig.name} can be proposed: {words}"
            once(change, "forge", text, lambda: raise_escalation(change, "medium", text, bead=request.bead))
        return Delay(words, _LOGIN_SECONDS)
    except (RefusedError, UnreachableError) as error:
        return Delay(f"{error.message}" + (f": {error.hint}" if error.hint else ""), pause(request), error.whole)
    number, url = found
    fault_point("refinery.opened")
    with queue.town.change() as change:
        proposals.set_proposal(
            change, request.bead, request.rig, number, url, request.branch, queue.rig.target, request.head
        )
        now = rows.get_merge_request(change, request.id)
        if not count_intact([now], [built.commit]):
            return False
        rows.move_merge_request(
            change, request.id, "propose", reason=f"proposed as {url}", not_before=clock.after(LOOK_SECONDS)
        )
        if queue.settings.gates():
            rows.set_tested(change, request.id, built.commit)
        beads.forgive_bead(change, request.bead)
    return True


def _still_wanted(queue: RigQueue, built: Built) -> Delay | bool | None:
    rig = find_rig(queue.town.db, queue.rig.name)
    if rig is None or rig.target != queue.rig.target:
        return Delay(f"work lands on {rig.target if rig else 'nothing'} by now", 0)
    if rig.queue is not QueueState.RUNNING:
        return Delay(f"the merge queue was paused: {rig.queue_reason}", 0)
    now = rows.get_merge_request(queue.town.db, built.request.id)
    return None if count_intact([now], [built.commit]) else False


def _push(queue: RigQueue, request: MergeRequest) -> Rejection | Delay | None:
    town, remote, branch = queue.town, queue.rig.remote, request.branch
    ours = proposals.find_pushed(town.db, request.bead)
    match push.push_branch(queue.repository, remote, request.head, branch, ours):
        case push.Behind(now=None):
            return Delay(f"{branch} of {remote} moved meanwhile", pause(request))
        case push.Behind():
            if ours is None:
                return Delay(f"{remote} has a branch {branch} that is not ours", pause(request))
            queue.repository.fetch(branch)
            words = f"somebody else's commits are on {branch}: git fetch origin && git merge origin/{branch}"
            return Rejection(Reason.CONFLICTED, words)
        case push.Refused(words=words, whole=whole):
            return Delay(f"the remote refuses: {words}", pause(request), whole)
        case push.Pushed():
            with town.change() as change:
                proposals.set_pushed(change, request.bead, request.head)
    return None


def _open(queue: RigQueue, request: MergeRequest, forge: Forge, repository: ForgeRepository) -> tuple[int, str]:
    """The number and address of the bead's pull request, which is open."""
    known = proposals.find_proposal(queue.town.db, request.bead)
    open_one = _find_open(request.branch, forge, repository)
    if open_one is not None:
        return open_one
    if known is not None and (again := _reopen(known, forge, repository)) is not None:
        return again
    title, text = _write(queue, request.bead)
    body = {"title": title, "body": text, "head": request.branch, "base": queue.rig.target}
    return _read(forge.ask(f"{repository.path}/pulls", method="POST", body=body), forge)


def _find_open(branch: str, forge: Forge, repository: ForgeRepository) -> tuple[int, str] | None:
    """One that a killed predecessor opened, or a person did for us; perhaps against another base by now."""
    wanted = {"state": "open", "head": f"{repository.owner}:{branch}"}
    found = forge.ask(f"{repository.path}/pulls", parameters=wanted)
    return _read(found[0], forge) if isinstance(found, list) and found else None


def _reopen(known: Proposal, forge: Forge, repository: ForgeRepository) -> tuple[int, str] | None:
    """None where it was merged, is gone, or cannot be opened again: then there is another one for what is new."""
    path = f"{repository.path}/pulls/{known.number}"
    try:
        now = forge.ask(path)
        if not isinstance(now, dict) or now.get("merged") or now.get("state") != "closed":
            return None
        return _read(forge.ask(path, method="PATCH", body={"state": "open"}), forge)
    except (RefusedError, MissingError):
        return None


def _write(queue: RigQueue, bead: BeadId) -> tuple[str, str]:
    found = beads.get_bead(queue.town.db, bead)
    trailers = [f"Gastown-Bead: {found.id}", *([f"Gastown-Convoy: {found.convoy}"] if found.convoy else [])]
    return found.title[:250], f"{found.body[:_MOST_LETTERS]}\n\n" + "\n".join(trailers) + "\n"


def _read(value: object, forge: Forge) -> tuple[int, str]:
    number, url = (value.get("number"), value.get("html_url")) if isinstance(value, dict) else (None, None)
    if not isinstance(number, int) or not isinstance(url, str):
        raise UnreachableError(f"{forge.host} does not tell which pull request that is")
    return number, url
