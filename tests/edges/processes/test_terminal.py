"""A terminal that is lent to a program comes back as it was."""

import os
import pty
import signal
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from gastown_tmux.edges.processes.terminal import find_pager

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


def test_a_pager_that_is_missing_is_passed_over(tmp_path: Path) -> None:
    for name in ("less", "most"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    path = str(tmp_path)
    assert find_pager({"PATH": path, "PAGER": "most -s"}) == "most -s"
    assert find_pager({"PATH": path, "PAGER": "nosuch --color"}) == find_pager({"PATH": path}) == "less"
    assert find_pager({"PATH": path, "PAGER": "A=1 most"}) == "A=1 most"
    assert find_pager({"PATH": path, "PAGER": "'open"}) == "less"
    assert find_pager({"PATH": "/nowhere"}) is None
