"""In which state each agent was, and for how long: from events alone."""

from collections.abc import Iterable, Mapping

from gastown_tmux.dataclass import dataclass, field, replace
from gastown_tmux.domain.agents import AgentState, Ending, SessionState
from gastown_tmux.domain.events import Event, EventType
from gastown_tmux.domain.ids import Time

#: What of events is looked at.
TYPES = (
    EventType.SESSION_STARTED, EventType.SESSION_CHANGED, EventType.SESSION_ENDED, EventType.AGENT_CHANGED,
    EventType.AGENT_REMOVED,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Spell:
    """One state of one agent, as a person sees it (``domain.agents.view_state``); never empty."""

    state: str
    since: Time
    until: Time


@dataclass
class _Life:
    agent: str | None = None
    session: str | None = None
    #: How the last session ended: by itself, or as somebody wanted.
    died: bool = False
    over: bool = False
    state: str | None = None
    since: Time = Time("")
    spells: list[Spell] = field(default_factory=list)

    def see(self, at: Time) -> None:
        """What rows say now holds from here on."""
        self.turn(self._view(), at)

    def turn(self, state: str | None, at: Time) -> None:
        if state == self.state:
            return
        self.close(at)
        self.state, self.since = state, max(at, self.since)

    def close(self, at: Time) -> None:
        if self.state is None or at <= self.since:
            return
        last = self.spells[-1] if self.spells else None
        if last is not None and (last.state, last.until) == (self.state, self.since):
            self.spells[-1] = replace(last, until=at)
        else:
            self.spells.append(Spell(self.state, self.since, at))

    def _view(self) -> str | None:
        if self.agent not in (None, AgentState.ON):
            return None if self.agent == AgentState.OFF else self.agent
        if self.session or self.died:
            return self.session or "dead"
        return SessionState.STARTING if self.agent == AgentState.ON and not self.over else None


def list_spells(
    events: Iterable[Event], since: Time, until: Time, now: Mapping[str, tuple[str, Time]]
) -> dict[str, tuple[Spell, ...]]:
    """By agent. ``events`` may begin before ``since``: what they say of states then is where the stretch begins.

    ``now``: the state of each agent at ``until`` and since when it has it; of one that no event names, all there is.
    While an agent is off, nothing is known, or its session ended as somebody wanted, there is no spell; one that is to
    have a session and has none yet is starting. A clock that was set back shortens some.
    """
    lives = {agent: _Life() for agent in now}
    for event in events:
        if event.type not in TYPES or event.time > until:
            continue
        life, data = lives.setdefault(event.subject, _Life()), event.data
        match event.type:
            case EventType.SESSION_STARTED:
                life.session, life.died, life.over = SessionState.STARTING, False, False
            case EventType.SESSION_CHANGED if isinstance(data.get("state"), str):
                life.session = str(data["state"])
            case EventType.SESSION_ENDED:
                life.session, life.over = None, True
                life.died = str(data.get("reason")).startswith(tuple(Ending))
            case EventType.AGENT_CHANGED if isinstance(data.get("state"), str):
                life.agent, life.over = str(data["state"]), False
                life.died = life.died and life.agent != AgentState.OFF
            case EventType.AGENT_REMOVED:
                life.agent, life.session, life.died = AgentState.OFF, None, False
            case _:
                pass
        life.see(event.time)
    for agent, (state, began) in now.items():
        # Rows lack what processes say: that a window is gone, and what was before the first event.
        lives[agent].turn(None if state == AgentState.OFF else state, min(max(began, lives[agent].since), until))
    found = {}
    for agent, life in lives.items():
        life.close(until)
        spells = (replace(each, since=max(each.since, since)) for each in life.spells if each.until > since)
        found[agent] = tuple(spells)
    return found
