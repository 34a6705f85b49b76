"""The server of verbs: it has imported what verbs need, opens nothing, and forks for each line.

Run as ``python -m gastown_tmux.cli.server TOWN``, by the deacon. It listens on the overseer's socket and on that of
each session's door: who comes through a door is that session's agent. Messages have their length before them:

- the child that was forked for a client: ``identity``, which must be the client's own.
- the client: (marshal) its words, environment, umask and how its streams are encoded; with it come its three files and
  its working directory.
- the child: ``READY`` and the names of files that the line names, with a pidfd of itself; or anything else, where the
  line is not for a server.
- the client: ``GO`` and the names of those that it has opened, and them. Only now the line is carried out.
- the child: ``STATUS`` and the exit status. It ends at once when the client's end is closed.

A server whose package has changed on the disk ends, and the deacon starts the new one.
"""

import fcntl
import io
import marshal
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Iterable
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import IO

from gastown_tmux.__main__ import carry_through
from gastown_tmux.cli import main as command_line
from gastown_tmux.cli.client import GO, READY, STATUS, identity, receive, require_own, send
from gastown_tmux.cli.preload import Stamp, preload, settle
from gastown_tmux.edges.processes.locks import Lock
from gastown_tmux.edges.processes.processes import is_alive, process
from gastown_tmux.verbs import parser

LOOK_SECONDS = 1.0
#: How long a client may take to say what it wants; it is waited for in a process of its own.
REQUEST_SECONDS = 5.0
_BACKLOG = 128
_STREAMS = 3


def main(town: Path, starter: int | None = None) -> int:
    """``starter``: whoever has ended by now wants no server any more, and whoever ended it did not see this one."""
    run = town / ".gt" / "run"
    lock = Lock(run / "server.lock")
    if not run.is_dir() or not lock.try_lock():
        return 1
    if starter is not None and ((found := process(starter)) is None or not is_alive(found)):
        return 1
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    stamp = Stamp()
    preload()
    settle()
    # Nobody waits for a child: the kernel takes it in.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    doors = _Doors(run)
    while lock.is_in_place() and doors.look():
        for listener in doors.wait(LOOK_SECONDS):
            if not stamp.holds():
                return 0
            _accept(listener, doors)
    return 0


class _Doors:
    """The sockets: the overseer's, and one in each session's folder."""

    def __init__(self, run: Path) -> None:
        self._own = run / "gt.sock"
        self._folder = run / "doors"
        self._poll = select.poll()
        self._listeners: dict[int, tuple[socket.socket, Path]] = {}
        self._inode = self._open(self._own)
        self._looked = 0
        self._due = 0.0

    def look(self) -> bool:
        """Takes in doors that have come or gone. False where the overseer's socket is another's, or gone."""
        if time.monotonic() < self._due:
            return True
        self._due = time.monotonic() + LOOK_SECONDS
        try:
            if self._own.stat().st_ino != self._inode:
                return False
        except OSError:
            return False
        try:
            changed = self._folder.stat().st_mtime_ns
        except OSError:
            changed = 0
        # A folder's time may not tell two changes of one moment apart: a fresh one is read once more.
        if changed != self._looked:
            self._looked = changed if time.time_ns() - changed > 10**9 else 0
            try:
                self._follow(set(os.listdir(self._folder)) if changed else set())  # noqa: PTH208 - names
            except OSError:  # no folder, or none of ours
                self._follow(set())
        return True

    def _follow(self, names: set[str]) -> None:
        known = {path.parent.name: number for number, (_, path) in self._listeners.items() if path != self._own}
        for name in known.keys() - names:
            self._close(known[name])
        for name in names - known.keys():
            try:
                self._open(self._folder / name / "gt.sock")
            except OSError:  # no folder, or gone again
                continue

    def wait(self, seconds: float) -> Iterable[socket.socket]:
        """The sockets at which somebody waits."""
        return [self._listeners[number][0] for number, _ in self._poll.poll(seconds * 1000)]

    def door_of(self, listener: socket.socket) -> Path | None:
        """The socket's path, None for the overseer's."""
        path = self._listeners[listener.fileno()][1]
        return None if path == self._own else path

    def _close(self, number: int) -> None:
        self._poll.unregister(number)
        self._listeners.pop(number)[0].close()

    def _open(self, path: Path) -> int:
        """Its inode. In the place of one that was there before: a path that is too long goes by its folder."""
        folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        umask = os.umask(0o177)
        here = f"/proc/self/fd/{folder}"
        fresh = f"{here}/{os.getpid()}.sock"
        try:
            _remove(fresh)
            listener.bind(fresh)
            listener.listen(_BACKLOG)
            listener.setblocking(False)
            os.rename(fresh, f"{here}/{path.name}")  # noqa: PTH104 - relative to a descriptor
            inode = os.stat(f"{here}/{path.name}").st_ino  # noqa: PTH116
        except BaseException:
            listener.close()
            _remove(fresh)
            raise
        finally:
            os.umask(umask)
            os.close(folder)
        self._listeners[listener.fileno()] = (listener, path)
        self._poll.register(listener.fileno(), select.POLLIN)
        return inode


def _remove(path: str) -> None:
    with suppress(OSError):
        os.unlink(path)  # noqa: PTH108 - relative to a descriptor


def _accept(listener: socket.socket, doors: _Doors) -> None:
    try:
        connection, _ = listener.accept()
    except OSError:  # gone again
        return
    door = doors.door_of(listener)
    try:
        child = os.fork()
    except OSError:  # no room for a process: who asks carries it out himself
        connection.close()
        return
    if child:
        connection.close()
        return
    status = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        # What the caller ignores, it does not pass on; what whoever started the server ignored is nobody's concern.
        for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGQUIT):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.setsid()
        # At once: whoever lets us wait must not keep the server's lock or sockets after its end.
        os.closerange(_STREAMS, connection.fileno())
        os.closerange(connection.fileno() + 1, os.sysconf("SC_OPEN_MAX"))
        _serve(connection, door)
        status = 0
    except (OSError, EOFError, ValueError, TypeError):  # of who asks, who carries it out himself, or is gone
        pass
    finally:
        os._exit(status)


def _serve(connection: socket.socket, door: Path | None) -> None:
    connection.settimeout(REQUEST_SECONDS)
    require_own(connection)
    send(connection, identity(), [])
    request, files = receive(connection, _STREAMS + 1)
    if len(files) != _STREAMS + 1:
        return
    arguments, environment, umask, streams = marshal.loads(request)
    _become(environment, umask, files, door)
    read = _Files()
    names = command_line.list_files(arguments)
    if names is None:
        send(connection, b"no", [])
        return
    pidfd = os.pidfd_open(os.getpid())
    send(connection, READY + b"\0".join(map(os.fsencode, names)), [pidfd])
    os.close(pidfd)
    connection.settimeout(None)
    reply, opened = receive(connection, len(names))
    if reply[:1] != GO:
        return
    read.opened = dict(zip((os.fsdecode(name) for name in reply[1:].split(b"\0") if name), opened, strict=True))
    _die_with(connection)
    _open_streams(streams)
    status = carry_through(lambda: command_line.run(arguments, read), arguments)
    send(connection, STATUS + bytes((status,)), [])


def _become(environment: dict[bytes, bytes], umask: int, files: list[int], door: Path | None) -> None:
    """Files, folder, environment and umask are the client's."""
    for place, file in enumerate(files[:_STREAMS]):
        os.dup2(file, place)
    os.fchdir(files[_STREAMS])
    for file in files:
        os.close(file)
    os.environb.clear()
    os.environb.update(environment)
    os.environ.pop("GT_SOCKET", None)
    if door is not None:
        os.environ["GT_SOCKET"] = str(door)
    time.tzset()
    os.umask(umask)


def _die_with(connection: socket.socket) -> None:
    """From here on the client says nothing more: whatever comes is its end, at which the kernel ends us, wherever we
    are: SIGIO does that to who does not handle it.
    """
    signal.signal(signal.SIGIO, signal.SIG_DFL)
    fcntl.fcntl(connection, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(connection, fcntl.F_SETFL, fcntl.fcntl(connection, fcntl.F_GETFL) | os.O_ASYNC)
    poll = select.poll()
    poll.register(connection, select.POLLIN | select.POLLRDHUP)
    if poll.poll(0):
        os._exit(1)


def _open_streams(streams: list[tuple[str, str]]) -> None:
    """As Python opens them at its start, for the three files that are now the client's."""
    for place, (name, (encoding, errors)) in enumerate(zip(("stdin", "stdout", "stderr"), streams, strict=True)):
        raw = open(place, "wb" if place else "rb", closefd=False)  # noqa: SIM115
        lines = place == 2 or os.isatty(place)
        file = io.TextIOWrapper(raw, encoding, errors, "\n" if place else None, line_buffering=lines)
        setattr(sys, name, file)
        setattr(sys, f"__{name}__", file)


class _Files:
    """Reads a file that a line names: by the descriptor that the client has opened, else by its name."""

    def __init__(self) -> None:
        self.opened: dict[str, int] = {}

    def __call__(self, name: str) -> AbstractContextManager[IO[bytes]]:
        if name in self.opened:
            return os.fdopen(self.opened.pop(name), "rb")
        return parser.open_file(name)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *map(int, sys.argv[2:])))
