"""Flags that are files: set and read by anybody, with no daemon and no database.

Each names what it stops: ``@town``, ``@rig.<name>``, or an agent's folder. It holds the processes that were stopped
already when it was set, which are not its own to continue.
"""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from gastown_tmux.edges.files.atomic import plain_errors, write_atomic
from gastown_tmux.edges.files.memory import Memory
from gastown_tmux.errors import GtError
from gastown_tmux.reading import read_text

if TYPE_CHECKING:
    from gastown_tmux.edges.processes.processes import ProcessRef

TOWN = "@town"


def rig_flag(rig: str) -> str:
    return f"@rig.{rig}"


def raise_flag(folder: Path, memory: Memory, name: str, stopped: "Iterable[ProcessRef]") -> bool:
    """Whether it was not up before. Durable when this returns, unless the disk takes nothing: then it is in memory.

    Raises GtError where it cannot be written at all.
    """
    if name in raised(folder, memory):
        return False
    text = "".join(f"{ref.pid} {ref.started}\n" for ref in stopped)
    try:
        with plain_errors(folder):
            folder.mkdir(mode=0o700, exist_ok=True)
        write_atomic(folder / name, text.encode())
    except GtError:
        memory.put(name, text)
    return True


def lower_flag(folder: Path, memory: Memory, name: str) -> bool:
    """Whether it was up."""
    was = memory.remove(name)
    try:
        (folder / name).unlink()
    except (FileNotFoundError, NotADirectoryError):
        return was
    return True


def raised(folder: Path, memory: Memory) -> frozenset[str]:
    up = {name for name in memory.names() if not name.startswith("=")}
    with suppress(OSError):
        up.update(path.name for path in folder.iterdir() if not path.name.startswith("."))
    return frozenset(up)


def stopped_before(folder: Path, memory: Memory, name: str) -> "set[ProcessRef]":
    """Lines that name no process are left out: what they named is continued rather than left standing for ever."""
    lines = memory.read(name).splitlines()
    with suppress(OSError):
        lines += read_text(folder / name).splitlines()
    words = (line.partition(" ") for line in lines)
    from gastown_tmux.edges.processes.processes import ProcessRef  # 1 ms, and every verb asks what is raised

    return {ProcessRef(int(pid), started) for pid, _, started in words if pid.isascii() and pid.isdecimal()}
