"""Tokens that agents use, as their programs count them, and what they cost by the prices that are known."""

import re
from collections.abc import Iterable, Mapping, Sequence

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.setting_values import parse_amount, parse_date

#: What a model is called beyond its name: the day of a release, or the newest of them.
_RELEASE = r"(?:-\d{8}|-\d{4}-\d\d-\d\d|-latest)\Z"
_PER = 1_000_000

#: After so many days a list of prices is old enough to be said.
OLD_DAYS = 180


@dataclass(frozen=True, slots=True)
class Tokens:
    """``input`` is what the model read anew, ``cached`` what it read from its provider's cache."""

    input: int = 0
    output: int = 0
    cached: int = 0

    @property
    def charged(self) -> int:
        """What budgets in tokens count: a cached token costs next to nothing."""
        return self.input + self.output

    def __add__(self, other: "Tokens") -> "Tokens":
        return Tokens(self.input + other.input, self.output + other.output, self.cached + other.cached)

    def __sub__(self, other: "Tokens") -> "Tokens":
        return Tokens(self.input - other.input, self.output - other.output, self.cached - other.cached)


@dataclass(frozen=True, slots=True)
class Price:
    """USD for a million tokens of each kind, as they were on ``date`` (YYYY-MM-DD), where one is given."""

    input: float
    output: float
    cached: float
    date: str | None = None

    def cost(self, tokens: Tokens) -> float:
        used = tokens.input * self.input + tokens.output * self.output + tokens.cached * self.cached
        return used / _PER


def parse_price(value: object) -> Price:
    rule = "{input, output, cached: USD for a million tokens, date: YYYY-MM-DD}"
    if not isinstance(value, dict) or set(value) - {"input", "output", "cached", "date"}:
        raise ValueError(rule)
    try:
        date = value.get("date")
        return Price(
            parse_amount(value.get("input")),
            parse_amount(value.get("output")),
            parse_amount(value.get("cached")),
            None if date is None else parse_date(date),
        )
    except ValueError as error:
        raise ValueError(f"{rule}, with {error}") from None


@dataclass(frozen=True, slots=True)
class Use:
    """Tokens of one model, which an agent program was asked for; an empty ``model`` is one that was not told."""

    provider: str
    model: str
    tokens: Tokens


#: Tables of prices by the names of models and of agent programs, the strongest first.
Prices = Sequence[Mapping[str, "Price"]]


def find_price(prices: Prices, use: Use) -> Price | None:
    """That of the model by its name, with or without the day of its release and its maker before ``/``; else that of
    the agent program. Another version of a model has another price: a part of its name is not enough.
    """
    short = use.model.rpartition("/")[2]
    plain = re.sub(_RELEASE, "", short)
    # Some programs write the dots of a version that has dashes in its maker's list.
    names = (use.model, short, re.sub(_RELEASE, "", use.model), plain, plain.replace(".", "-"), use.provider)
    return next((table[name] for table in prices for name in names if name in table), None)


def old_prices(dates: Iterable[str], today: str) -> str | None:
    """A line that names the oldest of these dates (YYYY-MM-DD), where it lies more than ``OLD_DAYS`` back."""
    from datetime import date  # one verb asks

    oldest = min(dates, default=today)
    if (date.fromisoformat(today) - date.fromisoformat(oldest)).days <= OLD_DAYS:
        return None
    return f"the oldest of these prices is of {oldest}, over {OLD_DAYS} days ago: gt help prices"


@dataclass(frozen=True, slots=True)
class Spent:
    """``cost`` in USD is that of the models with a price; ``unpriced`` names the others. ``priced`` is the oldest date
    of those prices, where they have one.
    """

    tokens: Tokens
    cost: float
    unpriced: tuple[str, ...] = ()
    priced: str | None = None

    @property
    def usd(self) -> float | None:
        """None where no model has a price: that it cost nothing is not known."""
        return self.cost if self.cost or not self.unpriced else None

    def text(self) -> str:
        """``12,300 tokens, 0.41 USD``; without a price the tokens alone."""
        words = f"{self.tokens.charged:,} tokens"
        if self.cost:
            words += f", {self.cost:.2f} USD"
        return words + (f" and what {', '.join(self.unpriced)} costs" if self.cost and self.unpriced else "")


def sum_up(uses: Iterable[Use], prices: Prices) -> Spent:
    total, cost, unpriced, dates = Tokens(), 0.0, set[str](), set[str]()
    for use in uses:
        total += use.tokens
        price = find_price(prices, use)
        if price is not None:
            cost += price.cost(use.tokens)
            dates.update([price.date] if price.date else [])
        elif use.tokens != Tokens():
            unpriced.add(use.model or use.provider)
    return Spent(total, round(cost, 6), tuple(sorted(unpriced)), min(dates, default=None))
