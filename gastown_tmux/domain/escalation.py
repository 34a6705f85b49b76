"""Escalations: who is asked, how long each may take, and who is asked next."""

from dataclasses import dataclass
from enum import StrEnum

from gastown_tmux.domain.ids import Address, BeadId, EscalationId, Time
from gastown_tmux.domain.machine import Machine


class Severity(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Level(StrEnum):
    """Who is asked now; ``default`` is the automatic safe step when nobody answered."""

    MAYOR = "mayor"
    HUMAN = "human"
    DEFAULT = "default"


class EscalationState(StrEnum):
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


_UNRESOLVED = (EscalationState.OPEN, EscalationState.ACKNOWLEDGED)

ESCALATION = Machine(
    "escalation",
    EscalationState.OPEN,
    {
        "ack": dict.fromkeys(_UNRESOLVED, EscalationState.ACKNOWLEDGED),
        "resolve": dict.fromkeys(EscalationState, EscalationState.RESOLVED),
    },
)

#: Seconds that each level has before the next is asked.
DEADLINES = {
    Severity.LOW: 24 * 3600.0,
    Severity.MEDIUM: 4 * 3600.0,
    Severity.HIGH: 3600.0,
    Severity.CRITICAL: 600.0,
}


@dataclass(frozen=True, slots=True)
class Escalation:
    """``agent`` raised it; ``level`` has until ``deadline``."""

    id: EscalationId
    severity: Severity
    text: str
    bead: BeadId | None
    agent: Address
    state: EscalationState
    level: Level
    deadline: Time | None
    created: Time
    updated: Time


def next_level(level: Level) -> Level | None:
    """None after the last."""
    order = list(Level)
    place = order.index(level) + 1
    return order[place] if place < len(order) else None
