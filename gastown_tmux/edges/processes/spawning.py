"""Processes that are started by us, and waited for or left alone."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from gastown_tmux.edges.processes.child_output import ChildOutput
from gastown_tmux.edges.processes.processes import ProcessRef, process
from gastown_tmux.errors import MissingError, NotFoundError

_spawned: list[subprocess.Popen[bytes]] = []


def spawn_detached(command: Sequence[str], env: Mapping[str, str], cwd: Path, log: Path, size: int) -> ProcessRef:
    """Start ``command`` in a session of its own, output appended to ``log`` up to ``size``, with exactly ``env``.

    It outlives the caller, the caller's terminal and the tmux server. Raises ``MissingError`` when the
    program cannot be run, ``NotFoundError`` when ``cwd`` is no directory.
    """
    if not cwd.is_dir():
        raise NotFoundError(f"no such directory: {cwd}")
    # Children of a long-lived caller would stay zombies: take in those that ended.
    _spawned[:] = [child for child in _spawned if child.poll() is None]
    output = ChildOutput(log, size)
    try:
        child = subprocess.Popen(
            command,
            env=env,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output.writer,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        raise MissingError(f"cannot run {command[0]}: {error.strerror}") from error
    finally:
        output.let_go()
    _spawned.append(child)
    # Our own child: even dead it keeps its pid and birth until polled.
    ref = process(child.pid)
    assert ref is not None
    return ref


def run_quietly(command: Sequence[str], seconds: float) -> bool:
    """Run ``command`` with nothing to read and nowhere to write; whether it ended with status 0 within ``seconds``."""
    null = subprocess.DEVNULL
    try:
        return subprocess.run(command, stdin=null, stdout=null, stderr=null, timeout=seconds).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
