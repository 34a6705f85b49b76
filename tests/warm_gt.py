"""``gt`` run in a fork of a process that has imported it already: a new Python takes four times as long.

It is the command as it is: a process of its own with environment, folder and pipes. What an interpreter takes up at
its own start alone (encodings, search path) must be as it was for us, see ``fits``.
"""

import contextlib
import os
import select
import selectors
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

_AT_START = ("PYTHON", "LC_", "LANG")
_RIGHTS = 4
"""Files that go with a request: three streams, and the working directory."""


def _taken_up(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith(_AT_START)}


class WarmGt:
    """The process that has imported ``gt``; it ends with us."""

    def __init__(self) -> None:
        self._taken_up = _taken_up(os.environ)
        self._address = f"\0gt-test-{os.getpid()}-{os.urandom(4).hex()}"
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(self._address)
            listener.listen(64)
            self._process = subprocess.Popen(
                [sys.executable, __file__, str(listener.fileno())], stdin=subprocess.PIPE, pass_fds=[listener.fileno()]
            )

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(20)

    def fits(self, environment: Mapping[str, str]) -> bool:
        """Whether an interpreter that is started there would be like the one that is forked here."""
        return _taken_up(environment) == self._taken_up

    def run(
        self, words: Sequence[str], *, stdin: str, cwd: Path, environment: Mapping[str, str], seconds: float
    ) -> subprocess.CompletedProcess[str]:
        """As ``subprocess.run`` of ``gt WORDS`` does, its streams being pipes."""
        deadline = time.monotonic() + seconds
        with contextlib.ExitStack() as opened:
            (theirs_in, ours_in), (ours_out, theirs_out), (ours_err, theirs_err) = os.pipe(), os.pipe(), os.pipe()
            theirs = [theirs_in, theirs_out, theirs_err, os.open(cwd, os.O_PATH)]
            try:
                child = opened.enter_context(self._begin(words, environment, theirs))
            except BaseException:
                for file in (ours_in, ours_out, ours_err):
                    os.close(file)
                raise
            finally:
                for file in theirs:
                    os.close(file)
            try:
                out, err = _exchange(ours_in, stdin.encode(), (ours_out, ours_err), deadline)
                child.settimeout(max(deadline - time.monotonic(), 0.001))
                [status] = struct.unpack("i", _receive_all(child, 4))
            except TimeoutError:
                with contextlib.suppress(OSError):
                    child.shutdown(socket.SHUT_WR)  # it ends
                raise subprocess.TimeoutExpired(["gt", *words], seconds) from None
        return subprocess.CompletedProcess(["gt", *words], status, out.decode(), err.decode())

    def _begin(self, words: Sequence[str], environment: Mapping[str, str], files: list[int]) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(self._address)
        umask = os.umask(0o077)
        os.umask(umask)
        texts = [*words, "", *(f"{name}={value}" for name, value in environment.items())]
        request = b"\0".join(os.fsencode(text) for text in texts)
        head = struct.pack("iii", len(words), umask, len(request))
        socket.send_fds(connection, [head], files)
        connection.sendall(request)
        return connection


def _receive_all(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = connection.recv(size - len(data))
        if not more:
            raise RuntimeError("the process that runs gt has ended")
        data += more
    return data


def _exchange(stdin: int, data: bytes, outputs: tuple[int, int], deadline: float) -> tuple[bytes, bytes]:
    """What both print until nobody has them open any more. Raises TimeoutError."""
    got: dict[int, list[bytes]] = {file: [] for file in outputs}
    with selectors.DefaultSelector() as selector:
        for file in outputs:
            selector.register(file, selectors.EVENT_READ)
        selector.register(stdin, selectors.EVENT_WRITE)
        os.set_blocking(stdin, False)

        def done(file: int) -> None:
            selector.unregister(file)
            os.close(file)

        try:
            while selector.get_map():
                ready = selector.select(max(deadline - time.monotonic(), 0))
                if not ready:
                    raise TimeoutError
                for key, _ in ready:
                    if key.fd != stdin:
                        if part := os.read(key.fd, 1 << 16):
                            got[key.fd].append(part)
                        else:
                            done(key.fd)
                    else:
                        try:
                            data = data[os.write(stdin, data) :] if data else b""
                        except BrokenPipeError:
                            data = b""
                        if not data:
                            done(stdin)
        finally:
            for file in list(selector.get_map()):
                done(file)
    return b"".join(got[outputs[0]]), b"".join(got[outputs[1]])


def serve(listener: socket.socket) -> None:
    """For each who connects a fork that runs ``gt``; ends, with all of them, when standard input ends."""
    poll = select.poll()
    for file in (0, listener.fileno()):
        poll.register(file, select.POLLIN)
    asking: dict[int, socket.socket] = {}
    running: dict[int, tuple[int, socket.socket]] = {}
    children: dict[int, int] = {}
    while True:
        for file, _ in poll.poll():
            if file == 0:
                for child in running:
                    signal.pidfd_send_signal(child, signal.SIGKILL)
                return
            if file == listener.fileno():
                connection, _ = listener.accept()
                asking[connection.fileno()] = connection
                poll.register(connection, select.POLLIN)
            elif file in running:
                pid, connection = running.pop(file)
                poll.unregister(file)
                os.close(file)
                status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
                if children.pop(connection.fileno(), None):
                    poll.unregister(connection)
                with contextlib.suppress(OSError):
                    connection.sendall(struct.pack("i", status))
                connection.close()
            elif file in children:  # who asked waits no longer
                signal.pidfd_send_signal(children.pop(file), signal.SIGKILL)
                poll.unregister(file)
            elif file in asking:
                connection = asking.pop(file)
                pid = _begin(connection)
                child = os.pidfd_open(pid)
                running[child], children[file] = (pid, connection), child
                poll.register(child, select.POLLIN)


def _begin(connection: socket.socket) -> int:
    head, files, _, _ = socket.recv_fds(connection, 12, _RIGHTS)
    count, umask, length = struct.unpack("iii", head)
    texts = _receive_all(connection, length).split(b"\0")
    child = os.fork()
    if child:
        for file in files:
            os.close(file)
        return child
    status = 1
    try:
        os.fchdir(files[3])
        for place, file in enumerate(files[:3]):
            os.dup2(file, place)
        os.closerange(3, 256)
        os.umask(umask)
        os.environb.clear()
        os.environb.update(text.split(b"=", 1) for text in texts[count + 1 :])
        status = _run([os.fsdecode(text) for text in texts[:count]])
    finally:
        os._exit(status)


def _run(words: list[str]) -> int:
    """As an interpreter does from its start to its end."""
    import atexit
    import threading

    from gastown_tmux.__main__ import main
    from gastown_tmux.cli.server import _open_streams as open_streams

    sys.argv = ["gt", *words]
    time.tzset()
    open_streams([(stream.encoding, stream.errors) for stream in (sys.stdin, sys.stdout, sys.stderr)])
    try:
        status = main()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001 - shown, as Python shows what nobody caught
        sys.excepthook(*sys.exc_info())
        status = 1
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    return status


if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).parent.parent)
    import gc

    from gastown_tmux.cli.preload import preload

    preload()
    gc.collect()
    gc.freeze()
    serve(socket.socket(fileno=int(sys.argv[1])))
