"""A short chaos run; the long ones are ``just chaos``."""

import pytest

from tests.chaos.run import run


@pytest.mark.timeout(600)
def test_a_short_chaos_breaks_no_promise() -> None:
    outcome = run(seed=11, faults=4, seconds=20, only=[], say=print)
    assert outcome.broken == []
    assert outcome.faults >= 1
    assert outcome.beads >= 2
