"""What budgets allow, and what is done when they are used up."""

import pytest

from gastown_tmux.domain.agents import SessionState
from gastown_tmux.domain.budgets import Budget, Course, Level, decide, level, parse_budget_of_use
from gastown_tmux.domain.ids import Time
from gastown_tmux.domain.layers import Settings
from gastown_tmux.domain.model_prices import SHIPPED
from gastown_tmux.domain.spending import Price, Spent, Tokens, Use, find_price, old_prices, parse_price, sum_up

SONNET = Price(3.0, 15.0, 0.3, "2026-01-31")
EARLIER, LATER = Time("2026-01-01T00:00:00.000Z"), Time("2026-01-01T00:00:09.000Z")


@pytest.mark.parametrize(
    ("value", "budget"),
    [
        (500000, Budget(tokens=500000)),
        ("1", Budget(tokens=1)),
        ("2M", Budget(tokens=2_000_000)),
        ("1.5k tokens", Budget(tokens=1500)),
        ("5 USD", Budget(usd=5.0)),
        ("$0.50", Budget(usd=0.5)),
    ],
)
def test_a_budget_is_tokens_or_money(value: object, budget: Budget) -> None:
    assert parse_budget_of_use(value) == budget


@pytest.mark.parametrize("value", [0, -1, True, 1.5, None, "", "USD", "0 USD", "5 EUR", "nan", "0.1", "9" * 400, []])
def test_what_is_no_budget_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="such as"):
        parse_budget_of_use(value)


def test_a_price_is_for_a_million_tokens() -> None:
    assert parse_price({"input": 3, "output": 15, "cached": 0.3, "date": "2026-01-31"}) == SONNET
    assert SONNET.cost(Tokens(1_000_000, 100_000, 10_000_000)) == pytest.approx(3 + 1.5 + 3)
    for wrong in ({"input": 3, "output": 15}, {"input": -1, "output": 1, "cached": 0}, {"inputs": 1}, 3):
        with pytest.raises(ValueError, match="USD for a million"):
            parse_price(wrong)


def test_a_model_has_the_price_of_its_own_version_only() -> None:
    prices = ({"claude-sonnet-4": SONNET, "codex": Price(1, 1, 1)},)

    def price(model: str, provider: str = "claude") -> Price | None:
        return find_price(prices, Use(provider, model, Tokens()))

    assert price("claude-sonnet-4") == price("claude-sonnet-4-20250514") == price("anthropic/claude-sonnet-4") == SONNET
    assert price("claude-sonnet-4-5") is price("claude-sonnet") is price("") is None
    assert price("gpt-9", "codex") == price("", "codex") == prices[0]["codex"]


def test_what_somebody_set_is_stronger_than_what_ships() -> None:
    def price(model: str, own: dict[str, object], provider: str = "claude") -> Price | None:
        return find_price(Settings([("town", own)]).prices(), Use(provider, model, Tokens()))

    own = {"input": 1, "output": 1, "cached": 1}
    shipped = price("claude-sonnet-4-5-20250929", {})
    assert shipped is not None and (shipped.input, shipped.output, shipped.cached) == (3, 15, 0.3)
    assert price("claude-sonnet-4.5", {}, "copilot") == price("anthropic/claude-sonnet-4-5", {}) == shipped
    # Whoever prices a program prices all its models.
    assert price("claude-sonnet-4-5", {"prices.claude": own}) == Price(1, 1, 1)
    assert price("claude-sonnet-4-5", {"prices.claude-sonnet-4-5": own}) == Price(1, 1, 1)
    assert price("claude-sonnet-4-5", {"prices.shipped": False}) is price("llama-at-home", {}) is None


def test_each_shipped_price_has_its_day() -> None:
    for model, price in SHIPPED.items():
        assert parse_price({"input": price.input, "output": price.output, "cached": price.cached, "date": price.date})
        assert 0 < price.cached < price.input < price.output, model
        assert find_price([SHIPPED], Use("pi", f"maker/{model}-2026-01-01", Tokens())) is price


@pytest.mark.parametrize(("dates", "oldest"), [
    (["2026-03-01", "2026-02-28"], "2026-02-28"), (["2025-01-01"], "2025-01-01"), (["2026-03-01"], None), ([], None),
])  # fmt: skip
def test_old_prices_are_said(dates: list[str], oldest: str | None) -> None:
    told = old_prices(dates, "2026-08-28")
    assert (told is None) if oldest is None else (told is not None and oldest in told)


def test_what_has_no_price_is_named() -> None:
    uses = [Use("claude", "claude-sonnet-4", Tokens(1_000_000)), Use("pi", "", Tokens(5, 5))]
    spent = sum_up(uses, [{"claude-sonnet-4": SONNET}])
    assert spent == Spent(Tokens(1_000_005, 5), 3.0, ("pi",), "2026-01-31")
    assert spent.text() == "1,000,010 tokens, 3.00 USD and what pi costs"


@pytest.mark.parametrize(
    ("used", "expected"), [(79, Level.FREE), (80, Level.NEAR), (99, Level.NEAR), (100, Level.OVER), (130, Level.OVER)]
)
def test_a_person_is_told_at_four_fifths(used: int, expected: Level) -> None:
    assert level(Budget(tokens=100), Spent(Tokens(used), 0.0)) is expected
    assert level(Budget(usd=1.0), Spent(Tokens(), used / 100)) is expected


def test_the_overshoot_is_told() -> None:
    assert Budget(tokens=1000).tell(Spent(Tokens(1200), 0.0)) == "1,200 of 1,000 tokens, 200 over"
    assert Budget(usd=5.0).tell(Spent(Tokens(), 5.2)) == "5.20 of 5.00 USD, 0.20 over"
    assert Budget(usd=5.0).tell(Spent(Tokens(), 4.2)) == "4.20 of 5.00 USD"


@pytest.mark.parametrize("state", SessionState)
def test_a_turn_goes_to_its_end_and_no_other_begins(state: SessionState) -> None:
    working = state is SessionState.WORKING
    assert decide(state, EARLIER, None, hard=False) is (Course.LET_END if working else Course.PAUSE)
    assert decide(state, EARLIER, EARLIER, hard=False) is (Course.LET_END if working else Course.PAUSE)
    assert decide(state, LATER, EARLIER, hard=False) is Course.PAUSE  # another turn has begun since
    assert decide(state, EARLIER, None, hard=True) is Course.PAUSE
