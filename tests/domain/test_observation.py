"""When a screen outweighs the program's own word."""

import pytest

from gastown_tmux.domain.agents import SessionState
from gastown_tmux.domain.observation import ScreenState, SteadyScreen, correct


@pytest.mark.parametrize(
    ("state", "seen", "move"),
    [
        ("working", "idle", "idle"),  # a turn that a key broke off
        ("working", "error", "idle"),
        ("working", "limited", "idle"),
        ("idle", "working", "work"),
        ("waiting", "working", "work"),  # a person has answered
        ("waiting", "idle", "idle"),
        ("working", "waiting", "wait"),
        ("starting", "waiting", "wait"),
        ("starting", "ready", "ready"),
        ("starting", "idle", "idle"),
        ("working", "working", None),
        ("idle", "ready", None),
        ("working", "unknown", None),
        ("waiting", "waiting", None),
        ("ended", "working", None),
    ],
)
def test_what_a_screen_says_for_long_holds(state: str, seen: str, move: str | None) -> None:
    long = SteadyScreen(ScreenState(seen), 60.0)
    assert correct(SessionState(state), 60.0, long, hooks=True) == move
    assert correct(SessionState(state), 0.0, SteadyScreen(ScreenState(seen), 0.0), hooks=False) == move
    for age, seconds in ((60.0, 1.0), (1.0, 60.0)):
        assert correct(SessionState(state), age, SteadyScreen(ScreenState(seen), seconds), hooks=True) is None
