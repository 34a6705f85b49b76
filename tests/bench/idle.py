"""What an idle town costs: ``python tests/bench/idle.py [WINDOWS] [SECONDS]``, in percent of a core."""

import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import psutil
import supervision
from harness import Scratch, leave_the_users_world

from gastown_tmux.edges.locks import holder
from gastown_tmux.edges.processes import wait

#: What a daemon does once after its start (backup, snapshots, ledger) is over by then.
SETTLE_SECONDS = 40.0


def main(windows: int, seconds: float) -> None:
    with tempfile.TemporaryDirectory(prefix="gt-idle-", dir="/tmp") as folder, ExitStack() as cleanup:
        leave_the_users_world(Path(folder))
        supervision.WINDOWS = windows
        town = supervision.full_town(Scratch(Path(folder), cleanup))
        run = town / ".gt" / "run"
        pids = {name: ref.pid for name in ("deacon", "witness", "guard") if (ref := holder(run / f"{name}.lock"))}
        pids["tmux server"] = int((town / ".gt" / "tmux.pid").read_text().split()[0])
        processes = {name: psutil.Process(pid) for name, pid in pids.items()}
        wait(SETTLE_SECONDS)
        before = {name: sum(process.cpu_times()[:4]) for name, process in processes.items()}
        wait(seconds)
        for name, process in processes.items():
            used = (sum(process.cpu_times()[:4]) - before[name]) / seconds * 100
            print(f"{name:12} {used:5.2f} %   {process.memory_info().rss >> 20:4} MB   with {windows} windows")


if __name__ == "__main__":
    main(int((sys.argv[1:] or ["30"])[0]), float((sys.argv[2:] or ["30"])[0]))
