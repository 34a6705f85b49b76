"""Which of two witnesses is right about a session: its program's own hooks, or what its screen shows."""

from enum import StrEnum
from typing import assert_never

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.agents import SessionMove, SessionState


class ScreenState(StrEnum):
    """``ready`` is idle with nothing said yet; ``waiting`` is for a person; ``error`` ended the turn."""

    READY = "ready"
    WORKING = "working"
    IDLE = "idle"
    WAITING = "waiting"
    LIMITED = "limited"
    ERROR = "error"
    UNKNOWN = "unknown"


class Trouble(StrEnum):
    """What keeps an agent's program from working at all until a person has put it right."""

    LOGIN = "not logged in"
    EXPIRED = "its login has expired"
    UNPAID = "not paid for"
    NETWORK = "no network"
    UPDATE = "it offers an update"
    FIRST_START = "it was never started before"


#: Seconds that a screen must show something else, without a break, before it outweighs the program's own word.
DIALOG_SECONDS = 2.0
BUSY_SECONDS = 5.0
IDLE_SECONDS = 15.0
#: Before its first prompt is taken, a program looks idle for seconds.
START_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class SteadyScreen:
    """What a session's screen shows, and for how many seconds it has shown that and nothing else."""

    state: ScreenState
    seconds: float


def correct(state: SessionState, age: float, screen: SteadyScreen, *, hooks: bool) -> SessionMove | None:
    """The move by which a session of this state, ``age`` seconds old, becomes what its screen shows; None: none.

    Without ``hooks`` nobody else tells, so the screen is believed at once.
    """
    if state is SessionState.ENDED:
        return None
    move, seconds = _move(state, screen.state)
    if move is None or (hooks and min(screen.seconds, age) < seconds):
        return None
    return move


def _move(state: SessionState, screen: ScreenState) -> tuple[SessionMove | None, float]:
    """The move, and how long the screen must insist on it."""
    match screen:
        case ScreenState.UNKNOWN:
            return None, 0.0
        case ScreenState.WAITING:
            return ("wait" if state is not SessionState.WAITING else None), DIALOG_SECONDS
        case ScreenState.WORKING:
            return ("work" if state is not SessionState.WORKING else None), BUSY_SECONDS
        case ScreenState.READY if state is SessionState.STARTING:
            return "ready", START_SECONDS
        case ScreenState.READY | ScreenState.IDLE | ScreenState.ERROR | ScreenState.LIMITED:
            if state is SessionState.STARTING:
                return "idle", START_SECONDS
            return ("idle" if state in (SessionState.WORKING, SessionState.WAITING) else None), IDLE_SECONDS
        case _:
            assert_never(screen)
