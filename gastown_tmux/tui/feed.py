"""gt feed: opened on this terminal, with the threads that read the town, look at a screen and carry lines out."""

import contextlib
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from gastown_tmux.domain.addresses import Address
from gastown_tmux.edges.files import clock
from gastown_tmux.edges.processes.person import is_terminal
from gastown_tmux.edges.tmux import clients
from gastown_tmux.edges.tmux.panes import capture
from gastown_tmux.errors import GtError, UsageError
from gastown_tmux.faces.follower import Follower
from gastown_tmux.faces.model import (
    Began,
    Captured,
    Command,
    Document,
    Ended,
    Happened,
    Look,
    Message,
    Model,
    Open,
    Opened,
    Run,
    Saw,
    Screen,
    Troubled,
    Visit,
    name_line,
)  # fmt: skip
from gastown_tmux.faces.opening import open_document, run_line
from gastown_tmux.faces.rows import Panel, list_rows
from gastown_tmux.faces.snapshot import Snapshot, read_snapshot
from gastown_tmux.faces.watcher import Listener, Watcher
from gastown_tmux.operations.town.town import Answer, Town
from gastown_tmux.store.events import last_seq
from gastown_tmux.tui.app import Feed, Told
from gastown_tmux.tui.visits import complain, visit
from gastown_tmux.verbs.text import harmless

#: Between two looks: at the rows of the town, and at the screen beside, which is looked at less where it stands still.
LOOK_SECONDS = 0.04
SCREEN_SECONDS, STILL_SECONDS = 0.15, 1.0
SWITCH_SECONDS = 0.001
#: Lines of an answer that are told in the last line but one; more of them are opened.
_MOST_SAID = 3


def feed(town: Town, once: bool = False) -> Answer | None:
    """The town on a whole screen, until the person leaves. ``once``: what it would show, as values and lines.

    Raises UsageError outside a terminal.
    """
    if once:
        return _tell_once(town)
    if not is_terminal() or town.environment.get("TERM", "dumb") in ("", "dumb", "unknown"):
        raise UsageError("gt feed needs a terminal that can show it", hint="gt feed --once, or gt events --follow")
    _Desk(town).run()
    return None


def _tell_once(town: Town) -> Answer:
    seen = read_snapshot(town)
    lines, section = list[str](), None
    for row in list_rows(seen, (), Panel.TOWN):
        if row.section != section:
            section = row.section
            lines.append(f"{section}:")
        lines.append("  " + "  ".join(filter(None, (row.sign.strip(), row.state, row.head, row.title, row.more))))
    value = {
        "needs": seen.needs, "agents": seen.workers, "waiting": [bead for bead in seen.beads if bead.id in seen.waits],
        "landed": seen.landed,
    }  # fmt: skip
    return Answer(value, "\n".join(lines) or "nothing to do yet: gt sling -m WORDS RIG")


class _Desk:
    """Between the app and the town: each thread has a connection of its own."""

    def __init__(self, town: Town) -> None:
        self._town = town
        self._streams = contextlib.ExitStack()
        # A popup of the town's tmux has no pane of its own.
        self._is_popup = clients.is_inside(town.tmux, town.environment) and "TMUX_PANE" not in town.environment
        self._app = Feed(self._do, self._watch, Model(fleeting=self._is_popup), begun=self._let_go)
        listener = Listener[Snapshot](
            lambda events: self._post(Happened(tuple(events), clock.epoch())),
            lambda seen: self._post(Saw(seen, clock.epoch())),
            lambda reason: self._post(Troubled(reason)),
        )
        self._watcher = Watcher(town.with_own_connection(), read_snapshot, Snapshot(), [listener], LOOK_SECONDS)
        looks = _ScreenLooks(town.with_own_connection(), lambda screen: self._post(Captured(screen)))
        self._screens = Follower[tuple[Address, str] | None]("screen", None, looks.look)

    def run(self) -> None:
        for name in ("COLUMNS", "LINES"):
            # Exported by some shells and by readline: what the terminal was then. Textual would believe it for ever.
            os.environ.pop(name, None)
        streams = sys.stdin, sys.stdout, sys.stderr
        was = sys.getswitchinterval()
        # Threads that read must not keep a key waiting for Python's lock.
        sys.setswitchinterval(SWITCH_SECONDS)
        seq = None
        with contextlib.suppress(GtError, OSError):
            seq = max(last_seq(self._town.db) - 50, 0)
        self._watcher.start(seq)
        self._screens.start()
        try:
            self._app.run()
        finally:
            sys.stdin, sys.stdout, sys.stderr = streams
            self._streams.close()
            self._watcher.stop()
            self._screens.stop()
            sys.setswitchinterval(was)

    def _let_go(self) -> None:
        """Verbs that run behind a whole screen have nobody to ask there, and nothing to print on: Textual draws by what
        Python began with.
        """
        nothing = self._streams.enter_context(Path(os.devnull).open("r+"))  # noqa: SIM115 - the stack does
        sys.stdin = sys.stdout = sys.stderr = nothing

    def _post(self, message: Message) -> None:
        self._app.post_message(Told(message))

    def _watch(self, model: Model) -> None:
        agent, pane = model.watched, None
        if agent is not None and model.seen is not None:
            pane = next((worker.view.pane for worker in model.seen.workers if worker.view.address == agent), None)
        self._screens.want((agent, pane) if agent is not None and pane is not None else None)

    def _do(self, app: Feed, command: Command) -> None:
        match command:
            case Look():
                self._watcher.refresh()
            case Visit(line=line):
                self._visit(app, line)
            case Run(lines=lines):
                self._in_background(lines[0], lambda town: self._run(town, lines))
            case Open(line=line):
                asked = command
                self._in_background(line, lambda town: Opened(name_line(line), open_document(town, asked)))
            case _:
                pass

    def _in_background(self, line: tuple[str, ...], work: Callable[[Town], Message]) -> None:
        title = name_line(line)
        self._app.tell(Began(title))

        def carry_out() -> None:
            town = self._town.with_own_connection()
            try:
                done = work(town)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is told, and the feed goes on
                done = Ended(title, complain(error, line), failed=True)
            finally:
                with contextlib.suppress(GtError, OSError):
                    town.close()
            self._post(done)
            self._watcher.refresh()

        threading.Thread(target=carry_out, name=title, daemon=True).start()

    def _run(self, town: Town, lines: tuple[tuple[str, ...], ...]) -> Message:
        title = name_line(lines[0])
        said = [run_line(town, line) for line in lines]
        shown = [line for text in said for line in text.strip().split("\n") if line]
        if len(shown) > _MOST_SAID:
            return Opened(title, Document(title, tuple(harmless(line) for line in shown)))
        return Ended(title, " · ".join(shown) or "done", failed=False)

    def _visit(self, app: Feed, line: tuple[str, ...]) -> None:
        """On this very thread, for the terminal is given away meanwhile."""
        town = self._town.with_own_connection()
        goes = clients.is_inside(town.tmux, town.environment) and line[0] == "attach"
        try:
            # In the town's own tmux another window comes up, and this screen stays as it is.
            with contextlib.nullcontext() if goes else app.suspend():
                ended = visit(town, line)
        finally:
            town.close()
        app.tell(ended)
        if self._is_popup and goes and not ended.failed:
            app.exit()  # it would cover the window that was asked for


class _ScreenLooks:
    """Captures the screen that is wanted: often while it changes, less and less while it stands still."""

    def __init__(self, town: Town, tell: Callable[[Screen | None], None]) -> None:
        self._town, self._tell = town, tell
        self._told: Screen | None = None
        self._pause = STILL_SECONDS

    def look(self, wanted: tuple[Address, str] | None, new: bool) -> float:
        now = None
        if wanted is not None:
            with contextlib.suppress(GtError, OSError):
                text = capture(self._town.tmux, wanted[1], ansi=True)
                now = Screen(wanted[0], tuple(text.rstrip("\n").split("\n")))
        if now != self._told:
            self._tell(now)
        self._pause = SCREEN_SECONDS if now != self._told else min(self._pause * 1.3, STILL_SECONDS)
        self._told = now
        return self._pause if wanted else STILL_SECONDS
