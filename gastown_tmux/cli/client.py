"""A line carried out by the town's server of verbs, which has imported already what this process would have to.

Only what Python has at its start is imported here, and two modules in C. What is sent and what comes back is written
down in ``gastown_tmux.cli.server``.

Until it has said ``GO``, this process may carry the line out itself; after that, never.
"""

import _socket
import marshal
import os
import sys

from gastown_tmux.town_path import nearest_town

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal as _signal
    from types import FrameType
else:
    import _signal

#: How long a server may take to say that it is ready: one that is stopped, or has too much to do, is not waited for.
PATIENCE_SECONDS = 1.0
#: A line whose server was lost may have done its work, or a part of it.
LOST = 137
READY, GO, STATUS = b"r", b"g", b"s"
OFF = ("false", "no", "off", "0")
#: The longest path that a socket's address can hold, and a null.
_LONGEST_PATH = 107
_STOPPING, _ENDING = (_signal.SIGTSTP,), (_signal.SIGINT, _signal.SIGTERM, _signal.SIGHUP, _signal.SIGQUIT)


def run(arguments: list[str]) -> int | None:
    """The line's exit status, or None where nothing has happened: no server, a busy one, or none for this line.

    A signal that ends this process ends the line first.
    """
    if os.environ.get("GT_SERVER", "").lower() in OFF or not hasattr(os, "pidfd_open") or _is_in_background():
        return None
    try:
        path = _find_socket(arguments)
        if path is None:
            return None
        connection = connect(path)
    except OSError:
        return None
    try:
        try:
            ready = _prepare(connection, arguments)
        except OSError:
            return None
        return None if ready is None else _follow(connection, *ready)
    finally:
        connection.close()


def _is_in_background() -> bool:
    """Whether a shell's job is not to read the terminal: the kernel stops us there, and nobody of another session."""
    try:
        return os.isatty(0) and os.tcgetpgrp(0) != os.getpgrp()
    except OSError:  # a terminal that is not ours to begin with
        return False


def identity() -> bytes:
    """What must be the same on both sides: the package and its interpreter, and how names of files are read."""
    return f"{os.path.dirname(__file__)} {sys.prefix} {sys.hexversion} {sys.getfilesystemencoding()}".encode(  # noqa: PTH120
        errors="surrogateescape"
    )


def connect(path: str) -> _socket.socket:
    """Raises OSError; also where the process that listens is another user's, who would get all that is sent."""
    folder = -1
    connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM | _socket.SOCK_CLOEXEC)
    try:
        if len(os.fsencode(path)) > _LONGEST_PATH:
            folder = os.open(os.path.dirname(path), os.O_PATH | os.O_CLOEXEC)  # noqa: PTH120
            path = f"/proc/self/fd/{folder}/{os.path.basename(path)}"  # noqa: PTH119
        connection.setblocking(False)
        connection.connect(path)
        connection.settimeout(PATIENCE_SECONDS)
        require_own(connection)
    except BaseException:
        connection.close()
        raise
    finally:
        if folder >= 0:
            os.close(folder)
    return connection


def require_own(connection: _socket.socket) -> None:
    """Raises PermissionError where the other side is another user's."""
    credentials = connection.getsockopt(_socket.SOL_SOCKET, _socket.SO_PEERCRED, 12)
    if int.from_bytes(credentials[4:8], sys.byteorder) != os.geteuid():
        raise PermissionError("the other side is another user's")


def send(connection: _socket.socket, data: bytes, files: list[int]) -> None:
    """All of it, its length before it; the files go with the first byte. Raises OSError."""
    data = len(data).to_bytes(4, "big") + data
    rights = b"".join(file.to_bytes(4, sys.byteorder) for file in files)
    control = [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, rights)] if files else []
    sent = connection.sendmsg([data], control)
    while sent < len(data):
        sent += connection.send(data[sent:])


def receive(connection: _socket.socket, most_files: int) -> tuple[bytes, list[int]]:
    """What one call of ``send`` has sent. Raises OSError, EOFError among them where the other side has ended."""
    files = list[int]()
    head = b""
    while len(head) < 4:
        more, control, _, _ = connection.recvmsg(4 - len(head), _socket.CMSG_SPACE(4 * most_files))
        for level, kind, rights in control:
            if level == _socket.SOL_SOCKET and kind == _socket.SCM_RIGHTS:
                whole = range(0, len(rights) // 4 * 4, 4)
                files += [int.from_bytes(rights[at : at + 4], sys.byteorder) for at in whole]
        if not more:
            raise ConnectionResetError("the other side has ended")
        head += more
    parts, left = list[bytes](), int.from_bytes(head, "big")
    while left:
        part = connection.recv(min(left, 1 << 20))
        if not part:
            raise ConnectionResetError("the other side has ended")
        parts.append(part)
        left -= len(part)
    return b"".join(parts), files


def _find_socket(arguments: list[str]) -> str | None:
    """Whose server it is matters for who is asking alone: each carries out a line about any town."""
    if named := os.environ.get("GT_SOCKET"):
        return named
    if town := _named_town(arguments) or os.environ.get("GT_TOWN"):
        town = os.path.expanduser(town)  # noqa: PTH111
    else:
        town = nearest_town(os.getcwd(), os.environ)  # noqa: PTH109
    return f"{town}/.gt/run/gt.sock" if town else None


def _named_town(arguments: list[str]) -> str | None:
    for place, word in enumerate(arguments):
        if word == "--town" and place + 1 < len(arguments):
            return arguments[place + 1]
        if word.startswith("--town="):
            return word.partition("=")[2]
    return None


def _prepare(connection: _socket.socket, arguments: list[str]) -> tuple[int, dict[str, int]] | None:
    """All that comes before ``GO``: who waits for it, and the files that the line names. Raises OSError."""
    here = os.open(".", os.O_PATH | os.O_CLOEXEC)
    umask = os.umask(0o077)
    os.umask(umask)
    streams = [(file.encoding, file.errors) for file in (sys.stdin, sys.stdout, sys.stderr)]
    request = marshal.dumps((arguments, dict(os.environb), umask, streams))
    try:
        # Not before somebody is there to take them: files on their way stay open, and whoever reads ours would wait.
        if receive(connection, 0)[0] != identity():
            return None
        send(connection, request, [0, 1, 2, here])
    finally:
        os.close(here)
    reply, children = receive(connection, 1)
    if reply[:1] != READY or len(children) != 1:
        return None
    names = [os.fsdecode(name) for name in reply[1:].split(b"\0") if name]
    return children[0], _open_all(names)


def _open_all(names: list[str]) -> dict[str, int]:
    """The files that the line names, opened where their names are ours; what cannot be is told of by the verb."""
    opened = dict[str, int]()
    for name in names:
        try:  # noqa: SIM105 - contextlib costs 3 ms
            opened[name] = os.open(name, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            pass
    return opened


def _follow(connection: _socket.socket, child: int, files: dict[str, int]) -> int:
    """Raises no OSError, which would be taken for a line of which nothing was done.

    Signals go to the child first, whatever number a process has that took its place: ``child`` is a pidfd.
    """
    told = list[int]()

    def pass_on(number: int, frame: "FrameType | None") -> None:
        told.append(number)
        _tell(child, number)

    def stop(number: int, frame: "FrameType | None") -> None:
        _tell(child, _signal.SIGSTOP)
        os.kill(os.getpid(), _signal.SIGSTOP)
        _tell(child, _signal.SIGCONT)

    for numbers, handler in ((_ENDING, pass_on), (_STOPPING, stop)):
        for number in numbers:
            if _signal.getsignal(number) is not _signal.SIG_IGN:
                _signal.signal(number, handler)
    connection.settimeout(None)
    try:
        send(connection, GO + b"\0".join(os.fsencode(name) for name in files), list(files.values()))
        reply = receive(connection, 0)[0]
    except OSError:
        reply = b""
    if reply[:1] == STATUS:
        return reply[1]
    for mortal in told:
        _signal.signal(mortal, _signal.SIG_DFL)
        os.kill(os.getpid(), mortal)
    try:  # noqa: SIM105
        sys.stderr.write(
            "gt: the server of verbs was lost while this ran: it may have been done, or not\n"
            "hint: gt status, and look before you try again\n"
        )
    except OSError:  # a full disk
        pass
    return LOST


def _tell(child: int, number: int) -> None:
    try:  # noqa: SIM105
        _signal.pidfd_send_signal(child, number)
    except OSError:  # it has ended
        pass
