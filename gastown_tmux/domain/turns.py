"""When a turn that was asked for is over: by what its program's hooks told, and by what its screen shows."""

from collections.abc import Sequence
from enum import StrEnum
from typing import assert_never

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.agents import SessionState
from gastown_tmux.domain.observation import IDLE_SECONDS, ScreenState, SteadyScreen

#: What a rule may answer, or passes by itself, is no stall before so many seconds.
ASKING_SECONDS = 5.0
#: A program without hooks looks idle between two of its steps too.
REST_SECONDS = 2.0


class Course(StrEnum):
    RUNNING = "running"
    ENDED = "ended"
    STALLED = "stalled"


@dataclass(frozen=True, slots=True)
class Look:
    """``told``: the states that the session came into since just before the words were typed, oldest first, the last of
    them ``age`` seconds ago. ``hooks``: the program tells of its turns itself.
    """

    told: Sequence[SessionState]
    age: float
    screen: SteadyScreen
    hooks: bool


def judge_turn(look: Look) -> tuple[Course, str]:
    """How the turn is, and why. A program's own word that its turn ended counts at once; without one the screen has to
    insist.

    >>> working, idle = SessionState.WORKING, SessionState.IDLE
    >>> judge_turn(Look((working, idle), 0.0, SteadyScreen(ScreenState.WORKING, 0.1), hooks=True))[0].value
    'ended'
    >>> judge_turn(Look((idle,), 0.0, SteadyScreen(ScreenState.IDLE, 0.1), hooks=True))[0].value
    'running'
    """
    if look.hooks and _went_through(look.told):
        return Course.ENDED, "its hook"
    seconds, shown = look.screen.seconds, look.screen.state
    if look.told and look.told[-1] is SessionState.WAITING and shown is ScreenState.UNKNOWN:
        shown, seconds = ScreenState.WAITING, look.age
    match shown:
        case ScreenState.WAITING:
            return _after(ASKING_SECONDS, seconds, Course.STALLED, "it waits for a person")
        case ScreenState.LIMITED:
            return _after(ASKING_SECONDS, seconds, Course.STALLED, "it is at its provider's limit")
        case ScreenState.ERROR:
            return _after(ASKING_SECONDS, seconds, Course.STALLED, "its turn ended with an error")
        case ScreenState.READY | ScreenState.IDLE:
            patience = IDLE_SECONDS if look.hooks else REST_SECONDS
            return _after(patience, seconds, Course.ENDED, "its screen")
        case ScreenState.WORKING | ScreenState.UNKNOWN:
            return Course.RUNNING, ""
        case _:
            assert_never(shown)


def _went_through(told: Sequence[SessionState]) -> bool:
    """Whether it began to work and then came to rest; a rest before that is of an earlier turn."""
    if SessionState.WORKING not in told:
        return False
    return SessionState.IDLE in told[told.index(SessionState.WORKING) :]


def _after(patience: float, seconds: float, course: Course, why: str) -> tuple[Course, str]:
    return (course, why) if seconds >= patience else (Course.RUNNING, "")
