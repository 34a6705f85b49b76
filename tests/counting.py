"""How much was done, where how long it took would tell more of the machine: processes started, queries asked."""

import sys
from collections.abc import Callable

from gastown_tmux.store.db import Database

_started: list[str] = []
_listens = False


def _hear(event: str, args: tuple[object, ...]) -> None:
    if event == "subprocess.Popen":
        _started.append(str(args[0]))


def processes_started(do: Callable[[], object]) -> int:
    """By this process, in any of its threads, meanwhile."""
    global _listens  # a hook stays for good
    if not _listens:
        sys.addaudithook(_hear)
        _listens = True
    _started.clear()
    do()
    return len(_started)


def queries_asked(db: Database, do: Callable[[], object]) -> int:
    """On this connection; what only asks whether anything has changed is none."""
    asked: list[str] = []
    db._connection.set_trace_callback(asked.append)
    try:
        do()
    finally:
        db._connection.set_trace_callback(None)
    return sum("data_version" not in sql for sql in asked)
