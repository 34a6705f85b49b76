"""Escalations: who is asked, how long each may take, and who is asked next."""

from enum import StrEnum
from typing import Literal

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.addresses import MAYOR, Address
from gastown_tmux.domain.ids import BeadId, EscalationId, Time
from gastown_tmux.domain.state_machine import Machine


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


#: So many of one agent in this many seconds, and nobody has resolved one: one more says nothing that they do not.
MOST_OPEN, OPEN_WINDOW = 20, 3600.0

_UNRESOLVED = (EscalationState.OPEN, EscalationState.ACKNOWLEDGED)

EscalationMove = Literal["ack", "climb", "resolve"]
ESCALATION: Machine[EscalationState, EscalationMove] = Machine(
    "escalation",
    EscalationState.OPEN,
    {
        "ack": dict.fromkeys(_UNRESOLVED, EscalationState.ACKNOWLEDGED),
        "climb": dict.fromkeys(_UNRESOLVED, EscalationState.OPEN),
        "resolve": dict.fromkeys(EscalationState, EscalationState.RESOLVED),
    },
)


@dataclass(frozen=True, slots=True)
class Escalation:
    """``agent`` raised it; ``level`` has until ``deadline``.

    An open one without a deadline has not been told to its level yet. An acknowledged one without a deadline is in
    the hands of a person, and climbs no further; the last level has none either.
    """

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


def first_level(agent: Address) -> Level:
    """Who is asked first: not the mayor, when it is the mayor who asks, or who is asked about."""
    return Level.HUMAN if agent == MAYOR else Level.MAYOR


def next_level(level: Level) -> Level:
    """The last one comes after itself."""
    return Level.HUMAN if level is Level.MAYOR else Level.DEFAULT


def is_untold(escalation: Escalation) -> bool:
    """Whether its level has not been asked yet."""
    asks = escalation.state is EscalationState.OPEN and escalation.level is not Level.DEFAULT
    return asks and escalation.deadline is None


def is_overdue(escalation: Escalation, now: Time) -> bool:
    """Whether its level has let its deadline pass."""
    return (
        escalation.state is not EscalationState.RESOLVED
        and escalation.deadline is not None
        and escalation.deadline <= now
    )
