"""Other people's commands (set-up steps, gates), run with a time limit."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from gastown_tmux.errors import GtError


def ask(command: Sequence[str], environment: Mapping[str, str], seconds: float) -> str | None:
    """What a short command prints, errors too; None where it cannot be run, fails or takes longer."""
    try:
        done = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=seconds, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode(errors="replace")


def run_logged(
    command: Sequence[str], cwd: Path, environment: Mapping[str, str], log: Path, seconds: float, mark: str
) -> int | None:
    """The exit status (negative for a signal), or None after ``seconds``, when its process group was killed.

    ``mark`` is the command's ``GT_SESSION``, by which ``processes.end`` finds it when its starter was killed.
    Raises GtError where it cannot be started at all.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        output.write(f"$ {' '.join(command[-1:])}\n".encode())
        output.flush()
        try:
            process = subprocess.Popen(
                command, cwd=cwd, env={**environment, "GT_SESSION": mark}, stdin=subprocess.DEVNULL, stdout=output,
                stderr=output,
                start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            raise GtError(f"{command[0]} cannot be run: {error.strerror}") from None
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        finally:
            # Whatever it left running goes with it: the group is ours alone.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
