"""What may come of one try to land a merge request, short of merged."""

from pathlib import Path

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.ids import Commit
from gastown_tmux.domain.merging import MergeRequest
from gastown_tmux.domain.work import Reason

#: Seconds before a refused or unreachable remote is asked again, by the number of tries so far.
DELAYS = (2.0, 5.0, 10.0, 20.0, 30.0)


@dataclass(frozen=True, slots=True)
class Built:
    """The candidate of a request: what its gates run on, and what lands. ``log`` is what they print."""

    request: MergeRequest
    commit: Commit
    tree: str
    log: Path


@dataclass(frozen=True, slots=True)
class Rejection:
    """The branch cannot land as it is; ``log`` shows why."""

    reason: Reason
    words: str
    log: Path | None = None


@dataclass(frozen=True, slots=True)
class Delay:
    """Nothing is wrong with the branch; it is tried again after ``seconds``. ``whole``: all that a program said.

    ``apart``: of several that were tried together one may be at fault, so each is tried by itself.
    ``unjudged``: the gates could not say, which goes on only so long until the queue is paused.
    """

    words: str
    seconds: float
    whole: str = ""
    apart: bool = False
    unjudged: bool = False


def pause(request: MergeRequest) -> float:
    return DELAYS[min(request.attempts, len(DELAYS) - 1)]
