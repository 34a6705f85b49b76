"""From where on the changes of a branch count, where the history of the target does not tell.

It does not tell of a branch that landed as one commit of another name, and goes on or was gone on from by another; nor
of a target that was rewritten after the branch was cut from it.
"""

from collections.abc import Mapping, Set

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.history import Own
from gastown_tmux.domain.ids import Commit, MergeRequestId
from gastown_tmux.domain.rigs import Rig
from gastown_tmux.edges.git.repository import Repository
from gastown_tmux.errors import RefusedError
from gastown_tmux.operations.hooks.worktrees import find_base
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store.merging import list_landed
from gastown_tmux.store.targets import list_replaced


@dataclass(frozen=True, slots=True)
class Fork:
    """``base`` is what the branch is compared with.

    ``known``: commits of the branch of whose changes the target has all that it wants, whatever its history says.
    ``dropped``: what the branch has, the target once had, and has no more, newest first. ``plain``: git by itself
    merges from ``base``.
    """

    base: str
    known: tuple[str, ...]
    dropped: tuple[str, ...]
    plain: bool


def find_fork(
    town: Town,
    rig: Rig,
    tip: str,
    head: str,
    began: str | None = None,
    before: MergeRequestId | None = None,
    ahead: Mapping[Commit, Commit] | None = None,
    own: Own | None = None,
) -> Fork | None:
    """Where ``head`` left the target, which is at ``tip`` now; None where they never shared anything.

    ``began``: where the target was when the work began. ``before``: what landed by this merge request, and later, does
    not count. ``ahead``: heads that are on ``tip`` under another name, each with that, though they have not landed yet.
    ``own``: what of the branch is not on ``tip``, where that is known.
    """
    repository = town.repository(rig.name)
    shared: list[str] = [own.base] if own is not None else repository.merge_bases(tip, head)
    known: list[str] = []
    dropped: list[str] = []
    for old in _former_tips(town, rig, repository, began, but={tip, *shared}):
        for last in repository.merge_bases(old, head):
            if last in (ahead or {}) or repository.is_ancestor(last, tip):
                continue
            dropped.append(last)
            # The newest target that the branch contains: one is enough that has all others.
            if not known and all(repository.is_ancestor(base, last) for base in shared):
                known = [last]
    base = known[0] if known else shared[0] if shared else None
    for landed, commit in _landed(town, rig, repository, tip, head, before, ahead or {}, own):
        known.append(landed)
        base = landed
        if not repository.is_ancestor(commit, tip):
            dropped.append(landed)
    if base is None:
        return None
    newest = repository.independent(dropped)
    lost = tuple(commit for commit in dict.fromkeys(dropped) if commit in newest)
    return Fork(base, tuple(known), lost, plain=len(shared) == 1 and not known)


def known_tip(town: Town, rig: Rig, began: Commit | None) -> Commit:
    """Where the target is, as far as is known here; where there is none any more, where it was when the work began."""
    try:
        return find_base(town, rig, fetch=False)
    except RefusedError:
        if began is None:
            raise
        return began


def _former_tips(town: Town, rig: Rig, repository: Repository, began: str | None, but: Set[str]) -> list[str]:
    """Where the target was when it was rewritten, newest first: as we saw it, and as agents did who fetched.

    ``but``: commits that it has, of which nothing more need be asked.
    """
    seen = [*list_replaced(town.db, rig.name, rig.target), *repository.forced_updates(f"origin/{rig.target}")]
    if began is not None:
        seen.append(began)
    return [tip for tip in dict.fromkeys(seen) if tip not in but and repository.resolve(tip) is not None]


def _landed(
    town: Town,
    rig: Rig,
    repository: Repository,
    tip: str,
    head: str,
    before: MergeRequestId | None,
    ahead: Mapping[Commit, Commit],
    own: Own | None,
) -> list[tuple[str, str]]:
    """What of the branch landed under another name that is not in its own history: its commit, and the target's."""
    landed = {
        request.head: request.merged_commit
        for request in list_landed(town.db, rig.name, before)
        if request.merged_commit is not None
    } | dict(ahead)
    if not landed:
        return []
    commits = own.commits if own is not None else repository.new_commits(tip, head)
    found = {
        commit: on_target
        for commit, on_target in landed.items()
        if commit in commits
        and repository.resolve(on_target) is not None
        and not repository.is_ancestor(on_target, head)
    }
    newest = repository.independent(list(found))
    return [(commit, on_target) for commit, on_target in found.items() if commit in newest]
