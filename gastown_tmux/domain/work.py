"""Beads, what they need, and the convoys they travel in."""

from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from typing import Literal

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.ids import BeadId, Commit, ConvoyId, MergeRequestId, RigName, Time
from gastown_tmux.domain.state_machine import Machine


class BeadState(StrEnum):
    OPEN = "open"
    AWAY = "away"
    HOOKED = "hooked"
    WORKING = "working"
    SUBMITTED = "submitted"
    MERGED = "merged"
    CLOSED = "closed"


class Reason(StrEnum):
    """Why a bead is back at open, or why it is closed."""

    CONFLICTED = "conflicted"
    REJECTED = "rejected"
    DEFERRED = "deferred"
    ESCALATED = "escalated"
    PARKED = "parked"
    UNSLUNG = "unslung"
    OVER_BUDGET = "over budget"
    DONE = "done"
    WONTDO = "wontdo"


#: A bead that came back for one of these is given out again without being asked for.
RETRIED = frozenset((Reason.CONFLICTED, Reason.REJECTED))
#: A bead that came back for one of these waits for a word of the mayor or of a person.
WAITING = frozenset((Reason.DEFERRED, Reason.ESCALATED, Reason.PARKED))
#: Times a bead is given out before a person is asked.
ATTEMPTS = 3

_HELD = (BeadState.HOOKED, BeadState.WORKING)
OVER = frozenset((BeadState.MERGED, BeadState.CLOSED))

BeadMove = Literal[
    "sling",
    "start",
    "submit",
    "report",
    "merge",
    "return",
    "refuse",
    "resubmit",
    "settle",
    "close",
    "reopen",
    "delegate",
    "arrive",
    "recall",
]
BEAD: Machine[BeadState, BeadMove] = Machine(
    "bead",
    BeadState.OPEN,
    {
        "sling": {BeadState.OPEN: BeadState.HOOKED},
        "start": {BeadState.HOOKED: BeadState.WORKING, BeadState.WORKING: BeadState.WORKING},
        "submit": dict.fromkeys(_HELD, BeadState.SUBMITTED),
        "report": dict.fromkeys((*_HELD, BeadState.AWAY), BeadState.CLOSED),
        "merge": {BeadState.SUBMITTED: BeadState.MERGED},
        "return": dict.fromkeys(_HELD, BeadState.OPEN),
        "refuse": {BeadState.SUBMITTED: BeadState.OPEN},
        "resubmit": dict.fromkeys((BeadState.OPEN, BeadState.SUBMITTED), BeadState.SUBMITTED),
        # The target has all of it already.
        "settle": {BeadState.SUBMITTED: BeadState.CLOSED},
        # To a host, which has it until its branch is here, it answers, or a person takes it back.
        "delegate": {BeadState.OPEN: BeadState.AWAY},
        "arrive": {BeadState.AWAY: BeadState.SUBMITTED},
        "recall": {BeadState.AWAY: BeadState.OPEN},
        "close": {BeadState.OPEN: BeadState.CLOSED},
        "reopen": {BeadState.CLOSED: BeadState.OPEN},
    },
)


class ConvoyState(StrEnum):
    OPEN = "open"
    LANDED = "landed"
    CLOSED = "closed"


ConvoyMove = Literal["land", "close", "reopen"]
CONVOY: Machine[ConvoyState, ConvoyMove] = Machine(
    "convoy",
    ConvoyState.OPEN,
    {
        "land": {ConvoyState.OPEN: ConvoyState.LANDED},
        "close": {ConvoyState.OPEN: ConvoyState.CLOSED, ConvoyState.LANDED: ConvoyState.CLOSED},
        "reopen": dict.fromkeys(ConvoyState, ConvoyState.OPEN),
    },
)


@dataclass(frozen=True, slots=True)
class Bead:
    """A unit of work. ``branch`` and ``base`` outlive a worker: a bead that comes back keeps both.

    ``host``: the other machine whose work it is, by the ``delegation`` that the row names.
    """

    id: BeadId
    rig: RigName
    title: str
    body: str
    state: BeadState
    reason: str | None
    priority: int
    labels: tuple[str, ...]
    needs: tuple[BeadId, ...]
    assignee: Address | None
    target: str | None
    provider: str | None
    attempts: int
    convoy: ConvoyId | None
    branch: str | None
    base: Commit | None
    merge_request: MergeRequestId | None
    merged_commit: Commit | None
    report: str | None
    created: Time
    updated: Time
    parent: BeadId | None = None
    delegation: str | None = None
    host: str | None = None


@dataclass(frozen=True, slots=True)
class Convoy:
    """Beads that travel together. ``done`` of ``total`` are merged or closed as done. ``together``: they land as a
    whole or not at all. ``owner`` made it; ``notify`` are told of its landing too; ``told``: whether all were, of this
    landing.
    """

    id: ConvoyId
    name: str
    state: ConvoyState
    notify: tuple[Address, ...]
    beads: tuple[BeadId, ...]
    done: int
    total: int
    created: Time
    landed: Time | None
    together: bool = False
    owner: Address | None = None
    told: bool = False

    @property
    def concerned(self) -> tuple[Address, ...]:
        """Who is told of it, each once."""
        return tuple(dict.fromkeys((*((self.owner,) if self.owner else ()), *self.notify)))


def is_met(state: BeadState, reason: str | None) -> bool:
    """Whether a bead in this state is out of the way of the beads that need it."""
    return state is BeadState.MERGED or (state is BeadState.CLOSED and reason == Reason.DONE)


def has_landed(beads: Iterable[tuple[BeadState, str | None]]) -> bool:
    """At least one bead merged, and the rest merged or closed as done; an empty convoy never."""
    states = list(beads)
    return any(state is BeadState.MERGED for state, _ in states) and all(
        is_met(state, reason) for state, reason in states
    )


def list_missing(beads: Mapping[BeadId, BeadState], gathered: Collection[BeadId]) -> list[BeadId]:
    """Of a convoy that lands as a whole, the beads that it still waits for; one that was closed is out of its way."""
    return [bead for bead, state in beads.items() if state not in OVER and bead not in gathered]


def find_cycle(needs: Mapping[BeadId, Iterable[BeadId]]) -> list[BeadId] | None:
    """A circle of beads that need one another, the first again at the end, or None."""
    done: set[BeadId] = set()
    for start in needs:
        path: list[BeadId] = []
        on_path: set[BeadId] = set()
        stack: list[tuple[BeadId, bool]] = [(start, False)]
        while stack:
            bead, leaving = stack.pop()
            if leaving:
                path.pop()
                on_path.discard(bead)
                done.add(bead)
                continue
            if bead in on_path:
                return [*path[path.index(bead) :], bead]
            if bead in done:
                continue
            path.append(bead)
            on_path.add(bead)
            stack.append((bead, True))
            stack.extend((needed, False) for needed in needs.get(bead, ()))
    return None
