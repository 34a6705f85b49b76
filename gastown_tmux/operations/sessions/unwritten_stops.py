"""Orders to stop that no row took: they stand beside them, hold like any other, and are written down later.

Whoever starts something asks ``Town.is_wanted`` and ``Town.is_frozen``, which know of them.
"""

from collections.abc import Collection
from contextlib import suppress

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.agents import Agent, AgentState
from gastown_tmux.edges.processes import flags
from gastown_tmux.errors import GtError
from gastown_tmux.operations.town.town import DOWN, OFF, PAUSED, Town
from gastown_tmux.store import agents as rows
from gastown_tmux.store.meta import set_wanted


def write_down(town: Town) -> None:
    """Writes down what stands in no row yet, as soon as that can be done; nothing, where there is nothing."""
    names = town.memory.names()
    if not names:
        return
    with suppress(GtError, OSError):
        if DOWN in names:
            with town.change() as change:
                set_wanted(change, False)
            town.memory.remove(DOWN)
        for agent in rows.list_agents(town.db):
            for order, move in ((OFF, "stop"), (PAUSED, "pause")):
                if order + agent.address.folder in names:
                    _move(town, agent.address, move)
                    town.memory.remove(order + agent.address.folder)
        for name in names:
            if not name.startswith("="):
                stopped = flags.stopped_before(town.flags_folder, town.memory, name)
                town.memory.remove(name)
                flags.raise_flag(town.flags_folder, town.memory, name, stopped)


def ordered_state(agent: Agent, orders: Collection[str]) -> AgentState:
    """Its state once what stands in no row yet is written down."""
    if OFF + agent.address.folder in orders:
        return AgentState.OFF
    return AgentState.PAUSED if PAUSED + agent.address.folder in orders else agent.state


def _move(town: Town, agent: Address, move: str) -> None:
    with town.change() as change:
        state = rows.get_agent(change, agent).state
        if move == "stop":
            if state is not AgentState.OFF:
                rows.move_agent(change, agent, "stop", reason="stopped")
            session = rows.find_live_session(change, agent)
            if session is not None:
                rows.ask_to_end(change, session.id, "stopped")
        elif state not in (AgentState.OFF, AgentState.FAILED, AgentState.PAUSED):
            rows.move_agent(change, agent, "pause", reason=f"paused by {town.actor}")
