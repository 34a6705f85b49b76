"""A notice in a real terminal, whatever its letters mean to tmux."""

import os
import pty
import re
import select
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gastown_tmux.edges.tmux.clients import attach_command, clients
from gastown_tmux.edges.tmux.messages import flash, notification, ring, set_count
from gastown_tmux.edges.tmux.server import Server, client_environment

TEXT = '50% of #{pane_id} #(touch made) %H:%M "quoted" $HOME; ~ \\ é 漢'


@pytest.fixture
def server(short_tmp: Path) -> Iterator[Server]:
    made = Server(short_tmp / "tmux.sock", short_tmp / "tmux.conf")
    made.start()
    yield made
    made.stop()


def test_a_notice_is_shown_as_it_is(server: Server, short_tmp: Path) -> None:
    assert flash(server, TEXT) == 0
    command = attach_command(server, "hq")
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(short_tmp)
        os.execve(command[0], command, {**client_environment(), "TERM": "xterm-256color"})
    try:
        read_until(terminal, lambda _: bool(clients(server)))
        set_count(server, 3)
        assert flash(server, TEXT) == 1
        shown = read_until(terminal, lambda seen: TEXT in seen)
        assert TEXT in shown
        assert ring(server, "a\x1b]0;title\x07 b") == 1
        assert "\x1b]9;a ]0;title  b\x07\x07" in read_until(terminal, lambda seen: "title  b\x07\x07" in seen)
    finally:
        server.stop()
        os.close(terminal)
        os.waitpid(pid, 0)
    assert not (short_tmp / "made").exists()


def read_until(terminal: int, enough: object) -> str:
    """What the terminal was sent, without escape sequences."""
    data, deadline = b"", time.monotonic() + 30
    while time.monotonic() < deadline:
        if select.select([terminal], [], [], 0.05)[0]:
            data += os.read(terminal, 65536)
        text = re.sub(r"\x1b(\[[0-?]*[ -/]*[@-~]|[()][0-9A-B]|[=>78])", "", data.decode(errors="replace"))
        if enough(text):  # type: ignore[operator]
            return text
    return text


@pytest.mark.parametrize(
    ("terminal", "told"),
    [("xterm-kitty kitty(0.36)", b"\x1b]9;a;b\x07\x07"), ("foot foot(1.16)", b"\x1b]777;notify;gt;a,b\x07\x07"),
     ("linux ", b"\x07"), ("screen-256color ", b"\x07"), ("tmux-256color tmux 3.5a", b"\x07")],
)  # fmt: skip
def test_a_notification_is_what_that_terminal_understands(terminal: str, told: bytes) -> None:
    assert notification("a;b", terminal) == told
