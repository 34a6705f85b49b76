"""gt escalate: ask the mayor, then the human, and at last do what is safe."""

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.escalation import MOST_OPEN, OPEN_WINDOW, Escalation, EscalationState, Level, Severity
from gastown_tmux.domain.ids import BeadId, EscalationId, Time
from gastown_tmux.domain.pages import Page, first_of, has_words
from gastown_tmux.domain.work import WAITING, Bead, BeadState
from gastown_tmux.edges.files import clock
from gastown_tmux.errors import RefusedError, UsageError
from gastown_tmux.operations.escalation import chain
from gastown_tmux.operations.town.events import moment
from gastown_tmux.operations.town.town import Answer, Town
from gastown_tmux.store import escalations as rows
from gastown_tmux.store.beads import find_bead
from gastown_tmux.store.db import Change
from gastown_tmux.store.meta import once


def raise_escalation(
    change: Change, severity: str, text: str, *, bead: BeadId | None = None, about: Address | None = None
) -> EscalationId:
    """In a transaction of the caller's: what it tells of and the asking happen together. The deacon mails it.

    ``about``: an agent that is not to be asked first about itself.
    """
    return rows.insert_escalation(change, severity=Severity(severity), text=text, bead=bead, about=about)


def escalate(
    town: Town, text: str, severity: str = "medium", bead: Bead | None = None, key: str | None = None
) -> Answer:
    """The first level has its mail when this returns. Raises RefusedError for an agent that does so without end."""
    if not text.strip():
        raise UsageError("an escalation needs words", hint="gt escalate TEXT")
    with town.change() as change:
        made = once(change, "escalate", key, lambda: _raise_own(town, change, severity, text, bead))
    chain.ask_next(town, rows.get_escalation(town.db, made))
    escalation = rows.get_escalation(town.db, made)
    if escalation.state is not EscalationState.OPEN:  # the same key again, after somebody answered
        return Answer(escalation, f"{escalation.id} is {escalation.state}")
    return Answer(escalation, f"{escalation.id} is with the {escalation.level}{_until(escalation.deadline)}")


def _until(deadline: Time | None) -> str:
    """By the clock on the reader's wall."""
    return f" until {clock.local_time(deadline)}" if deadline else ""


def _raise_own(town: Town, change: Change, severity: str, text: str, bead: Bead | None) -> EscalationId:
    if not town.is_person and rows.count_unresolved(change, town.actor, clock.after(-OPEN_WINDOW)) >= MOST_OPEN:
        raise RefusedError(
            f"{town.actor} escalated {MOST_OPEN} times within the hour, and nobody has resolved that yet",
            hint="gt escalate list",
        )
    return raise_escalation(change, severity, text, bead=bead.id if bead else None)


def list_escalations(
    town: Town,
    state: str | None = None,
    since: str | None = None,
    search: str | None = None,
    limit: int | None = None,
) -> list[Escalation] | Page[Escalation]:
    """Oldest first; with a limit those that nobody has resolved come first, the newest before the others."""
    start = moment(since) if since else ""
    found = [
        each
        for each in rows.list_escalations(town.db, state=state)
        if each.updated >= start and has_words(f"{each.id} {each.text} {each.agent} {each.bead or ''}", search)
    ]
    return first_of(found, limit, lambda each: each.state == "resolved")


def show_escalation(town: Town, escalation: Escalation) -> Escalation:
    return escalation


def acknowledge(town: Town, escalation: Escalation) -> Answer:
    """A person's word ends the climbing; an agent's begins the level's time anew. Raises RefusedError once resolved."""
    if escalation.state == "resolved":
        raise RefusedError(f"{escalation.id} is resolved", hint="gt escalate TEXT asks again")
    ended = town.is_person or escalation.level is Level.DEFAULT
    deadline = None if ended else chain.deadline_of(town, escalation.severity)
    with town.change() as change:
        changed = rows.move_escalation(change, escalation.id, "ack", deadline=deadline)
    found = rows.get_escalation(town.db, escalation.id)
    return Answer(found, f"{escalation.id} is acknowledged{_until(deadline)}" + ("" if changed else " already"))


def resolve(town: Town, escalation: Escalation) -> Answer:
    with town.change() as change:
        changed = rows.move_escalation(change, escalation.id, "resolve")
    found = rows.get_escalation(town.db, escalation.id)
    text = f"{escalation.id} is resolved" + ("" if changed else " already")
    bead = find_bead(town.db, found.bead) if found.bead else None
    if bead is not None and bead.state is BeadState.OPEN and bead.reason in WAITING:
        text += f"\n{bead.id} still waits: {bead.title}\nnext: gt sling {bead.id}"
    return Answer(found, text)
