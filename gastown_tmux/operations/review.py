"""Looking at work before it lands."""

from gastown_tmux.domain.ids import Address
from gastown_tmux.domain.work import Bead
from gastown_tmux.errors import NotFoundError, UsageError
from gastown_tmux.operations import lookup
from gastown_tmux.operations.hooks import save_hook
from gastown_tmux.operations.town import Town
from gastown_tmux.store.merging import get_merge_request
from gastown_tmux.store.work import find_held_bead


def diff(town: Town, what: str, stat: bool = False) -> str:
    """What an agent's hook or a bead's branch changed since its base, uncommitted work of a worker included."""
    bead = _find_bead(town, what)
    address = bead.assignee if bead else lookup.resolve_agent(town, what)
    if bead is None and address is not None:
        bead = find_held_bead(town.db, address)
    if bead is not None and bead.merge_request is not None and bead.state in ("submitted", "merged"):
        request = get_merge_request(town.db, bead.merge_request)
        return town.repository(request.rig).diff(request.base, request.head, stat=stat)
    if address is None or address.rig is None:
        raise NotFoundError(f"{what} has no work to show yet")
    return _diff_hook(town, address, bead, stat)


def _find_bead(town: Town, what: str) -> Bead | None:
    try:
        return lookup.resolve_bead(town, what)
    except (NotFoundError, UsageError):
        return None


def _diff_hook(town: Town, address: Address, bead: Bead | None, stat: bool) -> str:
    rig = town.rig(str(address.rig))
    repository = town.repository(rig.name)
    base = bead.base if bead and bead.base else repository.resolve(f"refs/remotes/origin/{rig.target}")
    saved = save_hook(town, rig, address, "diff")
    if saved is None or base is None:
        raise NotFoundError(f"{address} has no whole worktree", hint="gt doctor")
    return repository.diff(base, f"{saved.commit}:work", stat=stat)
