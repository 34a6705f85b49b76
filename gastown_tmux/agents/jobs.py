"""Programs the runbook agent runs: their output, their time limit, and their end with all they started.

posix_spawn and waitid are used directly: importing subprocess costs more than the rest of the agent.
"""

# pathlib costs a third of this program's start-up.

from __future__ import annotations

import os
import signal
import time

from gastown_tmux.edges.processes.proc import list_pids, read_stat

_KILL_AFTER = 2.0
_CHUNK = 64 * 1024
#: The exit status of a program that ran out of time, as timeout(1) says it.
TIMED_OUT = 124
_NOT_FOUND = 127  # as a shell says it

# A block dies with us, even if we are killed with -9: its watcher reads a pipe whose other end only we hold.
# Otherwise the next session would run the same block beside it.
_GUARD = '{ read -r _; kill -KILL 0; } <&3 >/dev/null 2>&1 & exec 3<&-; exec bash -eu -c "$1" bash'


class Tail:
    """The last bytes of a stream, `size` at least and never more than twice as many."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._data = bytearray()
        self._cut = 0

    def add(self, data: bytes) -> None:
        self._data += data
        if len(self._data) > 2 * self._size:
            cut = len(self._data) - self._size
            self._cut += cut
            del self._data[:cut]

    def text(self) -> str:
        """The end of the stream; a first line says how much is missing, if anything is."""
        cut = self._cut + max(0, len(self._data) - self._size)
        text = self._data[-self._size :].decode("utf-8", "replace")
        return f"… {cut} bytes left out\n{text}" if cut else text


class Outcome:
    """How a program ended: its exit status (128 + signal where one killed it) and what it printed."""

    __slots__ = ("errors", "output", "status")

    def __init__(self, status: int, output: str, errors: str) -> None:
        self.status, self.output, self.errors = status, output, errors

    @property
    def complaint(self) -> str:
        """The lines that tell why it failed, of its errors, else of its output, in one; else its status."""
        from gastown_tmux.domain.complaints import cause_of  # only where something fails

        return cause_of(self.errors) or cause_of(self.output) or f"status {self.status}"


class Job:
    """One program, started by `start`, driven by whoever waits on its file descriptors."""

    def __init__(
        self, argv: list[str], *, stdin: str = "", limit: float, environment: dict[str, str] | None = None
    ) -> None:
        self.argv = argv
        self._environment = environment
        self.deadline = time.monotonic() + limit
        self.reading: dict[int, Tail] = {}
        self.writing: int | None = None
        self.asked_to_end = False
        self._input = stdin.encode("utf-8", "replace")
        self._pid = 0
        self._timed_out = False
        self._failed = ""
        self._tails = (Tail(4 * 1024 * 1024), Tail(_CHUNK))

    def start(self) -> None:
        """A program that cannot be started is a job that has ended, with status 127."""
        read_out, write_out = os.pipe()
        read_err, write_err = os.pipe()
        read_in, self.writing = os.pipe()
        os.set_blocking(self.writing, False)
        self.reading = {read_out: self._tails[0], read_err: self._tails[1]}
        self._spawn(self.argv, [(read_in, 0), (write_out, 1), (write_err, 2)])
        self.write()

    def read(self, fd: int) -> bytes:
        """What came on `fd`, kept too. At its end the descriptor is closed and no longer in `reading`."""
        try:
            data = os.read(fd, _CHUNK)
        except BlockingIOError:
            return b""
        if data:
            self.reading[fd].add(data)
        else:
            os.close(fd)
            del self.reading[fd]
        return data

    def write(self) -> None:
        """Hand over as much of the input as is taken now."""
        assert self.writing is not None
        try:
            self._input = self._input[os.write(self.writing, self._input) :] if self._input else b""
        except BlockingIOError:
            return
        except BrokenPipeError:
            self._input = b""
        if not self._input:
            os.close(self.writing)
            self.writing = None

    def end(self) -> None:
        """Ask the program to end; `poll` kills it where it does not."""
        self.asked_to_end = True
        self.deadline = time.monotonic() + _KILL_AFTER
        self._signal(signal.SIGTERM)

    def poll(self) -> int | None:
        """The exit status once the program has ended, everything it left behind too, else None."""
        if not self._pid:
            self._close()
            return _NOT_FOUND
        if os.waitid(os.P_PID, self._pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            if time.monotonic() >= self.deadline:
                if self.asked_to_end:
                    self._signal(signal.SIGKILL)
                    self.deadline = time.monotonic() + _KILL_AFTER
                else:
                    self._timed_out = True
                    self.end()
            return None
        self._sweep()  # before the pid is reaped: until then no stranger can have it
        _, status = os.waitpid(self._pid, 0)
        self._pid = 0
        if self._timed_out:
            return TIMED_OUT
        code = os.waitstatus_to_exitcode(status)
        return code if code >= 0 else 128 - code

    def drain(self) -> bytes:
        """What is still in the pipes once the program has ended, kept as `read` keeps it."""
        rest = b""
        for fd in list(self.reading):
            os.set_blocking(fd, False)
            for _ in range(64):  # a pipe holds at most a megabyte; a daemon may hold it open for ever
                if not (data := self.read(fd)):
                    break
                rest += data
        return rest

    def close(self, status: int) -> Outcome:
        self._close()
        out, err = self._tails
        return Outcome(status, out.text(), self._failed or err.text())

    def _spawn(self, argv: list[str], descriptors: list[tuple[int, int]]) -> None:
        try:
            self._pid = os.posix_spawnp(
                argv[0],
                argv,
                os.environ if self._environment is None else self._environment,
                file_actions=[(os.POSIX_SPAWN_DUP2, ours, theirs) for ours, theirs in descriptors],
                # A session of its own: what asks for a terminal is refused one instead of stopping for ever.
                setsid=True,
                # Python ignores these two, and an ignored signal would stay so in the program.
                setsigdef=[signal.SIGPIPE, signal.SIGXFSZ],
            )
        except (OSError, ValueError) as error:
            self._failed = f"{argv[0]}: {error.strerror if isinstance(error, OSError) else error}"
        for fd in {ours for ours, _ in descriptors}:
            os.close(fd)

    def _signal(self, number: int) -> None:
        try:
            os.killpg(self._pid, number)
        except (ProcessLookupError, PermissionError):
            return

    def _sweep(self) -> None:
        """`gt` and git may leave a daemon behind on purpose: it stays."""

    def _close(self) -> None:
        for fd in (*self.reading, *([self.writing] if self.writing is not None else [])):
            os.close(fd)
        self.reading, self.writing = {}, None


class Block(Job):
    """One `sh` block, run with `bash -eu`: no terminal, no input, and no process left behind.

    What it prints on either stream goes into `log` as one, in order. There is no time limit: what a chore
    takes, only its author knows, and a person can interrupt it.
    """

    def __init__(self, script: str, log: Tail) -> None:
        super().__init__(["bash", "-c", _GUARD, "bash", script], limit=float("inf"))
        self._log = log
        self._alive: int | None = None

    def start(self) -> None:
        read_out, write_out = os.pipe()
        read_alive, self._alive = os.pipe()
        null = os.open(os.devnull, os.O_RDONLY)
        self.reading = {read_out: self._log}
        self._spawn(self.argv, [(null, 0), (write_out, 1), (write_out, 2), (read_alive, 3)])

    def _signal(self, number: int) -> None:
        super()._signal(number)
        for pid in _descendants(self._pid):
            try:
                os.kill(pid, number)
            except (ProcessLookupError, PermissionError):
                continue

    def _sweep(self) -> None:
        # Again while there are any: one may have forked while we looked.
        self._signal(signal.SIGKILL)
        for _ in range(20):
            if not _descendants(self._pid):
                return
            self._signal(signal.SIGKILL)

    def _close(self) -> None:
        super()._close()
        if self._alive is not None:
            os.close(self._alive)
            self._alive = None


def _descendants(leader: int) -> set[int]:
    """The living processes of `leader`'s session and their children, itself left out; Linux only.

    Elsewhere none: there the signal to the process group is all there is.
    """
    parents = {}
    for pid in list_pids():
        if of := _parents(pid):
            parents[pid] = of
    found = {leader}
    while more := {pid for pid, of in parents.items() if pid not in found and not found.isdisjoint(of)}:
        found |= more
    return found - {leader}


def _parents(pid: int) -> tuple[int, int] | None:
    """The parent and the session of a process that lives."""
    try:
        fields = read_stat(pid)
    except OSError:
        return None
    return (int(fields[1]), int(fields[3])) if fields and fields[0] != "Z" else None
