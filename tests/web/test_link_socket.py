"""The socket by which a link is had: this user's processes are answered, and no others."""

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from gastown_tmux.errors import GtError, NotFoundError
from gastown_tmux.web.link_socket import LinkSocket, ask_running

OTHER = 65_534
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
_ASK = """
import os, socket, sys
os.setgroups([]); os.setgid(65534); os.setuid(65534)
try:
    with socket.socket(socket.AF_UNIX) as made:
        made.settimeout(5)
        made.connect(sys.argv[1])
        said = made.recv(65536)
except PermissionError:
    print("refused")
else:
    print(repr(said))
"""
_SERVE = """
import os, socket, sys
os.setgroups([]); os.setgid(65534); os.setuid(65534)
made = socket.socket(socket.AF_UNIX)
made.bind(sys.argv[1])
made.listen(1)
print("ready", flush=True)
there, _ = made.accept()
there.sendall(b'{"link": "http://evil"}')
there.close()
"""


@pytest.fixture
def path(short_tmp: Path) -> Iterator[Path]:
    """Of a dashboard that runs."""
    path = short_tmp / "run" / "dashboard.sock"
    begun, end = threading.Event(), asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def serve() -> None:
        made = LinkSocket(path, lambda: {"link": "a secret"})
        await made.open()
        loops.append(asyncio.get_running_loop())
        begun.set()
        await end.wait()
        made.close()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert begun.wait(10)
    yield path
    loops[0].call_soon_threadsafe(end.set)
    thread.join(10)


def test_ones_own_process_is_answered(path: Path) -> None:
    assert ask_running(path) == {"link": "a secret"}
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    with pytest.raises(NotFoundError):
        ask_running(path.with_name("none.sock"))


@as_root
def test_another_user_of_the_machine_cannot_ask_and_is_told_nothing_where_doors_stand_open(path: Path) -> None:
    assert run_as_other(_ASK, path) == "refused"
    with open_doors(path.parent):
        assert run_as_other(_ASK, path) == "refused"  # the socket itself is the owner's
        path.chmod(0o666)
        assert run_as_other(_ASK, path) == "b''"
    assert ask_running(path) == {"link": "a secret"}


@as_root
def test_another_users_socket_is_not_believed(short_tmp: Path) -> None:
    folder = short_tmp / "run"
    folder.mkdir()
    with open_doors(folder):
        folder.chmod(0o777)
        path = folder / "dashboard.sock"
        with subprocess.Popen(
            [sys.executable, "-c", _SERVE, path], stdout=subprocess.PIPE, text=True, cwd="/"
        ) as child:
            try:
                assert child.stdout is not None and child.stdout.readline() == "ready\n"
                with pytest.raises(GtError, match="another user"):
                    ask_running(path)
            finally:
                child.kill()


def test_what_answers_nonsense_is_no_dashboard(short_tmp: Path) -> None:
    path = short_tmp / "dashboard.sock"
    for said in (b"", b"no json", json.dumps([1]).encode()):
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(str(path))
            made.listen(1)
            thread = threading.Thread(target=lambda made=made, said=said: answer(made, said))  # type: ignore[misc]
            thread.start()
            with pytest.raises(GtError):
                ask_running(path)
            thread.join(10)
        path.unlink()


def answer(made: socket.socket, said: bytes) -> None:
    there, _ = made.accept()
    with there:
        there.sendall(said)


def run_as_other(script: str, path: Path) -> str:
    command = [sys.executable, "-c", script, str(path)]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, cwd="/").stdout.strip()


@contextlib.contextmanager
def open_doors(folder: Path) -> Iterator[None]:
    """All folders above may be passed by everybody."""
    modes = {}
    for above in (folder, *folder.parents):
        mode = above.stat().st_mode & 0o7777
        if not mode & 0o001:
            modes[above] = mode
            above.chmod(mode | 0o055)
    try:
        yield
    finally:
        for above, mode in modes.items():
            above.chmod(mode)
