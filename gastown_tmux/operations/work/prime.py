"""What an agent is told of itself: prime, and what is on its hook. Asks no git, for every session begins with it."""

from collections.abc import Iterator

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.agents import Role
from gastown_tmux.domain.hook import describe
from gastown_tmux.domain.work import Bead, Reason
from gastown_tmux.edges.configuration import shipped
from gastown_tmux.edges.files import clock
from gastown_tmux.errors import RefusedError
from gastown_tmux.operations.hooks.state import write_state
from gastown_tmux.operations.mail.injection import answer_hook
from gastown_tmux.operations.town.town import Answer, Town
from gastown_tmux.store import beads as rows
from gastown_tmux.store.agents import find_handoff, find_last_ended, get_agent
from gastown_tmux.store.deliveries import list_told
from gastown_tmux.store.mailbox import Mailbox
from gastown_tmux.store.runs import find_run_of

#: What a program was told in its last seconds may not be in its own notes, from which it is started again.
_LOST_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Prime:
    """Who an agent is, what is on its hook, how many mails wait, what to do next. ``again``: mails that its last
    session was told of just before that died, which may not be in what its program wrote down.
    """

    agent: Address
    role: Role
    instructions: str
    bead: Bead | None
    branch: str | None
    unread: int
    next: str
    note: str | None
    again: tuple[str, ...] = ()

    def text(self, *, instructions: bool = True) -> str:
        lines = [self.instructions.rstrip(), ""] if instructions else []
        lines.append(f"You are {self.agent}.")
        if self.bead is not None:
            lines += ["", f"On your hook: {self.bead.id} {self.bead.title}", f"Branch: {self.branch}"]
            if self.bead.body:
                lines += ["", self.bead.body.rstrip()]
        if self.note:
            lines += ["", "Left by your last session:", self.note.rstrip()]
        lines += ["", f"Unread mail: {self.unread}"]
        if self.again:
            read = ", ".join(f"gt mail read {mail}" for mail in self.again)
            lines.append(f"Told just before your last session died, so read what you do not know: {read}")
        lines.append(f"Next: {self.next}")
        return "\n".join(lines)


def prime(town: Town, inject: bool = False) -> Prime | Iterator[str]:
    """With ``inject``, text in the form that the calling hook wants. It lacks the role's instructions: a program that
    has hooks was started with those.
    """
    primed = _prime(town)
    return iter([answer_hook(town, primed.text(instructions=False))]) if inject else primed


def _prime(town: Town) -> Prime:
    agent = get_agent(town.db, own_address(town))
    bead = rows.find_held_bead(town.db, agent.address)
    unread = len(Mailbox(town.mail / agent.address.folder).list_new())
    if bead is None:
        step = "nothing is on your hook: read your mail (gt mail inbox) and wait for work"
    elif bead.reason in (Reason.CONFLICTED, Reason.REJECTED):
        step = f"{bead.id} came back {bead.reason}: bring your branch up to date with the target, mend it, then gt done"
    elif find_run_of(town.db, bead.id) is not None:
        step = f"{bead.id} is a run of steps: gt step tells what comes now, gt step done ends it; at last gt done"
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
        again=_find_lost(town, agent.address),
    )


def _find_lost(town: Town, address: Address) -> tuple[str, ...]:
    """What the last session may have taken with it. One that was asked to end had time to write it down."""
    last = find_last_ended(town.db, address)
    if last is None or last.ended is None or last.ending is not None:
        return ()
    since = clock.from_epoch(clock.to_epoch(last.ended) - _LOST_SECONDS)
    return tuple(list_told(town.db, address, last.id, since))


def _find_note(town: Town, address: Address, bead: Bead | None) -> str | None:
    """What an earlier session left for this one, about the same piece of work."""
    left = find_handoff(town.db, address)
    if left is None or left.bead != (bead.id if bead else None):
        return None
    return None if left.session == town.session else left.note


def own_address(town: Town) -> Address:
    if town.is_person:
        raise RefusedError("this is for agents in their windows", hint="gt --as ADDRESS … speaks for one")
    return town.actor


def hook(town: Town) -> Answer:
    """What is on the caller's hook; the value is what ``state.json`` has."""
    state = write_state(town, own_address(town))
    return Answer(state, describe(state))


def signal(town: Town, event: str) -> Answer:
    """Outside an agent's window a signal has nobody to speak of."""
    return Answer({"event": event}, "")
