"""Measures a thing in turn with its floor: the least that such a thing can take on this machine, now."""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

Action = Callable[[], object]

PYTHON = sys.executable
WARM_UP = 3


@dataclass(frozen=True, slots=True)
class Goal:
    """At most ``ratio`` times the floor, plus ``extra`` milliseconds; of 100 calls 99 within ``tail``, where given."""

    ratio: float = 1.0
    extra: float = 0.0
    tail: float = 0.0

    def is_met(self, floor: float, median: float, p99: float) -> bool:
        slow = self.tail and p99 > floor * self.ratio + self.tail
        return median <= floor * self.ratio + self.extra and not slow

    def __str__(self) -> str:
        parts = [f"{self.ratio:g}x"] * bool(self.ratio) + [f"{self.extra:g} ms"] * bool(self.extra)
        return " + ".join(parts) + (f", p99 {self.tail:g} ms" if self.tail else "")


@dataclass(frozen=True, slots=True)
class Scratch:
    """Where a benchmark prepares itself: a folder with a short path, and what to undo before it goes."""

    path: Path
    cleanup: ExitStack


def in_a_window(town: Path, agent: str) -> dict[str, str]:
    """The environment of an agent's program there, whose session has a door."""
    door = town / ".gt/run/doors/ses-00000"
    (door / "spool").mkdir(parents=True, exist_ok=True)
    (door / "agent").write_text(f"{agent}\n")
    return {"GT_TOWN": str(town), "GT_AGENT": agent, "GT_SESSION": door.name, "GT_SOCKET": str(door / "gt.sock")}


Prepare = Callable[[Scratch], tuple[Action, Action | None]]


@dataclass(frozen=True, slots=True)
class Benchmark:
    name: str
    goal: Goal | None
    prepare: Prepare


@dataclass(frozen=True, slots=True)
class Measured:
    """Milliseconds; what follows the floor is None where the floor alone is measured."""

    name: str
    floor_median: float
    floor_min: float
    median: float | None = None
    min: float | None = None
    p99: float | None = None
    ratio: float | None = None
    goal: str | None = None
    met: bool | None = None


class CannotRunError(Exception):
    """An action failed, so there is nothing to measure."""


BENCHMARKS: list[Benchmark] = []


def benchmark(name: str, goal: Goal | None = None) -> Callable[[Prepare], Prepare]:
    """Registers a function that prepares ``name`` and returns its floor and the thing itself, if any."""

    def register(prepare: Prepare) -> Prepare:
        BENCHMARKS.append(Benchmark(name, goal, prepare))
        return prepare

    return register


def command(*args: str | Path, stdin: str = "", env: dict[str, str] | None = None) -> Action:
    """An action that runs a program and drops its output; it raises when the exit status is not 0."""

    def run() -> None:
        done = subprocess.run(
            args, input=stdin.encode(), capture_output=True, env={**os.environ, **(env or {})}, timeout=300
        )
        if done.returncode != 0:
            said = done.stderr.decode(errors="replace").strip().splitlines()
            raise CannotRunError(f"status {done.returncode}: {said[-1] if said else 'nothing said'}")

    return run


def measure(bench: Benchmark, rounds: int) -> Measured:
    """Raises ``CannotRunError`` where the floor or the thing itself does not work."""
    with ExitStack() as cleanup:
        floor, action = bench.prepare(scratch(cleanup))
        # In turn, so that a busy moment of the machine falls on both.
        actions = [floor] if action is None else [floor, action]
        for _ in range(WARM_UP):
            for each in actions:
                each()
        times = [[elapsed(each) for each in actions] for _ in range(rounds)]
    medians = [statistics.median(column) for column in zip(*times, strict=True)]
    least = [min(column) for column in zip(*times, strict=True)]
    if action is None:
        return Measured(bench.name, medians[0], least[0])
    ratio = medians[1] / medians[0]
    p99 = statistics.quantiles([row[1] for row in times], n=100, method="inclusive")[98]
    goal, met = (str(bench.goal), bench.goal.is_met(*medians, p99)) if bench.goal else (None, None)
    return Measured(bench.name, medians[0], least[0], medians[1], least[1], p99, ratio, goal, met)


def scratch(cleanup: ExitStack) -> Scratch:
    """A folder of its own under a short path, which is home to this process from now on."""
    folder = Path(tempfile.mkdtemp(prefix="gt-bench-", dir="/tmp"))
    cleanup.callback(shutil.rmtree, folder)
    leave_the_users_world(folder)
    return Scratch(folder, cleanup)


def elapsed(action: Action) -> float:
    """Milliseconds that one call takes; an action that returns a float has measured itself."""
    start = time.perf_counter_ns()
    told = action()
    return told if isinstance(told, float) else (time.perf_counter_ns() - start) / 1e6


def leave_the_users_world(folder: Path) -> None:
    """Points this process and its children to an own home, git configuration and default tmux server."""
    for name in [name for name in os.environ if name.startswith(("GT_", "TMUX", "GIT_", "XDG_"))]:
        del os.environ[name]
    config = folder / ".gitconfig"
    config.write_text("[user]\n\tname = Test Person\n\temail = test@localhost\n")
    os.environ.update(HOME=str(folder), TMUX_TMPDIR=str(folder), LC_ALL="C.UTF-8", SHELL="/bin/sh")
    os.environ.update(GIT_CONFIG_GLOBAL=str(config), GIT_CONFIG_SYSTEM=os.devnull)
