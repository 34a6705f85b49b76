"""The browser that pages are tested in, and what is asked of every page."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import axe_playwright_python
from playwright.sync_api import Browser, Page, Playwright

CHROMIUM = "/usr/bin/chromium"
#: Kept, to be looked at.
PICTURES = Path(__file__).resolve().parents[2] / ".cache" / "pages"
AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
PHONE, DESKTOP, SCREEN_4K = (360, 740), (1400, 900), (3840, 2160)


def launch(playwright: Playwright) -> Iterator[Browser]:
    """Without its sandbox, which root cannot have: it sees pages of ours alone."""
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"])
    yield browser
    browser.close()


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
