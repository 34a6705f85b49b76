"""What windows and status lines say of agents and of the town, without anybody asking."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from gastown_tmux.domain.signs import SIGNS, count_groups
from gastown_tmux.edges.tmux import appearance
from gastown_tmux.edges.tmux.panes import mark_panes
from gastown_tmux.operations.supervision.status import count_waiting
from gastown_tmux.operations.supervision.views import list_agents
from gastown_tmux.operations.town.town import Town

Options = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Signs:
    """``panes``: of each agent's pane, the session it must belong to and its options. ``counts``: of the town."""

    panes: Mapping[str, tuple[str, Options]]
    counts: str


def read_signs(town: Town) -> Signs:
    agents = list_agents(town)
    groups = count_groups(Counter(agent.state for agent in agents))
    waiting = count_waiting(town)
    numbers = {SIGNS[group]: count for group, count in groups.items()}
    numbers |= {"queue": waiting["queue"], "held": waiting["held"], "escalated": waiting["escalations"]}
    panes = {
        agent.pane: (agent.session, {"@gt_state": agent.state, "@gt_bead": agent.bead or "", "@gt_role": agent.role})
        for agent in agents
        if agent.pane and agent.session
    }
    return Signs(panes, "  ".join(f"{name} {count}" for name, count in numbers.items() if count))


def show_signs(town: Town, signs: Signs, known: Signs | None) -> None:
    """Sets what differs from ``known``, which is what windows say already."""
    fresh = {pane: sign for pane, sign in signs.panes.items() if known is None or known.panes.get(pane) != sign}
    if fresh:
        mark_panes(town.tmux, fresh)
    if known is None or known.counts != signs.counts:
        appearance.show_counts(town.tmux, signs.counts)
