"""When a screen outweighs the program's own word."""

import pytest

from gastown_tmux.domain.agents import SessionState
from gastown_tmux.domain.judging import Seen, Showing, correct


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
def test_what_a_screen_says_for_long_holds(state: str, seen: Seen, move: str | None) -> None:
    long = Showing(seen, 60.0)
    assert correct(SessionState(state), 60.0, long, hooks=True) == move
    assert correct(SessionState(state), 0.0, Showing(seen, 0.0), hooks=False) == move
    for age, seconds in ((60.0, 1.0), (1.0, 60.0)):
        assert correct(SessionState(state), age, Showing(seen, seconds), hooks=True) is None
