"""The server of verbs in a town that is up: the deacon's, and nobody misses it."""

import os
import signal
from typing import Any

from gastown_tmux.edges.processes.locks import holder
from gastown_tmux.edges.processes.processes import is_stopped


def test_the_deacon_looks_after_it(bare_town: Any) -> None:
    lock = bare_town.path / ".gt" / "run" / "server.lock"
    socket = lock.with_name("gt.sock")
    bare_town.gt("up")
    bare_town.wait_for(socket.exists, 20, "the server to listen")
    first = holder(lock)
    os.kill(first.pid, signal.SIGSTOP)
    bare_town.wait_for(lambda: not is_stopped(first), 20, "the server to go on")
    os.kill(first.pid, signal.SIGKILL)
    second = bare_town.wait_for(lambda: (found := holder(lock)) and found != first and found, 20, "another server")
    bare_town.gt("config", "set", "server", "false")
    bare_town.wait_for(lambda: holder(lock) is None, 20, "the server to be stopped")
    bare_town.gt("config", "unset", "server")
    third = bare_town.wait_for(lambda: (found := holder(lock)) and found != second and found, 20, "a third server")
    bare_town.gt("down")
    assert holder(lock) is None and third is not None
