"""The help of the town's keys is read on any screen."""

import fcntl
import os
import pty
import struct
import termios
from pathlib import Path

import pytest

from gastown_tmux.edges.tmux.appearance import show_text


@pytest.mark.parametrize(("rows", "columns", "paged"), [(10, 52, True), (17, 70, False), (40, 50, True)])
def test_what_does_not_fit_is_scrolled(tmp_path: Path, rows: int, columns: int, paged: bool) -> None:
    less = tmp_path / "less"
    less.write_text("#!/bin/sh\necho scrolled; cat >/dev/null\n")
    less.chmod(0o755)
    child, terminal = pty.fork()
    if not child:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        os.environ["PATH"] = f"{tmp_path}:{os.environ['PATH']}"
        os.execvp("sh", ["sh", "-c", show_text("it's the help\n")])
    shown = b""
    try:
        os.write(terminal, b"x")
        while part := os.read(terminal, 1024):
            shown += part
    except OSError:  # the other end is closed
        pass
    os.close(terminal)
    assert os.waitpid(child, 0)[1] == 0
    assert (b"scrolled" in shown, b"it's the help" in shown) == (paged, not paged)
