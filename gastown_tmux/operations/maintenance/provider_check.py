"""gt config agent check: one agent program tried in a town that is thrown away, step by step."""

import re
import shlex
import shutil
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from gastown_tmux.dataclass import dataclass, replace
from gastown_tmux.domain.addresses import OVERSEER, Address
from gastown_tmux.domain.agents import Session, SessionState
from gastown_tmux.domain.complaints import cause_of
from gastown_tmux.domain.delivery import DeliveryState
from gastown_tmux.domain.ids import RigName
from gastown_tmux.domain.observation import ScreenState
from gastown_tmux.edges.configuration import settings_files
from gastown_tmux.edges.files.waiting import wait_until
from gastown_tmux.edges.git import command, worktree
from gastown_tmux.edges.processes import commands, processes
from gastown_tmux.edges.processes.processes import ProcessRef
from gastown_tmux.edges.tmux import typing
from gastown_tmux.errors import GtError, UsageError
from gastown_tmux.operations.mail import nudge
from gastown_tmux.operations.sessions.starting import resolve_provider
from gastown_tmux.operations.supervision import stopping
from gastown_tmux.operations.town import install
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.workforce import rigs, workers
from gastown_tmux.providers import registry, screens
from gastown_tmux.providers.base import Provider
from gastown_tmux.providers.hooks import Mechanism
from gastown_tmux.store.agents import find_handoff, find_last_session, find_live_session
from gastown_tmux.store.deliveries import find_delivery
from gastown_tmux.store.events import list_events

#: How long the program has for each step; a turn of a real model is in some of them.
SECONDS = 120.0
#: How long a program may take to show its prompt, or anything.
SCREEN_SECONDS, SHOW_SECONDS = 30.0, 5.0
#: Said to the program once it is idle. A real model answers in one short turn.
WORDS = "This is a check of this installation. Answer with the one word: ready. Run nothing."
_VERSION = re.compile(r"\d+\.\d+[\w.+-]*")
_RIG = RigName("trial")
_ADDRESS = Address.of(_RIG, "trial")


@dataclass(frozen=True, slots=True)
class Step:
    """What was tried, how that went, and after how many seconds."""

    step: str
    ok: bool
    seconds: float
    detail: str

    def __str__(self) -> str:
        return f"{'ok ' if self.ok else 'NO '} {self.step:<14} {self.seconds:5.1f}s  {self.detail}".rstrip()


def check(asked: Town, name: str) -> Iterator[Step]:
    """Each step as it is done. A first failure ends it: then GtError is raised, MissingError where it is not found.

    The program runs as the user's own, with their account: two short turns of the model.
    """
    provider = resolve_provider(asked, None, name)
    if provider.mechanism is Mechanism.OWN:
        raise UsageError(f"{name} is built in: there is nothing to try", hint="gt demo")
    path = shutil.which(provider.command[0], path=asked.environment.get("PATH")) or provider.command[0]
    yield Step("found", True, 0.0, path)
    yield Step("version", True, 0.0, _find_version(asked, provider, path))
    folder = Path(tempfile.mkdtemp(prefix="gt-trial-"))
    town = None
    try:
        town = _make_town(asked, folder, name)
        for step in _try(town, provider):
            yield step
            if not step.ok:
                raise GtError(f"{name}: {step.step}: {step.detail}", hint=f"gt config agent show {name}")
    finally:
        if town is not None:
            stopping.down(town, agents=True)
            town.close()
        shutil.rmtree(folder, ignore_errors=True)


def _find_version(town: Town, provider: Provider, path: str) -> str:
    said = commands.ask([path, *provider.command[1:], "--version"], town.environment, 20.0)
    found = _VERSION.search(said or "")
    known = provider.verified
    verified = f"verified with {known.version} on {known.date}" if known else "never verified"
    return f"{found[0] if found else 'unknown'} (this description: {verified})"


def _make_town(asked: Town, folder: Path, name: str) -> Town:
    """With a rig of one commit and the program's own description, but nothing else of the caller's town."""
    environment = {key: value for key, value in asked.environment.items() if not key.startswith("GT_")}
    install.install(Town(Path("/"), OVERSEER, environment), folder / "town", "trial")
    town = Town(folder / "town", OVERSEER, environment, ask=lambda question: "trial@localhost")
    for own, description in registry.user_providers(asked.settings()).items():
        settings_files.set_value(settings_files.town_path(town.path), f"providers.{own}", description)
    project = folder / "project"
    project.mkdir()
    command.git("init", "--quiet", "--initial-branch=main", "--template=", "--", str(project))
    who = command.author_environment(command.Person("trial@localhost", "trial@localhost"))
    command.git("commit", "--quiet", "--allow-empty", "--message=Begin", cwd=project, env=who)
    rigs.add_rig(town, _RIG, str(project))
    workers.add_crew(town, _ADDRESS.name, town.rig(_RIG), provider=name)
    return town


def _try(town: Town, provider: Provider) -> Iterator[Step]:
    clock = _Clock()
    workers.start_agent(town, _ADDRESS)
    first = _session(town)
    yield clock.step("started", True, f"process {first.pid}")
    status = worktree.status(town.repository(town.rig(_RIG).name), town.worktree(_ADDRESS))
    yield clock.step("worktree clean", status.clean, ", ".join(status.untracked))
    if not provider.has_hooks:
        yield _look_at_screen(town, first, provider, clock)
    if provider.typing.quiet:
        words = nudge.nudge(town, _ADDRESS, [WORDS]).value
        yield clock.wait("words typed", lambda: _are_taken(town, words.id))
        yield _end(town, first, clock)
        return
    # Without hooks a short turn may begin and end between two looks.
    turn = [SessionState.WORKING] if provider.has_hooks else [SessionState.WORKING, SessionState.IDLE]
    yield clock.wait("prompt taken", lambda: any(_has_been(town, first, state) for state in turn))
    yield clock.wait("idle seen", lambda: _is(town, first, SessionState.IDLE))
    if provider.has_hooks:
        told = {event.actor for event in list_events(town.db, type="session.changed")}
        yield clock.step("hooks fired", "deacon" in told, "" if "deacon" in told else "only its screen told of it")
    words = nudge.nudge(town, _ADDRESS, [WORDS]).value
    yield clock.wait("words typed", lambda: _are_taken(town, words.id))
    yield clock.wait("turn ended", lambda: _has_been(town, first, SessionState.IDLE, 1 + provider.has_hooks))
    if provider.can_resume:
        assert first.pid is not None and first.pid_started is not None
        processes.end([ProcessRef(first.pid, first.pid_started)], 0.0)
        yield clock.wait("resumed", lambda: _is_resumed(town, first))
    yield _end(town, first, clock)


def _end(town: Town, first: Session, clock: "_Clock") -> Step:
    last = _session(town)
    stopping.stop_agent(town, _ADDRESS)
    left = processes.session_processes(first.id, last.id)
    return clock.step("ended clean", not left, " ".join(str(ref.pid) for ref in left))


def _look_at_screen(town: Town, session: Session, provider: Provider, clock: "_Clock") -> Step:
    """What is made of its screen, once it shows a prompt, or anything."""
    shown = ""

    def look() -> str:
        nonlocal shown
        now = _session(town)
        seen = typing.look(town.tmux, now.pane, session.id) if now.pane else None
        shown = seen.screen if seen is not None else shown
        return shown

    if provider.screen.states:
        known = wait_until(
            lambda: screens.judge(provider.screen, look(), "").state is ScreenState.IDLE, SCREEN_SECONDS, 0.1
        )
        if not known:
            return clock.step("screen", False, f"no prompt is found in what it shows:\n{_last_lines(shown)}")
        judged = screens.judge(provider.screen, shown, "")
        return clock.step("screen", True, f"{judged.state}, its prompt holds {judged.draft!r}:\n{_last_lines(shown)}")
    wait_until(lambda: bool(look().strip()), SHOW_SECONDS, 0.1)
    if provider.typing.quiet:
        return clock.step("screen", True, f"it is typed to while this stands still:\n{_last_lines(shown)}")
    hint = f"gt config agent set --prompt REGEX {provider.name} {shlex.join((*provider.command, *provider.args))}"
    return clock.step("screen", False, f"no pattern says where it is typed to: {hint}\n{_last_lines(shown)}")


def _last_lines(screen: str) -> str:
    lines = [line.rstrip() for line in screen.splitlines() if line.strip()]
    return "\n".join(f"    | {line}" for line in lines[-8:])


def _session(town: Town) -> Session:
    found = find_live_session(town.db, _ADDRESS)
    if found is None:
        raise _ended(town)
    return found


def _ended(town: Town) -> GtError:
    """With its last words, of those that stood in its window."""
    note = find_handoff(town.db, _ADDRESS)
    screen = note.note.partition("\n\n")[2] if note else ""
    words = cause_of(textwrap.dedent(screen))
    hint = "start it by hand in a terminal: it may ask something"
    return GtError("its program ended" + (f": {words}" if words else ""), hint, whole=screen)


def _is(town: Town, session: Session, state: SessionState) -> bool:
    return _session(town).id == session.id and _session(town).state is state


def _has_been(town: Town, session: Session, state: SessionState, times: int = 1) -> bool:
    _session(town)
    seen = [event.data for event in list_events(town.db, type="session.changed")]
    return sum(data["session"] == session.id and data["state"] == state for data in seen) >= times


def _are_taken(town: Town, words: str) -> bool:
    _session(town)
    told = find_delivery(town.db, words, _ADDRESS)
    return told is not None and told.state is DeliveryState.ACCEPTED


def _is_resumed(town: Town, before: Session) -> bool:
    last = find_last_session(town.db, _ADDRESS)
    return last is not None and last.id != before.id and last.resumed and last.state is SessionState.IDLE


class _Clock:
    """Times each step from the end of the one before."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def step(self, name: str, ok: bool, detail: str) -> Step:
        now = time.monotonic()
        took, self._last = now - self._last, now
        return Step(name, ok, took, detail)

    def wait(self, name: str, condition: Callable[[], bool]) -> Step:
        done = wait_until(condition, SECONDS, 0.05)
        return replace(self.step(name, done, ""), detail="" if done else f"not within {SECONDS:.0f}s")
