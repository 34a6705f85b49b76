"""The respawn policy: a delay that doubles up to a limit, and a budget that ends."""

from hypothesis import given
from hypothesis import strategies as st

from gastown_tmux.domain.respawn import LONGEST_DELAY, MASS_DEATHS, SETTLED, Budget, is_mass_death, next_delay

BUDGET = Budget(10, 600.0, 0.1)


def test_the_delay_doubles_to_a_minute() -> None:
    delays = [next_delay(Budget(20, 600.0, 0.1), [1.0] * deaths, 0.5) for deaths in range(1, 14)]
    assert delays[:4] == [0.1, 0.2, 0.4, 0.8]
    assert delays[-1] == LONGEST_DELAY


def test_a_minute_alive_starts_it_anew() -> None:
    assert next_delay(BUDGET, [SETTLED, 1.0, 1.0], 0.5) == 0.1
    assert next_delay(BUDGET, [1.0, SETTLED, 1.0], 0.5) == 0.2


def test_a_spent_budget_costs_no_further_start() -> None:
    assert next_delay(BUDGET, [1.0] * 10, 0.5) is not None
    assert next_delay(BUDGET, [1.0] * 11, 0.5) is None
    assert next_delay(BUDGET, [SETTLED + 1] * 11, 0.5) is None


@given(lives=st.lists(st.floats(0, 1e5), min_size=1, max_size=10), chance=st.floats(0, 1))
def test_jitter_stays_within_a_quarter(lives: list[float], chance: float) -> None:
    middle, spread = next_delay(BUDGET, lives, 0.5), next_delay(BUDGET, lives, chance)
    assert middle is not None and spread is not None
    assert 0.75 * middle <= spread <= 1.25 * middle


def test_a_mass_death_hits_several_and_half_of_all() -> None:
    assert is_mass_death(MASS_DEATHS, MASS_DEATHS)
    assert not is_mass_death(MASS_DEATHS - 1, 0)
    assert not is_mass_death(MASS_DEATHS, MASS_DEATHS + 1)
