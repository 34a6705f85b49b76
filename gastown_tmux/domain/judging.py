"""Which of two witnesses is right about a session: its program's own hooks, or what its screen shows."""

from dataclasses import dataclass
from typing import Literal, assert_never

from gastown_tmux.domain.agents import SessionState

#: What a screen can show of a session; ``limited``: its account is at its limit.
Seen = Literal["ready", "working", "idle", "waiting", "limited", "error", "unknown"]

#: Seconds that a screen must show something else, without a break, before it outweighs the program's own word.
DIALOG_SECONDS = 2.0
BUSY_SECONDS = 5.0
IDLE_SECONDS = 15.0
#: Before its first prompt is taken, a program looks idle for seconds.
START_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Showing:
    """What a session's screen shows, and for how many seconds it has shown that and nothing else."""

    seen: Seen
    seconds: float


def correct(state: SessionState, age: float, showing: Showing, *, hooks: bool) -> str | None:
    """The move by which a session of this state, ``age`` seconds old, becomes what its screen shows; None: none.

    Without ``hooks`` nobody else tells, so the screen is believed at once.
    """
    move, seconds = _move(state, showing.seen)
    if move is None or (hooks and min(showing.seconds, age) < seconds):
        return None
    return move


def _move(state: SessionState, seen: Seen) -> tuple[str | None, float]:
    """The move, and how long the screen must insist on it."""
    match state, seen:
        case (SessionState.ENDED, _) | (_, "unknown"):
            return None, 0.0
        case _, "waiting":
            return ("wait" if state is not SessionState.WAITING else None), DIALOG_SECONDS
        case _, "working":
            return ("work" if state is not SessionState.WORKING else None), BUSY_SECONDS
        case SessionState.STARTING, "ready":
            return "ready", START_SECONDS
        case SessionState.STARTING, "idle" | "error" | "limited":
            return "idle", START_SECONDS
        case ((SessionState.WORKING | SessionState.WAITING), "ready" | "idle" | "error" | "limited"):
            return "idle", IDLE_SECONDS
        case ((SessionState.READY | SessionState.IDLE), "ready" | "idle" | "error" | "limited"):
            return None, 0.0
        case _:
            assert_never((state, seen))  # type: ignore[arg-type]
