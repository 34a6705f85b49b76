"""How long an event takes from its row to a drawn page: the real dashboard, a real browser, 30 agents at work.

``python -m tests.bench.pages [--events N] [--rate N]`` prints percentiles in milliseconds, and what the dashboard's
process and the page took of a core meanwhile.
"""

import argparse
import json
import shutil
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil
from playwright.sync_api import Page, sync_playwright

from gastown_tmux.domain.events import EventType
from gastown_tmux.operations.workforce.workers import add_polecat
from tests.operations.quiet_town import QuietTown, make_quiet_town
from tests.web.browsing import launch
from tests.web.serving import serve

AGENTS = 30
#: Notes when the row of each event was on the screen: in the frame after it came into the list.
NOTE = """() => {
  window.drawn = {};
  new MutationObserver(() => requestAnimationFrame(() => {
    for (const row of document.querySelectorAll('.row .title')) {
      const found = /bench-(\\d+)/.exec(row.textContent);
      if (found && !(found[1] in window.drawn)) window.drawn[found[1]] = Date.now();
    }
  })).observe(document.querySelector('#main'), {subtree: true, childList: true, characterData: true});
}"""


def write(quiet: QuietTown, count: int, rate: float, written: dict[str, float]) -> None:
    """So many events a second, each in a transaction of its own."""
    start = time.perf_counter()
    for number in range(count):
        with quiet.town.change() as change:
            change.event(EventType.SESSION_CHANGED, f"bench-{number}", session="ses-1", state="working")
        written[str(number)] = time.time() * 1000
        rest = start + (number + 1) / rate - time.perf_counter()
        if rest > 0:
            time.sleep(rest)


def measure(page: Page, quiet: QuietTown, count: int, rate: float, server: psutil.Process) -> dict[str, object]:
    written: dict[str, float] = {}
    page.locator(".tabs").wait_for()
    page.evaluate(NOTE)
    before, began = server.cpu_times(), time.perf_counter()
    writer = threading.Thread(target=write, args=(quiet, count, rate, written))
    writer.start()
    while writer.is_alive():
        page.wait_for_timeout(200)
    took, after = time.perf_counter() - began, server.cpu_times()
    page.wait_for_timeout(1500)
    drawn = page.evaluate("window.drawn")
    times = sorted(drawn[number] - moment for number, moment in written.items() if number in drawn)
    busy = after.user + after.system - before.user - before.system
    return {
        "events": count, "drawn": len(times), "p50_ms": round(statistics.median(times)),
        "p99_ms": round(times[int(len(times) * 0.99) - 1]), "max_ms": round(times[-1]),
        "server_core_percent": round(100 * busy / took, 1), "server_mb": round(server.memory_info().rss / 1e6),
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=1000)
    parser.add_argument("--rate", type=float, default=100.0)
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="gt-", dir="/tmp"))
    try:
        quiet = make_quiet_town(folder)
        for number in range(AGENTS):
            add_polecat(quiet.town, f"agent-{number}", quiet.rig)
        with serve(quiet.town.path) as served, sync_playwright() as playwright:
            for browser in launch(playwright):
                page = browser.new_page(viewport={"width": 1400, "height": 900})
                page.goto(served.link)
                page.locator(".tabs a", has_text="events").click()
                server = psutil.Process(served.process.pid)
                print(json.dumps(measure(page, quiet, asked.events, asked.rate, server)))
        quiet.town.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
