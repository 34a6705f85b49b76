"""The browser that pages are tested in, and what is asked of every page."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import axe_playwright_python
from playwright.sync_api import Browser, Page, Playwright, TimeoutError

CHROMIUM = "/usr/bin/chromium"
#: Without a sandbox, which root cannot have, and with few processes: it sees pages of ours alone.
FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--renderer-process-limit=2", "--process-per-site"]
#: Kept, to be looked at.
PICTURES = Path(__file__).resolve().parents[2] / ".cache" / "pages"
AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
SIZES = {"phone": (360, 740), "desktop": (1400, 900), "4k": (3840, 2160)}
#: What Chromium breaks off whenever a network interface comes or goes, as tests of other machines have it.
NETWORK_CHANGED = "ERR_NETWORK_CHANGED"
#: Each size and each theme once; all of both with PYTEST_PAGES=all, which `just pages` has.
LOOKS = [("phone", "light"), ("desktop", "dark")]
if os.environ.get("PYTEST_PAGES") == "all":
    LOOKS = [(size, theme) for size in SIZES for theme in ("light", "dark")]


def launch(playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
    yield browser
    browser.close()


def load(page: Page, url: str) -> None:
    """Until its script runs."""
    for _ in range(5):
        page.goto(url)
        try:
            page.locator("body[data-page]").wait_for(state="attached", timeout=10_000)
            return
        except TimeoutError:
            page.goto("about:blank")  # else the same address with a fragment is no loading at all
    raise AssertionError(f"the script of {url} does not run")


def resize(page: Page, size: str, theme: Any) -> None:
    width, height = SIZES[size]
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(color_scheme=theme)


def follow(page: Page, where: str) -> None:
    """As a link of the page does, without loading anything anew."""
    page.evaluate(
        "where => { history.pushState(null, '', where); dispatchEvent(new PopStateEvent('popstate')) }", where
    )


def keep_picture(page: Page, name: str) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{re.sub('[^a-z0-9-]', '-', name)}.png")


def overflow(page: Page) -> int:
    """How many pixels the page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def find_barriers(page: Page) -> list[str]:
    """What axe finds serious or critical: its rule, and where."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text())  # by the debugger: the page's policy would not let it in
    found: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{each['id']}: {node['target']} {node.get('failureSummary', '')}"
        for each in found["violations"]
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    ]
