"""What a hook's ``state.json`` says: asks no git, for a call of an agent's hook and short verbs write it too."""

import json

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.agents import branch_of
from gastown_tmux.domain.ids import Commit
from gastown_tmux.domain.work import Bead
from gastown_tmux.edges.files import clock
from gastown_tmux.edges.files.atomic import make_folder, write_atomic
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store.agents import get_agent
from gastown_tmux.store.beads import find_held_bead
from gastown_tmux.store.runs import count_tries, find_run_of


def write_state(town: Town, address: Address) -> dict[str, object]:
    """``state.json``: what is on the hook, for those who may not open the database; what it says now."""
    folder = town.hook(address)
    make_folder(folder)
    state = describe_hook(town, address) | {"updated": clock.now()}
    write_atomic(folder / "state.json", json.dumps(state, ensure_ascii=False, indent=1).encode())
    return state


def describe_hook(town: Town, address: Address) -> dict[str, object]:
    """What is on it, as JSON has it."""
    agent, bead = get_agent(town.db, address), find_held_bead(town.db, address)
    return {
        "agent": address,
        "role": agent.role,
        "rig": agent.rig,
        "bead": bead
        and {name: getattr(bead, name) for name in ("id", "title", "body", "state", "reason", "priority", "convoy")},
        "run": find_run_of(town.db, bead.id) if bead else None,
        "branch": bead.branch if bead else branch_of(agent, None),
        "base": bead.base if bead else None,
        "attempt": bead.attempts if bead else 0,
        "tries": count_tries(town.db, bead.id) if bead else 0,
        "refused": _find_refused(town, bead) if bead else None,
    }


def _find_refused(town: Town, bead: Bead) -> Commit | None:
    """The head that came back last: to submit it again would change nothing."""
    if bead.merge_request is None:
        return None
    from gastown_tmux.store.merging import get_merge_request  # few that have a hook came back

    request = get_merge_request(town.db, bead.merge_request)
    return request.head if request.state in ("conflicted", "rejected") else None
