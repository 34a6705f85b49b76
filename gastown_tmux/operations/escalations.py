"""gt escalate: ask the mayor, then the human, and at last do what is safe."""

from gastown_tmux.domain.escalation import DEADLINES, Escalation, Level, Severity
from gastown_tmux.domain.ids import BeadId, EscalationId
from gastown_tmux.domain.work import Bead
from gastown_tmux.edges import clock
from gastown_tmux.errors import UsageError
from gastown_tmux.operations.town import Answer, Town
from gastown_tmux.store import escalations as rows
from gastown_tmux.store.db import Change
from gastown_tmux.store.meta import once


def raise_escalation(change: Change, severity: str, text: str, *, bead: BeadId | None = None) -> EscalationId:
    """In a transaction of the caller's: what it tells of and the asking happen together."""
    grade = Severity(severity)
    return rows.insert_escalation(
        change, severity=grade, text=text, bead=bead, level=Level.MAYOR, deadline=clock.after(DEADLINES[grade])
    )


def escalate(
    town: Town, text: str, severity: str = "medium", bead: Bead | None = None, key: str | None = None
) -> Answer:
    if not text.strip():
        raise UsageError("an escalation needs words", hint="gt escalate TEXT")
    with town.change() as change:
        made = once(
            change, "escalate", key, lambda: raise_escalation(change, severity, text, bead=bead.id if bead else None)
        )
    escalation = rows.get_escalation(town.db, made)
    return Answer(escalation, f"{escalation.id} is with the {escalation.level} until {escalation.deadline}")


def list_escalations(town: Town) -> list[Escalation]:
    return rows.list_escalations(town.db)


def show_escalation(town: Town, escalation: Escalation) -> Escalation:
    return escalation


def acknowledge(town: Town, escalation: Escalation) -> Answer:
    with town.change() as change:
        changed = rows.move_escalation(change, escalation.id, "ack")
    return Answer(
        rows.get_escalation(town.db, escalation.id),
        f"{escalation.id} is acknowledged" + ("" if changed else " already"),
    )


def resolve(town: Town, escalation: Escalation) -> Answer:
    with town.change() as change:
        changed = rows.move_escalation(change, escalation.id, "resolve")
    return Answer(
        rows.get_escalation(town.db, escalation.id), f"{escalation.id} is resolved" + ("" if changed else " already")
    )
