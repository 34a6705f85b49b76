"""The second witness: every live session's screen is looked at; where it insists, rows follow it, and that is counted.

A lost or missing hook, a turn that a key broke off (no program's hook tells of that), a dialog nobody foresaw: all are
seen here, by a weaker evidence than the program's own word.
"""

import contextlib
import time

from gastown_tmux.dataclass import dataclass, field
from gastown_tmux.domain.addresses import MAYOR, OVERSEER, Address
from gastown_tmux.domain.agents import AgentState, Session, SessionMove, SessionState
from gastown_tmux.domain.events import EventType
from gastown_tmux.domain.ids import SessionId
from gastown_tmux.domain.observation import ScreenState, SteadyScreen, Trouble, correct
from gastown_tmux.edges.files import clock
from gastown_tmux.edges.files.atomic import make_folder, write_atomic
from gastown_tmux.edges.tmux import typing
from gastown_tmux.edges.tmux.server import ServerGoneError
from gastown_tmux.errors import NotFoundError
from gastown_tmux.operations.mail import sending
from gastown_tmux.operations.mail.delivering import find_provider
from gastown_tmux.operations.sessions.rate_limits import is_over, note_limit
from gastown_tmux.operations.sessions.starting import look as panes
from gastown_tmux.operations.supervision.approvals import answer_after_limit
from gastown_tmux.operations.supervision.reminders import resume_after_error
from gastown_tmux.operations.town.isolation import each
from gastown_tmux.operations.town.town import Town
from gastown_tmux.providers import screens
from gastown_tmux.providers.base import Provider
from gastown_tmux.store import agents as rows

#: How many screens that disagreed are kept.
SAMPLES = 20
#: A screen that nobody understands is shown to a person once it has stood still for so long.
UNKNOWN_SECONDS = 30.0


@dataclass
class ScreenWatch:
    """What the screens showed at the looks before; for one thread."""

    _since: dict[SessionId, tuple[ScreenState, float]] = field(default_factory=dict)
    _told: set[tuple[SessionId, str]] = field(default_factory=set)
    _seen: dict[SessionId, tuple[int, typing.Capture, screens.Screen]] = field(default_factory=dict)
    _providers: dict[SessionId, Provider] = field(default_factory=dict)

    def look(self, town: Town) -> None:
        """At every live session once."""
        live = rows.list_live_sessions(town.db)
        self._since = {session.id: self._since[session.id] for session in live if session.id in self._since}
        self._providers = {session.id: self._providers[session.id] for session in live if session.id in self._providers}
        self._seen = {session.id: self._seen[session.id] for session in live if session.id in self._seen}
        shown = {pane.gt_session: pane.activity for pane in panes(town)} if live else {}
        with contextlib.suppress(ServerGoneError):
            each(
                town, "look at the screen of", live,
                lambda session: self._look_at(town, session, shown.get(session.id)), lambda session: session.agent,
            )  # fmt: skip

    def _look_at(self, town: Town, session: Session, activity: int | None) -> None:
        provider = self._providers.get(session.id)
        if provider is None:
            provider = find_provider(town, session, rows.find_agent(town.db, session.agent))
            self._providers[session.id] = provider
        if session.pane is None or session.pid is None or not provider.screen.states:
            return
        if activity is None:
            return
        looked = self._capture(town, session, provider, activity)
        if looked is None:
            return
        seen, judged = looked
        now = time.monotonic()
        state, since = self._since.get(session.id, (judged.state, now))
        if state is not judged.state:
            since = now
        self._since[session.id] = judged.state, since
        showing = SteadyScreen(judged.state, now - since)
        if judged.state is ScreenState.LIMITED:
            note_limit(town, session, judged.reset_at_text)
            if judged.asks and is_over(town, session, judged.reset_at_text):
                answer_after_limit(town, session, seen)
        elif (judged.state is ScreenState.ERROR and session.state is SessionState.IDLE) or (
            judged.again and session.state is SessionState.WAITING
        ):
            resume_after_error(town, session)
        move = correct(session.state, clock.seconds_since(session.since), showing, hooks=provider.has_hooks)
        if move is not None:
            _follow(town, session, provider, move, judged, seen)
            return
        if session.state is SessionState.WAITING:
            _note_cause(town, session, judged.cause)
        if session.state is SessionState.WAITING and (session.id, session.since) not in self._told:
            self._told.add((session.id, session.since))
            why = f"cannot work: {judged.cause}" if judged.cause else "waits for a person"
            _notify(town, session, seen.screen, f"{session.agent} {why}", "waiting")
        elif (
            _is_unknown(session, showing, activity, seen)
            and (session.id, f"unknown screen {session.since}") not in self._told
        ):
            self._told.add((session.id, f"unknown screen {session.since}"))
            what = f"{session.agent} shows a screen that is not understood"
            _notify(town, session, seen.screen, what, "unknown screen")

    def _capture(
        self, town: Town, session: Session, provider: Provider, activity: int
    ) -> tuple[typing.Capture, screens.Screen] | None:
        """What the window shows, and what that is; asked of tmux, and judged, only when something was printed since."""
        known = self._seen.get(session.id)
        if known is not None and activity < known[0]:
            return known[1:]
        assert session.pane is not None
        now = int(clock.to_epoch(clock.now()))
        seen = typing.look(town.tmux, session.pane, session.id)
        if seen is None or seen.dead:
            return None
        judged = screens.judge(provider.screen, seen.screen, seen.title)
        # What is printed within the same second may come after our look.
        self._seen[session.id] = now, seen, judged
        return seen, judged


def _follow(
    town: Town, session: Session, provider: Provider, move: SessionMove, judged: screens.Screen, seen: typing.Capture
) -> None:
    sample = None
    if provider.has_hooks:
        sample = save_sample(town, judged.state, session.provider, seen.screen, seen.title)
    with town.change() as change:
        now = rows.find_session(change, session.id)
        if now is None or now.since != session.since:
            return
        state = rows.move_session(change, session.id, move, reason=f"by its screen: {judged.evidence}")
        if sample is not None:
            change.event(
                EventType.SESSION_CORRECTED, session.agent, session=session.id, provider=session.provider,
                was=session.state, state=state, evidence=judged.evidence, sample=sample,
            )  # fmt: skip


def _note_cause(town: Town, session: Session, cause: Trouble | None) -> None:
    """What keeps the program from working is the reason why its agent waits."""
    agent = rows.find_agent(town.db, session.agent)
    if agent is not None and agent.state is AgentState.ON and agent.reason != cause:
        with town.change() as change:
            rows.set_reason(change, session.agent, cause)


def save_sample(town: Town, state: str, provider: str, screen: str, title: str) -> str:
    """The path of a file with a screen as tests take them: its title, then what it shows. The oldest go."""
    folder = town.logs / "screens"
    make_folder(folder)
    path = folder / f"{state}_{provider}_{clock.now().replace(':', '')}.txt"
    write_atomic(path, f"title: {title}\n{screen}".encode(), durable=False)
    for old in sorted(folder.iterdir(), key=lambda file: file.stat().st_mtime_ns)[:-SAMPLES]:
        old.unlink(missing_ok=True)
    return str(path)


def file_screen(town: Town, address: Address, state: str) -> str:
    """Files what an agent's window shows as an example of ``state``, which a person says; what it was judged to be."""
    session = rows.find_live_session(town.db, address)
    seen = typing.look(town.tmux, session.pane, session.id) if session and session.pane else None
    if session is None or seen is None:
        raise NotFoundError(f"{address} has no window now", hint="gt agents")
    path = save_sample(town, state, session.provider, seen.screen, seen.title)
    provider = find_provider(town, session, rows.find_agent(town.db, address))
    judged = screens.judge(provider.screen, seen.screen, seen.title)
    return f"{path}\njudged {judged.state} ({judged.evidence})"


def _is_unknown(session: Session, showing: SteadyScreen, activity: int, seen: typing.Capture) -> bool:
    """Whether nobody knows what a program shows that should be at work: it stands still, and no person is at it."""
    works = session.state in (SessionState.STARTING, SessionState.WORKING)
    still = min(showing.seconds, clock.epoch() - activity) > UNKNOWN_SECONDS
    alone = seen.person_typed is None or seen.person_typed > UNKNOWN_SECONDS
    return works and showing.state is ScreenState.UNKNOWN and still and alone and not seen.screen.isspace()


def _notify(town: Town, session: Session, screen: str, what: str, why: str) -> None:
    """Once for each time, to those who can answer; a dialog that nobody knows is never answered by us."""
    lines = [line.rstrip() for line in screen.splitlines() if line.strip()][-30:]
    body = "\n".join(["Its window shows:", "", *lines, "", f"gt attach {session.agent}"])
    for who in (MAYOR, OVERSEER):
        if who == session.agent:
            continue  # who waits reads nothing now, and later it is of no use
        sending.notify(town, who, what, body, seed=f"{why} {session.id} {session.since} {who}")
