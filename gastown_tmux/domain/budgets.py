"""How much agents may use, and what is to be done when they have. Decisions only: whoever counts asks here."""

import re
from enum import Enum
from typing import assert_never

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.agents import SessionState
from gastown_tmux.domain.ids import Time
from gastown_tmux.domain.spending import Spent

#: From this share of a budget on a person is told.
NEAR = 0.8
_USD = r"\$?\s*(\d+(?:\.\d+)?)\s*(?:USD|usd|\$)\Z|\$\s*(\d+(?:\.\d+)?)\Z"
_TOKENS = r"(\d+(?:\.\d+)?)\s*([kKM]?)(?:\s*tokens)?\Z"
_TIMES = {"": 1, "k": 1000, "K": 1000, "M": 1_000_000}
_LARGEST = 2.0**60


class Scope(Enum):
    """What a budget is for: the keys are ``budget.`` and these."""

    BEAD = "bead"
    AGENT = "agent"  # a day
    CONVOY = "convoy"
    DAY = "day"  # of all agents
    TOWN = "town"  # of all agents, ever

    @property
    def key(self) -> str:
        return f"budget.{self.value}"

    @property
    def is_for_all(self) -> bool:
        return self in (Scope.DAY, Scope.TOWN)


@dataclass(frozen=True, slots=True)
class Budget:
    """So many tokens, in and out, or so many ``usd``: exactly one of them is given."""

    tokens: int | None = None
    usd: float | None = None

    def share(self, spent: Spent) -> float:
        """How much of it is used, 1 being all."""
        if self.usd is not None:
            return spent.cost / self.usd
        return spent.tokens.charged / (self.tokens or 1)

    def tell(self, spent: Spent) -> str:
        """``1,200 of 1,000 tokens, 200 over``."""
        if self.usd is not None:
            over = f", {spent.cost - self.usd:.2f} over" if spent.cost > self.usd else ""
            return f"{spent.cost:.2f} of {self.usd:.2f} USD{over}"
        used, most = spent.tokens.charged, self.tokens or 0
        return f"{used:,} of {most:,} tokens" + (f", {used - most:,} over" if used > most else "")


def parse_budget_of_use(value: object) -> Budget:
    """A number of tokens, or ``2M``, or ``5 USD``; ValueError with the rule.

    >>> parse_budget_of_use(1000).tokens, parse_budget_of_use("2M").tokens, parse_budget_of_use("5 USD").usd
    (1000, 2000000, 5.0)
    """
    rule = "a number of tokens such as 500000 or 2M, or an amount such as '5 USD'"
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= _LARGEST:
        return Budget(tokens=value)
    text = value.strip() if isinstance(value, str) else ""
    if (found := re.match(_USD, text)) and 0 < float(found[1] or found[2]) <= _LARGEST:
        return Budget(usd=float(found[1] or found[2]))
    if (found := re.match(_TOKENS, text)) and 1 <= float(found[1]) * _TIMES[found[2]] <= _LARGEST:
        return Budget(tokens=int(float(found[1]) * _TIMES[found[2]]))
    raise ValueError(rule)


class Level(Enum):
    FREE = "free"
    NEAR = "near"
    OVER = "over"


def level(budget: Budget, spent: Spent) -> Level:
    """OVER as soon as nothing is left: whoever has used it all starts nothing more."""
    share = budget.share(spent)
    return Level.OVER if share >= 1 else Level.NEAR if share >= NEAR else Level.FREE


class Course(Enum):
    """What is done with an agent whose budget is used up."""

    LET_END = "let end"
    PAUSE = "pause"


def decide(state: SessionState, turn: Time, seen: Time | None, *, hard: bool) -> Course:
    """A turn that is under way goes to its end, unless the budget is ``hard``; the next one is not let begin.

    ``turn`` is since when the session is in its state, ``seen`` what that was when the budget was found used up, while
    it worked.
    """
    if hard:
        return Course.PAUSE
    match state:
        case SessionState.WORKING:
            return Course.LET_END if seen in (None, turn) else Course.PAUSE
        case SessionState.STARTING | SessionState.READY | SessionState.IDLE | SessionState.WAITING | SessionState.ENDED:
            return Course.PAUSE
        case _:
            assert_never(state)
