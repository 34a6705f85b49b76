"""What this machine has left to give."""

import os
import sys
from pathlib import Path

_LINUX = sys.platform == "linux"


def available_memory() -> int | None:
    """Bytes that can be had without swapping; None where the system does not tell."""
    if _LINUX:
        return _limited(_read_available())
    import psutil  # 20 ms, and needed only where there is no /proc

    return int(psutil.virtual_memory().available)


def load_per_core() -> float:
    """Of the last minute."""
    return os.getloadavg()[0] / (os.cpu_count() or 1)


def _read_available() -> int | None:
    for line in Path("/proc/meminfo").read_text().splitlines():
        name, _, rest = line.partition(":")
        if name == "MemAvailable":
            return int(rest.split()[0]) * 1024
    return None


def _limited(free: int | None) -> int | None:
    """Less where a control group of ours allows less than the machine has, as in a container."""
    group = Path("/sys/fs/cgroup")
    try:
        most, used = (group / "memory.max").read_text().strip(), int((group / "memory.current").read_text())
        cached = next(
            int(line.split()[1])
            for line in (group / "memory.stat").read_text().splitlines()
            if line.startswith("inactive_file ")
        )
    except (OSError, ValueError, StopIteration):
        return free
    if not most.isdecimal():
        return free
    left = int(most) - used + cached
    return left if free is None else min(free, left)
