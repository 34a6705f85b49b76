"""The pages in a real browser before the real dashboard of a real town: diffs, a bead's life, the queue, the night."""

import http.server
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.events import EventType
from gastown_tmux.domain.ids import BeadId
from gastown_tmux.edges.files import clock
from gastown_tmux.operations.mail.inbox import inbox
from gastown_tmux.operations.work.worker import submit
from gastown_tmux.store.beads import get_bead
from gastown_tmux.store.merging import get_merge_request, move_merge_request
from tests.journeys.town_world import git
from tests.operations.quiet_town import QuietTown, make_quiet_town
from tests.web.browsing import LOOKS, find_barriers, follow, keep_picture, overflow, resize
from tests.web.serving import Served, serve

Opens = Callable[..., Page]
LONG = "a line that is as long as lines in real files are now and then, and is wrapped on a phone " * 2
EVIL = "<img src=x onerror=hacked=1>\u202etxt.exe"


@dataclass
class HeldTown:
    """A town with one request that is held for a person, and its dashboard."""

    quiet: QuietTown
    page: Served
    bead: BeadId
    request: str


@pytest.fixture
def held(short_tmp: Path) -> Iterator[HeldTown]:
    quiet = make_quiet_town(short_tmp)
    town, bead = quiet.town, quiet.bead("Fix the login <b>now</b>")
    address, work = quiet.hook(bead)
    (work / "login.py").write_text(f"import os\n\n# {LONG}\n# {EVIL}\nprint(os.environ['HOME'])\n")
    (work / "README.md").write_text("another\n")
    git(work, "add", "-A")
    git(work, "commit", "-qm", "login")
    submit(town, quiet.rig, address, get_bead(town.db, bead))
    request = get_bead(town.db, bead).merge_request
    assert request is not None
    with town.change() as change:
        move_merge_request(change, request, "test")
        move_merge_request(change, request, "hold", reason="it passed; a person has the last word")
        for hours, state in ((10.0, "working"), (7.0, "waiting"), (6.5, "working"), (3.0, "idle")):
            change.event(EventType.SESSION_CHANGED, address, session="ses-1", state=state)
            change.execute("UPDATE events SET time = ? WHERE seq = last_insert_rowid()", clock.after(-3600 * hours))
    with serve(town.path) as page:
        yield HeldTown(quiet, page, bead, request)
    town.close()


def test_every_page_of_a_town(held: HeldTown, open_page: Opens, wait_for: Any) -> None:
    """One dashboard for all of it: each start costs as much as all that is looked at here."""
    page = open_page(held.page.link, has_touch=True)
    page.locator(".row", has_text=held.request).wait_for()
    merge = f"/approvals?of=need%20merge%20{held.request}"
    views = {
        merge: "import os", f"/bead?id={held.bead}": "created by", "/queue": "held for review", "/night": "12 hours",
    }  # fmt: skip
    for size, theme in LOOKS:
        resize(page, size, theme)
        for where, words in views.items():
            follow(page, where)
            page.get_by_text(words).first.wait_for()
            if where == "/night":
                page.locator("svg.night rect.s-waiting").first.wait_for()
            assert overflow(page) <= 0, f"{where} on {size}"
            keep_picture(page, f"town{where.partition('?')[0].replace('/', '-')}-{size}-{theme}")
            assert find_barriers(page) == [], where
    assert page.evaluate("window.hacked") is None and page.locator("main img").count() == 0
    _comment_and_answer(held, page, merge, wait_for)
    _framed_and_asked_by_a_stranger(held, page)


def _comment_and_answer(held: HeldTown, page: Page, merge: str, wait_for: Any) -> None:
    follow(page, merge)
    line = page.locator(".patch li.added", has_text="import os")
    line.get_by_role("button").click()
    page.keyboard.type("use pathlib")
    page.keyboard.press("Control+Enter")
    page.locator(".patch form").wait_for(state="detached")
    boxes = list(inbox(held.quiet.town, Address("demo/toast")))
    assert any("login.py:1" in mail.subject and mail.body.endswith("use pathlib") for mail in boxes)
    page.keyboard.press("Escape")
    follow(page, merge)
    page.get_by_text("import os").first.wait_for()
    page.keyboard.press("]")
    expect(page.locator(".patch li.hunk button:focus")).to_have_count(1)
    page.wait_for_timeout(450)
    page.get_by_role("button", name="land").click()
    db = held.quiet.town.db
    wait_for(lambda: get_merge_request(db, held.request).state == "queued", 10, "the approval")


def _framed_and_asked_by_a_stranger(held: HeldTown, page: Page) -> None:
    """What an agent's own server on another port of this address can do to a dashboard that is open: nothing."""
    served = partial(_Quiet, directory=str(held.quiet.project))
    (held.quiet.project / "evil.html").write_text(f"<iframe src='{held.page.url}/'></iframe>")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), served) as stranger:
        threading.Thread(target=stranger.serve_forever, daemon=True).start()
        tab = page.context.new_page()
        tab.goto(f"http://127.0.0.1:{stranger.server_port}/evil.html")
        tab.wait_for_timeout(300)
        assert held.page.url not in [
            frame.url.rstrip("/") for frame in tab.frames[1:] if frame.locator("#main").count()
        ]
        asked = "url => fetch(url, {method: 'POST', body: '{}'}).then(got => got.text(), () => 'refused')"
        for path in ("/", "/api/poll", "/api/link", "/static/app.js"):
            assert tab.evaluate(asked, held.page.url + path) == "refused"
        assert tab.evaluate("document.cookie") == "" and tab.evaluate("sessionStorage.length") == 0
        tab.close()
        stranger.shutdown()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass
