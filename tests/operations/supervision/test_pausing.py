"""Everything stands still, and everything goes on, in whatever moment it is caught."""

import platform
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import psutil
import pytest

from gastown_tmux.dataclass import replace
from gastown_tmux.domain.addresses import MAYOR
from gastown_tmux.operations.supervision import pausing
from gastown_tmux.operations.supervision.up import up
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store.meta import set_wanted

#: The number of clone(2), which Python does not offer, by machine.
_CLONE = {"x86_64": 56, "aarch64": 220}
#: Forks as vfork(2) does to whoever waits for it, and stays before its exec until it reads a letter; with memory of
#: its own, for here the child is Python. Then it says that it goes on.
_PROGRAM = """
import ctypes, os, sys
CLONE_VFORK, SIGCHLD = 0x4000, 17
if ctypes.CDLL(None).syscall(int(sys.argv[1]), CLONE_VFORK | SIGCHLD, 0, 0, 0, 0) == 0:
    os.write(1, b"forked ")
    os.read(0, 1)
    os.execv("/bin/echo", ["echo", "executed"])
os.wait()
os.write(1, b"went on")
"""


@pytest.fixture
def in_vfork(town: Town) -> Iterator[subprocess.Popen[bytes]]:
    """An agent's program that waits in vfork, for as long as nothing is written to it."""
    command = [sys.executable, "-c", _PROGRAM, str(_CLONE[platform.machine()])]
    environment = {"GT_TOWN": str(town.path), "GT_AGENT": "demo/ann"}
    program = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert program.stdout is not None and program.stdout.read(7) == b"forked "
    yield program
    for each in [*psutil.Process(program.pid).children(), program] if program.poll() is None else []:
        each.kill()
    program.communicate()


@pytest.mark.skipif(sys.platform != "linux" or platform.machine() not in _CLONE, reason="Linux shows who is in vfork")
def test_a_program_that_is_caught_in_vfork_stands_still_and_goes_on(
    town: Town, in_vfork: subprocess.Popen[bytes], wait_for: Callable[..., Any]
) -> None:
    parent = psutil.Process(in_vfork.pid)
    wait_for(lambda: parent.status() == psutil.STATUS_DISK_SLEEP, 10, "it to wait in vfork")
    (child,) = parent.children()
    pausing.estop(town)
    assert parent.status() == psutil.STATUS_DISK_SLEEP, "no signal stops it there"
    assert child.status() == psutil.STATUS_STOPPED, "what it waits for is held"
    assert in_vfork.stdin is not None and in_vfork.stdout is not None
    in_vfork.stdin.write(b".")
    in_vfork.stdin.flush()
    assert child.status() == psutil.STATUS_STOPPED and in_vfork.poll() is None
    pausing.thaw(town)
    assert in_vfork.communicate(timeout=20)[0] == b"executed\nwent on"


def test_up_does_not_say_that_all_runs_while_everything_stands_still(town: Town) -> None:
    with town.change() as change:
        set_wanted(change, True)
    mayor = replace(town, actor=MAYOR)  # who starts no daemons
    assert pausing.estop(town).text.startswith("the town stands still: 0 processes are frozen")
    assert up(mayor).text == "the town stands still, and nothing else is started: gt thaw"
    pausing.thaw(town)
    assert up(mayor).text == "everything that should run runs already"
