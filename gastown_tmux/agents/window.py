"""One agent's window: waits for keys, programs and timers, and carries the agent's life on.

The life is a generator. It yields what it waits for: a `Job` (gets its `Outcome`), a `Pause`, a `Prompt`
(gets the words), an `Ask` (gets the number of the chosen answer). While it waits for anything but a prompt,
it is busy: what is typed then is queued. One thread, one `select`: nothing that hangs can hang the keyboard.
"""

from __future__ import annotations

import errno
import os
import select
import signal
import time
from collections import deque

from gastown_tmux.agents.composer import Key, Keys, Screen, plain
from gastown_tmux.agents.jobs import Block, Job

TYPE_CHECKING = False  # importing typing costs as much as the screen does
if TYPE_CHECKING:
    from collections.abc import Generator
    from types import FrameType
    from typing import Any, TypeVar

    Result = TypeVar("Result")
    Steps = Generator["Job | Pause | Prompt | Ask", Any, Result]

_FRAME = 0.05
_RULE = "─" * 40
_HANGUP_ERRORS = (errno.EIO, errno.ENXIO, errno.EBADF)


class Interrupted(Exception):  # noqa: N818
    """A person pressed Esc or C-c: the turn is over."""


class Ended(Exception):  # noqa: N818
    """The program is to end, with this exit status."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Prompt:
    """Wait for words."""


class Pause:
    """Wait `seconds`. A `frozen` one leaves the screen untouched meanwhile, like a program that hangs."""

    def __init__(self, seconds: float, *, frozen: bool = False) -> None:
        self.until = time.monotonic() + seconds
        self.frozen = frozen

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self.until


class Ask:
    """A dialog. Enter takes `answers[0]`, Esc the one numbered `escape`, a digit the one it names."""

    def __init__(self, question: str, answers: list[str], *, escape: int) -> None:
        self.question, self.answers, self.escape = question, answers, escape
        self.chosen: int | None = None

    def lines(self, columns: int) -> list[str]:
        """Only its rule begins in the first column, however long the question is."""
        answers = [f" {' ' if n else '❯'} {n + 1}. {answer}" for n, answer in enumerate(self.answers)]
        question = [f" {part}" for line in plain(self.question).split("\n") for part in _parts(line, columns - 1)]
        return [_RULE, *question, "", *answers, "", " Enter to confirm · Esc to cancel"]


class Window:
    """The screen, the keyboard and the running program of one agent."""

    def __init__(self, name: str) -> None:
        """Raises termios.error where standard input is no terminal."""
        self.screen = Screen(0, 1)
        self.name = name
        self.notice, self.notice_until = "", 0.0
        self._keys = Keys()
        self._draft = ""
        self._queue: deque[str] = deque()
        self._step: Job | Pause | Prompt | Ask = Prompt()
        self._ask: Ask | None = None
        self._thrown: Interrupted | Ended | None = None
        self._interrupt_armed = False
        self._busy_since = self._typed = self._drawn = time.monotonic()
        self._hung_up = False

    def say(self, text: str) -> None:
        self.screen.say(text)

    def open(self, ask: Ask) -> None:
        """Show a dialog at once; to wait for its answer, yield it."""
        self._ask = ask

    @property
    def limited(self) -> bool:
        """Whether a limit is reached; its notice stands until the next turn, as on others' screens."""
        return time.monotonic() < self.notice_until

    def run(self, life: Steps[int]) -> int:
        """Live `life` to its end; the terminal is as it was then. What it returns is the exit status."""
        self._wake, wake = os.pipe()
        os.set_blocking(wake, False)
        for number in (signal.SIGCHLD, signal.SIGWINCH, signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, _ignore)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        self.screen.enter()
        try:
            self._step = next(life)
            while True:
                self._begin()
                while not self._ready():
                    self._wait()
                self._carry_on(life)
        except StopIteration as end:
            return int(end.value)
        finally:
            self.screen.draw([])
            self.screen.leave()

    def _begin(self) -> None:
        match self._step:
            case Job() as job:
                job.start()
            case Ask() as ask:
                self._ask = ask

    def _ready(self) -> bool:
        if self._thrown and not isinstance(self._step, Job):
            return True
        match self._step:
            case Job() as job:
                self._status = job.poll()
                return self._status is not None
            case Pause() as pause:
                return pause.is_over
            case Prompt():
                return bool(self._queue)
            case Ask() as ask:
                return ask.chosen is not None

    def _carry_on(self, life: Steps[int]) -> None:
        result: object = None
        match self._step:
            case Job() as job:
                assert self._status is not None
                rest = job.drain()
                if isinstance(job, Block):
                    self.screen.output(rest)
                    self.screen.end_output()
                result = job.close(self._status)
            case Prompt() if self._queue and not self._thrown:
                result = self._queue.popleft()
                self._busy_since = time.monotonic()
            case Ask() as ask:
                result, self._ask = ask.chosen, None
        thrown, self._thrown = self._thrown, None
        self._step = life.throw(thrown) if thrown else life.send(result)
        if thrown:
            self._ask = None if not isinstance(self._step, Ask) else self._ask

    def _wait(self) -> None:
        now = time.monotonic()
        if not self.screen.stale or now - self._drawn >= _FRAME:
            self._draw()
        job = self._step if isinstance(self._step, Job) else None
        readers = [self._wake, *([] if self._hung_up else [0]), *(job.reading if job else ())]
        writers = [job.writing] if job and job.writing is not None else []
        ready, writable, _ = select.select(readers, writers, [], self._patience(now))
        if self._wake in ready:
            self._take_signals(os.read(self._wake, 512))
        if 0 in ready:
            self._take_keys()
        elif (patience := self._keys.patience) and time.monotonic() - self._typed >= patience:
            self._press(self._keys.flush())
        if job:
            if writable:
                job.write()
            for fd in job.reading.keys() & set(ready):
                data = job.read(fd)
                if isinstance(job, Block):
                    self.screen.output(data)

    def _patience(self, now: float) -> float | None:
        """Seconds until something is due without any event, None where nothing is."""
        due = [now + 1 - (now - self._busy_since) % 1] if self._ticking else []
        if self._keys.patience:
            due.append(self._typed + self._keys.patience)
        if self.screen.stale:
            due.append(self._drawn + _FRAME)
        match self._step:
            case Job() as job if job.deadline != float("inf"):
                due.append(job.deadline)
            case Pause() as pause:
                due.append(pause.until)
        return max(0.0, min(due) - now) if due else None

    @property
    def _ticking(self) -> bool:
        return not (isinstance(self._step, Prompt | Ask) or (isinstance(self._step, Pause) and self._step.frozen))

    def _take_signals(self, numbers: bytes) -> None:
        for number in set(numbers):
            match number:
                case signal.SIGWINCH:
                    self.screen.redraw()
                case signal.SIGTERM:
                    self._throw(Ended(128 + signal.SIGTERM))
                case signal.SIGHUP:
                    self._hang_up()
                case signal.SIGINT:
                    self._press([(Key.INTERRUPT, "")])

    def _take_keys(self) -> None:
        self._typed = time.monotonic()
        try:
            data = os.read(0, 64 * 1024)
        except OSError as error:
            if error.errno not in _HANGUP_ERRORS:
                raise
            data = b""
        if data:
            self._press(self._keys.feed(data))
        else:
            self._hang_up()

    def _hang_up(self) -> None:
        if not self._hung_up:
            self._hung_up = True
            self._throw(Ended(128 + signal.SIGHUP))

    def _throw(self, error: Interrupted | Ended) -> None:
        if isinstance(self._thrown, Ended):
            return
        self._thrown = error
        if isinstance(self._step, Job) and not self._step.asked_to_end:
            self._step.end()

    def _press(self, keys: list[tuple[Key, str]]) -> None:
        for key, text in keys:
            if self._ask:
                self._answer(self._ask, key, text)
            else:
                self._compose(key, text)

    def _answer(self, ask: Ask, key: Key, text: str) -> None:
        """A dialog takes no words: of what is pasted into it, only the Enter that follows counts."""
        if key is Key.ENTER:
            ask.chosen = 0
        elif key in (Key.ESCAPE, Key.INTERRUPT):
            ask.chosen = ask.escape
        elif key is Key.TEXT and text in [str(n + 1) for n in range(len(ask.answers))]:
            ask.chosen = int(text) - 1
        if ask.chosen is not None:
            self._ask = None

    def _compose(self, key: Key, text: str) -> None:
        idle = isinstance(self._step, Prompt)
        armed, self._interrupt_armed = self._interrupt_armed, False
        match key:
            case Key.TEXT | Key.PASTE:
                self._draft += text
            case Key.NEWLINE:
                self._draft += "\n"
            case Key.BACKSPACE:
                self._draft = self._draft[:-1]
            case Key.CLEAR:
                self._draft = ""
            case Key.REDRAW:
                self.screen.redraw()
            case Key.ENTER:
                if self._draft.strip():
                    self._queue.append(self._draft)
                self._draft = ""
            case Key.END:
                if not self._draft:
                    self._throw(Ended(0))
            case Key.ESCAPE | Key.INTERRUPT if not idle:
                self._throw(Interrupted())
            case Key.INTERRUPT if armed:
                self._throw(Ended(128 + signal.SIGINT))
            case Key.INTERRUPT:
                self._draft, self._interrupt_armed = "", True
            case Key.ESCAPE:
                pass

    def _draw(self) -> None:
        self._drawn = now = time.monotonic()
        if self._ask:
            self.screen.title(f"✋ {self.name}")
            self.screen.draw(self._ask.lines(self.screen.columns))
            return
        # A prompt that is about to be taken is work: idle is only said when nothing waits.
        busy = not isinstance(self._step, Prompt) or bool(self._queue)
        self.screen.title(f"{'✦' if busy else '◇'} {self.name}")
        bottom = [f"queued: {plain(words.strip().splitlines()[0])}" for words in self._queue]
        if busy:
            bottom.append(f"• working ({int(now - self._busy_since)}s · esc to interrupt)")
        if self.notice:
            bottom.append(self.notice)
        if self._interrupt_armed:
            bottom.append("press C-c again to end")
        self.screen.draw([*bottom, *self.screen.composer(self._draft)])


def _parts(line: str, columns: int) -> list[str]:
    """Pieces that fit, where a letter may take two columns."""
    size = max(columns if line.isascii() else columns // 2, 1)
    return [line[start : start + size] for start in range(0, max(len(line), 1), size)]


def _ignore(number: int, frame: FrameType | None) -> None:
    """The loop learns of signals by the wake-up pipe; a handler only makes Python write to it."""
