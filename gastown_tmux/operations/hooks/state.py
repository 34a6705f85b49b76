"""What a hook's ``state.json`` says: asks no git, for a call of an agent's hook and short verbs write it too."""

import json

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.agents import branch_of
from gastown_tmux.edges.files import clock
from gastown_tmux.edges.files.atomic import make_folder, write_atomic
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store.agents import get_agent
from gastown_tmux.store.beads import find_held_bead
from gastown_tmux.store.runs import find_run_of


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
    }
