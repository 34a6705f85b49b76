"""This process's own terminal, given to another program."""

import contextlib
import shlex
import shutil
import signal
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import IO, Any

from gastown_tmux.errors import MissingError

#: Where ``tcgetattr`` has the local modes.
_LOCAL = 3
#: 1047 and not 1049, which would also move the cursor of a screen that was never left.
_TIDY = "\033[?1047l" + "".join(f"\033[?{mode}l" for mode in (1, 1000, 1002, 1003, 1004, 1005, 1006, 2004))
_TIDY += "\033>\033[?25h\033(B\033[m\r\n"

#: Colours, and which keys there are.
_LESS = "-R -Ps(space and b turn pages, q goes back) "


def run_in_terminal(
    command: Sequence[str],
    environment: Mapping[str, str],
    stdin: IO[bytes] | None = None,
    errors: IO[bytes] | None = None,
) -> int:
    """Runs the program on our terminal until it ends, and returns its exit status (128 + N for signal N).

    Keys that interrupt are the program's meanwhile, a signal that ends us ends it first, and the terminal's modes are
    afterwards as they were before. Raises MissingError where there is no such program.
    """
    told: list[int] = []
    with _kept_terminal():
        try:
            child = subprocess.Popen(command, env=dict(environment), stdin=stdin, stderr=errors)
        except OSError as error:
            raise MissingError(f"{command[0]} cannot be run: {error.strerror}") from None

        def pass_on(number: int, frame: object) -> None:
            told.append(number)
            child.send_signal(number)

        with _handling((signal.SIGTERM, signal.SIGHUP), pass_on):
            status = child.wait()
    for number in told:
        signal.raise_signal(number)
    return status if status >= 0 else 128 - status


def page(text: str, environment: Mapping[str, str]) -> None:
    """Shows it in the person's pager, until they are done with it; without any, simply so."""
    import tempfile

    pager = find_pager(environment)
    if pager is None:
        sys.stdout.write(text + "\n")
        return
    with tempfile.TemporaryFile() as file:
        file.write(text.encode(errors="replace") + b"\n")
        file.seek(0)
        run_in_terminal(["/bin/sh", "-c", pager], {"LESS": _LESS, **environment}, file)


def find_pager(environment: Mapping[str, str]) -> str | None:
    """$PAGER as a shell reads it, where its program is there; else the first that is."""
    named = environment.get("PAGER", "")
    try:
        program = shlex.split(named)[:1]
    except ValueError:
        program = []
    # Variables may stand before it: what that means, the shell knows.
    if program and ("=" in program[0] or shutil.which(program[0], path=environment.get("PATH"))):
        return named
    return next((name for name in ("less", "more") if shutil.which(name, path=environment.get("PATH"))), None)


def fits(text: str) -> bool:
    """Whether the terminal shows it at once."""
    columns, lines = shutil.get_terminal_size()
    return sum(1 + len(line) // max(columns, 1) for line in text.split("\n")) < lines


def tidy() -> None:
    """Undoes what a program that could not end well left on: another screen, the mouse, a hidden cursor."""
    if sys.stdout.isatty():
        sys.stdout.write(_TIDY)
        sys.stdout.flush()


class EchoOff:
    """While this is entered, what is typed is kept for who reads next, and not shown between our own lines.

    Ctrl-C interrupts all the same. Where we have no terminal, or it vanishes, nothing happens.
    """

    def __init__(self) -> None:
        self._modes: list[Any] | None = None

    def __enter__(self) -> None:
        with contextlib.suppress(termios.error, OSError):
            self._modes = termios.tcgetattr(sys.stdin)
        if self._modes is not None:
            quiet = [*self._modes]
            quiet[_LOCAL] &= ~(termios.ECHO | termios.ICANON)
            _set_modes(quiet)

    def __exit__(self, *error: object) -> None:
        if self._modes is not None:
            _set_modes(self._modes)

    @contextlib.contextmanager
    def lifted(self) -> Iterator[None]:
        """For a program, or a person's lines, in between."""
        self.__exit__()
        try:
            yield
        finally:
            self.__enter__()


@contextlib.contextmanager
def _kept_terminal() -> Iterator[None]:
    descriptor = sys.stdin.fileno() if sys.stdin.isatty() else None
    was = termios.tcgetattr(descriptor) if descriptor is not None else None
    try:
        # Ctrl-C goes to everybody in the foreground: it must end the program, not us who wait for it.
        with _handling((signal.SIGINT, signal.SIGQUIT), _ignore):
            yield
    finally:
        if was is not None:
            _set_modes(was)


@contextlib.contextmanager
def _handling(signals: Sequence[int], handler: Callable[[int, Any], None]) -> Iterator[None]:
    before = {number: signal.signal(number, handler) for number in signals}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


def _set_modes(modes: list[Any]) -> None:
    with contextlib.suppress(termios.error, OSError):
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, modes)


def _ignore(number: int, frame: object) -> None:
    """Not SIG_IGN, which a child would inherit."""
