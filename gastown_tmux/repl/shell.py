"""The Mayor's REPL: every verb of the table without ``gt``, words for agents, news above the prompt, counts below."""

import asyncio
import contextlib
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Sequence

from prompt_toolkit.enums import EditingMode
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.input import Input
from prompt_toolkit.output import Output

from gastown_tmux.dataclass import replace
from gastown_tmux.domain.settings import NEWS
from gastown_tmux.edges.processes.editor import edit
from gastown_tmux.edges.processes.terminal import EchoOff, page, run_in_terminal
from gastown_tmux.edges.tmux import clients
from gastown_tmux.errors import GtError, UsageError, explain
from gastown_tmux.faces.news import News
from gastown_tmux.faces.values import Values, read_values
from gastown_tmux.faces.watcher import Listener, Watcher
from gastown_tmux.operations.supervision.review import review
from gastown_tmux.operations.town.town import Town
from gastown_tmux.repl.decide import decide
from gastown_tmux.repl.jobs import Jobs
from gastown_tmux.repl.lines import Clear, Decide, Leave, Run, Say, is_open, is_speech, read_line, split_lines
from gastown_tmux.repl.lines import Shell as ShellCommand
from gastown_tmux.repl.popup import open_popup
from gastown_tmux.repl.printing import Screen, is_dumb, make_input, make_output
from gastown_tmux.repl.prompt import history_file, make_session
from gastown_tmux.repl.questions import Questions
from gastown_tmux.repl.toolbar import toolbar
from gastown_tmux.store.db import NewerError
from gastown_tmux.store.events import last_seq
from gastown_tmux.store.rigs import list_rigs
from gastown_tmux.verbs.answer import answer
from gastown_tmux.verbs.flags import take_all, take_globals
from gastown_tmux.verbs.help import chapters, help_text
from gastown_tmux.verbs.index import find_verb
from gastown_tmux.verbs.opening import open_town
from gastown_tmux.verbs.parser import needs_writing
from gastown_tmux.verbs.show import Display, paint
from gastown_tmux.verbs.text import harmless

#: A command that takes longer goes on behind the prompt.
PATIENCE_SECONDS = 0.5
GOODBYE_SECONDS = 2.0
DECIDE_SECONDS = 15.0
SWITCH_SECONDS = 0.001
SIGNAL_SECONDS = 0.1

HELP = """\
All of these work here without gt, and help VERB tells more of one. Besides:
  @toast words    words for an agent (or a group: @town words)
  attach toast    go to its window; the prefix and H lead home, the prefix and d out
  review, decide  what waits for you; all of it with a key each
  approve toast   or deny: the answer to an agent that asks
  !command        a command for the shell
  any other words go to the Mayor's agent, when there is one, as @mayor does
  Tab completes, → takes the suggestion, Ctrl-R searches what was typed before
  Esc Enter begins another line; Ctrl-C clears them, or interrupts what runs
  exit, or Ctrl-D, leaves; the town goes on"""


class Shell:
    """One person at one terminal. ``input`` and ``output`` are the process's own unless given."""

    def __init__(self, town: Town, display: Display, input: Input | None = None, output: Output | None = None) -> None:
        self._town = town
        self._display = display
        self._session = make_session(
            history_file(town), display, self._toolbar, self._interrupt, lambda: self._watcher.seen,
            input or make_input(), output or make_output(),
        )  # fmt: skip
        self._screen = Screen(self._session.output)
        self._only_prints = input is None and is_dumb()
        read = self._read_plainly if self._only_prints else None
        self._person = Questions(self._session.input, self._session.output, self._screen, read)
        self._jobs = Jobs(self._refresh)
        self._news = News(self._screen.write, self._current_display, NEWS, town.actor)
        watched = town.with_own_connection()
        listener = Listener[Values](self._news.take, lambda values: self._refresh(), looked=self._tick)
        self._watcher = Watcher(watched, read_values, Values(), [listener])
        self._echo_off = EchoOff()
        self._is_left = False
        self._newer: NewerError | None = None
        self._ticked = 0

    def run(self) -> None:
        """Until the person leaves, or the terminal does. Raises NewerError once a line was refused by it."""
        # Threads that read and print must not keep a key waiting for Python's lock.
        sys.setswitchinterval(SWITCH_SECONDS)
        handlers = {signal.SIGINT: lambda number, frame: self._interrupt(), signal.SIGTERM: _end, signal.SIGHUP: _end}
        was = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        self._apply_settings()
        seq, rigs = None, None
        with contextlib.suppress(GtError):  # each command says what is wrong with the town
            seq, rigs = last_seq(self._town.db), list_rigs(self._town.db)
        self._watcher.start(seq)
        self._screen.write(f"the town {self._town.path.name}, {self._town.path}; help tells more")
        if rigs == []:
            self._screen.write("no rigs yet: rig add NAME URL|PATH")
        try:
            with self._echo_off:
                while not self._is_left and (text := self._read()) is not None:
                    self.enter(text)
        finally:
            self._watcher.stop()
            for job in self._jobs.running():
                job.interrupt()
                job.wait(GOODBYE_SECONDS)
            for number, handler in was.items():
                signal.signal(number, handler)
        if self._newer is not None:
            raise self._newer

    def pop_up(self, what: str) -> None:
        """One question instead, until the person is done with that."""
        signal.signal(signal.SIGHUP, _end)
        with self._echo_off:
            open_popup(what, self._town, self._person, self._run_in_popup)

    def enter(self, text: str) -> None:
        """Carries out what was typed; of several lines each when the one before has ended."""
        lines = list(split_lines(text))
        for number, line in enumerate(lines, start=1):
            try:
                self._do(line, PATIENCE_SECONDS if number == len(lines) else None)
            except KeyboardInterrupt:  # at the very end of what it was meant for
                self._screen.write("interrupted")
            except Exception as error:
                if os.environ.get("GT_DEBUG"):
                    raise
                self._complain(error)
            if self._is_left:
                return
            self._watcher.refresh()  # what a line made can be named in the next one

    def _do(self, line: str, patience: float | None) -> None:
        match read_line(line):
            case Run(words=words):
                self._run(words, line.strip(), patience)
            case Say(to=to, words=words):
                self._say(to, words)
            case ShellCommand(command=command):
                shell = self._town.environment.get("SHELL") or "/bin/sh"
                with self._echo_off.lifted():
                    status = run_in_terminal(
                        [shell, "-c", command], {**self._town.environment, "GT_TOWN": str(self._town.path)}
                    )
                if status:
                    self._screen.write(("\n" if status > 128 else "") + f"exit status {status}")
            case Leave():
                self._leave()
            case Clear():
                self._screen.clear()
            case Decide():
                with self._news.held():
                    decide(lambda: review(self._town), self._person, self._run_patiently)
            case None:
                pass

    def _run_in_popup(self, words: Sequence[str]) -> bool:
        """Nothing can be scrolled there: a mail or a diff goes to a pager."""
        return self._run_patiently(words, pages=words[0] in ("mail", "diff") and "--stat" not in words)

    def _run_patiently(self, words: Sequence[str], *, pages: bool = False) -> bool:
        """To its end, for what comes next depends on it; whether it went well."""
        try:
            return self._run(tuple(words), " ".join(words), DECIDE_SECONDS, pages=pages)
        except GtError as error:
            self._complain(error)
            return False

    def _run(
        self, typed: tuple[str, ...], line: str, patience: float | None = PATIENCE_SECONDS, *, pages: bool = False
    ) -> bool:
        """Whether it went well, so far."""
        well = True
        everywhere, typed_here = take_all(list(typed))
        given, words = take_globals(typed_here)
        if words[:1] == ["help"]:
            given.help, words = True, words[1:]
        if given.help or not words:
            self._screen.write(help_text(words) if words else f"{chapters(max(self._screen.width, 60))}\n\n{HELP}")
            return well
        try:
            verb, rest = find_verb(words)
        except UsageError as error:
            if not is_speech(words):
                raise
            if not self._watcher.seen.has_mayor:
                hint = "mayor start --agent PROVIDER"
                raise UsageError(f"{error.message}, and no mayor's agent to say that to", hint) from None
            return self._say("mayor", line)
        if verb.words == "daemon run":
            raise UsageError("a daemon is a process of its own", hint="daemon start")
        given.town = given.town or str(self._town.path)
        given.speaker = given.speaker or (None if self._town.is_person else self._town.actor)
        town = open_town(given, self._town.environment, self._screen.write, needed=verb.town, either=verb.either)
        town.edit = lambda text, ending: edit(text, ending, town.environment)
        in_foreground = verb.terminal or pages or "-" in rest or needs_writing(verb, rest)
        town.flags = {**self._town.flags, **town.flags}

        def work() -> None:
            nonlocal well
            try:
                display = self._current_display()
                if everywhere:
                    from gastown_tmux.verbs.many_towns import answer_all  # few lines are for many towns

                    texts = answer_all(verb, rest, town, display, as_json=given.json)
                else:
                    texts = answer(verb, rest, town, display, given.json)
                if pages:
                    page("\n".join(texts), self._town.environment)
                for text in texts:
                    self._screen.write(text)
            except KeyboardInterrupt:
                # There the terminal itself has shown the ^C.
                self._screen.write("\n" * in_foreground + f"interrupted: {line}")
            except Exception as error:
                well = False
                if os.environ.get("GT_DEBUG"):
                    raise
                self._complain(error, (*verb.words.split(), *rest))
            finally:
                town.close()

        if in_foreground:
            self._in_foreground(work)
        else:
            self._jobs.start(verb.words, work).wait(patience)
        if verb.words.startswith("config "):
            self._apply_settings()
        return well

    def _say(self, to: str, words: str) -> bool:
        """Typed into the window at the next pause."""
        return self._run(("nudge", "--", to, words), words)

    def _in_foreground(self, work: Callable[[], None]) -> None:
        was = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            with self._echo_off.lifted():
                work()
        except KeyboardInterrupt:
            self._screen.write("interrupted")
        finally:
            signal.signal(signal.SIGINT, was)

    def _complain(self, error: Exception, typed: Sequence[str] = ()) -> None:
        message, hint, _ = explain(error, typed)
        self._screen.write(paint("failed", f"gt: {harmless(message)}", self._display))
        if hint:
            self._screen.write(f"hint: {harmless(hint.removeprefix('gt '))}")
        if isinstance(error, NewerError):
            # None of our lines will do any more; in the town's own window the newer gt's prompt comes in our place.
            self._newer, self._is_left = error, True

    def _leave(self) -> None:
        """Out; in the town's own window the client goes, and the REPL stays for the next."""
        running = self._jobs.running()
        if running:
            names = ", ".join(job.title for job in running)
            self._screen.write(f"{names} still runs: Ctrl-C interrupts it, then leave")
            return
        here = clients.client_here(self._town.tmux)
        if here is not None:
            clients.detach_client(self._town.tmux, here)
        else:
            self._is_left = True

    def _interrupt(self) -> None:
        job = self._jobs.interrupt_last()
        if job is None:
            self._refresh()

    def _refresh(self) -> None:
        self._session.app.invalidate()

    def _tick(self) -> None:
        """The seconds of what runs behind the prompt go on; an idle prompt costs nothing."""
        now = int(time.monotonic())
        if now != self._ticked and self._jobs.running():
            self._ticked = now
            self._refresh()

    def _current_display(self) -> Display:
        return replace(self._display, width=self._screen.width)

    def _read(self) -> str | None:
        """What was typed; None when the terminal is gone."""
        try:
            if self._only_prints:
                return self._read_lines()
            return self._session.prompt(pre_run=self._screen.begin)
        except (EOFError, OSError):
            return None
        except KeyboardInterrupt:
            self._jobs.interrupt_last()
            return ""
        finally:
            self._screen.end()

    def _read_lines(self) -> str | None:
        text = self._read_plainly("gt> ")
        while text is not None and is_open(text) and (more := self._read_plainly("  > ")) is not None:
            text += f"\n{more}"
        if text:
            self._session.history.append_string(text)
        return text

    def _read_plainly(self, question: str) -> str | None:
        """A line, edited by the terminal itself, which shows what was erased; None for Ctrl-D."""
        was = signal.signal(signal.SIGINT, signal.default_int_handler)
        line = b""
        try:
            with self._echo_off.lifted(), self._screen.standing(question):
                # A signal may come to another thread, and would not end a read here.
                while not select.select([sys.stdin], [], [], SIGNAL_SECONDS)[0]:
                    pass
                line = sys.stdin.buffer.readline()
            return line.decode(errors="replace").rstrip("\n") if line else None
        finally:
            signal.signal(signal.SIGINT, was)
            if not line:
                self._screen.write("")

    def _apply_settings(self) -> None:
        self._town.reload_settings()
        try:
            settings = self._town.settings()
            self._news.types = settings.texts("ui.events")
            vi = settings.get("ui.keys") == "vi"
        except GtError as error:
            self._complain(error)
            return
        self._session.editing_mode = EditingMode.VI if vi else EditingMode.EMACS

    def _toolbar(self) -> StyleAndTextTuples:
        vi = self._session.editing_mode is EditingMode.VI
        mode = self._session.app.vi_state.input_mode.value if vi else ""
        hint = "a quote is open" if is_open(self._session.default_buffer.text) else mode
        jobs = self._jobs.running()
        return toolbar(self._town.path.name, self._watcher.seen, jobs, self._screen.width, hint)


def _end(number: int, frame: object) -> None:
    """By way of everything that puts the terminal right. Between two steps of a prompt's loop, where there is one:
    prompt_toolkit waits for ever for a drawing that was broken off."""

    def leave() -> None:
        raise SystemExit(128 + number)

    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        leave()
    else:
        loop.call_soon_threadsafe(leave)
