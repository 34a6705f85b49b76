"""What is used up of the budgets: asked before every start, and whenever tokens were counted."""

from collections.abc import Sequence

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.budgets import Budget, Level, Scope, level
from gastown_tmux.domain.spending import Spent, sum_up
from gastown_tmux.domain.work import Bead
from gastown_tmux.edges.files import clock
from gastown_tmux.errors import GtError
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store.rows import Reader
from gastown_tmux.store.spending import EVERY, Uses, list_uses

#: How the reason of whatever waits for a budget begins.
OVER = "over budget"


@dataclass(frozen=True, slots=True)
class Standing:
    """How a budget stands. ``subject`` is whose it is: an address, an id, or a day; of the town's, nothing."""

    scope: Scope
    subject: str
    budget: Budget
    spent: Spent
    level: Level

    def text(self) -> str:
        """``budget.bead of ga-k3v9q: 1,200 of 1,000 tokens, 200 over``."""
        whose = f" of {self.subject}" if self.subject else ""
        return f"{self.scope.key}{whose}: {self.budget.tell(self.spent)}"

    @property
    def key(self) -> str:
        """The same as long as this budget is used up for the same."""
        day = clock.now()[:10] if self.scope is Scope.AGENT else ""
        return " ".join((self.scope.key, self.subject, day, repr(self.budget)))


def spent(town: Town, only: Uses = EVERY, reader: Reader | None = None) -> Spent:
    """Tokens, and what they cost by the town's prices."""
    return sum_up(list_uses(reader or town.db, only), town.settings().prices())


def sum_used(town: Town, only: Uses) -> tuple[int, float | None]:
    """Tokens, and USD where any of it has a price; nothing where settings cannot be read, which hide nothing else."""
    try:
        found = spent(town, only)
    except GtError:
        return 0, None
    return found.tokens.charged, found.cost or None


def find_standings(
    town: Town, *, agent: Address | None = None, bead: Bead | None = None, reader: Reader | None = None
) -> list[Standing]:
    """The budgets that are set, and were drawn on: those of the town, and the agent's, the bead's and its convoy's."""
    today = clock.now()[:10]
    asked: list[tuple[Scope, str, Uses]] = [(Scope.DAY, today, Uses(day=today)), (Scope.TOWN, "", EVERY)]
    rig = bead.rig if bead is not None else agent.rig if agent is not None else None
    if agent is not None:
        asked.append((Scope.AGENT, agent, Uses(agent=agent, day=today)))
    if bead is not None:
        asked.append((Scope.BEAD, bead.id, Uses(bead=bead.id)))
        if bead.convoy is not None:
            asked.append((Scope.CONVOY, bead.convoy, Uses(convoy=bead.convoy)))
    found = []
    for scope, subject, uses in asked:
        # A rig's file has no say in what the whole town may use.
        budget = town.settings(None if scope.is_for_all else rig).use_budget(scope.key)
        if budget is not None:
            used = spent(town, uses, reader)
            found.append(Standing(scope, subject, budget, used, level(budget, used)))
    return found


def refusal(
    town: Town, *, agent: Address | None = None, bead: Bead | None = None, reader: Reader | None = None
) -> str | None:
    """Why nothing is started for these, or at all; None where nothing is used up."""
    standings = find_standings(town, agent=agent, bead=bead, reader=reader)
    over = [standing.text() for standing in standings if standing.level is Level.OVER]
    return f"{OVER}: {over[0]}" if over else None


def notes(town: Town) -> Sequence[str]:
    """What a person is to know of the town's budgets: those that run out, and those in money that cannot be counted."""
    standings = find_standings(town)
    told = [standing.text() for standing in standings if standing.level is Level.NEAR]
    settings = town.settings()
    in_money = [scope for scope in Scope if (budget := settings.use_budget(scope.key)) and budget.usd is not None]
    if in_money and (unpriced := spent(town).unpriced):
        model = unpriced[0]
        told.append(
            f"{in_money[0].key} cannot count {', '.join(unpriced)}: gt config set prices.{model}"
            " '{input: USD, output: USD, cached: USD}'"
        )
    return told
