"""When a turn is over, and when it does not go on: every order in which hooks and screens may tell of it."""

from collections.abc import Sequence

import pytest

from gastown_tmux.domain.agents import SessionState
from gastown_tmux.domain.observation import ScreenState, SteadyScreen
from gastown_tmux.domain.turns import Course, Look, judge_turn

WORKING, IDLE, WAITING, READY = (
    SessionState.WORKING, SessionState.IDLE, SessionState.WAITING, SessionState.READY,
)  # fmt: skip
S = ScreenState


@pytest.mark.parametrize(("told", "screen", "seconds", "hooks", "course"), [
    ((), S.IDLE, 1, True, "running"),  # the hook has not been taken in yet
    ((), S.IDLE, 16, True, "ended"),  # nobody takes hooks in
    ((WORKING,), S.IDLE, 3, True, "running"),  # between two steps, or while text streams
    ((WORKING, IDLE), S.WORKING, 9, True, "ended"),  # the screen is behind, or the next turn begins already
    ((WORKING, IDLE), S.UNKNOWN, 0, True, "ended"),
    ((WORKING, IDLE, WORKING), S.WORKING, 3, True, "ended"),  # somebody else's words began the next
    ((IDLE,), S.WORKING, 0, True, "running"),  # a late word of the turn before
    ((IDLE, WORKING), S.WORKING, 0, True, "running"),
    ((IDLE, WORKING, IDLE), S.IDLE, 0, True, "ended"),
    ((READY, WORKING), S.WORKING, 60, True, "running"),
    ((WORKING, WAITING), S.WAITING, 1, True, "running"),  # a rule may answer it
    ((WORKING, WAITING), S.WAITING, 6, True, "stalled"),
    ((WORKING, WAITING), S.UNKNOWN, 0, True, "stalled"),  # only its hook knows that it asks
    ((WORKING, WAITING, WORKING), S.UNKNOWN, 0, True, "running"),
    ((WORKING,), S.LIMITED, 6, True, "stalled"),
    ((WORKING,), S.LIMITED, 1, True, "running"),
    ((WORKING,), S.ERROR, 6, True, "stalled"),
    ((WORKING,), S.ERROR, 1, True, "running"),  # tried again
    ((WORKING, IDLE), S.ERROR, 0, True, "ended"),
    ((), S.WORKING, 600, False, "running"),
    ((), S.UNKNOWN, 600, False, "running"),
    ((), S.IDLE, 1, False, "running"),
    ((), S.IDLE, 3, False, "ended"),
    ((WORKING, IDLE), S.IDLE, 1, False, "running"),  # by its screen alone, which has to insist
    ((), S.WAITING, 6, False, "stalled"),
])  # fmt: skip
def test_course(told: Sequence[SessionState], screen: S, seconds: float, hooks: bool, course: str) -> None:
    look = Look(told, age=10.0, screen=SteadyScreen(screen, seconds), hooks=hooks)
    found, why = judge_turn(look)
    assert found is Course(course) and bool(why) is (found is not Course.RUNNING)
