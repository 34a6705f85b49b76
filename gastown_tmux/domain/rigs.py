"""A rig: one repository and the workers on it."""

from enum import StrEnum

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.ids import Commit, RigName, Time


class RemoteKind(StrEnum):
    """Where landed commits go."""

    REMOTE = "remote"
    CHECKOUT = "checkout"


class QueueState(StrEnum):
    """Whether a rig's merge queue lands what is in it."""

    RUNNING = "running"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class Rig:
    """``source`` is what the person named; ``remote`` is where landed commits go.

    ``remote_kind`` checkout means a repository with files of its own, which follow. ``target_commit`` is kept only
    where the target lives in repo.git (``merge.publish: local``). ``rewritten``: when the target was found to lack
    commits that it had before, the last time.
    ``problem``: why the target could not be read when it was last fetched. ``remote_default``: the remote's own choice
    when the target was chosen, where that is known. ``queue_reason``: why its merge queue is paused.
    """

    name: RigName
    prefix: str
    source: str
    remote: str
    remote_kind: RemoteKind
    target: str
    target_commit: Commit | None
    email: str
    parked: bool
    created: Time
    rewritten: Time | None = None
    problem: str | None = None
    remote_default: str | None = None
    queue: QueueState = QueueState.RUNNING
    queue_reason: str | None = None
