"""A third, tiny process beside deacon and witness: it starts them again when both die in one moment.

Deacon and witness keep each other alive and the tmux server too; this one is needed only when all of them are
gone at once and no service manager watches. It knows them by their locks, waits for their deaths, and leaves all
else, whether the town is wanted up among it, to ``gt daemon revive``. Run as
``python -m gastown_tmux.daemons.guard TOWN``; ends with a town that is not wanted, and when its lock is deleted.
"""

import os
import select
import signal
import sys
from pathlib import Path

from gastown_tmux.edges.locks import Lock, holder
from gastown_tmux.edges.processes import run_quietly, wait_for_death

#: What deacon and witness have for reviving one another.
PATIENCE_SECONDS = 1.0
WATCH_SECONDS = 30.0


def main(town: Path) -> int:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    run = town / ".gt" / "run"
    lock = Lock(run / "guard.lock")
    if not run.is_dir() or not lock.try_lock():
        return 1
    while lock.is_in_place():
        living = [ref for name in ("deacon", "witness") if (ref := holder(run / f"{name}.lock"))]
        if living:
            dead = len(wait_for_death(living, WATCH_SECONDS)) < len(living)
            if not dead:
                continue
        select.select([], [], [], PATIENCE_SECONDS)
        if not any(holder(run / f"{name}.lock") for name in ("deacon", "witness")):
            command = [sys.executable, "-P", "-m", "gastown_tmux", "--town", str(town), "daemon", "revive"]
            done = run_quietly(command, seconds=60.0)
            if done and not any(holder(run / f"{name}.lock") for name in ("deacon", "witness")):
                break
    return 0


if __name__ == "__main__":
    os._exit(main(Path(sys.argv[1])))
