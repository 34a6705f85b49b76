"""Everything stands still, and everything goes on, in whatever moment it is caught."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import psutil
import pytest

from gastown_tmux.operations.supervision import pausing
from gastown_tmux.operations.town.town import Town

SECONDS = 30.0


@pytest.fixture
def busy(town: Town) -> Iterator[list[psutil.Process]]:
    """Shells of an agent that do nothing but start programs."""
    command = ["sh", "-c", "while :; do /bin/true; done"]
    environment = {"PATH": os.environ["PATH"], "GT_TOWN": str(town.path), "GT_AGENT": "demo/ann"}
    started = [subprocess.Popen(command, env=environment) for _ in range(4)]
    yield [psutil.Process(each.pid) for each in started]
    for each in started:
        each.send_signal(signal.SIGCONT)
        each.kill()
        each.wait()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows who waits in vfork")
def test_a_shell_that_is_caught_in_vfork_stands_still_and_goes_on(
    town: Town, busy: list[psutil.Process], wait_for: Callable[..., Any]
) -> None:
    deadline, caught = time.monotonic() + SECONDS, False
    while not caught and time.monotonic() < deadline:
        pausing.estop(town)
        states = {shell.status() for shell in busy}
        assert states <= {psutil.STATUS_STOPPED, psutil.STATUS_DISK_SLEEP}
        caught = psutil.STATUS_DISK_SLEEP in states
        spent = [shell.cpu_times().children_user + shell.cpu_times().children_system for shell in busy]
        pausing.thaw(town)
    assert caught, "none was in vfork at the right moment"
    for shell, before in zip(busy, spent, strict=True):
        wait_for(lambda shell=shell: shell.status() != psutil.STATUS_STOPPED, 10, "it to go on")
        wait_for(
            lambda shell=shell, before=before: sum(shell.cpu_times()[2:4]) > before, 20, "it to start programs again"
        )
