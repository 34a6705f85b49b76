"""What becomes of the word that a mail has come: the courier's decision, as a pure function.

A mail is safe in its box before any of this. What is decided here is only how its reader is told.
"""

from enum import StrEnum
from typing import Literal, assert_never

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.ids import SessionId, Time
from gastown_tmux.domain.mail import Priority
from gastown_tmux.domain.state_machine import Machine

ATTEMPTS = 8
LONGEST_BACKOFF = 60.0
MOST_HOPS = 50
PAIR_LIMIT = 20
PAIR_WINDOW = 60.0


class DeliveryState(StrEnum):
    QUEUED = "queued"
    OFFERED = "offered"
    ACCEPTED = "accepted"
    EXPIRED = "expired"
    DEAD = "dead"


_OPEN = (DeliveryState.QUEUED, DeliveryState.OFFERED)

DeliveryMove = Literal["offer", "accept", "requeue", "restore", "expire", "die"]
DELIVERY: Machine[DeliveryState, DeliveryMove] = Machine(
    "delivery",
    DeliveryState.QUEUED,
    {
        "offer": dict.fromkeys(_OPEN, DeliveryState.OFFERED),
        # From queued too: the reader opened the mail before being told of it.
        "accept": dict.fromkeys(_OPEN, DeliveryState.ACCEPTED),
        # The session it was offered to ended, or never took it.
        "requeue": {DeliveryState.OFFERED: DeliveryState.QUEUED},
        # Its mail was lost, and lies in the box again.
        "restore": {DeliveryState.DEAD: DeliveryState.QUEUED},
        "expire": dict.fromkeys(_OPEN, DeliveryState.EXPIRED),
        "die": dict.fromkeys(_OPEN, DeliveryState.DEAD),
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What became of telling ``agent`` of a mail (its short id), or of a nudge, whose ``words`` are typed as they are.

    ``session`` is the one it was offered to; ``time`` when it came into its state.
    """

    mail: str
    agent: Address
    sender: str
    state: DeliveryState
    priority: Priority
    expires: Time | None
    words: str | None
    session: SessionId | None
    attempts: int
    tried: Time | None
    reason: str | None
    queued: Time
    time: Time

    @property
    def is_open(self) -> bool:
        return self.state in _OPEN


class Availability(StrEnum):
    """Where an agent's mind is, as far as a courier must know; made from agent, session and screen."""

    REMOVED = "removed"
    ABSENT = "absent"
    STARTING = "starting"
    IDLE = "idle"
    WORKING = "working"
    WAITING = "waiting"
    PAUSED = "paused"
    LIMITED = "limited"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingMail:
    """What counts of one mail and of the tries so far. Times are seconds of ``decide``'s clock."""

    priority: Priority
    expires_at: float | None = None
    attempts: int = 0
    last_attempt: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """What counts of the agent: its attention, and who else uses its window."""

    availability: Availability
    person_typing: bool = False
    do_not_disturb: bool = False
    limited_until: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """What its program can do: take text in by its own hook at a turn's end, take typed words into a running
    turn, be interrupted by a key."""

    hooks: bool
    steers: bool
    interrupts: bool


@dataclass(frozen=True, slots=True)
class Offer:
    """Leave it to the program's own hook, at the end of the running turn."""


@dataclass(frozen=True, slots=True)
class Type:
    """Type the pointer line into the idle composer."""


@dataclass(frozen=True, slots=True)
class Steer:
    """Type the pointer line into the running turn."""


@dataclass(frozen=True, slots=True)
class Interrupt:
    """End the running turn, then type the pointer line."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Not now: look again after so many seconds, or when something about the agent changes."""

    seconds: float
    reason: str


@dataclass(frozen=True, slots=True)
class Expire:
    """Its time has passed; nobody is told."""


@dataclass(frozen=True, slots=True)
class Dead:
    """Given up; the sender is told why. The mail itself stays in the box."""

    reason: str


Decision = Offer | Type | Steer | Interrupt | Wait | Expire | Dead


def decide(pending: PendingMail, reader: Reader, abilities: Abilities, now: float) -> Decision:
    """What to do now about telling this reader of this mail.

    Absence is no failure: mail to an agent that is off waits until it comes back or the mail expires. Only
    tries that were made and not taken count towards giving up. Words are typed into a known screen only.
    """
    if pending.expires_at is not None and pending.expires_at <= now:
        return Expire()
    match reader.availability:
        case Availability.REMOVED:
            return Dead("the agent was removed")
        case Availability.ABSENT | Availability.PAUSED:
            return Wait(60.0, f"the agent is {reader.availability}")
        case Availability.LIMITED:
            left = 60.0 if reader.limited_until is None else reader.limited_until - now
            return Wait(max(left, 1.0), "the agent's account is at its limit")
        case Availability.STARTING:
            return Wait(1.0, "the agent is starting")
        case Availability.WAITING:
            return Wait(5.0, "the agent waits for a person")
        case Availability.UNKNOWN:
            return Wait(5.0, "the agent's screen is not understood")
        case Availability.IDLE:
            if reader.person_typing:
                return Wait(3.0, "a person is typing in the agent's window")
            return _hold(pending, reader, now) or Type()
        case Availability.WORKING:
            return _hold(pending, reader, now) or _into_running_turn(pending, reader, abilities)
    assert_never(reader.availability)


#: Seconds. What rounding leaves of a pause is less than a clock can add to the time.
_SHORTEST = 0.01


def backoff(attempts: int) -> float:
    """Seconds between a try that was not taken and the next: 1, 2, 4 … 60."""
    return min(2.0 ** (attempts - 1), LONGEST_BACKOFF) if attempts else 0.0


def _hold(pending: PendingMail, reader: Reader, now: float) -> Wait | Dead | None:
    if pending.attempts >= ATTEMPTS:
        return Dead(f"not taken after {pending.attempts} tries")
    if reader.do_not_disturb and pending.priority is not Priority.URGENT:
        return Wait(60.0, "the agent is not to be disturbed")
    if pending.last_attempt is not None:
        pause, passed = backoff(pending.attempts), now - pending.last_attempt
        # A try in the future means that the clock was set back: that must not stretch the pause.
        if 0 <= passed < pause:
            return Wait(max(pause - passed, _SHORTEST), f"try {pending.attempts} was not taken")
    return None


def _into_running_turn(pending: PendingMail, reader: Reader, abilities: Abilities) -> Decision:
    if pending.priority is Priority.URGENT and not reader.person_typing:
        if abilities.steers:
            return Steer()
        if abilities.interrupts:
            return Interrupt()
    return Offer() if abilities.hooks else Wait(1.0, "the agent is at work")


@dataclass(frozen=True, slots=True)
class Allowed:
    """The mail may be sent."""


@dataclass(frozen=True, slots=True)
class Limited:
    """The mail is refused, for this reason."""

    reason: str


def allow(hops: int, sent_to_pair: int, *, sender_is_agent: bool) -> Allowed | Limited:
    """Whether a mail between two agents may go out, so that two of them can't talk each other into ruin.

    ``hops`` as in ``Message``; ``sent_to_pair`` is how many mails this sender sent this reader within the
    last ``PAIR_WINDOW`` seconds. People and daemons are never limited.
    """
    if not sender_is_agent:
        return Allowed()
    if hops > MOST_HOPS:
        return Limited(f"{hops} mails between agents without a person among them")
    if sent_to_pair >= PAIR_LIMIT:
        return Limited(f"{sent_to_pair} mails to the same agent within {PAIR_WINDOW:.0f} seconds")
    return Allowed()
