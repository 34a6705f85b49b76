"""Which worker gets a bead: the one it was meant for, one with nothing to do, or a new one, within the limits."""

from collections.abc import Collection

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.agents import AgentState, Role
from gastown_tmux.domain.rigs import Rig
from gastown_tmux.domain.work import RETRIED, Bead, is_met
from gastown_tmux.domain.worker_names import next_name
from gastown_tmux.operations.sessions.starting import resolve_provider
from gastown_tmux.operations.town import budgets, capacity
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store import agents as agent_rows
from gastown_tmux.store import beads as rows
from gastown_tmux.store.db import Change
from gastown_tmux.store.spending import note_over_budget


@dataclass(frozen=True, slots=True)
class Waits:
    """The bead is on no hook yet, and what for."""

    why: str


def give(town: Town, change: Change, rig: Rig, bead: Bead, *, person: bool) -> Address | Waits:
    """Puts an open bead on a hook that is free for it, and says on whose."""
    needed = [rows.get_bead(change, other) for other in bead.needs]
    unmet = [other.id for other in needed if not is_met(other.state, other.reason)]
    if unmet:
        return Waits("it needs " + ", ".join(unmet))
    if town.stands_still(rig.name):
        return Waits("everything stands still: gt thaw")
    full = capacity.refusal(town) or budgets.refusal(town, bead=bead, reader=change)
    note_over_budget(change, bead, over=full is not None and full.startswith(budgets.OVER))
    if full is not None:
        return Waits(full)
    wanted = Address(bead.target) if bead.target and "/" in bead.target else None
    worker = None
    if wanted is not None:
        agent = agent_rows.find_agent(change, wanted)
        if agent is not None and (person or agent.state in (AgentState.ON, AgentState.OFF)):
            holding = rows.find_held_bead(change, wanted)
            spent = budgets.refusal(town, agent=wanted, reader=change) if holding is None else None
            if spent is not None:
                note_over_budget(change, bead, over=True)
                return Waits(spent)
            if holding is None:
                worker = wanted
            elif agent.role is Role.CREW or bead.reason not in RETRIED:
                return Waits(f"{wanted} has {holding.id} on its hook")
    if worker is None:
        chosen = _choose(town, change, rig, bead)
        if chosen is None:
            return Waits("all places for agents are taken")
        worker = chosen
    rows.sling_bead(change, bead.id, worker)
    if agent_rows.get_agent(change, worker).state is not AgentState.PAUSED:
        agent_rows.move_agent(change, worker, "start")
    return worker


def _choose(town: Town, change: Change, rig: Rig, bead: Bead) -> Address | None:
    """A polecat of the rig with nothing on its hook and no session, best the one that had the bead before, or a new
    one; None at the limits.
    """
    busy, agents = agent_rows.list_busy(change), agent_rows.list_agents(change)
    if count_places(town, rig, busy) <= 0:
        return None
    wanted = resolve_provider(town, rig.name, bead.provider).name
    for agent in sorted(agents, key=lambda agent: agent.address != bead.assignee):
        idle = agent.rig == rig.name and agent.role is Role.POLECAT and agent.address not in busy
        fits = agent.provider in (None, wanted)
        able = idle and fits and agent.state in (AgentState.OFF, AgentState.ON)
        if able and budgets.refusal(town, agent=agent.address, reader=change) is None:
            return agent.address
    taken = {agent.name for agent in agents if agent.rig == rig.name}
    address = Address.of(rig.name, next_name(taken, {agent.name for agent in agents}))
    agent_rows.insert_agent(change, address, Role.POLECAT, None)
    return address


def count_places(town: Town, rig: Rig, busy: Collection[Address]) -> int:
    """How many more agents the rig may have at work beside the town's ``busy`` ones; below 0 where a limit fell."""
    in_rig, in_town = town.settings(rig.name).count("limits.agents"), town.settings().count("limits.agents")
    return min(in_town - len(busy), in_rig - sum(address.rig == rig.name for address in busy))
