"""A real browser for the pages: Debian's Chromium, one for each module that asks for it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.web.browsing import CHROMIUM, NETWORK_CHANGED, launch, load


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        pytest.skip("needs chromium: not installed")
    with sync_playwright() as playwright:
        yield from launch(playwright)


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """What a person's window has: own storage, shared by its tabs."""
    made = browser.new_context()
    yield made
    made.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens a page in a window of its own. What its console says, an error of its script, or a refused policy fails
    the test; ``allow`` are words of what may be said.
    """
    said: list[str] = []
    contexts: list[BrowserContext] = []

    def open(url: str, *, allow: tuple[str, ...] = (), **window: Any) -> Page:
        context = browser.new_context(**window)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)

        def note(words: str) -> None:
            if not any(each in words for each in (NETWORK_CHANGED, *allow)):
                said.append(words)

        page.on("console", lambda message: message.type in ("error", "warning") and note(message.text))
        page.on("pageerror", lambda error: note(str(error)))
        load(page, url)
        return page

    yield open
    for context in contexts:
        context.close()
    assert said == []
