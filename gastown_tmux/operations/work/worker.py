"""What an agent says of its own work: prime, hook, done."""

from collections.abc import Iterator
from dataclasses import dataclass

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.agents import Role, branch_of
from gastown_tmux.domain.hook import describe
from gastown_tmux.domain.ids import BeadId, Commit
from gastown_tmux.domain.rigs import Rig
from gastown_tmux.domain.work import Bead, BeadState, Reason
from gastown_tmux.edges.configuration import shipped
from gastown_tmux.edges.files.faults import fault_point
from gastown_tmux.edges.git import worktree
from gastown_tmux.errors import RefusedError, UsageError
from gastown_tmux.operations.escalation import escalations
from gastown_tmux.operations.hooks.fork_points import find_fork, known_tip
from gastown_tmux.operations.hooks.state import write_state
from gastown_tmux.operations.hooks.submodules import find_objection
from gastown_tmux.operations.hooks.worktrees import save_hook
from gastown_tmux.operations.mail.injection import answer_hook
from gastown_tmux.operations.town.town import Answer, Town
from gastown_tmux.operations.work.convoys import notify_landed
from gastown_tmux.store import beads as rows
from gastown_tmux.store import convoys
from gastown_tmux.store.agents import find_handoff, get_agent
from gastown_tmux.store.mailbox import Mailbox
from gastown_tmux.store.merging import insert_merge_request


@dataclass(frozen=True, slots=True)
class Prime:
    """Who an agent is, what is on its hook, how many mails wait, what to do next."""

    agent: Address
    role: Role
    instructions: str
    bead: Bead | None
    branch: str | None
    unread: int
    next: str
    note: str | None

    def text(self, *, instructions: bool = True) -> str:
        lines = [self.instructions.rstrip(), ""] if instructions else []
        lines.append(f"You are {self.agent}.")
        if self.bead is not None:
            lines += ["", f"On your hook: {self.bead.id} {self.bead.title}", f"Branch: {self.branch}"]
            if self.bead.body:
                lines += ["", self.bead.body.rstrip()]
        if self.note:
            lines += ["", "Left by your last session:", self.note.rstrip()]
        lines += ["", f"Unread mail: {self.unread}", f"Next: {self.next}"]
        return "\n".join(lines)


def prime(town: Town, inject: bool = False) -> Prime | Iterator[str]:
    """With ``inject``, text in the form that the calling hook wants. It lacks the role's instructions: a program that
    has hooks was started with those.
    """
    primed = _prime(town)
    return iter([answer_hook(town, primed.text(instructions=False))]) if inject else primed


def _prime(town: Town) -> Prime:
    agent = get_agent(town.db, _own_address(town))
    bead = rows.find_held_bead(town.db, agent.address)
    unread = len(Mailbox(town.mail / agent.address.folder).list_new())
    if bead is None:
        step = "nothing is on your hook: read your mail (gt mail inbox) and wait for work"
    elif bead.reason in (Reason.CONFLICTED, Reason.REJECTED):
        step = f"{bead.id} came back {bead.reason}: bring your branch up to date with the target, mend it, then gt done"
    else:
        step = f"do {bead.id}: it is yours; commit on {bead.branch}, then gt done"
    return Prime(
        agent=agent.address,
        role=agent.role,
        instructions=shipped.load_role(agent.role, town.path).text_for(agent.address),
        bead=bead,
        branch=bead.branch if bead else None,
        unread=unread,
        next=step,
        note=_find_note(town, agent.address, bead),
    )


def _find_note(town: Town, address: Address, bead: Bead | None) -> str | None:
    """What an earlier session left for this one, about the same piece of work."""
    left = find_handoff(town.db, address)
    if left is None or left.bead != (bead.id if bead else None):
        return None
    return None if left.session == town.environment.get("GT_SESSION") else left.note


def _own_address(town: Town) -> Address:
    if town.is_person:
        raise RefusedError("this is for agents in their windows", hint="gt --as ADDRESS … speaks for one")
    return town.actor


def _held(town: Town) -> tuple[Address, Bead, Rig]:
    address = _own_address(town)
    bead = rows.find_held_bead(town.db, address)
    if bead is None:
        raise RefusedError("nothing is on your hook", hint="gt hook")
    return address, bead, town.rig(bead.rig)


def done(town: Town, report: str | None = None, defer: str | None = None, escalate: str | None = None) -> Answer:
    """Submits the branch of the bead on the hook; or closes it with a report, or gives it back with a reason.

    Raises RefusedError where the branch has nothing that the target lacks, or the worktree holds uncommitted changes.
    A bead that this agent has just submitted is no error: the second time says so.
    """
    given = [words for words in (report, defer, escalate) if words is not None]
    if len(given) > 1:
        raise UsageError("--report, --defer and --escalate exclude one another")
    if given and not given[0].strip():
        raise UsageError("the report is empty" if report is not None else "a reason is needed")
    address = _own_address(town)
    if rows.find_held_bead(town.db, address) is None:
        last = _find_done(town, address, report, defer, escalate)
        if last is not None:
            write_state(town, address)
            notify_landed(town, last.convoy)
            return Answer(last, f"{last.id} is {last.reason or last.state} already")
    address, bead, rig = _held(town)
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


def submit(town: Town, rig: Rig, address: Address, bead: Bead) -> str:
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
    held = bool(town.settings(rig.name).get("merge.review"))
    with town.change() as change:
        id = insert_merge_request(
            change,
            bead=bead.id,
            rig=rig.name,
            author=address,
            branch=branch,
            head=Commit(head),
            base=bead.base,
            target=rig.target,
            held=held,
        )
        rows.submit_bead(change, bead.id, id)
    return f"{bead.id} is submitted as {id}" + (", held for review: gt mq approve" if held else "")


def merge_ref(bead: BeadId, head: str) -> str:
    """What keeps a submitted commit in the repository."""
    return f"refs/gastown/merge/{bead}.{head[:16]}"


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


def hook(town: Town) -> Answer:
    """What is on the caller's hook; the value is what ``state.json`` has."""
    state = write_state(town, _own_address(town))
    return Answer(state, describe(state))


def signal(town: Town, event: str) -> Answer:
    """Outside an agent's window a signal has nobody to speak of."""
    return Answer({"event": event}, "")
