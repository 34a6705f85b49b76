"""Escalation rows."""

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.escalation import (
    ESCALATION,
    Escalation,
    EscalationMove,
    EscalationState,
    Level,
    Severity,
    first_level,
)
from gastown_tmux.domain.events import EventType
from gastown_tmux.domain.ids import BeadId, EscalationId, Time
from gastown_tmux.errors import NotFoundError
from gastown_tmux.store.db import Change, Row
from gastown_tmux.store.rows import Reader, word_of


def _escalation(row: Row) -> Escalation:
    return Escalation(
        id=EscalationId(row["id"]),
        severity=word_of(row["severity"], Severity.HIGH),
        text=row["text"],
        bead=row["bead"] and BeadId(row["bead"]),
        agent=Address(row["agent"]),
        state=word_of(row["state"], EscalationState.OPEN),
        level=word_of(row["level"], Level.HUMAN),
        deadline=row["deadline"] and Time(row["deadline"]),
        created=Time(row["created"]),
        updated=Time(row["updated"]),
    )


def list_escalations(reader: Reader, *, state: str | None = None) -> list[Escalation]:
    where = " WHERE state = ?" if state else ""
    rows = reader.rows(f"SELECT * FROM escalations{where} ORDER BY created, id", *([state] if state else []))
    return [_escalation(row) for row in rows]


def count_unresolved(reader: Reader, agent: Address, since: Time) -> int:
    """Of those that the agent raised since then."""
    where = "agent = ? AND created >= ? AND state != 'resolved'"
    row = reader.row(f"SELECT count(*) FROM escalations WHERE {where}", agent, since)
    return int(row[0]) if row else 0


def get_escalation(reader: Reader, escalation: str) -> Escalation:
    row = reader.row("SELECT * FROM escalations WHERE id = ?", escalation)
    if row is None:
        raise NotFoundError(f"no escalation {escalation}", hint="gt escalate list")
    return _escalation(row)


def list_pending(reader: Reader, now: Time, *, mayor: bool) -> list[Escalation]:
    """Those that have not been told to their level, and those whose deadline has passed; without a ``mayor`` all that
    the mayor has been asked.
    """
    found = reader.rows(
        "SELECT * FROM escalations WHERE state <> 'resolved' AND (deadline <= ? OR (deadline IS NULL"
        " AND state = 'open' AND level <> 'default') OR (NOT ? AND state = 'open' AND level = 'mayor'))"
        " ORDER BY created, id",
        now,
        mayor,
    )
    return [_escalation(row) for row in found]


def insert_escalation(
    change: Change, *, severity: Severity, text: str, bead: BeadId | None, about: Address | None
) -> EscalationId:
    escalation = change.insert_with_id(
        "esc",
        lambda fresh: change.execute(
            "INSERT INTO escalations (id, severity, text, bead, agent, state, level, created, updated)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            fresh, severity, text, bead, change.actor, ESCALATION.initial, first_level(about or change.actor),
            change.time, change.time,
        ),
    )  # fmt: skip
    change.event(EventType.ESCALATION_RAISED, escalation, severity=severity, text=text, bead=bead)
    return EscalationId(escalation)


def set_deadline(change: Change, escalation: EscalationId, deadline: Time) -> None:
    """Its level has been told."""
    change.execute("UPDATE escalations SET deadline = ? WHERE id = ?", deadline, escalation)


def move_escalation(
    change: Change,
    escalation: EscalationId,
    move: EscalationMove,
    *,
    level: Level | None = None,
    deadline: Time | None = None,
) -> bool:
    """Whether this changed its state, level or deadline; ``level`` None keeps it."""
    found = get_escalation(change, escalation)
    state, level = ESCALATION.next_state(found.state, move), level or found.level
    if (state, level, deadline) == (found.state, found.level, found.deadline):
        return False
    change.execute(
        "UPDATE escalations SET state = ?, level = ?, deadline = ?, updated = ? WHERE id = ?",
        state, level, deadline, change.time, escalation,
    )  # fmt: skip
    change.event(EventType.ESCALATION_CHANGED, escalation, state=state, level=level)
    return True


def resolve_about(change: Change, bead: BeadId, agent: Address | None = None) -> list[EscalationId]:
    """Whatever was asked about a bead, or what ``agent`` asked about it, is answered. Returns which were not before."""
    found = change.rows(
        "SELECT id FROM escalations WHERE bead = ? AND agent = coalesce(?, agent) AND state <> 'resolved'", bead, agent
    )
    asked = [EscalationId(row["id"]) for row in found]
    for id in asked:
        move_escalation(change, id, "resolve")
    return asked


def resolve_told(change: Change, start: str) -> None:
    """What was asked in words that begin so is answered."""
    sql = "SELECT id FROM escalations WHERE substr(text, 1, length(?)) = ? AND state <> 'resolved'"
    for row in change.rows(sql, start, start):
        move_escalation(change, EscalationId(row["id"]), "resolve")
