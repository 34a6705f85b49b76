"""gt costs: tokens, taken from the programs' own transcripts, and their price; budgets, by which agents are paused."""

from pathlib import Path

from gastown_tmux.dataclass import dataclass, field
from gastown_tmux.domain.addresses import MAYOR, OVERSEER, Address
from gastown_tmux.domain.agents import Agent, AgentState, Session
from gastown_tmux.domain.budgets import Course, Level, Scope, decide
from gastown_tmux.domain.ids import BeadId, SessionId, Time
from gastown_tmux.domain.pages import Noted
from gastown_tmux.domain.spending import old_prices, sum_up
from gastown_tmux.edges.files import clock
from gastown_tmux.operations.escalation.escalations import raise_escalation
from gastown_tmux.operations.mail.sending import notify
from gastown_tmux.operations.supervision import pausing
from gastown_tmux.operations.town import budgets
from gastown_tmux.operations.town.budgets import Standing
from gastown_tmux.operations.town.isolation import each
from gastown_tmux.operations.town.town import Town
from gastown_tmux.providers import registry
from gastown_tmux.providers.transcripts import count
from gastown_tmux.reading import read_lines
from gastown_tmux.store import agents as rows
from gastown_tmux.store import spending
from gastown_tmux.store.beads import list_held_beads
from gastown_tmux.store.meta import find_result, keep_result

#: A session's last words are written when it has ended; so long after, nothing more comes.
LATE_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Cost:
    """``total`` is what budgets in tokens count: input and output, without what came from a cache. ``cost`` is in USD
    by the prices that are known, ``priced`` the oldest date of these; ``unpriced`` names the models that have none.
    """

    name: str
    input: int
    output: int
    cached: int
    total: int
    cost: float | None
    priced: str | None
    unpriced: tuple[str, ...]


def costs(town: Town, by: str = "agent") -> list[Cost]:
    """What was used so far, by agent, bead, convoy, rig, provider, model or day."""
    prices, found = town.settings().prices(), []
    for name, uses in spending.group_uses(town.db, by).items():
        spent = sum_up(uses, prices)
        tokens, cost = spent.tokens, spent.usd
        found.append(
            Cost(
                name or "-", tokens.input, tokens.output, tokens.cached, tokens.charged, cost, spent.priced,
                spent.unpriced,
            )
        )  # fmt: skip
    return found


def show_costs(town: Town, by: str = "agent") -> Noted[Cost]:
    """The same, with a word on prices that are old."""
    found = costs(town, by)
    return Noted(found, old_prices([cost.priced for cost in found if cost.priced], clock.now()[:10]))


@dataclass
class Collector:
    """Reads transcripts that have grown; for one thread."""

    _sizes: dict[str, int] = field(default_factory=dict)
    #: Sessions whose budget was found used up in the middle of a turn, and since when that one goes.
    _last_turns: dict[SessionId, Time] = field(default_factory=dict)

    def collect(self, town: Town) -> None:
        """Rows follow the transcripts; then whoever is over a budget is paused, and who is no longer goes on."""
        talkers = rows.list_talkers(town.db, clock.after(-LATE_SECONDS))
        each(town, "counting of tokens of", talkers, lambda session: self._read(town, session), lambda each: each.agent)
        self._enforce(town)
        paused = _list_held_back(town)
        each(town, "letting go on", paused, lambda agent: _let_go_on(town, agent), lambda agent: agent.address)

    def _enforce(self, town: Town) -> None:
        sessions = {session.agent: session for session in rows.list_live_sessions(town.db)}
        held = list_held_beads(town.db)

        def look_at(agent: Agent) -> None:
            session = sessions.get(agent.address)
            standings = budgets.find_standings(town, agent=agent.address, bead=held.get(agent.address))
            for standing in standings:
                _tell(town, standing, agent.address)
            over = [standing for standing in standings if standing.level is Level.OVER]
            if not over or session is None:
                return
            hard = town.settings(agent.rig).get("budget.hard") is True
            match decide(session.state, session.since, self._last_turns.get(session.id), hard=hard):
                case Course.PAUSE:
                    pausing.pause(town, agent.address, f"{budgets.OVER}: {over[0].text()}")
                    self._last_turns.pop(session.id, None)
                case Course.LET_END:
                    self._last_turns.setdefault(session.id, session.since)

        on = [agent for agent in rows.list_agents(town.db) if agent.state is AgentState.ON]
        each(town, "watching the budget of", on, look_at, lambda agent: agent.address)

    def _read(self, town: Town, session: Session) -> None:
        """Raises OSError where it is no file that can be read to its end."""
        assert session.transcript is not None
        try:
            size = Path(session.transcript).stat().st_size
            if self._sizes.get(session.transcript) == size:
                return
            form = registry.find(session.provider, town.settings()).transcript
            total = count(form, read_lines(session.transcript))
        except FileNotFoundError:
            return
        self._sizes[session.transcript] = size
        with town.change() as change:
            spending.record_spending(change, session, session.transcript, total)


def _list_held_back(town: Town) -> list[Agent]:
    """Agents that a budget has paused, and nobody else."""
    paused = [agent for agent in rows.list_agents(town.db) if agent.state is AgentState.PAUSED]
    return [agent for agent in paused if (agent.reason or "").startswith(budgets.OVER)]


def _let_go_on(town: Town, agent: Agent) -> None:
    """A budget was raised, or a new day has come."""
    bead = list_held_beads(town.db).get(agent.address)
    if budgets.refusal(town, agent=agent.address, bead=bead) is None:
        pausing.resume(town, agent.address)


def _tell(town: Town, standing: Standing, agent: Address) -> None:
    """A person hears once that a budget runs out, and once that it is used up."""
    key = f"{standing.level.value} {standing.key}"
    if standing.level is Level.FREE or find_result(town.db, "budget", key) is not None:
        return
    unset = f"gt config set {standing.scope.key} MORE"
    if standing.level is Level.NEAR:
        body = f"{standing.text()}\n\nAt 100 % nothing more is started for it. To allow more: {unset}\n"
        notify(town, OVERSEER, f"{standing.scope.key} runs out", body, f"budget {key}")
    with town.change() as change:
        if find_result(change, "budget", key) is not None:
            return
        if standing.level is Level.OVER:
            whom = "agents are" if standing.scope.is_for_all else f"{agent} is"
            text = (
                f"{standing.text()}. Nothing more is started for it, and {whom} paused when the turn is over."
                f" To go on: {unset}"
            )
            bead = BeadId(standing.subject) if standing.scope is Scope.BEAD else None
            about = MAYOR if standing.scope.is_for_all or agent == MAYOR else None
            raise_escalation(change, "high", text, bead=bead, about=about)
        keep_result(change, "budget", key, standing.level.value)
