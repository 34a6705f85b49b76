"""What the town holds now, as a prompt needs it: read by a thread of its own, so that no key ever waits for it."""

from collections import Counter
from collections.abc import Sequence

from gastown_tmux.dataclass import dataclass, field
from gastown_tmux.domain.addresses import MAYOR
from gastown_tmux.operations.supervision.status import count_waiting, describe_frozen
from gastown_tmux.operations.supervision.views import list_agents
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store.agents import find_live_session
from gastown_tmux.verbs.names import NAMED, list_names
from gastown_tmux.verbs.suggest import Choice
from gastown_tmux.verbs.table import Kind


@dataclass(frozen=True, slots=True)
class Values:
    """Words that exist, by kind; agents by state; what waits for a person, and what stands still."""

    words: dict[Kind, Sequence[Choice]] = field(default_factory=dict)
    agents: Counter[str] = field(default_factory=Counter)
    mail: int = 0
    queue: int = 0
    held: int = 0
    escalations: int = 0
    has_mayor: bool = False
    frozen: str = ""


def read_values(town: Town) -> Values:
    """Everything, by a handful of queries."""
    agents = list_agents(town)
    return Values(
        words={kind: list_names(town, kind) for kind in NAMED},
        agents=Counter(agent.state for agent in agents),
        **count_waiting(town),
        frozen=describe_frozen(town),
        has_mayor=find_live_session(town.db, MAYOR) is not None,
    )
