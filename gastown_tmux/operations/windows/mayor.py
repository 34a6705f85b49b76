"""gt mayor: the window a person runs the town from, and the agent program beside it."""

from gastown_tmux.dataclass import asdict, dataclass
from gastown_tmux.domain.addresses import MAYOR
from gastown_tmux.domain.agents import Role
from gastown_tmux.edges.tmux import clients
from gastown_tmux.edges.tmux.panes import Pane, kill_pane
from gastown_tmux.errors import RefusedError
from gastown_tmux.operations.sessions.headquarters import open_headquarters, want_mayor
from gastown_tmux.operations.sessions.starting import look, resolve_provider
from gastown_tmux.operations.supervision.stopping import Shortfalls, stop_agent
from gastown_tmux.operations.supervision.up import ensure_up
from gastown_tmux.operations.supervision.views import AgentView, show_agent
from gastown_tmux.operations.town.town import Answer, Town
from gastown_tmux.operations.workforce.workers import start_agent
from gastown_tmux.store import agents as rows
from gastown_tmux.store.mailbox import Mailbox


@dataclass(frozen=True, slots=True)
class Mayor:
    """``state`` is the REPL's: on or off. ``agent`` None: no agent program was ever asked for."""

    state: str
    window: str | None
    pane: str | None
    clients: int
    agent: AgentView | None

    @property
    def provider(self) -> str:
        return f"{self.agent.provider or 'default'}, {self.agent.state}" if self.agent else "none"


def status(town: Town) -> Mayor:
    repl = _find_repl(town)
    alive = repl is not None and not repl.dead
    return Mayor(
        state="on" if alive else "off",
        window=repl.window_name if repl and alive else None,
        pane=repl.pane if repl and alive else None,
        clients=sum(not client.control for client in clients.clients(town.tmux)) if repl else 0,
        agent=show_agent(town, MAYOR) if rows.find_agent(town.db, MAYOR) else None,
    )


def _find_repl(town: Town) -> Pane | None:
    return next((pane for pane in look(town) if pane.kind == MAYOR), None)


def start(town: Town, provider: str | None = None) -> Answer:
    """The REPL's window, and beside it the agent program, where one is named now or was before.

    Raises RefusedError where another program runs there, GtError where it does not come up.
    """
    was = status(town)
    with town.change() as change:
        want_mayor(change, True)
    ensure_up(town)
    if provider is not None:
        _choose(town, provider)
    known = rows.find_agent(town.db, MAYOR)
    if known is not None:
        start_agent(town, MAYOR)
        now = status(town)
        already = " already" if was.state == "on" and was.agent and was.agent.session else ""
        return Answer(now, f"the mayor runs{already}, with {now.agent.provider if now.agent else None} beside the REPL")
    text = "the mayor runs already" if was.state == "on" else "the mayor runs"
    return Answer(status(town), f"{text}, without an agent program (gt mayor start --agent PROVIDER)")


def _choose(town: Town, provider: str) -> None:
    resolve_provider(town, None, provider)
    live = rows.find_live_session(town.db, MAYOR)
    if live is not None and live.provider != provider:
        raise RefusedError(f"the mayor's agent is {live.provider}", hint=f"gt mayor restart --agent {provider}")
    Mailbox(town.mail / MAYOR.folder).create()
    with town.change() as change:
        if rows.find_agent(change, MAYOR) is None:
            rows.insert_agent(change, MAYOR, Role.MAYOR, provider)
        else:
            rows.set_provider(change, MAYOR, provider)


def stop(town: Town) -> Answer:
    """The agent program ends, then the window closes; the town goes on."""
    was = status(town)
    undone = Shortfalls()
    with undone.noting("its window comes back", fatal=True), town.change() as change:
        want_mayor(change, False)
    if was.agent is not None:
        undone += stop_agent(town, MAYOR).value.get("not_done", ())
    if was.pane is not None:
        kill_pane(town.tmux, was.pane, f"hq.{MAYOR}")
    known = was.state == "off" and (was.agent is None or was.agent.state == "off")
    return undone.answer(asdict(status(town)), "the mayor is stopped" + (" already" if known else ""))


def restart(town: Town, provider: str | None = None) -> Answer:
    """A fresh REPL, and the agent program anew."""
    if rows.find_agent(town.db, MAYOR) is not None:
        stop_agent(town, MAYOR)
    answer = start(town, provider)
    repl = _find_repl(town)
    # The REPL that asks for this is fresh enough, and could not tell that it was done.
    if repl is not None and repl.pane != town.environment.get("TMUX_PANE"):
        kill_pane(town.tmux, repl.pane, f"hq.{MAYOR}")
        open_headquarters(town)
    return Answer(status(town), answer.text)
