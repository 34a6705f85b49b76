"""Verbs that take the terminal while the feed is aside."""

import contextlib
import shutil
import signal
import sys
from collections.abc import Iterator

from gastown_tmux.errors import explain
from gastown_tmux.faces.model import Ended, name_line
from gastown_tmux.operations.town.town import Town
from gastown_tmux.verbs.answer import answer
from gastown_tmux.verbs.index import find_verb
from gastown_tmux.verbs.show import Display


def visit(town: Town, line: tuple[str, ...]) -> Ended:
    """Carries it out on this thread and shows what it says as it comes. Ctrl-C ends it; nothing is raised but
    SystemExit, where the terminal goes.
    """
    title, text = name_line(line), ""
    with _own_terminal():
        try:
            verb, rest = find_verb(line)
            for text in answer(verb, rest, town, Display(shutil.get_terminal_size().columns), as_json=False):
                sys.stdout.write(f"{text}\n")
                sys.stdout.flush()
        except KeyboardInterrupt:
            text = "interrupted"
        except Exception as error:  # noqa: BLE001 - it is told, and the feed goes on
            return Ended(title, complain(error, line), failed=True)
    return Ended(title, text.rpartition("\n")[2], failed=False)


@contextlib.contextmanager
def _own_terminal() -> Iterator[None]:
    """Standard streams as Python began with them, and signals that end what runs there: the loop, which has them
    otherwise, stands still meanwhile.
    """
    was = sys.stdin
    sys.stdin = sys.__stdin__ or was
    handlers = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: _end, signal.SIGHUP: _end}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        with contextlib.redirect_stdout(sys.__stdout__), contextlib.redirect_stderr(sys.__stderr__):
            yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        sys.stdin = was


def _end(number: int, frame: object) -> None:
    raise SystemExit(128 + number)


def complain(error: Exception, line: tuple[str, ...]) -> str:
    """In one line, with the way out."""
    message, hint, _ = explain(error, line)
    return f"{message} ({hint})" if hint else message
