"""This process's own terminal, given to another program."""

import contextlib
import os
import signal
import subprocess
import sys
import termios
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NoReturn

from gastown_tmux.errors import MissingError

#: Where ``tcgetattr`` has the local modes.
_LOCAL = 3


def become(command: Sequence[str], environment: Mapping[str, str]) -> NoReturn:
    """This process ends as that program. Raises MissingError where there is no such program."""
    try:
        os.execve(command[0], list(command), dict(environment))
    except OSError as error:
        raise MissingError(f"{command[0]} cannot be run: {error.strerror}") from None


def lend(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Runs the program on our terminal until it ends, and returns its exit status (128 + N for signal N).

    Keys that interrupt are the program's meanwhile, and the terminal is afterwards as it was before, whatever
    the program did to it. Raises MissingError where there is no such program.
    """
    with _kept_terminal():
        try:
            child = subprocess.Popen(command, env=dict(environment))
        except OSError as error:
            raise MissingError(f"{command[0]} cannot be run: {error.strerror}") from None
        status = child.wait()
    return status if status >= 0 else 128 - status


class Hush:
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


def ask(question: str) -> str | None:
    """What a person answers; None where nobody is there to be asked, or nothing is answered."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    sys.stderr.write(question)
    sys.stderr.flush()
    return sys.stdin.readline().strip() or None


def is_terminal() -> bool:
    """Whether a person types to us and reads us."""
    return sys.stdin.isatty() and sys.stdout.isatty()


@contextlib.contextmanager
def _kept_terminal() -> Iterator[None]:
    descriptor = sys.stdin.fileno() if sys.stdin.isatty() else None
    was = termios.tcgetattr(descriptor) if descriptor is not None else None
    # Ctrl-C goes to everybody in the foreground: it must end the program, not us who wait for it.
    handlers = {number: signal.signal(number, _ignore) for number in (signal.SIGINT, signal.SIGQUIT)}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        if was is not None:
            _set_modes(was)


def _set_modes(modes: list[Any]) -> None:
    with contextlib.suppress(termios.error, OSError):
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, modes)


def _ignore(number: int, frame: object) -> None:
    """Not SIG_IGN, which a child would inherit."""
