"""Other people's commands (set-up steps, gates), run with bounds on their time and on what they print."""

import contextlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from gastown_tmux.domain.complaints import cause_of
from gastown_tmux.edges.files.waiting import is_readable, wait
from gastown_tmux.edges.processes.child_output import ChildOutput
from gastown_tmux.errors import GtError
from gastown_tmux.reading import read_end

#: Until what a command has put into the background on its own has left its process group.
_LEAVE_SECONDS = 1.0
#: A short command prints no more.
_ANSWER = 2**20
#: As much of a log's end as is read for its last words.
_END = 2**15


def ask(command: Sequence[str], environment: Mapping[str, str], seconds: float) -> str | None:
    """What a short command prints, errors too; None where it cannot be run, fails, takes longer or prints too much."""
    status, said = _listen(command, None, environment, seconds)
    return said if status == 0 else None


def find_missing(command: str, cwd: Path, environment: Mapping[str, str], seconds: float) -> str | None:
    """What the shell says where it finds no program for a ``command``, which is given nothing to read; else None."""
    status, said = _listen(["sh", "-c", command], cwd, environment, seconds)
    return cause_of(said) or command if status in (126, 127) else None


def _listen(
    command: Sequence[str], cwd: Path | None, environment: Mapping[str, str], seconds: float
) -> tuple[int | None, str]:
    """Exit status and all that it printed; no status where it could not be run, took longer or printed too much."""
    try:
        process = subprocess.Popen(
            command, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    except OSError:
        return None, ""
    assert process.stdout is not None
    deadline = time.monotonic() + seconds
    said = bytearray()
    with process, _ended(process):
        while is_readable(process.stdout, deadline - time.monotonic()):
            part = os.read(process.stdout.fileno(), 65536)
            said += part
            if len(said) > _ANSWER:
                break
            if not part:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    status = process.wait(max(0.0, deadline - time.monotonic()))
                    return status, said.decode(errors="replace")
                break
    return None, ""


def run_logged(
    command: Sequence[str], cwd: Path, environment: Mapping[str, str], log: Path, seconds: float, mark: str, size: int
) -> int | None:
    """The exit status (negative for a signal), or None after ``seconds``, when its process group was killed.

    The log is never much larger than ``size``, whoever goes on printing. ``mark`` is the command's ``GT_SESSION``, by
    which ``processes.end`` finds it when its starter was killed, and which alone tells who it is. Raises GtError where
    it cannot be started at all.
    """
    output = ChildOutput(log, size)
    own = {name: value for name, value in environment.items() if name not in ("GT_SOCKET", "GT_AGENT")}
    try:
        os.write(output.writer, f"$ {' '.join(' '.join(command[-1:]).splitlines())}\n".encode(errors="replace"))
        process = subprocess.Popen(
            command, cwd=cwd, env={**own, "GT_SESSION": mark}, stdin=subprocess.DEVNULL, stdout=output.writer,
            stderr=output.writer, start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        raise GtError(f"{command[0]} cannot be run: {error.strerror}") from None
    finally:
        output.let_go()
    try:
        with _ended(process):
            return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None
    finally:
        output.finish()


def last_words(log: Path, since: int = 0) -> str:
    """Why the last command in the log failed, as far as it told, with a colon and a space before it.

    ``since``: the log's size before it was started.
    """
    try:
        text = read_end(log, _END, since).decode(errors="replace")
    except OSError:
        return ""
    *_, said = re.split(r"^\$ .*\n", text, flags=re.MULTILINE)
    words = cause_of(said)
    return f": {words}" if words else ""


@contextlib.contextmanager
def _ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Whatever it left running in its process group goes with it; what has begun to leave that, by setsid, may."""
    try:
        yield
    finally:
        deadline = time.monotonic() + (_LEAVE_SECONDS if process.poll() is not None else 0.0)
        with contextlib.suppress(ProcessLookupError):
            while time.monotonic() < deadline:
                os.killpg(process.pid, 0)
                wait(0.01)  # nothing tells that a group is empty
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
