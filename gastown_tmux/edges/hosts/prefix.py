"""Commands on another machine, through any prefix that runs one there and connects its standard streams.

Whatever the prefix is (ssh, docker exec -i, kubectl exec -i), it is given one word more, ``sh``, which no shell on the
way can take for anything else. The command itself travels on its standard input, quoted once for that ``sh``, between
a mark of its beginning and one of its end: what a login shell prints before is not taken for the command's, and a
connection that was lost is not taken for a command that failed.
"""

import os
import secrets
import selectors
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import IO

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.complaints import cause_of
from gastown_tmux.edges.files.waiting import is_readable
from gastown_tmux.errors import GtError, MissingError

#: Bytes of one answer.
ANSWER_LIMIT = 64 * 2**20
#: How long a command outlives, at most, its deadline here.
GRACE_SECONDS = 10
#: A prefix that has not begun the command by then waits for something else, for an answer to a question of its own say.
BEGIN_SECONDS = 30.0
_ERRORS = 2**16
#: Letters of a prefix that a person may be asked to type.
_HINT = 100


class AwayError(GtError):
    """There was no answer. Whether the command ran is not known, so it must be one that may be run again."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command there gave: its exit status and both its streams."""

    status: int
    out: bytes
    err: bytes

    @property
    def said(self) -> str:
        """Standard error as text."""
        return self.err.decode("utf-8", "replace")


class Prefix:
    """``words`` start a program with one word more behind them; ``name`` is what people call the machine."""

    def __init__(self, name: str, words: Sequence[str], environment: Mapping[str, str]) -> None:
        self.name, self.words = name, list(words)
        self._environment = dict(environment)

    def run(self, command: Sequence[str], *, seconds: float, data: bytes = b"") -> Ran:
        """Runs the command there with ``data`` on its standard input; it ends there too when its time is over.

        Raises AwayError where its end was not seen within so many seconds, and MissingError where the prefix's own
        program is not there.
        """
        script = Script.of(command, seconds + GRACE_SECONDS, fed=bool(data))
        with Running(self, script) as running:
            out, err, ended = running.exchange(data, time.monotonic() + seconds)
        status = script.status(err)
        if status is None:
            late = f"no answer within {seconds if running.has_begun else min(seconds, BEGIN_SECONDS):g}s"
            # A login that is refused is told of on standard output.
            heard = err if running.has_begun else err + b"\n" + out
            raise away(self, heard, late if ended is None else f"it ended with status {ended}")
        if len(out) > ANSWER_LIMIT:
            raise AwayError(f"{self.name} answers with more than {ANSWER_LIMIT // 2**20} MiB")
        return Ran(status, out, script.without_mark(err))

    def open(self, command: Sequence[str]) -> "Running":
        """Starts a command that goes on there; what it prints is read with ``lines``. It is ended with ``close``."""
        running = Running(self, Script.of(command, None, fed=False))
        running.send_script(close=True)
        return running

    def start(self) -> subprocess.Popen[bytes]:
        """The program of the prefix, in a session of its own, which is ended with all that it started."""
        try:
            return subprocess.Popen(
                [*self.words, "sh"], cwd="/", env=self._environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, start_new_session=True,
            )  # fmt: skip
        except FileNotFoundError:
            raise MissingError(f"{self.words[0]} is not installed", f"it is how {self.name} is reached") from None
        except OSError as error:
            raise MissingError(f"{self.words[0]} cannot be run: {error.strerror}") from None


def away(prefix: Prefix, heard: bytes, otherwise: str) -> AwayError:
    """With what was heard, that may say why, and the line that a person tries by hand."""
    text = heard.decode("utf-8", "replace")
    words = f"{prefix.name} cannot be reached: {cause_of(text) or otherwise}"
    line = shlex.join([*prefix.words, "sh"])
    return AwayError(words, f"echo exit | {line}" if len(line) <= _HINT else None, whole=text)


class Script:
    """Words of a shell, for ``sh``: all of it is one compound command, which is read whole before it is begun.

    ``fed``: it gets what follows on standard input. ``ends``: its end is reported on standard error.
    """

    def __init__(self, words: str, *, fed: bool, ends: bool = True) -> None:
        self._mark = secrets.token_hex(8)
        source = "" if fed else " </dev/null"
        end = f"echo end-{self._mark} $? >&2; exit" if ends else "exit $?"
        self.text = f"{{ echo begin-{self._mark}; {{ {words}; }}{source}; {end}; }}\n".encode()

    @classmethod
    def of(cls, command: Sequence[str], seconds: float | None, *, fed: bool) -> "Script":
        words = shlex.join(command)
        if seconds is not None:
            # Where there is such a program: a command that is cut off would go on there for good.
            limit = f"timeout -k 5 {max(1, round(seconds))}"
            words = f"if command -v timeout >/dev/null 2>&1; then {limit} {words}; else {words}; fi"
        return cls(words, fed=fed)

    @property
    def begin(self) -> bytes:
        return f"begin-{self._mark}\n".encode()

    def status(self, err: bytes) -> int | None:
        """The command's exit status; None where its end was not reported."""
        _, found, rest = err.rpartition(self._end)
        number = rest.split(b"\n", 1)[0].strip()
        return int(number) if found and number.isdigit() else None

    def without_mark(self, err: bytes) -> bytes:
        """What the command itself said on standard error."""
        return err.rpartition(self._end)[0]

    @property
    def _end(self) -> bytes:
        return f"end-{self._mark} ".encode()


class Running:
    """A command that runs there. Left, it is ended here with all that the prefix started."""

    def __init__(self, prefix: Prefix, script: Script) -> None:
        self._name, self._script = prefix.name, script
        self.process = prefix.start()
        _running.add(self)
        self._fed = -1
        self.has_begun = False

    def __enter__(self) -> "Running":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @property
    def _stdin(self) -> IO[bytes]:
        assert self.process.stdin is not None
        return self.process.stdin

    def send_script(self, *, close: bool) -> None:
        """A prefix that is gone already shows in what is read."""
        with suppress(BrokenPipeError):
            self._stdin.write(self._script.text)
            self._stdin.flush()
        if close:
            with suppress(BrokenPipeError):
                self._stdin.close()

    def exchange(self, data: bytes, deadline: float) -> tuple[bytes, bytes, int | None]:
        """Output behind the mark of its beginning (all of it, where that never came), errors, and the prefix's own
        status; None where it had to be ended.

        The data follow the script only when that was read: what reads ahead would swallow them.
        """
        assert self.process.stdout and self.process.stderr
        self.send_script(close=not data)
        out, err, left = bytearray(), bytearray(), memoryview(data)
        begun, begin, closed = -1, self._script.begin, not data
        until = min(deadline, time.monotonic() + BEGIN_SECONDS)
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ, out)
            selector.register(self.process.stderr, selectors.EVENT_READ, err)
            while selector.get_map():
                for key, _ in selector.select(max(0.0, until - time.monotonic())):
                    if key.data is None:
                        left = self._feed(left)
                        if not left:
                            selector.unregister(self._fed)
                            closed = True
                            with suppress(BrokenPipeError):
                                self._stdin.close()
                        continue
                    part = os.read(key.fd, 1 << 18)
                    if not part:
                        selector.unregister(key.fileobj)
                    if len(key.data) <= ANSWER_LIMIT:
                        key.data.extend(part)
                    if begun < 0 and key.data is out and (place := out.find(begin)) >= 0:
                        begun, until, self.has_begun = place + len(begin), deadline, True
                        if not closed:
                            self._fed = self._stdin.fileno()
                            os.set_blocking(self._fed, False)
                            selector.register(self._fed, selectors.EVENT_WRITE, None)
                if self._script.status(bytes(err[-256:])) is not None and not _is_open(selector, self.process.stdout):
                    break  # what the prefix leaves behind may hold its streams open
                if time.monotonic() >= until:
                    return bytes(out[max(begun, 0) :]), bytes(err), None
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(max(0.1, deadline - time.monotonic()))
        return bytes(out[max(begun, 0) :]), bytes(err), self.process.poll()

    def _feed(self, left: memoryview) -> memoryview:
        """What is left to send."""
        try:
            return left[os.write(self._fed, left[:65536]) :]
        except BlockingIOError:
            return left
        except BrokenPipeError:
            return left[:0]

    def lines(self, silence: float | None = None) -> Iterator[bytes]:
        """Each line that it prints, without its end; over when it ended or was cut off.

        Raises AwayError where nothing came for so many seconds of ``silence``.
        """
        assert self.process.stdout is not None
        stream, held, begun = self.process.stdout.fileno(), b"", False
        while True:
            if not is_readable(stream, silence):
                raise AwayError(f"{self._name} was silent for {silence:g}s")
            if not (part := os.read(stream, 1 << 16)):
                return
            *whole, held = (held + part).split(b"\n")
            for line in whole:
                if begun:
                    yield line
                begun = begun or (line + b"\n").endswith(self._script.begin)

    def said(self) -> str:
        """Why it ended, in the words of whatever ended it; for one whose output is over."""
        assert self.process.stderr is not None
        stream, said = self.process.stderr.fileno(), b""
        while is_readable(stream, 1.0) and (part := os.read(stream, 4096)):
            said = (said + part)[-_ERRORS:]
        return cause_of((self._script.without_mark(said) or said).decode("utf-8", "replace"))

    def end(self) -> None:
        """Has it end; for another thread than the one that reads, which then closes it."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def close(self) -> None:
        """Ends it here, with all that the prefix started."""
        _running.discard(self)
        with suppress(BrokenPipeError):
            self._stdin.close()
        with suppress(subprocess.TimeoutExpired):
            if self.process.poll() is None:
                self.process.wait(0.05)
        for number in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, number)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(2.0)
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()


#: What of this process is under way, in any thread.
_running: set[Running] = set()


def end_running() -> None:
    """Ends every command that waits for another machine: a process that is to end would leave them to a frozen line."""
    for running in list(_running):
        running.end()


def _is_open(selector: selectors.BaseSelector, stream: IO[bytes]) -> bool:
    return any(key.fileobj is stream for key in selector.get_map().values())
