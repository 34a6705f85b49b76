"""Agents, as every face shows them: as rows and processes have them now."""

from collections.abc import Collection

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.agents import Agent, AgentState, Role, Session, SessionState, branch_of, view_state
from gastown_tmux.domain.health import judge
from gastown_tmux.domain.ids import BeadId, RigName, Time
from gastown_tmux.domain.pages import Page, has_words, most_of
from gastown_tmux.domain.rigs import Rig
from gastown_tmux.domain.work import Bead
from gastown_tmux.operations.sessions.unwritten_stops import ordered_state
from gastown_tmux.operations.supervision.facts import read_facts
from gastown_tmux.operations.town.events import moment
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store import agents as agent_rows
from gastown_tmux.store.beads import list_held_beads


@dataclass(frozen=True, slots=True)
class AgentView:
    """An agent with its session and its bead, whose ``title`` it has. ``pid`` is the program's own; ``window`` its
    window's name.
    """

    address: Address
    role: str
    rig: RigName | None
    name: str
    provider: str | None
    state: str
    health: str
    bead: BeadId | None
    branch: str | None
    window: str | None
    pane: str | None
    pid: int | None
    session: str | None
    since: Time
    restarts: int
    reason: str | None
    title: str | None = None


def list_agents(town: Town, rig: Rig | None = None) -> list[AgentView]:
    sessions = {session.agent: session for session in agent_rows.list_live_sessions(town.db)}
    held, orders, wanted = list_held_beads(town.db), town.memory.names(), town.is_wanted()
    return [
        _view(town, agent, sessions.get(agent.address), held.get(agent.address), orders, wanted)
        for agent in agent_rows.list_agents(town.db, rig.name if rig else None)
    ]


def find_agents(
    town: Town,
    rig: Rig | None = None,
    state: str | None = None,
    since: str | None = None,
    search: str | None = None,
    limit: int | None = None,
) -> list[AgentView] | Page[AgentView]:
    """By address; with a limit those that are off come last. ``since``: of which something changed then or later."""
    start = moment(since) if since else ""
    found = [
        view
        for view in list_agents(town, rig)
        if state in (None, view.state)
        and view.since >= start
        and has_words(f"{view.address} {view.provider or ''} {view.bead or ''} {view.title or ''}", search)
    ]
    if limit is None:
        return found
    most = most_of(limit)
    found.sort(key=lambda view: view.state == AgentState.OFF)
    shown = found if most < 0 else found[:most]
    return Page(shown, len(found) - len(shown))


def show_agent(town: Town, agent: Address) -> AgentView:
    found = agent_rows.get_agent(town.db, agent)
    session, held = agent_rows.find_live_session(town.db, agent), list_held_beads(town.db).get(agent)
    return _view(town, found, session, held, town.memory.names(), town.is_wanted())


def _view(
    town: Town, agent: Agent, session: Session | None, bead: Bead | None, orders: Collection[str], wanted: bool
) -> AgentView:  # fmt: skip
    # By what rows and processes say; gt status --explain asks window and screen too.
    facts = read_facts(town, agent, session, holds=bead is not None)
    alive = facts.alive is True
    state = session.state if session is not None and (alive or session.state is SessionState.STARTING) else None
    running = session if alive else None
    return AgentView(
        address=agent.address,
        role=agent.role,
        rig=agent.rig,
        name=agent.name,
        provider=running.provider if running else agent.provider,
        state=view_state(ordered_state(agent, orders), state, agent.hook),
        health=judge(facts).health,
        bead=bead.id if bead else None,
        title=bead.title if bead else None,
        branch=_branch(agent, bead),
        window=agent.name if running else None,
        pane=running.pane if running else None,
        pid=running.pid if running else None,
        session=session.id if session else None,
        since=session.since if session else agent.since,
        restarts=agent.restarts,
        reason=_reason(agent, session, state, wanted),
    )


def _reason(agent: Agent, session: Session | None, state: SessionState | None, wanted: bool) -> str | None:
    """``state``: of a session that lives. Without one nothing is wrong yet: nobody wants it, or it comes as soon as
    nothing is in the way (``gt why`` says what is).
    """
    if agent.state is not AgentState.ON or state is SessionState.WAITING:
        return agent.reason
    if state is not None:
        return None
    if not wanted:
        return "the town is down"
    return "it is to be started" if session is None else None


def _branch(agent: Agent, bead: Bead | None) -> str | None:
    if bead is not None:
        return bead.branch
    return branch_of(agent, None) if agent.role is Role.CREW else None
