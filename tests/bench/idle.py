"""What an idle town costs: milliseconds of a processor in each second of the clock."""

import psutil
from harness import Action, Scratch, benchmark
from supervision import full_town

from gastown_tmux.edges.locks import holder
from gastown_tmux.edges.processes import wait

#: What a daemon does once after its start (backup, snapshots, ledger) is over by then.
SETTLE_SECONDS = 40.0
SECONDS = 2.0


def idle_daemons(scratch: Scratch, windows: int) -> tuple[Action, None]:
    town = full_town(scratch, agents=windows)
    found = [holder(town / ".gt" / "run" / f"{name}.lock") for name in ("deacon", "witness", "guard")]
    processes = [psutil.Process(ref.pid) for ref in found if ref]
    wait(SETTLE_SECONDS)

    def used() -> float:
        return sum(sum(process.cpu_times()[:4]) for process in processes)

    def second() -> float:
        before = used()
        wait(SECONDS)
        return (used() - before) / SECONDS * 1000

    return second, None


@benchmark("idle daemons, 30 windows, a second")
def thirty(scratch: Scratch) -> tuple[Action, None]:
    return idle_daemons(scratch, 30)


@benchmark("idle daemons, 300 windows, a second")
def three_hundred(scratch: Scratch) -> tuple[Action, None]:
    return idle_daemons(scratch, 300)
