"""What may come of one try to land a merge request, short of merged."""

from dataclasses import dataclass
from pathlib import Path

from gastown_tmux.domain.merging import MergeRequest
from gastown_tmux.domain.work import Reason
from gastown_tmux.operations.town.town import Town

#: Seconds before a refused or unreachable remote is asked again, by the number of tries so far.
DELAYS = (2.0, 5.0, 10.0, 20.0, 30.0)


@dataclass(frozen=True, slots=True)
class Rejection:
    """The branch cannot land as it is; ``log`` shows why."""

    reason: Reason
    words: str
    log: Path | None = None


@dataclass(frozen=True, slots=True)
class Delay:
    """Nothing is wrong with the branch; it is tried again after ``seconds``. ``whole``: all that a program said."""

    words: str
    seconds: float
    whole: str = ""


def log_path(town: Town, request: MergeRequest) -> Path:
    return town.logs / "merge" / f"{request.id}.log"


def pause(request: MergeRequest) -> float:
    return DELAYS[min(request.attempts, len(DELAYS) - 1)]
