"""Starting agents through the launcher, and reading what it reports.

The launch file (mode 0600, deleted by the launcher once read) is a run of ``key=value`` fields, each ended by
a NUL byte as in /proc/PID/environ, so every byte an argument or a variable may hold passes unchanged:
``cwd`` once, ``report`` once, ``wake`` for each FIFO to poke, ``arg`` for each word of the command, ``env``
for each ``NAME=value`` of the agent's whole environment (``TERM`` is the pane's unless given).

The report is a file of lines, appended to only: an RFC 3339 time and one of ``started PID BIRTH``, ``failed
WORDS``, ``stopped``, ``continued``, ``ended status N``, ``ended signal N``. After each line one byte goes
into every FIFO of ``wake`` that someone has open: it only means "read the reports again".
"""

import contextlib
import os
import re
import select
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from gastown_tmux.dataclass import dataclass
from gastown_tmux.edges.processes.process_table import command_line, environment, look, pids
from gastown_tmux.edges.processes.processes import Families, ProcessRef, is_alive, process, start_time
from gastown_tmux.reading import read_file

# No process and no status has more digits, and no row does.
_NUMBER = re.compile("[0-9]{1,9}")
LAUNCHER = Path(__file__).parents[2] / "agents" / "launcher.py"
#: A module is compiled once for all, a script by each process that runs it. Who it is, is told by its first argument.
_RUN = "import sys\nsys.path.insert(0, sys.argv[1][:-12])\nfrom launcher import run\ndel sys.path[0]\nrun()"


@dataclass(frozen=True, slots=True)
class Launch:
    """What to run: ``environment`` is the agent's whole environment (``PWD`` is added), ``cwd`` its
    directory.

    ``report`` is the session's own report file; its folder exists. ``wake`` are FIFOs of long-lived
    listeners.
    """

    session: str
    command: Sequence[str]
    cwd: Path
    environment: Mapping[str, str]
    report: Path
    wake: Sequence[Path] = ()


@dataclass(frozen=True, slots=True)
class Started:
    process: ProcessRef


@dataclass(frozen=True, slots=True)
class Failed:
    """The agent program could not be run; ``reason`` has the system's words."""

    reason: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """By a signal, as on Ctrl-Z."""


@dataclass(frozen=True, slots=True)
class Continued:
    """After such a stop."""


@dataclass(frozen=True, slots=True)
class Left:
    """What the agent had started and left running at its own end."""

    process: ProcessRef


@dataclass(frozen=True, slots=True)
class Ended:
    """Exactly one of ``status`` (0-255) and ``signal`` (its number) is set."""

    status: int | None
    signal: int | None


Report = Started | Failed | Stopped | Continued | Left | Ended


def read_report(path: Path) -> list[Report]:
    """Everything the launcher said so far, oldest first; empty when there is no file yet, or something else than one.

    A line that was cut off by a crash or a full disk is left out.
    """
    try:
        text = read_file(path, cut=True).decode(errors="replace")
    except OSError:
        return []
    complete = text.split("\n")[:-1]
    return [report for line in complete if (report := _parse(line))]


def _parse(line: str) -> Report | None:
    match line.split(" ", 2):
        case [_, "started", rest]:
            pid, _, birth = rest.partition(" ")
            if not _NUMBER.fullmatch(pid):
                return None
            if birth == "-":  # the launcher has no /proc to read
                birth = start_time(int(pid)) or ""
            return Started(ProcessRef(int(pid), birth))
        case [_, "failed", reason]:
            return Failed(reason)
        case [_, "stopped"]:
            return Stopped()
        case [_, "continued"]:
            return Continued()
        case [_, "left", rest]:
            pid, _, birth = rest.partition(" ")
            return Left(ProcessRef(int(pid), birth)) if _NUMBER.fullmatch(pid) and birth != "-" else None
        case [_, "ended", rest]:
            kind, _, number = rest.partition(" ")
            if kind in ("status", "signal") and _NUMBER.fullmatch(number):
                value = int(number)
                return Ended(*((value, None) if kind == "status" else (None, value)))
    return None


def _launch_file(folder: Path, session: str) -> Path:
    return folder / f"{session}.launch"


def withdraw(folder: Path, session: str) -> bool:
    """Takes back a launch that no launcher has read: it will start nothing. False where there is none to take."""
    try:
        _launch_file(folder, session).unlink()
    except FileNotFoundError:
        return False
    return True


def is_starting(folder: Path, seconds: float) -> bool:
    """Whether a program is about to run: a launch file of ``folder``, not older than that, waits for its launcher, or a
    launcher has taken one and is no further yet.
    """
    for path in folder.glob("*.launch"):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime < seconds:
                return True
    inside = os.fsencode(folder) + b"/"
    launchers, parents = set[int](), set[int]()
    for pid in pids():
        words, seen = command_line(pid), look(pid)
        # Until it has run exec, a launcher's child is called the same. One that is stopped is no danger.
        is_launcher = bool(words) and words[-1].startswith(inside)
        if is_launcher and (seen is None or seen.state != "T"):
            launchers.add(pid)
        elif seen is not None:
            parents.add(seen.parent)
    return bool(launchers - parents)


def agent_processes(town: str) -> dict[str, set[ProcessRef]]:
    """What the agents of the town at path ``town`` run, by agent: known by the environment, with all descendants.

    A process that cleared its environment and lost its parents is known by its launcher, which has adopted it. Neither
    a launcher nor the calling process is in a set.
    """
    mark = f"\0GT_TOWN={town}\0".encode()
    found: dict[str, set[ProcessRef]] = {}
    launchers: dict[str, set[ProcessRef]] = {}
    for pid in pids():
        here = b"\0" + environment(pid) + b"\0"
        _, _, agent = here.partition(b"\0GT_AGENT=")
        name = agent.partition(b"\0")[0].decode(errors="replace")
        if name and mark in here and pid != os.getpid() and (ref := process(pid)):
            found.setdefault(name, set()).add(ref)
            parent = process(entry.parent) if (entry := look(pid)) else None
            if parent is not None and os.fsencode(LAUNCHER) in command_line(parent.pid):
                launchers.setdefault(name, set()).add(parent)
    families = Families()
    return {
        name: {
            ref
            for ref in refs | families.descendants(refs | launchers.get(name, set()))
            if is_alive(ref) and ref.pid != os.getpid()
        }
        for name, refs in found.items()
    }


class Starter:
    """Writes launch files and waits, by event, for the launchers to say ``started`` or ``failed``.

    ``folder`` (mode 0700) holds the launch files and, while the ``with`` block lasts, a FIFO of its own. What
    no launcher has taken when the block ends is deleted, so a window that opens later starts nothing.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._fifo = folder / f"start-{os.urandom(8).hex()}.fifo"
        self._launches: dict[str, tuple[Launch, Path]] = {}

    def __enter__(self) -> Self:
        os.mkfifo(self._fifo, 0o600)
        self._read_end = os.open(self._fifo, os.O_RDONLY | os.O_NONBLOCK)
        # Held open by us, the FIFO never reads as ended between two launchers.
        self._write_end = os.open(self._fifo, os.O_WRONLY | os.O_NONBLOCK)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._fifo.unlink(missing_ok=True)
        os.close(self._read_end)
        os.close(self._write_end)
        for _, path in self._launches.values():
            path.unlink(missing_ok=True)

    def prepare(self, launch: Launch) -> list[str]:
        """Write the launch file; the command to run in the window.

        Leave ``GT_SESSION`` out of the window's own environment: the launcher is not a process of the
        session, it stays to report how the agent ended.
        """
        path = _launch_file(self._folder, launch.session)
        fields = [("cwd", str(launch.cwd)), ("report", str(launch.report))]
        fields += [("wake", str(fifo)) for fifo in (self._fifo, *launch.wake)]
        fields += [("arg", word) for word in launch.command]
        environment = {**launch.environment, "PWD": str(launch.cwd)}
        fields += [("env", f"{name}={value}") for name, value in environment.items()]
        if any("\0" in value for _, value in fields):
            raise ValueError("a NUL byte in a command or an environment")
        text = "".join(f"{key}={value}\0" for key, value in fields)
        self._launches[launch.session] = launch, path
        path.touch(mode=0o600, exist_ok=False)
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
        return [sys.executable, "-I", "-S", "-c", _RUN, str(LAUNCHER), str(path)]

    def await_started(self, seconds: float) -> dict[str, Started | Failed]:
        """What became of each prepared launch, by session; returns as soon as all are known.

        A session without a word from its launcher after ``seconds`` is missing from the answer: unknown.
        """
        answers: dict[str, Started | Failed] = {}
        deadline = time.monotonic() + seconds
        poll = select.poll()
        poll.register(self._read_end, select.POLLIN)
        while True:
            for session, (launch, _) in self._launches.items():
                if session not in answers:
                    first = read_report(launch.report)[:1]
                    if first and isinstance(first[0], Started | Failed):
                        answers[session] = first[0]
            left = deadline - time.monotonic()
            if len(answers) == len(self._launches) or left <= 0:
                return answers
            if poll.poll(left * 1000):
                os.read(self._read_end, 65536)
