"""Flags that are files: set and read by anybody, with no daemon and no database.

Each names what it stops: ``@town``, ``@rig.<name>``, or an agent's folder. It holds the processes that were stopped
already when it was set, which are not its own to continue.
"""

from collections.abc import Iterable
from pathlib import Path

from gastown_tmux.edges.files.atomic import plain_errors, write_atomic
from gastown_tmux.edges.processes.processes import ProcessRef
from gastown_tmux.reading import read_text

TOWN = "@town"


def rig_flag(rig: str) -> str:
    return f"@rig.{rig}"


def raise_flag(folder: Path, name: str, stopped: Iterable[ProcessRef]) -> bool:
    """Whether it was not up before. Durable when this returns. Raises GtError where it cannot be written."""
    if (folder / name).exists():
        return False
    with plain_errors(folder):
        folder.mkdir(mode=0o700, exist_ok=True)
    write_atomic(folder / name, "".join(f"{ref.pid} {ref.started}\n" for ref in stopped).encode())
    return True


def lower_flag(folder: Path, name: str) -> bool:
    """Whether it was up."""
    try:
        (folder / name).unlink()
    except FileNotFoundError:
        return False
    return True


def raised(folder: Path) -> frozenset[str]:
    try:
        return frozenset(path.name for path in folder.iterdir() if not path.name.startswith("."))
    except (FileNotFoundError, NotADirectoryError):
        return frozenset()


def stopped_before(folder: Path, name: str) -> set[ProcessRef]:
    """Lines that name no process are left out: what they named is continued rather than left standing for ever."""
    try:
        lines = read_text(folder / name).splitlines()
    except OSError:
        return set()
    words = (line.partition(" ") for line in lines)
    return {ProcessRef(int(pid), started) for pid, _, started in words if pid.isascii() and pid.isdecimal()}
