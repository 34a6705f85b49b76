"""When an agent whose session died is started again, and when no more."""

from collections.abc import Sequence

from gastown_tmux.dataclass import dataclass

#: The longest pause between two starts.
LONGEST_DELAY = 60.0
#: Seconds alive after which a death is the first one again.
SETTLED = 60.0
#: Deaths of different agents within the same moments that are one stroke from outside, if they are also half of all
#: that ran. One that had lived for less than STROKE_LIFE seconds does not count: it may be the program that is broken.
MASS_DEATHS = 3
MASS_DEATH_SECONDS = 2.0
MASS_DEATH_LIFE = 5.0


@dataclass(frozen=True, slots=True)
class Budget:
    """``most`` starts after deaths within ``window`` seconds; ``delay`` seconds before the first of them."""

    most: int
    window: float
    delay: float


def next_delay(budget: Budget, lives: Sequence[float], chance: float) -> float | None:
    """Seconds before the next start; None where the budget is spent.

    ``lives`` are the seconds that each session of the window lived, the newest first; ``chance`` from 0 to 1 spreads
    the delay by a quarter to both sides.

    >>> budget = Budget(3, 600.0, 0.1)
    >>> next_delay(budget, [5.0], 0.5), next_delay(budget, [5.0, 5.0], 0.5), next_delay(budget, [90.0, 5.0], 0.5)
    (0.1, 0.2, 0.1)
    >>> next_delay(budget, [1.0] * 4, 0.5)
    """
    if len(lives) > budget.most:
        return None
    in_row = next((place for place, life in enumerate(lives) if life >= SETTLED), len(lives) - 1)
    return min(budget.delay * 2.0**in_row, LONGEST_DELAY) * (0.75 + chance / 2)


def is_mass_death(deaths: int, living: int) -> bool:
    """Whether so many deaths within STROKE_SECONDS, with so many still alive, have one cause outside the agents.

    >>> is_stroke(2, 0), is_stroke(3, 3), is_stroke(3, 4)
    (False, True, False)
    """
    return deaths >= MASS_DEATHS and deaths >= living
