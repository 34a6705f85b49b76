"""What rows and processes say of an agent's health, without a look at its window."""

from gastown_tmux.domain.agents import Agent, AgentState, Session, SessionState
from gastown_tmux.domain.health import Facts
from gastown_tmux.domain.observation import ScreenState
from gastown_tmux.edges.files import clock
from gastown_tmux.edges.processes.processes import ProcessRef, is_alive, is_stopped
from gastown_tmux.operations.town.town import Town


def program_of(session: Session) -> ProcessRef | None:
    """The agent program's process, once its launcher has told of it."""
    return ProcessRef(session.pid, session.pid_started or "") if session.pid else None


def read_facts(town: Town, agent: Agent, session: Session | None, *, holds: bool) -> Facts:
    """``holds``: whether a bead is on its hook."""
    if session is None:
        return Facts(agent.state, None)
    program = program_of(session)
    return Facts(
        agent=agent.state,
        session=session.state,
        session_age=clock.seconds_since(session.started),
        alive=is_alive(program) if program else None,
        stopped=program is not None and is_stopped(program),
        frozen=agent.state is AgentState.PAUSED or town.is_frozen(agent.address),
        signal_age=clock.seconds_since(session.since),
        screen=ScreenState.LIMITED if agent.state is AgentState.LIMITED else None,
        holds=holds,
        trouble=agent.reason if agent.state is AgentState.ON and session.state is SessionState.WAITING else None,
    )
