"""gt costs: tokens, taken from the programs' own transcripts; budgets, by which agents are paused."""

from dataclasses import dataclass, field
from pathlib import Path

from gastown_tmux.domain.addresses import MAYOR, Address
from gastown_tmux.domain.agents import AgentState, Session
from gastown_tmux.edges.files import clock
from gastown_tmux.operations.escalation.escalations import raise_escalation
from gastown_tmux.operations.supervision import pausing
from gastown_tmux.operations.town.isolation import each
from gastown_tmux.operations.town.town import Town
from gastown_tmux.providers import registry
from gastown_tmux.providers.transcripts import count
from gastown_tmux.reading import read_lines
from gastown_tmux.store import agents as rows
from gastown_tmux.store import spending

#: A session's last words are written when it has ended; so long after, nothing more comes.
LATE_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Cost:
    """``total`` is what budgets count: input and output, without what came from a cache."""

    name: str
    input: int
    output: int
    cached: int
    total: int


def costs(town: Town, by: str = "agent") -> list[Cost]:
    """What was used so far, by agent, bead, convoy, rig, provider or day."""
    return [
        Cost(name or "-", tokens.input, tokens.output, tokens.cached, tokens.charged)
        for name, tokens in spending.sum_spending(town.db, by).items()
    ]


@dataclass
class Collector:
    """Reads transcripts that have grown; for one thread."""

    _sizes: dict[str, int] = field(default_factory=dict)

    def collect(self, town: Town) -> None:
        """Rows follow the transcripts; then whoever is over a budget is paused, which is escalated once."""

        def look_at(session: Session) -> None:
            if self._read(town, session):
                _enforce(town, session)

        talkers = rows.list_talkers(town.db, clock.after(-LATE_SECONDS))
        each(town, "counting of tokens of", talkers, look_at, lambda session: session.agent)

    def _read(self, town: Town, session: Session) -> bool:
        """Raises OSError where it is no file that can be read to its end."""
        assert session.transcript is not None
        try:
            size = Path(session.transcript).stat().st_size
            if self._sizes.get(session.transcript) == size:
                return False
            form = registry.find(session.provider, town.settings()).transcript
            total = count(form, read_lines(session.transcript))
        except FileNotFoundError:
            return False
        self._sizes[session.transcript] = size
        with town.change() as change:
            return spending.record_spending(change, session, session.transcript, total)


def _enforce(town: Town, session: Session) -> None:
    settings, today = town.settings(session.agent.rig), clock.now()[:10]
    spent = {
        "budget.bead": spending.spent_by_bead(town.db, session.bead) if session.bead else 0,
        "budget.agent": spending.spent_on(town.db, today, session.agent),
        "budget.town": spending.spent_on(town.db, today),
    }
    for key, used in spent.items():
        most = settings.get(key)
        if isinstance(most, int) and used > most:
            every = [live.agent for live in rows.list_live_sessions(town.db)]
            _pause(town, every if key == "budget.town" else [session.agent], f"{key}: {used} of {most} tokens", session)


def _pause(town: Town, agents: list[Address], why: str, session: Session) -> None:
    paused = []
    for address in agents:
        agent = rows.find_agent(town.db, address)
        if agent is not None and agent.state is AgentState.ON:
            pausing.pause(town, address)
            paused.append(address)
    if paused:
        with town.change() as change:
            text = f"{', '.join(paused)} paused over {why}. Raise the budget, then: gt resume {paused[0]}"
            raise_escalation(change, "high", text, bead=session.bead, about=MAYOR if MAYOR in paused else None)
