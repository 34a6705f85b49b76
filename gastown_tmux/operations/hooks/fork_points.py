"""From where on the changes of a branch count: a crew member's goes on after work of it has landed."""

from gastown_tmux.domain.ids import Commit, MergeRequestId
from gastown_tmux.domain.rigs import Rig
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store.merging import find_landed


def find_landed_head(
    town: Town, rig: Rig, branch: str | None, head: str, before: MergeRequestId | None = None
) -> Commit | None:
    """The commit on the way to ``head`` up to which its branch has landed, where git cannot see that for itself: a
    squash leaves another commit on the target, which is not in the history of ``head``.

    ``before``: landed as a merge request that is older than this one.
    """
    landed = find_landed(town.db, rig.name, branch, before) if branch else None
    if landed is None or landed.merged_commit is None:
        return None
    repository = town.repository(rig.name)
    known = all(repository.resolve(commit) is not None for commit in (landed.head, landed.merged_commit))
    if not known or repository.is_ancestor(landed.merged_commit, head):
        return None
    return landed.head if repository.is_ancestor(landed.head, head) else None


def find_fork(
    town: Town, rig: Rig, branch: str | None, base: str, head: str, before: MergeRequestId | None = None
) -> str:
    """What ``head`` is to be compared with to see what is new on its branch; ``base`` where they share nothing."""
    landed = find_landed_head(town, rig, branch, head, before)
    return landed or town.repository(rig.name).fork_point(base, head) or base
