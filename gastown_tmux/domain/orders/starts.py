"""One start of an order, and what came of it; what a person allows it to say."""

from enum import StrEnum

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.ids import RunId, Time


class StartState(StrEnum):
    GOING = "going on"
    DONE = "done"
    FAILED = "failed"
    CUT_OFF = "cut off"


@dataclass(frozen=True, slots=True)
class Start:
    """``order`` is the order's id, ``does`` what it said then. ``run`` is the run that was poured, a command has
    none. ``chain`` are the orders that brought it about.
    """

    seq: int
    order: str
    why: str
    does: str
    run: RunId | None
    state: StartState
    reason: str | None
    started: Time
    ended: Time | None
    chain: frozenset[str] = frozenset()

    @property
    def brings_about(self) -> frozenset[str]:
        """The orders that are not to be begun by what comes of it: it would go round for ever."""
        return self.chain | {self.order}

    @property
    def is_formula(self) -> bool:
        return self.does.startswith("formula ")

    @property
    def line(self) -> str:
        """One line of a history."""
        told = " ".join(filter(None, (self.run, self.reason)))
        return f"{self.started}  {self.state:<8}  {self.why}{f': {told}' if told else ''}"


#: As ``approved``: whatever it says when it is looked at next.
ANYTHING = "*"


@dataclass(frozen=True, slots=True)
class Approval:
    """``approved`` is the digest of what a person lets it say, ``asked`` of what it says and a person is asked for,
    ``since`` then.
    """

    approved: str | None
    asked: str | None
    since: Time
