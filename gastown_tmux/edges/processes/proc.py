"""/proc, as far as it tells. The runbook agent reads it too: nothing is imported that costs."""

import os


def list_pids() -> list[int]:
    """Every process id in use; none where there is no /proc."""
    try:
        return [int(name) for name in os.listdir("/proc") if name.isdecimal()]  # noqa: PTH208 (only names)
    except FileNotFoundError:
        return []


def read_stat(pid: int) -> list[str] | None:
    """The fields of proc(5)'s stat behind the name, which may hold anything: the state is the first of them.

    None where there is no such process. Raises PermissionError for another user's where the system hides those.
    """
    try:
        with open(f"/proc/{pid}/stat", "rb", buffering=0) as file:  # noqa: PTH123 (daemons do this 100 times a look)
            stat = file.read(1024)
    except (FileNotFoundError, ProcessLookupError):
        return None
    return stat[stat.rindex(b")") + 2 :].decode("ascii").split()
