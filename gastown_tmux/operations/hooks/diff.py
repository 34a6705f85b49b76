"""Looking at work before it lands."""

import contextlib

from gastown_tmux.dataclass import dataclass, replace
from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.ids import BeadId, Commit, MergeRequestId
from gastown_tmux.domain.merging import MergeRequest
from gastown_tmux.domain.quoting import one_line
from gastown_tmux.domain.rigs import Rig
from gastown_tmux.domain.work import Bead, BeadState, Convoy
from gastown_tmux.edges.git import snapshot, snapshot_history
from gastown_tmux.edges.git.browse import compare
from gastown_tmux.edges.git.snapshot import Snapshot
from gastown_tmux.errors import NotFoundError, UsageError
from gastown_tmux.operations.hooks.fork_points import find_fork, known_tip
from gastown_tmux.operations.hooks.worktrees import save_hook
from gastown_tmux.operations.town import lookup
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store.beads import find_held_bead, get_bead
from gastown_tmux.store.merging import get_merge_request

_HELD = (BeadState.HOOKED, BeadState.WORKING)


@dataclass(frozen=True, slots=True)
class Diff:
    """``head`` is the commit that ``text`` leads to: a branch's, or a snapshot's of what is not committed; a convoy has
    none.
    """

    text: str
    head: str = ""
    author: Address | None = None
    bead: BeadId | None = None


def diff(town: Town, what: str, stat: bool = False) -> str:
    """What an agent's hook or a bead's branch changed since it was cut, work that is not committed included; of a
    request what is to land, of a convoy that of all its beads, one after the other. Of nothing it is said that it is.

    Raises NotFoundError where there is no work yet.
    """
    found = find_diff(town, what, stat).text
    if not found.strip():
        town.say(f"{what} has changed nothing")
    return found


def find_diff(town: Town, what: str, stat: bool = False) -> Diff:
    """The same, with what it is the diff of. Nothing is said of none."""
    with contextlib.suppress(NotFoundError, UsageError):
        if what.startswith("cv-"):
            return _diff_convoy(town, lookup.resolve_convoy(town, what), stat)
        if what.startswith("mr-"):
            request = lookup.resolve_merge_request(town, what)
            return _diff_request(town, request, stat)
    bead = _find_bead(town, what)
    if bead is None:
        try:
            address = lookup.resolve_agent(town, what)
        except NotFoundError:
            if "-" not in what or "/" in what:
                raise
            find = {"cv-": lookup.resolve_convoy, "mr-": lookup.resolve_merge_request}.get(
                what[:3], lookup.resolve_bead
            )
            find(town, what)  # raises what is wrong with it, which reads as an id
            raise
        return _diff_hook(town, address, find_held_bead(town.db, address), stat)
    return _diff_bead(town, bead, stat)


def _diff_convoy(town: Town, convoy: Convoy, stat: bool) -> Diff:
    """Each bead under its name; one that nobody worked on yet says so."""
    parts = []
    for id in convoy.beads:
        bead = get_bead(town.db, id)
        try:
            text = _diff_bead(town, bead, stat).text.rstrip("\n") or "(no change)"
        except NotFoundError as error:
            text = f"({error.message})"
        parts.append(f"# {bead.id} {bead.state} {one_line(bead.title)}\n{text}")
    return Diff("\n\n".join(parts))


def _diff_bead(town: Town, bead: Bead, stat: bool) -> Diff:
    if bead.state in _HELD and bead.assignee is not None:
        return _diff_hook(town, bead.assignee, bead, stat)
    if bead.state in (BeadState.SUBMITTED, BeadState.MERGED) and bead.merge_request is not None:
        return _diff_request(town, get_merge_request(town.db, bead.merge_request), stat)
    return _diff_branch(town, bead, stat)


def _diff_request(town: Town, request: MergeRequest, stat: bool) -> Diff:
    """What it brings, whatever has become of it."""
    rig = town.rig(request.rig)
    repository = town.repository(rig.name)
    if repository.resolve(request.head) is None:
        raise NotFoundError(f"the commits of {request.id} are gone", hint=f"gt mq show {request.id}")
    tip = f"{request.merged_commit}^" if request.merged_commit else known_tip(town, rig, request.base)
    base = _compared_with(town, rig, tip, request.base, request.head, request.id)
    text = compare(repository, base, request.head, stat=stat)
    return Diff(text, request.head, request.author, request.bead)


def _find_bead(town: Town, what: str) -> Bead | None:
    try:
        return lookup.resolve_bead(town, what)
    except (NotFoundError, UsageError):
        return None


def _diff_hook(town: Town, address: Address, bead: Bead | None, stat: bool) -> Diff:
    """The worktree as it is; where it is gone, its newest snapshot."""
    if address.rig is None:
        raise NotFoundError(f"{address} has no worktree of its own", hint="gt agents")
    rig = town.rig(address.rig)
    repository = town.repository(rig.name)
    saved = save_hook(town, rig, address, snapshot.LOOK)
    if saved is None:
        found = snapshot.history(repository, address.folder)
        if not found:
            raise NotFoundError(f"{address} has no work to show yet", hint=f"gt peek {address}")
        saved = found[-1]
        town.say(f"{address} has no whole worktree: this is snapshot {saved.seq} of {saved.time}")
    if bead is not None and snapshot_history.read_state(repository, saved)["branch"] not in (bead.branch, None):
        # The bead was slung a moment ago, and the worktree is still on the branch of the one before.
        return _diff_branch(town, bead, stat)
    return replace(_diff_snapshot(town, rig, bead, saved, stat), author=address)


def _diff_branch(town: Town, bead: Bead, stat: bool) -> Diff:
    """A branch that nobody works on, with what its last worker had not committed."""
    rig = town.rig(bead.rig)
    repository = town.repository(rig.name)
    tip = repository.resolve(f"refs/heads/{bead.branch}") if bead.branch else None
    if tip is None or bead.branch is None:
        raise NotFoundError(f"{bead.id} has no work to show yet", hint=f"gt bead show {bead.id}")
    if saved := snapshot_history.find_work(repository, bead.branch):
        return _diff_snapshot(town, rig, bead, saved, stat)
    base = _compared_with(town, rig, known_tip(town, rig, bead.base), bead.base, tip)
    return Diff(compare(repository, base, tip, stat=stat), tip, bead.assignee, bead.id)


def _diff_snapshot(town: Town, rig: Rig, bead: Bead | None, saved: Snapshot, stat: bool) -> Diff:
    repository = town.repository(rig.name)
    began = bead.base if bead else None
    base = _compared_with(town, rig, known_tip(town, rig, began), began, f"{saved.commit}^")
    text = snapshot_history.diff(repository, saved, base, stat=stat)
    return Diff(text, saved.commit, bead.assignee if bead else None, bead.id if bead else None)


def _compared_with(
    town: Town, rig: Rig, tip: str, began: Commit | None, head: str, before: MergeRequestId | None = None
) -> str:
    fork = find_fork(town, rig, tip, head, began, before)
    return fork.base if fork is not None else began or tip
