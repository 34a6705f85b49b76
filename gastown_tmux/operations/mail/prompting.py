"""gt prompt: words for one agent, and what it says when the turn that they begin is over."""

import contextlib
import time
from collections.abc import Sequence
from pathlib import Path

from gastown_tmux.dataclass import dataclass, field
from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.agents import Agent, AgentState, Role, Session, SessionState
from gastown_tmux.domain.delivery import DeliveryState
from gastown_tmux.domain.events import EventType
from gastown_tmux.domain.observation import ScreenState, SteadyScreen
from gastown_tmux.domain.quoting import one_line
from gastown_tmux.domain.turns import Course, Look, judge_turn
from gastown_tmux.edges.files import clock
from gastown_tmux.edges.files.waiting import looks, wait_until
from gastown_tmux.edges.tmux import typing
from gastown_tmux.edges.tmux.panes import capture
from gastown_tmux.edges.tmux.server import ServerGoneError
from gastown_tmux.errors import GtError, NotFoundError, RefusedError, UsageError
from gastown_tmux.operations.mail.delivering import find_provider, is_still, point_out
from gastown_tmux.operations.mail.nudge import LONGEST, NudgeView, nudge, point, try_again, withdraw
from gastown_tmux.operations.town import lookup
from gastown_tmux.operations.town.town import Answer, Town
from gastown_tmux.providers import screens
from gastown_tmux.providers.base import Provider
from gastown_tmux.providers.last_words import last_block, last_words
from gastown_tmux.providers.transcripts import Transcript
from gastown_tmux.reading import read_end
from gastown_tmux.store import agents as rows
from gastown_tmux.store.deliveries import find_delivery
from gastown_tmux.store.events import last_seq, list_events

#: How long a turn may take, where nobody says.
TIMEOUT_SECONDS = 600.0
_PAUSES = 0.05, 0.4
#: So often a line that waits for a pause is tried again, for there may be no daemon that does it.
_TRY_SECONDS = 1.0
#: After its turn's end a program still writes down what it said: on a busy machine some take more than two seconds.
_WRITING_SECONDS = 5.0
#: A window that is not there for so long is gone; the rows follow.
_GONE_SECONDS = 3.0
_LINES, _BYTES = 300, 1 << 20
#: What starts an agent that is off.
_STARTS = {Role.MAYOR: "gt mayor start", Role.CREW: "gt crew start {}", Role.POLECAT: "gt sling BEAD {}"}


@dataclass(frozen=True, slots=True)
class PromptView:
    """``state`` is ended, with its last words as ``text``; or stalled, with the ``reason`` and its ``screen``."""

    agent: Address
    state: Course
    reason: str | None
    text: str | None
    screen: str | None
    id: str


@dataclass(frozen=True, slots=True)
class Prompted(Answer):
    """``complaint``: the turn did not come to its end."""

    complaint: GtError | None = None


def prompt(
    town: Town, agent: str, text: Sequence[str] = (), wait: bool = False, timeout: float | None = None, body: str = ""
) -> Answer:
    """A NudgeView; with ``wait`` a PromptView, once the turn is over or does not go on, or ``timeout`` seconds are.
    Of several lines, or of more than may be typed, the words come as a mail to which the typed line points.

    Raises UsageError where there are no words, or both ``text`` and ``body``; RefusedError where the agent is off, and
    GtError where its session ends meanwhile. Words that could not be told in that time are not told any more.
    """
    words = " ".join(text).strip()
    if words and body:
        raise UsageError("the words are given twice", hint="gt prompt AGENT --body-file FILE")
    words = words or body.strip()
    if not one_line(words):
        raise UsageError("there are no words to say", hint="gt prompt AGENT TEXT")
    if not wait:
        if timeout is not None:
            raise UsageError("--timeout is for --wait", hint="gt prompt AGENT TEXT --wait --timeout 10m")
        return _say(town, agent, words)
    if agent.startswith("@"):
        raise UsageError("one agent at a time can be waited for", hint=f"gt nudge {agent} TEXT")
    (address,) = lookup.resolve_recipients(town, [agent])
    if address == town.actor:
        raise RefusedError("your own turn is not over before this is", hint="gt help prompt")
    _require_on(town, address)
    start = time.monotonic()
    begun = _Before.of(town, address)
    view = _say(town, agent, words).value
    assert isinstance(view, NudgeView)
    left = TIMEOUT_SECONDS if timeout is None else timeout
    session, before, reason = _await_typed(town, view, begun, left)
    if session is None:
        return _stalled(town, view, f"not typed: {reason}", "")
    typed = find_delivery(town.db, view.id, view.agent)
    turn = _Turn(town, view, point_out(town, typed) or "" if typed else "", session, before)
    return turn.follow(max(0.0, left - (time.monotonic() - start)))


def _say(town: Town, agent: str, words: str) -> Answer:
    if len(words) > LONGEST or len(words.splitlines()) > 1:
        return point(town, agent, words)
    return nudge(town, agent, [words])


def _require_on(town: Town, address: Address) -> None:
    found = rows.find_agent(town.db, address)
    if found is not None and found.state in (AgentState.OFF, AgentState.FAILED):
        raise RefusedError(f"{address} is {found.state}", hint=_STARTS[found.role].format(address))


@dataclass(frozen=True, slots=True)
class _Before:
    """How things stood before the words were typed: the newest event, and how much of a transcript there was."""

    seq: int
    transcript: str | None
    size: int

    @classmethod
    def of(cls, town: Town, address: Address) -> "_Before":
        session = rows.find_live_session(town.db, address)
        path = session.transcript if session else None
        return cls(last_seq(town.db), path, _size(path))


def _await_typed(
    town: Town, view: NudgeView, before: _Before, seconds: float
) -> tuple[Session | None, _Before, str | None]:
    """The session that took the words, and how things stood before; no session where nobody did in that time."""
    tried, reason, is_typed = time.monotonic(), view.reason, False
    try:
        for _ in looks(seconds, *_PAUSES):
            latest = _Before.of(town, view.agent)
            row = find_delivery(town.db, view.id, view.agent)
            if row is None or row.state in (DeliveryState.EXPIRED, DeliveryState.DEAD):
                is_typed = True
                raise GtError(f"not typed to {view.agent}: {row.reason if row else 'nobody knows of it any more'}")
            if row.state is DeliveryState.ACCEPTED and row.session is not None:
                is_typed = True
                return rows.find_session(town.db, row.session), before, None
            if row.state is not DeliveryState.QUEUED:
                continue
            _require_on(town, view.agent)
            before = latest
            if time.monotonic() - tried > _TRY_SECONDS:
                reason, tried = try_again(town, view) or reason, time.monotonic()
        return None, before, reason
    finally:
        # Also where whoever asked goes away.
        if not is_typed:
            withdraw(town, view, "whoever asked does not wait any more")


@dataclass
class _Turn:
    """The turn that the words began, as it is followed."""

    town: Town
    view: NudgeView
    words: str
    session: Session
    before: _Before
    _shown: ScreenState | None = None
    _since: float = 0.0
    _missing: float | None = field(default=None)

    def follow(self, seconds: float) -> Answer:
        provider = self._provider()
        for _ in looks(seconds, *_PAUSES):
            session = rows.find_session(self.town.db, self.session.id)
            if session is None or session.ended:
                raise self._ended(session)
            self.session = session
            if self.town.is_frozen(self.view.agent):
                return self._stall("it stands still: gt thaw, or gt resume")
            course, why = self._look(provider)
            match course:
                case Course.ENDED:
                    return self._answer(provider)
                case Course.STALLED:
                    return self._stall(why)
        return self._stall(f"its turn goes on after {seconds:.0f} s")

    def _look(self, provider: Provider) -> tuple[Course, str]:
        told = [
            SessionState(str(event.data["state"]))
            for event in list_events(
                self.town.db, after=self.before.seq, type=EventType.SESSION_CHANGED, subject=self.view.agent
            )
            if event.data.get("session") == self.session.id
        ]
        age = clock.seconds_since(self.session.since)
        screen = self._screen(provider)
        return judge_turn(Look(told, age, screen, provider.has_hooks))

    def _screen(self, provider: Provider) -> SteadyScreen:
        """What it shows, and since when by the looks of this turn."""
        seen, now = None, time.monotonic()
        with contextlib.suppress(ServerGoneError):
            seen = typing.look(self.town.tmux, self.session.pane or "", self.session.id)
        if seen is None or seen.dead:
            self._missing = self._missing or now
            if now - self._missing > _GONE_SECONDS:
                raise self._ended(None)
            return SteadyScreen(ScreenState.UNKNOWN, 0.0)
        self._missing = None
        if provider.typing.quiet:
            still = is_still(self.town, self.session)
            return SteadyScreen(ScreenState.IDLE if still else ScreenState.WORKING, 60.0)
        state = screens.judge(provider.screen, seen.screen, seen.title).state
        if state is not self._shown:
            self._shown, self._since = state, now
        return SteadyScreen(state, now - self._since)

    def _answer(self, provider: Provider) -> Answer:
        found: str | None = None

        def is_written() -> bool:
            nonlocal found
            session = rows.find_session(self.town.db, self.session.id)
            path = session.transcript if session and provider.transcript is not Transcript.NONE else None
            since = self.before.size if path == self.before.transcript else 0
            found, rests = _said(provider, path, since, self.words)
            # A hook may speak before the screen is drawn.
            return rests or (path is None and self._screen(provider).state is not ScreenState.WORKING)

        wait_until(is_written, _WRITING_SECONDS, 0.05)
        text = found or last_block(provider.screen, self._window(), self.words)
        return Answer(PromptView(self.view.agent, Course.ENDED, None, text, None, self.view.id), text)

    def _stall(self, reason: str) -> Answer:
        return _stalled(self.town, self.view, reason, self._window(None))

    def _window(self, lines: int | None = _LINES) -> str:
        try:
            return capture(self.town.tmux, self.session.pane or "", lines=lines).rstrip()
        except (NotFoundError, ServerGoneError):
            return ""

    def _provider(self) -> Provider:
        agent: Agent | None = rows.find_agent(self.town.db, self.view.agent)
        return find_provider(self.town, self.session, agent)

    def _ended(self, session: Session | None) -> GtError:
        how = "its window is gone" if session is None else _describe_end(session)
        return GtError(f"{self.view.agent} ended before its turn did: {how}", hint=f"gt log {self.view.agent}")


def _describe_end(session: Session) -> str:
    killed = session.exit_signal
    status = f"killed by signal {killed}" if killed else f"status {session.exit_status}"
    if session.reason and not session.is_charged:
        return session.reason
    return f"{session.reason}, {status}" if session.reason else status


def _stalled(town: Town, view: NudgeView, reason: str, screen: str) -> Answer:
    complaint = GtError(f"{view.agent} stalled: {reason}", hint=f"gt attach {view.agent}")
    value = PromptView(view.agent, Course.STALLED, reason, None, screen, view.id)
    return Prompted(value, screen, complaint=complaint)


def _said(provider: Provider, path: str | None, since: int, typed: str) -> tuple[str | None, bool]:
    if path is None:
        return None, False
    try:
        return last_words(provider.transcript, read_end(path, _BYTES, since).splitlines(), typed)
    except OSError:
        return None, False


def _size(path: str | None) -> int:
    if path is None:
        return 0
    try:
        return Path(path).stat().st_size
    except OSError:
        return 0
