"""What the system tells about processes now: /proc on Linux, psutil elsewhere."""

import os
import sys
from functools import cache
from pathlib import Path

from gastown_tmux.dataclass import dataclass
from gastown_tmux.edges.files.waiting import looks
from gastown_tmux.edges.processes.proc import list_pids, read_stat

#: How long an exec may take on a machine that has much to do.
_EXEC_SECONDS = 3.0
#: How long an environment is empty that nobody is about to fill.
_EMPTY_SECONDS = 0.02
_KERNEL_THREAD = 0x00200000
#: Where ``read_stat`` has them.
_STATE, _PARENT, _FLAGS, _TIMES, _BIRTH, _ENVIRONMENT = 0, 1, 6, slice(11, 13), 19, slice(47, 49)


@dataclass(frozen=True, slots=True)
class ProcessStat:
    """``state`` is a letter of /proc/PID/stat (``T`` stopped, ``Z`` zombie …); ``started`` an opaque word for
    the moment of birth, equal only for the same birth in the same boot."""

    state: str
    parent: int
    started: str


@cache
def boot() -> str:
    """The first letters of this boot's id; empty where the system does not tell."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text()[:8]
    except OSError:
        return ""


def _look_proc(pid: int) -> ProcessStat | None:
    try:
        fields = read_stat(pid)
    except PermissionError:  # with hidepid=1 another user's; when it was born is not ours to know
        return ProcessStat("S", 0, "")
    if fields is None:
        return None
    return ProcessStat(fields[_STATE], int(fields[_PARENT]), f"{boot()}:{fields[_BIRTH]}")


def _environment_proc(pid: int) -> bytes:
    folder = Path(f"/proc/{pid}")
    try:
        if folder.stat().st_uid != os.geteuid():
            return b""
        for passed in looks(_EXEC_SECONDS, 0.001):
            if (words := (folder / "environ").read_bytes()) or not _is_between_programs(pid, passed):
                return words
        return b""
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return b""


def _is_between_programs(pid: int, passed: float) -> bool:
    """Whether a process may be in an exec, in which its environment reads as empty for a moment.

    ``passed``: the seconds that it has been looked at. An exec gives the environment a beginning before its end.
    """
    fields = read_stat(pid)
    if fields is None or fields[_STATE] in "ZX" or int(fields[_FLAGS]) & _KERNEL_THREAD:
        return False
    start, end = fields[_ENVIRONMENT]
    if start == end != "0":
        return fields[_STATE] != "S" and passed < _EMPTY_SECONDS
    return True


def _processor_time_proc(pid: int) -> float:
    try:
        fields = read_stat(pid)
    except PermissionError:
        return 0.0
    return sum(map(float, fields[_TIMES])) if fields else 0.0


def _processor_time_psutil(pid: int) -> float:
    import psutil

    try:
        times = psutil.Process(pid).cpu_times()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return 0.0
    return float(times.user + times.system)


def _look_psutil(pid: int) -> ProcessStat | None:
    import psutil  # 20 ms, and needed only where there is no /proc

    states = {psutil.STATUS_ZOMBIE: "Z", psutil.STATUS_STOPPED: "T"}
    try:
        found = psutil.Process(pid)
        with found.oneshot():
            return ProcessStat(states.get(found.status(), "S"), found.ppid(), repr(found.create_time()))
    except psutil.NoSuchProcess:
        return None
    except psutil.AccessDenied:
        return ProcessStat("S", 0, "")


def _pids_psutil() -> list[int]:
    import psutil

    return psutil.pids()


def _environment_psutil(pid: int) -> bytes:
    import psutil

    try:
        environment = psutil.Process(pid).environ()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return b""
    return b"\0".join(os.fsencode(f"{name}={value}") for name, value in environment.items())


_LINUX = sys.platform == "linux"


def look(pid: int) -> ProcessStat | None:
    """The process that has ``pid`` now, zombies included; ``None`` when there is none."""
    return _look_proc(pid) if _LINUX else _look_psutil(pid)


def pids() -> list[int]:
    """Every process id in use."""
    return list_pids() if _LINUX else _pids_psutil()


def processor_time(pid: int) -> float:
    """How much of the processor it has used, in a unit of its own; 0 where it is gone."""
    return _processor_time_proc(pid) if _LINUX else _processor_time_psutil(pid)


def environment(pid: int) -> bytes:
    """The ``NAME=value`` entries a process of this user was started with, NUL between them."""
    return _environment_proc(pid) if _LINUX else _environment_psutil(pid)


def command_line(pid: int) -> list[bytes]:
    """The words it was started with; none where the system, or the process, does not tell."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[:-1]
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return []
