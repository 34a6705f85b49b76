"""What the deacon takes beside idle agents: ``python tests/bench/idle.py [--agents 30] [--seconds 300]``.

Prints its share of a core and its memory, and the least such a process could have: a bare Python's memory.
"""

import argparse
import contextlib
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import psutil
from benchmarks import GT
from harness import Scratch, command, leave_the_users_world
from spine import make_town

MOST_PERCENT, MOST_MEGABYTES = 1.0, 70.0


def main() -> int:
    parser = argparse.ArgumentParser(description="The deacon's share of a core, and its memory, beside idle agents.")
    parser.add_argument("--agents", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=300)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="gt-idle-", dir="/tmp"))
    with contextlib.ExitStack() as cleanup:
        cleanup.callback(shutil.rmtree, folder, ignore_errors=True)
        leave_the_users_world(folder)
        gt = (GT, "--town", make_town(Scratch(folder, cleanup)))
        command(*gt, "config", "default-agent", "runbook")()
        for key in ("limits.agents", "limits.town"):
            subprocess.run([*gt, "config", "set", key, "100"], capture_output=True)
        command(*gt, "up")()
        for number in range(options.agents):
            command(*gt, "crew", "add", f"a{number}", "--rig", "demo")()
            command(*gt, "crew", "start", f"a{number}", "--rig", "demo")()
        lock = (folder / "town/.gt/run/deacon.lock").read_text().split()
        deacon = psutil.Process(int(lock[0]))
        threading.Event().wait(5)
        before = sum(deacon.cpu_times()[:4])
        threading.Event().wait(options.seconds)
        percent = 100 * (sum(deacon.cpu_times()[:4]) - before) / options.seconds
        megabytes = deacon.memory_info().rss / 1e6
        met = percent < MOST_PERCENT and megabytes < MOST_MEGABYTES
        print(f"deacon, {options.agents} idle agents, {options.seconds:.0f} s: {percent:.2f} % of a core, "
              f"{megabytes:.0f} MB; goal under {MOST_PERCENT:.0f} % and {MOST_MEGABYTES:.0f} MB: "
              f"{'met' if met else 'missed'}")  # fmt: skip
        return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
