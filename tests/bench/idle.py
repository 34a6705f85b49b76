"""What an idle town costs: each daemon's share of a core, and its memory, beside agents that do nothing."""

import os
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import psutil
import supervision
from benchmarks import GT
from harness import command, scratch
from scale import fill

from gastown_tmux.domain.addresses import OVERSEER
from gastown_tmux.edges.files.waiting import wait
from gastown_tmux.edges.processes.locks import holder
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store.agents import list_live_sessions

NAME = "idle town"
#: What a daemon does once after its start (backup, snapshots, ledger) is over by then.
SETTLE_SECONDS = 75.0
#: The deacon's goals beside so many agents: less than this share of a core. And of memory, beside any.
GOALS, MEGABYTES = {30: 0.5, 300: 2.0}, 70
LAUNCHER = "launcher"


@dataclass(frozen=True, slots=True)
class Cost:
    name: str
    percent: float
    megabytes: float
    agents: int
    seconds: float
    waiting: int = 0

    @property
    def met(self) -> bool | None:
        if self.name != "deacon" or self.agents not in GOALS or self.waiting:
            return None
        return self.percent < GOALS[self.agents] and self.megabytes < MEGABYTES

    def __str__(self) -> str:
        goal = f"  {GOALS.get(self.agents)} %, {MEGABYTES} MB: {'met' if self.met else 'missed'}"
        beside = f"{self.agents} idle agents" + (f", {self.waiting} beads wait" if self.waiting else "")
        cost = f"{self.name:12} {self.percent:5.2f} % of a core {self.megabytes:6.1f} MB, {beside}"
        return cost if self.met is None else cost + goal


def measure_idle(agents: int, seconds: float, waiting: int = 0) -> list[Cost]:
    """``waiting``: so many beads wait for a worker, and there is place for none."""
    with ExitStack() as cleanup:
        town = supervision.full_town(scratch(cleanup), agents=agents)
        if waiting:
            command(GT, "--town", town, "config", "set", "limits.agents", str(agents))()
            opened = Town(town, OVERSEER, dict(os.environ))
            fill(opened, waiting, 0)
            opened.close()
        run = town / ".gt" / "run"
        pids = {name: ref.pid for name in ("deacon", "witness", "guard") if (ref := holder(run / f"{name}.lock"))}
        pids["tmux server"] = int((town / ".gt" / "tmux.pid").read_text().split()[0])
        processes = {name: psutil.Process(pid) for name, pid in pids.items()}
        wait(SETTLE_SECONDS)
        before = {name: sum(process.cpu_times()[:4]) for name, process in processes.items()}
        wait(seconds)
        return [
            Cost(
                name,
                (sum(process.cpu_times()[:4]) - before[name]) / seconds * 100,
                process.memory_info().rss / 2**20,
                agents,
                seconds,
                waiting,
            )
            for name, process in processes.items()
        ] + [Cost(LAUNCHER, 0.0, _own_memory(town), agents, seconds, waiting)]


def _own_memory(town: Path) -> float:
    """Megabytes that the process between tmux and an agent takes for itself, on average."""
    opened = Town(town, OVERSEER, dict(os.environ))
    launchers = [session.launcher for session in list_live_sessions(opened.db) if session.launcher]
    opened.close()
    return sum(psutil.Process(pid).memory_full_info().uss for pid in launchers) / len(launchers) / 2**20
