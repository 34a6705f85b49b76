"""What an idle town costs: each daemon's share of a core, and its memory, beside agents that do nothing."""

from contextlib import ExitStack
from dataclasses import dataclass

import psutil
import supervision
from harness import scratch

from gastown_tmux.edges.files.waiting import wait
from gastown_tmux.edges.processes.locks import holder

NAME = "idle town"
#: What a daemon does once after its start (backup, snapshots, ledger) is over by then.
SETTLE_SECONDS = 40.0
#: The deacon's goal beside thirty agents: less than this share of a core, and of memory.
PERCENT, MEGABYTES = 1.0, 70


@dataclass(frozen=True, slots=True)
class Cost:
    name: str
    percent: float
    megabytes: int
    agents: int
    seconds: float

    @property
    def met(self) -> bool | None:
        if self.name != "deacon" or self.agents > 30:
            return None
        return self.percent < PERCENT and self.megabytes < MEGABYTES

    def __str__(self) -> str:
        goal = "" if self.met is None else f"  {PERCENT:g} %, {MEGABYTES} MB: {'met' if self.met else 'missed'}"
        return f"{self.name:12} {self.percent:5.2f} % of a core {self.megabytes:4} MB, {self.agents} idle agents{goal}"


def measure_idle(agents: int, seconds: float) -> list[Cost]:
    with ExitStack() as cleanup:
        town = supervision.full_town(scratch(cleanup), agents=agents)
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
                process.memory_info().rss >> 20,
                agents,
                seconds,
            )
            for name, process in processes.items()
        ]
