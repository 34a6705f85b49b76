"""A terminal that is lent to a program comes back as it was."""

import os
import pty
import signal
import subprocess
import sys
import termios
from collections.abc import Callable
from typing import Any

import psutil

LENDER = """
import os
from gastown_tmux.edges.processes.terminal import run_in_terminal
run_in_terminal(["/bin/sh", "-c", "stty raw -echo; exec sleep 60"], os.environ)
"""


def test_a_signal_ends_the_program_first_and_the_terminal_is_as_before(wait_for: Callable[..., Any]) -> None:
    master, terminal = pty.openpty()
    before = termios.tcgetattr(terminal)
    lender = subprocess.Popen([sys.executable, "-c", LENDER], stdin=terminal, stdout=terminal, stderr=terminal)
    wait_for(lambda: termios.tcgetattr(terminal) != before, 20, "the program to have the terminal")
    (program,) = psutil.Process(lender.pid).children()
    lender.send_signal(signal.SIGTERM)
    assert lender.wait(10) == -signal.SIGTERM
    assert termios.tcgetattr(terminal) == before
    assert not program.is_running()
    os.close(master)
    os.close(terminal)
