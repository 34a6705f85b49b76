"""Looking at work before it lands."""

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.ids import Commit, MergeRequestId
from gastown_tmux.domain.rigs import Rig
from gastown_tmux.domain.work import Bead, BeadState
from gastown_tmux.edges.git import snapshot, snapshot_history
from gastown_tmux.edges.git.browse import compare
from gastown_tmux.edges.git.snapshot import Snapshot
from gastown_tmux.errors import NotFoundError, UsageError
from gastown_tmux.operations.hooks.fork_points import find_fork, known_tip
from gastown_tmux.operations.hooks.worktrees import save_hook
from gastown_tmux.operations.town import lookup
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store.beads import find_held_bead
from gastown_tmux.store.merging import get_merge_request

_HELD = (BeadState.HOOKED, BeadState.WORKING)


def diff(town: Town, what: str, stat: bool = False) -> str:
    """What an agent's hook or a bead's branch changed since it was cut, work that is not committed included.

    Raises NotFoundError where there is nothing yet.
    """
    bead = _find_bead(town, what)
    if bead is None:
        address = lookup.resolve_agent(town, what)
        return _diff_hook(town, address, find_held_bead(town.db, address), stat)
    if bead.state in _HELD and bead.assignee is not None:
        return _diff_hook(town, bead.assignee, bead, stat)
    if bead.state in (BeadState.SUBMITTED, BeadState.MERGED) and bead.merge_request is not None:
        request = get_merge_request(town.db, bead.merge_request)
        rig = town.rig(request.rig)
        repository = town.repository(rig.name)
        tip = f"{request.merged_commit}^" if request.merged_commit else known_tip(town, rig, request.base)
        base = _compared_with(town, rig, tip, request.base, request.head, request.id)
        return compare(repository, base, request.head, stat=stat)
    return _diff_branch(town, bead, stat)


def _find_bead(town: Town, what: str) -> Bead | None:
    try:
        return lookup.resolve_bead(town, what)
    except (NotFoundError, UsageError):
        return None


def _diff_hook(town: Town, address: Address, bead: Bead | None, stat: bool) -> str:
    """The worktree as it is; where it is gone, its newest snapshot."""
    if address.rig is None:
        raise NotFoundError(f"{address} has no worktree of its own", hint="gt agents")
    rig = town.rig(address.rig)
    repository = town.repository(rig.name)
    saved = save_hook(town, rig, address, "diff")
    if saved is None:
        found = snapshot.history(repository, address.folder)
        if not found:
            raise NotFoundError(f"{address} has no work to show yet", hint=f"gt peek {address}")
        saved = found[-1]
        town.say(f"{address} has no whole worktree: this is snapshot {saved.seq} of {saved.time}")
    if bead is not None and snapshot_history.read_state(repository, saved)["branch"] not in (bead.branch, None):
        # The bead was slung a moment ago, and the worktree is still on the branch of the one before.
        return _diff_branch(town, bead, stat)
    return _diff_snapshot(town, rig, bead, saved, stat)


def _diff_branch(town: Town, bead: Bead, stat: bool) -> str:
    """A branch that nobody works on, with what its last worker had not committed."""
    rig = town.rig(bead.rig)
    repository = town.repository(rig.name)
    tip = repository.resolve(f"refs/heads/{bead.branch}") if bead.branch else None
    if tip is None or bead.branch is None:
        raise NotFoundError(f"{bead.id} has no work to show yet", hint=f"gt bead show {bead.id}")
    if saved := snapshot_history.find_work(repository, bead.branch):
        return _diff_snapshot(town, rig, bead, saved, stat)
    base = _compared_with(town, rig, known_tip(town, rig, bead.base), bead.base, tip)
    return compare(repository, base, tip, stat=stat)


def _diff_snapshot(town: Town, rig: Rig, bead: Bead | None, saved: Snapshot, stat: bool) -> str:
    repository = town.repository(rig.name)
    began = bead.base if bead else None
    base = _compared_with(town, rig, known_tip(town, rig, began), began, f"{saved.commit}^")
    return snapshot_history.diff(repository, saved, base, stat=stat)


def _compared_with(
    town: Town, rig: Rig, tip: str, began: Commit | None, head: str, before: MergeRequestId | None = None
) -> str:
    fork = find_fork(town, rig, tip, head, began, before)
    return fork.base if fork is not None else began or tip
