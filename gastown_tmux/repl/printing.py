"""The one way anything is printed while a person types: above the prompt, whole lines, many at once.

prompt_toolkit's ``patch_stdout`` writes from a thread of its own and may draw into a prompt that is just beginning;
here a line is written at once by whoever has it while there is no prompt, and by the prompt's own loop while there is.
"""

import asyncio
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress

from prompt_toolkit.application import run_in_terminal
from prompt_toolkit.input import Input
from prompt_toolkit.input.vt100 import Vt100Input
from prompt_toolkit.output import Output
from prompt_toolkit.output.vt100 import Vt100_Output

#: At most so often is the prompt moved down for what came meanwhile.
PAUSE_SECONDS = 0.05


class QuietOutput(Vt100_Output):
    """A terminal that is never asked where its cursor is: the answer, coming late over a slow line, would be typed.

    prompt_toolkit wants it to know how much room is below the prompt. One row is enough: it scrolls for more.
    Of a terminal that is gone the end of its keys tells: prompt_toolkit waits for ever for a drawing that failed.
    """

    def flush(self) -> None:
        with suppress(OSError):
            super().flush()

    def get_rows_below_cursor_position(self) -> int:
        return 1


class QuietInput(Vt100Input):
    """A terminal that stays in raw mode while lines are printed above the prompt.

    prompt_toolkit would let the terminal itself show keys meanwhile, in the midst of what is printed.
    """

    def cooked_mode(self) -> AbstractContextManager[None]:
        return nullcontext()


def make_input() -> Input | None:
    """This process's own keys, beside ``make_output``."""
    return None if is_dumb() or not sys.stdin.isatty() else QuietInput(sys.stdin)


def make_output() -> Output | None:
    """This process's own terminal; of one that cannot even move its cursor, prompt_toolkit knows better."""
    if is_dumb():
        return None
    return QuietOutput.from_pty(sys.stdout, term=os.environ.get("TERM"), enable_bell=False)


def is_dumb() -> bool:
    """Whether this process's own terminal only prints, and erases a letter at most."""
    return os.environ.get("TERM", "dumb") in ("dumb", "unknown")


class Screen:
    """Lines from any thread. ``begin`` and ``end`` are called around each prompt, ``begin`` in its loop."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._lock = threading.RLock()
        self._pending: list[str] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._scheduled = False
        self._standing = ""

    @property
    def width(self) -> int:
        return self._output.get_size().columns

    @property
    def height(self) -> int:
        return self._output.get_size().rows

    def write(self, text: str) -> None:
        with self._lock:
            self._pending.append(text + "\n")
            if self._loop is None:
                self._drain()
            else:
                self._schedule()

    def clear(self) -> None:
        """For the next prompt to be at the top."""
        self._output.erase_screen()
        self._output.cursor_goto(0, 0)
        self._output.flush()

    @contextmanager
    def standing(self, question: str) -> Iterator[None]:
        """While a terminal that only prints shows this, lines come below it, and it is asked once more."""
        with self._lock:
            self._output.write_raw(question)
            self._output.flush()
            self._standing = question
        try:
            yield
        finally:
            with self._lock:
                self._standing = ""

    def begin(self) -> None:
        with self._lock:
            self._loop = asyncio.get_running_loop()
            if self._pending:
                self._schedule()

    def end(self) -> None:
        with self._lock:
            self._loop = None
            self._scheduled = False
            self._drain()

    def _schedule(self) -> None:
        if self._scheduled or self._loop is None:
            return
        self._scheduled = True
        try:
            self._loop.call_soon_threadsafe(self._draw)
        except RuntimeError:  # the prompt has just ended: end() prints it
            self._scheduled = False

    def _draw(self) -> None:
        run_in_terminal(self._drain)
        asyncio.get_running_loop().call_later(PAUSE_SECONDS, self._rest)

    def _rest(self) -> None:
        with self._lock:
            self._scheduled = False
            if self._pending:
                self._schedule()

    def _drain(self) -> None:
        with self._lock:
            if not self._pending:
                return
            text = "".join(self._pending)
            if self._standing:
                text = f"\n{text}{self._standing}"
            self._pending.clear()
            self._output.enable_autowrap()
            self._output.write_raw(text)
            self._output.flush()
