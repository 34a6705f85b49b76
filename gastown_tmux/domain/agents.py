"""Agent, hook and session: three lives, three tables. What a user sees as an agent's state is a view of them."""

from enum import StrEnum
from typing import Literal

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.ids import BeadId, RigName, SessionId, Time
from gastown_tmux.domain.state_machine import Machine


class Role(StrEnum):
    MAYOR = "mayor"
    CREW = "crew"
    POLECAT = "polecat"


class AgentState(StrEnum):
    """Whether the agent's program should run, and if not now, why."""

    ON = "on"
    BACKOFF = "backoff"
    LIMITED = "limited"
    PAUSED = "paused"
    FAILED = "failed"
    OFF = "off"


class HookState(StrEnum):
    """The life of an agent's worktree."""

    EMPTY = "empty"
    PREPARING = "preparing"
    READY = "ready"
    BROKEN = "broken"


class SessionState(StrEnum):
    """The life of one run of an agent's program."""

    STARTING = "starting"
    READY = "ready"
    WORKING = "working"
    IDLE = "idle"
    WAITING = "waiting"
    ENDED = "ended"


_ALIVE = (AgentState.ON, AgentState.BACKOFF, AgentState.LIMITED)

AgentMove = Literal["start", "die", "retry", "limit", "unlimit", "pause", "resume", "exhaust", "stop"]
AGENT: Machine[AgentState, AgentMove] = Machine(
    "agent",
    AgentState.OFF,
    {
        "start": dict.fromkeys(AgentState, AgentState.ON),
        "die": {AgentState.ON: AgentState.BACKOFF},
        "retry": {AgentState.BACKOFF: AgentState.ON},
        "limit": dict.fromkeys((AgentState.ON, AgentState.BACKOFF), AgentState.LIMITED),
        "unlimit": {AgentState.LIMITED: AgentState.ON},
        "pause": dict.fromkeys(_ALIVE, AgentState.PAUSED),
        "resume": {AgentState.PAUSED: AgentState.ON},
        "exhaust": dict.fromkeys((AgentState.ON, AgentState.BACKOFF), AgentState.FAILED),
        "stop": dict.fromkeys(AgentState, AgentState.OFF),
    },
)

HookMove = Literal["prepare", "ready", "break", "empty"]
HOOK: Machine[HookState, HookMove] = Machine(
    "hook",
    HookState.EMPTY,
    {
        "prepare": dict.fromkeys(HookState, HookState.PREPARING),
        "ready": {HookState.PREPARING: HookState.READY},
        "break": dict.fromkeys((HookState.PREPARING, HookState.READY), HookState.BROKEN),
        "empty": dict.fromkeys(HookState, HookState.EMPTY),
    },
)

_RUNNING = (SessionState.READY, SessionState.WORKING, SessionState.IDLE, SessionState.WAITING)
_LIVE = (SessionState.STARTING, *_RUNNING)

SessionMove = Literal["ready", "work", "idle", "wait", "end"]
SESSION: Machine[SessionState, SessionMove] = Machine(
    "session",
    SessionState.STARTING,
    {
        "ready": {SessionState.STARTING: SessionState.READY},
        "work": dict.fromkeys(_LIVE, SessionState.WORKING),
        "idle": dict.fromkeys(_LIVE, SessionState.IDLE),
        "wait": dict.fromkeys(_LIVE, SessionState.WAITING),
        "end": dict.fromkeys(_LIVE, SessionState.ENDED),
    },
)


@dataclass(frozen=True, slots=True)
class Agent:
    """``state`` is what should be of it; ``provider`` None is whatever the default is when it starts."""

    address: Address
    role: Role
    rig: RigName | None
    name: str
    provider: str | None
    state: AgentState
    hook: HookState
    restarts: int
    reason: str | None
    not_before: Time | None
    created: Time
    since: Time
    forgiven: Time | None


@dataclass(frozen=True, slots=True)
class Session:
    """One run of an agent's program in a window.

    ``starter`` is the process that is starting it, ``launcher`` the pane's own, ``pid`` the program's, ``server`` the
    tmux server's with its birth. ``resumed``: it took up the provider's earlier conversation. ``ending``: why it is
    to end, once somebody has asked for that. ``transcript`` is the file in which its program writes it all down.
    """

    id: SessionId
    agent: Address
    provider: str
    state: SessionState
    starter: int
    starter_started: str
    pane: str | None
    launcher: int | None
    launcher_started: str | None
    pid: int | None
    pid_started: str | None
    provider_session: str | None
    started: Time
    since: Time
    ended: Time | None
    exit_status: int | None
    exit_signal: int | None
    reason: str | None
    server: str | None
    bead: BeadId | None
    resumed: bool
    ending: str | None
    transcript: str | None

    @property
    def is_charged(self) -> bool:
        """Whether its end is held against the agent: it died by itself, or never came to life."""
        return self.reason is not None and self.reason.startswith((Ending.DIED, Ending.NOT_STARTED))


class Ending(StrEnum):
    """Why a session ended without being asked to."""

    DIED = "died"
    NOT_STARTED = "not started: "  # and the launcher's words
    SERVER_LOST = "the tmux server was lost"
    STRUCK = "many died at once"


@dataclass(frozen=True, slots=True)
class Handoff:
    """What a session leaves to the next one of the same agent. It is about ``bead``, where there is one."""

    agent: Address
    session: SessionId
    bead: BeadId | None
    note: str
    time: Time


def view_state(agent: AgentState, session: SessionState | None, hook: HookState) -> str:
    """The one word a user sees: the session's while the agent is on and alive, else the agent's, else ``dead``.

    While the worktree is made ready for a session that is to come, ``preparing``.
    """
    if agent is not AgentState.ON:
        return agent.value
    if session is None and hook is HookState.PREPARING:
        return hook.value
    if session is None or session is SessionState.ENDED:
        return "dead"
    return session.value


def branch_of(agent: Agent, bead: BeadId | None) -> str:
    """Where its work goes: a polecat has a branch for each bead, a crew member one of its own."""
    if agent.role is Role.POLECAT and bead is not None:
        return f"bead/{bead}"
    return f"{agent.role}/{agent.name}"
