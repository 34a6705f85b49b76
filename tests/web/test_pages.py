"""The pages in a real browser, before a town that is posed: what they look like, what keys and taps do, and that what
agents write stays what it is. Pictures are kept in .cache/pages.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from gastown_tmux.domain.needs import NeedKind
from gastown_tmux.faces.model import Happened, Saw, Troubled
from gastown_tmux.faces.snapshot import Snapshot
from gastown_tmux.web.desk import Done
from tests.faces.pictures import NOW, busy_town, every_need, make_event, make_need, make_worker, town
from tests.web.browsing import LOOKS, find_barriers, follow, keep_picture, load, overflow, resize
from tests.web.posed import Posed, pose

Opens = Callable[..., Page]
EVIL = "<img src=x onerror=hacked=1><b>x</b>\u202e\x1b]8;;http://evil.example\x07go\x1b]8;;\x07"
SCREEN = [
    [["$ pytest", "b"], [" -q", ""]],
    [["12 passed", "f2"], ["  ", ""], ["日本", "f#ff8800 u3", 4]],
    [["<script>hacked=1</script>", "r"]],
    [["x", "f0;background:url(//evil) gred"]],
]


@pytest.fixture
def posed() -> Iterator[Posed]:
    with pose() as made:
        yield made


def needing(*ids: str) -> Snapshot:
    workers = [make_worker(id, "waiting") for id in ids]
    needs = [
        make_need(NeedKind.APPROVAL, f"demo/{id}", agent=worker.view.address, digest=f"digest of {id}")
        for id, worker in zip(ids, workers, strict=True)
    ]
    return town(needs, workers)


def settle(page: Page) -> None:
    """Past the time for which keys that act are not heard after rows moved."""
    page.wait_for_timeout(450)


VIEWS = {
    "overview": "/",
    "agents": "/?panel=agents",
    "beads": "/?panel=beads",
    "convoys": "/?panel=convoys",
    "events": "/?panel=events",
    "approvals": "/approvals",
    "approval": "/approvals?of=need%20approval%20demo/toast",
    "agent": "/agent?address=demo/toast",
}


def test_every_page_is_seen(posed: Posed, open_page: Opens) -> None:
    """On a phone and on a desk: nothing stands out at the side, axe finds nothing serious, and a picture is kept."""
    full = replace(busy_town(), needs=tuple(every_need()))
    posed.show(Saw(full, NOW), Happened(tuple(make_event(seq) for seq in range(1, 30)), NOW))
    page = open_page(posed.link, allow=("404",))
    page.locator(".row").first.wait_for()
    for size, theme in LOOKS:
        resize(page, size, theme)
        for name, where in VIEWS.items():
            follow(page, where)
            page.locator("#main h1").first.wait_for(state="attached")
            for agent in ("demo/toast", "demo/nux"):
                posed.draw(agent, SCREEN)
            if name in ("overview", "agents", "agent"):
                page.get_by_text("12 passed").first.wait_for()
            assert overflow(page) <= 0, f"{name} on {size}"
            keep_picture(page, f"{name}-{size}-{theme}")
            assert find_barriers(page) == [], name
    assert page.evaluate("document.cookie") == ""


def test_states_of_a_town(posed: Posed, open_page: Opens) -> None:
    """As they come one after the other."""
    page = open_page(posed.link)
    expect(page.locator("main")).to_contain_text("reading the town")
    states = {
        "empty": (Saw(town(), NOW), "nothing to do yet"),
        "down": (Saw(replace(busy_town(), wanted="down", alive=False), NOW), "The town is down: gt up"),
        "frozen": (Saw(replace(busy_town(), frozen=True), NOW), "Everything stands still: gt thaw"),
        "trouble": (Troubled("town.db is gone"), "The town cannot be read now: town.db is gone"),
    }
    for name, (seen, words) in states.items():
        posed.show(seen)
        expect(page.locator("body")).to_contain_text(words)
        keep_picture(page, f"state-{name}")
    posed.show(Troubled(None), Saw(busy_town(), NOW))
    expect(page.locator("#banner")).to_be_hidden()
    # Counted as in the feed and the status line: who is ready is idle, who is given up is dead.
    posed.show(Saw(town(workers=[make_worker("nux", "ready"), make_worker("slit", "failed")]), NOW))
    expect(page.locator("#counts")).to_have_text("1 idle1 dead")


def test_the_secret_leaves_the_address_at_once_and_is_good_once(posed: Posed, open_page: Opens) -> None:
    posed.show(Saw(busy_town(), NOW))
    link = posed.link
    page = open_page(link)
    page.locator(".row").first.wait_for()
    assert page.url == f"{posed.url}/"
    page.go_back()
    assert "secret" not in page.url
    load(page, posed.url)  # as a reload, the tab keeps its token
    page.locator(".row").first.wait_for()
    other = open_page(link, allow=("401",))
    expect(other.locator("main")).to_contain_text("gt dashboard --link")
    assert other.locator(".row").count() == 0
    keep_picture(other, "locked")
    assert find_barriers(other) == []


def test_keys_as_in_the_feed(posed: Posed, open_page: Opens) -> None:
    posed.show(Saw(needing("ann", "bob", "cat"), NOW))
    page = open_page(posed.link)
    page.locator(".row").first.wait_for()
    settle(page)
    chosen = page.locator(".row[aria-current]")
    for key, name in (("j", "ann"), ("j", "bob"), ("j", "cat"), ("j", "cat"), ("k", "bob"), ("g", "ann"), ("G", "cat")):
        page.keyboard.press(key)
        expect(chosen).to_contain_text(f"demo/{name}")
    page.keyboard.press("/")
    page.keyboard.type("bob")
    expect(page.locator(".row")).to_have_count(1)
    page.keyboard.press("y")  # a letter in a field is a letter
    page.keyboard.press("Escape")
    expect(page.locator(".row")).to_have_count(3)
    page.keyboard.press("?")
    expect(page.locator("dialog")).to_contain_text("down, up")
    page.keyboard.press("y")  # what is asked first is the dialog's
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_be_hidden()
    page.keyboard.press("2")
    expect(page).to_have_url(f"{posed.url}/?panel=agents")
    page.keyboard.press("8")
    expect(page).to_have_url(f"{posed.url}/approvals")
    page.keyboard.press("Escape")
    expect(page).to_have_url(f"{posed.url}/")
    assert posed.desk.done == []


def test_any_verb_is_found_and_carried_out_or_told(posed: Posed, open_page: Opens) -> None:
    posed.show(Saw(busy_town(), NOW))
    page = open_page(posed.link, allow=("404", "400"))
    page.locator(".row").first.wait_for()
    settle(page)
    page.keyboard.press(":")
    field = page.get_by_role("combobox")
    expect(field).to_be_focused()
    field.press_sequentially("sli")
    expect(page.get_by_role("option").first).to_contain_text("sling")
    page.keyboard.press("Tab")
    expect(field).to_have_value("sling ")
    field.press_sequentially("de-00002")
    expect(page.locator("#usage")).to_contain_text("enter does it")
    expect(page.get_by_role("option")).to_have_count(1)
    assert find_barriers(page) == []
    keep_picture(page, "palette")
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_contain_text("done")
    assert posed.desk.done == [("sling", "de-00002")]
    # What asks before asks here too; what a page does not do is told to be typed.
    page.keyboard.press(":")
    field.fill("respawn demo/toast")
    page.keyboard.press("Enter")
    expect(page.locator("dialog")).to_contain_text("start it again?")
    page.keyboard.press("Escape")
    page.keyboard.press(":")
    field.fill("config set merge.batch 3")
    expect(page.locator("#usage")).to_contain_text("the command to copy")
    page.get_by_role("button", name="go", exact=True).click()
    expect(page.locator("dialog code")).to_have_text("gt config set merge.batch 3")
    page.keyboard.press("Escape")
    page.keyboard.press(":")
    field.fill("nonsense")
    page.keyboard.press("Enter")
    expect(page.locator("dialog .bad")).to_contain_text("nonsense")
    assert len(posed.desk.done) == 1
    # What the chosen row can do stands first.
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press(":")
    field.fill("ye")
    page.get_by_role("option").first.click()
    expect(page.locator("#said")).to_contain_text("done")
    assert posed.desk.done[-1][0] == "approve"


def test_a_proposal_is_answered_by_its_buttons(posed: Posed, open_page: Opens) -> None:
    need = replace(make_need(NeedKind.PROPOSAL, "mr-00001"), next=("gt mq show mr-00001",), digest="b" * 40)
    posed.show(Saw(replace(busy_town(), needs=(need,)), NOW))
    page = open_page(posed.link, allow=("404",))
    page.locator(".row").first.wait_for()
    follow(page, "/approvals?of=need%20proposal%20mr-00001")
    settle(page)
    expect(page.locator(".bar")).to_contain_text("look at the forge now")
    assert "gt mq show" not in page.locator("main").inner_text()
    page.keyboard.press("n")
    page.get_by_role("textbox").fill("not like this")
    page.get_by_role("button", name="send", exact=True).click()
    expect(page.locator("#said")).to_contain_text("done")
    reject = ("mq", "reject", "mr-00001", "--head", "b" * 40, "--message=not like this")
    assert posed.desk.done == [reject]


def test_an_answer_goes_to_what_was_chosen_wherever_it_stands_now(posed: Posed, open_page: Opens) -> None:
    posed.show(Saw(needing("bob", "cat"), NOW))
    page = open_page(posed.link)
    page.locator(".row").first.wait_for()
    settle(page)
    page.keyboard.press("j")
    posed.show(Saw(needing("ann", "bob", "cat"), NOW + 1))
    expect(page.locator(".row").first).to_contain_text("demo/ann")
    page.keyboard.press("y")  # too soon after it moved under the finger
    expect(page.locator("#said")).to_contain_text("it moved just now")
    expect(page.locator(".row[aria-current]")).to_contain_text("demo/bob")
    settle(page)
    page.keyboard.press("y")
    expect(page.locator("#said")).to_contain_text("done")
    assert posed.desk.done == [("approve", "demo/bob", "--digest", "digest of bob")]


def test_a_tap_is_held_to_the_same(posed: Posed, open_page: Opens) -> None:
    posed.show(Saw(needing("bob"), NOW))
    page = open_page(posed.link, viewport={"width": 360, "height": 740}, has_touch=True)
    page.locator(".row").first.wait_for()
    settle(page)
    yes = page.locator(".row", has_text="demo/bob").get_by_role("button", name="yes")
    posed.show(Saw(needing("ann", "bob"), NOW + 1))
    page.locator(".row", has_text="demo/ann").wait_for()
    yes.dispatch_event("click")
    expect(page.locator("#said")).to_contain_text("it moved just now")
    settle(page)
    yes.tap()
    expect(page.locator("#said")).to_contain_text("done")
    assert posed.desk.done == [("approve", "demo/bob", "--digest", "digest of bob")]


def test_what_has_changed_since_it_was_drawn_is_not_answered(posed: Posed, open_page: Opens) -> None:
    posed.show(Saw(needing("bob"), NOW))
    page = open_page(posed.link, allow=("409",))
    page.locator(".row").first.wait_for()
    settle(page)
    page.keyboard.press("j")
    posed.desk.parts.take(Saw(town(), NOW + 1))  # the server knows it, the page does not yet
    page.keyboard.press("y")
    expect(page.locator("#said")).to_contain_text("it changed: look again")
    assert posed.desk.done == []


def test_what_is_asked_first(posed: Posed, open_page: Opens) -> None:
    posed.show(Saw(town(workers=[make_worker("nux")]), NOW))
    page = open_page(posed.link)
    page.locator(".row").first.wait_for()
    settle(page)
    page.keyboard.press("j")
    page.keyboard.press("r")
    expect(page.locator("dialog")).to_contain_text("end the session of demo/nux")
    keep_picture(page, "asks-first")
    assert find_barriers(page) == []
    page.keyboard.press("Escape")
    expect(page.locator("#said")).to_contain_text("nothing done")
    page.keyboard.press("r")
    page.get_by_role("button", name="yes").click()
    expect(page.locator("#said")).to_contain_text("done")
    page.keyboard.press("t")
    page.keyboard.type("go on, please")
    page.keyboard.press("Control+Enter")
    expect(page.locator("dialog")).to_be_hidden()
    page.keyboard.press("a")
    expect(page.locator("dialog")).to_contain_text("gt attach demo/nux")
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_be_hidden()
    posed.desk.answer = Done("no such thing", failed=True, code=1, hint="gt agents")
    page.keyboard.press("p")
    expect(page.locator("#said")).to_contain_text("no such thing — gt agents")
    assert posed.desk.done == [
        ("respawn", "demo/nux"), ("nudge", "--", "demo/nux", "go on, please"), ("pause", "demo/nux"),
    ]  # fmt: skip


def test_what_is_typed_on_the_page_of_an_agent_is_never_taken_for_keys(posed: Posed, open_page: Opens) -> None:
    """With a window, and without one."""
    gone = make_worker("slit", "off")
    gone = replace(gone, view=replace(gone.view, pane=None))
    posed.show(Saw(town(workers=[make_worker("nux"), gone]), NOW))
    page = open_page(posed.link, allow=("404",))
    page.locator(".row").first.wait_for()
    for name in ("nux", "slit"):
        follow(page, f"/agent?address=demo/{name}")
        page.get_by_role("button", name="type words").wait_for()
        settle(page)
        page.keyboard.press("t")
        page.keyboard.type("park the rest")  # p, r, t and others are keys that act
        page.keyboard.press("Control+Enter")
        expect(page.locator("#said")).to_contain_text("done")
    assert posed.desk.done == [("nudge", "--", f"demo/{name}", "park the rest") for name in ("nux", "slit")]


def test_words_of_agents_stay_words(posed: Posed, open_page: Opens) -> None:
    worker = make_worker("nux", title=EVIL, last_line=EVIL)
    need = make_need(NeedKind.APPROVAL, "demo/nux", agent=worker.view.address, title=EVIL, reason=f"{EVIL}\n{EVIL}")
    seen = town([need], [worker, make_worker("slit", title=EVIL)])
    posed.show(Saw(seen, NOW), Happened((make_event(1, subject=EVIL, title=EVIL),), NOW))
    page = open_page(posed.link, allow=("404",))
    for where in (
        "/",
        "/?panel=events",
        "/approvals",
        "/approvals?of=need%20approval%20demo/nux",
        "/agent?address=demo/nux",
    ):
        follow(page, where)
        page.locator("#main h1").first.wait_for(state="attached")
        posed.draw("demo/nux", SCREEN)
        page.get_by_text("<U+202E>").first.wait_for()
        if "agent" in where:
            page.get_by_text("<script>hacked=1</script>").wait_for()
        assert page.locator("main img, main b, main script, main a[href*=evil]").count() == 0, where
    assert page.evaluate("window.hacked") is None
    assert (
        page.evaluate("[...document.querySelectorAll('.screen span')].some(s => s.style.cssText.includes('url'))")
        is False
    )


def test_long_names_and_titles_stay_within_a_phone(posed: Posed, open_page: Opens) -> None:
    name = "a" * 32
    worker = make_worker(name, title="w" * 400, last_line="l" * 400, cost="c" * 100)
    needs = [
        make_need(
            kind, f"demo/{name}", agent=worker.view.address, title="t" * 10_000, reason="r" * 400, next=("n" * 300,)
        )
        for kind in NeedKind
    ]
    posed.show(Saw(town(needs, [worker]), NOW), Happened((make_event(1, subject="s" * 400),), NOW))
    page = open_page(posed.link, allow=("404",), viewport={"width": 360, "height": 740})
    page.locator(".row").first.wait_for()
    views = ["/", "/?panel=agents", "/?panel=events", "/approvals", f"/approvals?of=need%20approval%20demo/{name}"]
    for where in (*views, f"/agent?address=demo/{name}", f"/agent?address={'z' * 300}", f"/approvals?of={'z' * 300}"):
        follow(page, where)
        page.locator("#main h1").first.wait_for(state="attached")
        page.wait_for_timeout(100)
        assert overflow(page) <= 0, where
        tallest = (
            "() => Math.max(0, ...[...document.querySelectorAll('.row .title, h1')].map((each) => each.offsetHeight))"
        )
        assert page.evaluate(tallest) < 350, where


def test_the_server_ends_and_another_comes(open_page: Opens) -> None:
    with pose() as first:
        first.show(Saw(busy_town(), NOW))
        page = open_page(first.link, allow=("ERR_", "401", "404"))
        page.locator(".row").first.wait_for()
        port = int(first.url.rpartition(":")[2])
    expect(page.locator("#banner")).to_contain_text("does not answer")
    expect(page.locator(".row").first).to_be_visible()  # what was, is still to be read
    with pose(port=port) as second:
        second.show(Saw(busy_town(), NOW))
        expect(page.locator("main")).to_contain_text("gt dashboard --link")
        page.goto(second.link)  # in the same tab, where it loads nothing
        expect(page).to_have_url(f"{second.url}/")
        page.locator(".row").first.wait_for()


def test_a_page_that_is_not_seen_has_no_stream_and_catches_up(posed: Posed, open_page: Opens, wait_for: Any) -> None:
    posed.show(Saw(needing("bob"), NOW))
    page = open_page(posed.link)
    page.locator(".row").first.wait_for()
    wholes = []
    page.on("request", lambda request: "stream?" in request.url and wholes.append(request.url))
    hide = "hidden => { Object.defineProperty(document, 'hidden', {value: hidden, configurable: true});" \
        " document.dispatchEvent(new Event('visibilitychange')) }"  # fmt: skip
    page.evaluate(hide, True)
    wait_for(lambda: not posed.desk.streams.all(), 10, "the end of the stream")
    posed.show(Saw(needing("ann", "bob"), NOW + 1))
    page.evaluate(hide, False)
    page.locator(".row", has_text="demo/ann").wait_for()
    assert ["after=" in url for url in wholes] == [True]


def test_ten_tabs_do_not_hang(posed: Posed, context: Any) -> None:
    """A browser gives one origin six connections."""
    posed.show(Saw(needing("bob"), NOW))
    tabs = []
    for _ in range(10):
        tab = context.new_page()
        load(tab, posed.link)
        tab.locator(".row").first.wait_for()
        tabs.append(tab)
    assert len(posed.desk.streams.all()) <= 3
    posed.show(Saw(needing("ann", "bob"), NOW + 1))
    for tab in tabs:
        tab.locator(".row", has_text="demo/ann").wait_for(timeout=10_000)
    with tabs[0].expect_request("**/api/stream?*"):  # whoever is looked at does not poll
        tabs[0].evaluate("dispatchEvent(new Event('focus'))")
    settle(tabs[0])
    tabs[0].locator(".row", has_text="demo/ann").get_by_role("button", name="yes").click()
    expect(tabs[0].locator("#said")).to_contain_text("done")


def test_a_screen_that_stands_still_is_there_at_once(posed: Posed, open_page: Opens) -> None:
    """From a page that showed it to another that does: the server sees no change, and sends nothing."""
    posed.show(Saw(town(workers=[make_worker("nux")]), NOW))
    posed.draw("demo/nux", SCREEN)
    page = open_page(posed.link, allow=("404",))
    page.get_by_text("12 passed").wait_for()
    posed.desk.screens.drawn.clear()  # type: ignore[attr-defined]
    page.locator(".tile a").click()
    expect(page.locator(".big.screen")).to_contain_text("12 passed")
    page.go_back()
    expect(page.locator(".tile .screen")).to_contain_text("12 passed")


def test_a_window_whose_end_is_blank_shows_its_words(posed: Posed, open_page: Opens) -> None:
    """A fresh program writes from the top: the end of such a screen is an empty box. And where its end is followed,
    it still is when more is written.
    """
    posed.show(Saw(town(workers=[make_worker("nux")]), NOW))
    page = open_page(posed.link, allow=("404",))
    for words in (["may it?", "1. yes"], [*[f"line {n}" for n in range(30)], "2. no"]):
        posed.draw("demo/nux", [*[[[word, ""]] for word in words], *[[] for _ in range(60)]])
        page.wait_for_function(
            """words => {
                const screen = document.querySelector(".tile .screen"), box = screen.getBoundingClientRect();
                const line = [...screen.children].find((line) => line.textContent === words)?.getBoundingClientRect();
                return line && line.top >= box.top && line.bottom <= box.bottom }""",
            arg=words[-1],
        )


def test_a_page_that_only_shows(open_page: Opens) -> None:
    with pose(read_only=True) as posed:
        posed.show(Saw(needing("bob"), NOW))
        page = open_page(posed.link, allow=("403", "ERR_CONNECTION_REFUSED"))  # the server ends before the page
        expect(page.locator("#banner")).to_contain_text("only shows")
        settle(page)
        page.keyboard.press("j")
        page.keyboard.press("y")
        expect(page.locator("#said")).to_contain_text("only shows")
        assert posed.desk.done == []
