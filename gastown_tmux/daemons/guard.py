"""A third, tiny process beside deacon and witness, for when neither can look after the other.

They keep each other alive, and the tmux server too; this one is needed only when both are dead or stopped at once
and no service manager watches. It knows them by their locks, waits for their deaths, and leaves all else, whether
the town is wanted up among it, to ``gt daemon revive``. Run as ``python -m gastown_tmux.daemons.guard TOWN``; it
ends with a town that is not wanted, and when its lock is deleted.
"""

import os
import select
import signal
import sys
from pathlib import Path

from gastown_tmux.edges.processes.interpreter import own_python
from gastown_tmux.edges.processes.locks import Lock, holder
from gastown_tmux.edges.processes.processes import ProcessRef, is_stopped, send, wait_for_death
from gastown_tmux.edges.processes.spawning import run_quietly

DAEMONS = ("deacon", "witness")
#: What they have for reviving one another.
PATIENCE_SECONDS = 1.5
WATCH_SECONDS = 5.0


def main(town: Path) -> int:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    run = town / ".gt" / "run"
    lock = Lock(run / "guard.lock")
    if not run.is_dir() or not lock.try_lock():
        return 1
    while lock.is_in_place():
        holders = _find(run)
        for ref in holders:
            if is_stopped(ref):
                send(ref, signal.SIGCONT)
        if len(holders) == len(DAEMONS):
            wait_for_death(holders, WATCH_SECONDS)
        select.select([], [], [], PATIENCE_SECONDS)
        if len(_find(run)) < len(DAEMONS):
            command = [*own_python(), "-m", "gastown_tmux", "--town", str(town), "daemon", "revive"]
            if run_quietly(command, seconds=60.0) and not _find(run):
                break
    return 0


def _find(run: Path) -> list[ProcessRef]:
    """The daemons that live, stopped ones too."""
    return [ref for name in DAEMONS if (ref := holder(run / f"{name}.lock"))]


if __name__ == "__main__":
    os._exit(main(Path(sys.argv[1])))
