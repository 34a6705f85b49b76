"""One start of an order, and what came of it."""

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
    none.
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

    @property
    def is_formula(self) -> bool:
        return self.does.startswith("formula ")

    @property
    def line(self) -> str:
        """One line of a history."""
        told = " ".join(filter(None, (self.run, self.reason)))
        return f"{self.started}  {self.state:<8}  {self.why}{f': {told}' if told else ''}"
