"""Which worker gets a bead: claimed in the transaction in which it was chosen."""

from gastown_tmux.domain import waiting
from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.agents import AgentState, Role
from gastown_tmux.domain.scheduling import Choice, choose
from gastown_tmux.domain.waiting import Needed, Wait
from gastown_tmux.domain.work import Bead
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.work.readings import read_town
from gastown_tmux.store import agents as agent_rows
from gastown_tmux.store import beads as rows
from gastown_tmux.store.convoys import list_unmet
from gastown_tmux.store.db import Change
from gastown_tmux.store.scheduling import get_candidate
from gastown_tmux.store.spending import note_over_budget


def give(town: Town, change: Change, bead: Bead) -> Address | Wait:
    """Puts an open bead on a hook that is free for it because somebody says so now, and says on whose; or why not."""
    for needed in (rows.get_bead(change, other) for other in list_unmet(change, bead.id)):
        return waiting.needs(bead.id, Needed(needed.id, needed.state, needed.reason))
    plan = choose(read_town(town, change, [get_candidate(change, bead.id)], person=True))
    wait = plan.waits.get(bead.id)
    note_over_budget(change, bead, over=wait is not None and wait.what == "budget")
    return claim(change, plan.given[0]) if wait is None else wait


def claim(change: Change, choice: Choice) -> Address:
    """Raises TakenError where another bead came onto that hook meanwhile."""
    if choice.is_new:
        agent_rows.insert_agent(change, choice.worker, Role.POLECAT, choice.provider)
    rows.sling_bead(change, choice.bead, choice.worker)
    if agent_rows.get_agent(change, choice.worker).state is not AgentState.PAUSED:
        agent_rows.move_agent(change, choice.worker, "start")
    return choice.worker
