"""What the dashboard's process costs with ten pages and the screens of 30 agents, and how soon an event is on its way.

``python -m tests.bench.dashboard [--agents N] [--streams N] [--seconds S] [--rate N]`` starts that many windows that
print, opens the streams, and prints percentiles in milliseconds, the share of a core and the memory.
"""

import argparse
import json
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from tests.bench.pages import write
from tests.operations.quiet_town import QuietTown, make_quiet_town
from tests.web.serving import Served, run_gt, serve

#: A screen in colours of which a few lines change each second, as those of agent programs do.
PRINT = (
    'i=0; while :; do i=$((i+1)); printf "\\033[H"; n=0; while [ $n -lt 40 ]; do n=$((n+1)); '
    'printf "\\033[3%dm line %d of \\033[1;48;5;%dmagent\\033[0m some words that fill it 日本\\033[K\\r\\n" '
    "$((n%7+1)) $n $((n*3)); done; "
    'printf "\\033[38;2;200;80;10m* working %d s\\033[0m\\033[K" $i; sleep 1; done'
)


def start_agents(quiet: QuietTown, count: int) -> None:
    town = quiet.town.path
    printer = {"from": "claude", "command": ["sh", "-c", PRINT]}
    run_gt("--town", town, "config", "set", "providers.printer", json.dumps(printer))
    run_gt("--town", town, "config", "default-agent", "printer")
    run_gt("--town", town, "config", "set", "limits.agents", str(count))
    for number in range(count):
        run_gt("--town", town, "crew", "add", f"agent-{number}", "--rig", "demo")
        run_gt("--town", town, "crew", "start", f"agent-{number}")


class Listener(threading.Thread):
    """One page: it selects an agent, shows all of them, and notes when each event came."""

    def __init__(self, page: Served, number: int, agents: list[str]) -> None:
        super().__init__(daemon=True)
        self._page, self._agents, self._number = page, agents, number
        self.came: dict[str, float] = {}
        self.screens = 0
        self.ready = threading.Event()

    def run(self) -> None:
        shown = ",".join(self._agents)
        query = f"browser={self._number}&selected={self._agents[self._number % len(self._agents)]}&visible={shown}"
        with self._page.stream(query) as events:
            for name, told, _ in events:
                self.ready.set()
                self.screens += name == "screen"
                for item in told.get("parts", {}).get("events", {}).get("items", {}).values():
                    self.came.setdefault(item["title"], time.time() * 1000)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--agents", type=int, default=30)
    parser.add_argument("--streams", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--rate", type=float, default=100.0)
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="gt-", dir="/tmp"))
    quiet = make_quiet_town(folder)
    try:
        start_agents(quiet, asked.agents)
        with serve(quiet.town.path) as page:
            page.token()
            agents = [f"demo/agent-{number}" for number in range(asked.agents)]
            listeners = [Listener(page, number, agents) for number in range(asked.streams)]
            for listener in listeners:
                listener.start()
            for listener in listeners:
                assert listener.ready.wait(30)
            time.sleep(3)
            server = psutil.Process(page.process.pid)
            print(json.dumps({"screens": measure(server, lambda: time.sleep(asked.seconds))}))
            written: dict[str, float] = {}
            count = int(asked.rate * asked.seconds)
            told = measure(server, lambda: write(quiet, count, asked.rate, written))
            time.sleep(1.5)
            times = sorted(
                came - written[name.removeprefix("bench-")]
                for listener in listeners
                for name, came in listener.came.items()
                if name.removeprefix("bench-") in written
            )
            told |= {
                "events": count, "heard": len(times), "p50_ms": round(times[len(times) // 2]),
                "p99_ms": round(times[int(len(times) * 0.99) - 1]), "max_ms": round(times[-1]),
                "screens_told": sum(listener.screens for listener in listeners),
            }  # fmt: skip
            print(json.dumps({"screens and events": told}))
    finally:
        run_gt("--town", quiet.town.path, "down", "--agents")
        quiet.town.close()
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def measure(server: psutil.Process, work: Callable[[], object]) -> dict[str, object]:
    before, began = server.cpu_times(), time.perf_counter()
    work()
    took, after = time.perf_counter() - began, server.cpu_times()
    busy = after.user + after.system - before.user - before.system
    return {"core_percent": round(100 * busy / took, 1), "mb": round(server.memory_info().rss / 1e6)}


if __name__ == "__main__":
    sys.exit(main())
