"""What windows and status lines say of agents and of the town, without anybody asking."""

from collections import Counter
from collections.abc import Mapping

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.agents import view_state
from gastown_tmux.domain.signs import SIGNS, count_groups
from gastown_tmux.edges.tmux import appearance
from gastown_tmux.edges.tmux.panes import mark_panes
from gastown_tmux.operations.sessions.unwritten_stops import ordered_state
from gastown_tmux.operations.supervision.status import count_waiting, describe_frozen
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store.agents import list_agents, list_live_sessions
from gastown_tmux.store.beads import list_held_beads

Options = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Signs:
    """``panes``: of each agent's pane, the session it must belong to and its options. ``counts``: of the town."""

    panes: Mapping[str, tuple[str, Options]]
    counts: str


def read_signs(town: Town) -> Signs:
    """By rows alone: whoever sees that a program has ended changes them, at once."""
    live = {session.agent: session for session in list_live_sessions(town.db)}
    held, orders = list_held_beads(town.db), town.memory.names()
    states = dict[Address, str]()
    panes = dict[str, tuple[str, Options]]()
    for agent in list_agents(town.db):
        session = live.get(agent.address)
        state = view_state(ordered_state(agent, orders), session.state if session else None, agent.hook)
        states[agent.address] = state
        if session is not None and session.pid is not None and session.pane is not None:
            bead = held.get(agent.address)
            options = {"@gt_state": state, "@gt_bead": bead.id if bead else "", "@gt_role": agent.role}
            panes[session.pane] = session.id, options
    groups = count_groups(Counter(states.values()))
    waiting = count_waiting(town)
    numbers = {SIGNS[group]: count for group, count in groups.items()}
    numbers |= {"queue": waiting["queue"], "held": waiting["held"], "escalated": waiting["escalations"]}
    words = [describe_frozen(town), *(f"{name} {count}" for name, count in numbers.items() if count)]
    return Signs(panes, "  ".join(filter(None, words)))


def show_signs(town: Town, signs: Signs, known: Signs | None) -> None:
    """Sets what differs from ``known``, which is what windows say already."""
    fresh = {pane: sign for pane, sign in signs.panes.items() if known is None or known.panes.get(pane) != sign}
    if fresh:
        mark_panes(town.tmux, fresh)
    if known is None or known.counts != signs.counts:
        appearance.show_counts(town.tmux, signs.counts)
