"""What an agent says of its own work: done."""

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.agents import branch_of
from gastown_tmux.domain.ids import BeadId, Commit, MergeRequestId
from gastown_tmux.domain.merging import MergeState
from gastown_tmux.domain.rigs import Rig
from gastown_tmux.domain.work import Bead, BeadState, Reason
from gastown_tmux.edges.files.faults import fault_point
from gastown_tmux.edges.git import worktree
from gastown_tmux.errors import RefusedError, UsageError
from gastown_tmux.operations.escalation import escalations
from gastown_tmux.operations.hooks.fork_points import find_fork, known_tip
from gastown_tmux.operations.hooks.state import write_state
from gastown_tmux.operations.hooks.submodules import find_objection
from gastown_tmux.operations.hooks.worktrees import save_hook
from gastown_tmux.operations.town.town import Answer, Town
from gastown_tmux.operations.work.landed import notify_landed
from gastown_tmux.operations.work.prime import own_address
from gastown_tmux.operations.work.steps import check_bead, refuse_unfinished
from gastown_tmux.store import beads as rows
from gastown_tmux.store import convoys
from gastown_tmux.store.agents import get_agent
from gastown_tmux.store.db import Change
from gastown_tmux.store.merging import get_merge_request, insert_merge_request, mark_told, move_merge_request

#: What keeps submitted commits in a rig's repository.
MERGE_REFS = "refs/gastown/merge"


def _held(town: Town) -> tuple[Address, Bead, Rig]:
    address = own_address(town)
    bead = rows.find_held_bead(town.db, address)
    if bead is None:
        raise RefusedError("nothing is on your hook", hint="gt hook")
    return address, bead, town.rig(bead.rig)


def done(town: Town, report: str | None = None, defer: str | None = None, escalate: str | None = None) -> Answer:
    """Submits the branch of the bead on the hook; or closes it with a report, or gives it back with a reason.

    Raises RefusedError where the branch has nothing that the target lacks, or the worktree holds uncommitted changes.
    A bead that this agent has just submitted is no error: the second time says so, and submits the branch anew where
    it has another head by then.
    """
    given = [words for words in (report, defer, escalate) if words is not None]
    if len(given) > 1:
        raise UsageError("--report, --defer and --escalate exclude one another")
    if given and not given[0].strip():
        raise UsageError("the report is empty" if report is not None else "a reason is needed")
    address = own_address(town)
    if rows.find_held_bead(town.db, address) is None:
        last = _find_done(town, address, report, defer, escalate)
        if last is not None and not find_newer_head(town, last):
            write_state(town, address)
            notify_landed(town, last.convoy)
            return Answer(last, f"{last.id} is {last.reason or last.state} already")
        held = (address, last, town.rig(last.rig)) if last is not None else _held(town)
    else:
        held = _held(town)
    address, bead, rig = held
    if defer is None and escalate is None:
        refuse_unfinished(town, bead)
        check_bead(town, address, bead)
    if report is not None:
        text = _report(town, bead, report)
    elif defer is not None:
        text = _give_back(town, bead, Reason.DEFERRED, defer)
    elif escalate is not None:
        text = _give_back(town, bead, Reason.ESCALATED, escalate)
    else:
        text = submit(town, rig, address, bead)
    fault_point("done.submitted")
    write_state(town, address)
    save_hook(town, rig, address, "done")
    return Answer(rows.get_bead(town.db, bead.id), text)


def _find_done(
    town: Town, address: Address, report: str | None, defer: str | None, escalate: str | None
) -> Bead | None:
    """The agent's last bead, where it is as this very ``gt done`` would have left it."""
    last = rows.find_last_bead(town.db, address)
    if last is None:
        return None
    if report is not None:
        same = last.state is BeadState.CLOSED
    elif defer is not None:
        same = last.reason == Reason.DEFERRED
    elif escalate is not None:
        same = last.reason == Reason.ESCALATED
    else:
        same = last.state in (BeadState.SUBMITTED, BeadState.MERGED)
    return last if same else None


def find_newer_head(town: Town, bead: Bead) -> Commit | None:
    """Where the branch of a submitted bead is by now, if that is not what was submitted."""
    if bead.state is not BeadState.SUBMITTED or bead.branch is None or bead.merge_request is None:
        return None
    head = town.repository(bead.rig).resolve(f"refs/heads/{bead.branch}")
    submitted = get_merge_request(town.db, bead.merge_request).head
    return Commit(head) if head is not None and head != submitted else None


def submit(town: Town, rig: Rig, address: Address, bead: Bead) -> str:
    """Of a bead that is submitted already, the newer head takes the place of the one that is on its way."""
    place, repository = town.worktree(address), town.repository(rig.name)
    branch = bead.branch or branch_of(get_agent(town.db, address), bead.id)
    worktree.assert_place(repository, place, branch)
    status = worktree.status(repository, place)
    if status.operation is not None:
        raise RefusedError(f"a {status.operation} is in progress in {place}", hint=f"git {status.operation} --continue")
    if status.inside:
        inside = ", ".join(status.inside)
        raise RefusedError(
            f"uncommitted work inside the submodule {inside}",
            hint=f"git -C {status.inside[0]} add -A && git -C {status.inside[0]} commit && git add {status.inside[0]}",
        )
    if not status.clean:
        changed = [*status.staged, *status.unstaged, *status.untracked]
        raise RefusedError(
            f"{len(changed)} uncommitted: {', '.join(changed[:5])}", hint="git add -A && git commit, then gt done"
        )
    head = repository.resolve(f"refs/heads/{branch}")
    if head is None or bead.base is None:
        raise RefusedError(f"branch {branch} is gone", hint="gt snapshot restore " + address)
    fork = find_fork(town, rig, known_tip(town, rig, bead.base), head, bead.base)
    if fork is not None and repository.tree(fork.base) == repository.tree(head):
        raise RefusedError(
            f"{branch} changes nothing", hint="commit your work, or 'gt done --report -' if the result is text"
        )
    since = fork.base if fork is not None else bead.base
    objection = find_objection(town, rig, branch, head, since, bead.base, place)
    if objection is not None:
        raise RefusedError(objection.words, hint=objection.hint)
    # The branch may move or go; what was submitted must not be collected before it has landed.
    repository.update_ref(merge_ref(bead.id, head), head, None)
    fault_point("done.kept")
    with town.change() as change:
        old = _supersede(change, bead)
        id = insert_merge_request(
            change,
            bead=bead.id,
            rig=rig.name,
            author=address,
            branch=branch,
            head=Commit(head),
            base=bead.base,
            target=rig.target,
        )
        (rows.resubmit_bead if old else rows.submit_bead)(change, bead.id, id)
    review = bool(town.settings(rig.name).get("merge.review"))
    place_of = f" in place of {old}" if old else ""
    return f"{bead.id} is submitted as {id}{place_of}" + (", to be tested, and then held for review" if review else "")


def _supersede(change: Change, bead: Bead) -> MergeRequestId | None:
    """The merge request of the bead that is on its way, and is not any more."""
    now = rows.get_bead(change, bead.id)
    if now.merge_request is None or bead.state is not BeadState.SUBMITTED:
        return None
    hint = f"gt mq show {now.merge_request}"
    if now.state is not BeadState.SUBMITTED:
        raise RefusedError(f"{bead.id} is {now.state} by now: what comes after that is another bead's", hint=hint)
    request = get_merge_request(change, now.merge_request)
    if request.state is MergeState.PUBLISHING:
        raise RefusedError(f"{request.id} is being published: a newer head comes too late for it", hint=hint)
    move_merge_request(change, request.id, "supersede", reason="a newer head was submitted")
    mark_told(change, request.id)
    return request.id


def merge_ref(bead: BeadId, head: str) -> str:
    """What keeps a submitted commit in the repository."""
    return f"{MERGE_REFS}/{bead}.{head[:16]}"


def _report(town: Town, bead: Bead, report: str) -> str:
    with town.change() as change:
        rows.report_bead(change, bead.id, report)
        convoys.land_convoy(change, bead.convoy)
    notify_landed(town, bead.convoy)
    return f"{bead.id} is closed as done, with the report"


def _give_back(town: Town, bead: Bead, reason: Reason, words: str) -> str:
    with town.change() as change:
        rows.return_bead(change, bead.id, reason)
        if reason is Reason.ESCALATED:
            escalations.raise_escalation(change, "medium", f"{bead.id}: {words}", bead=bead.id)
    return f"{bead.id} is {reason} and open again: {words.splitlines()[0] if words else ''}"
