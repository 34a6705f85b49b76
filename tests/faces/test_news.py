"""News above the prompt."""

import time
from collections.abc import Iterator

import pytest

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.events import Event
from gastown_tmux.domain.ids import Time
from gastown_tmux.domain.settings import NEWS
from gastown_tmux.faces.news import MOST_LINES, News, describe
from gastown_tmux.verbs.show import PLAIN, Display
from gastown_tmux.verbs.text import width


@pytest.fixture(autouse=True)
def far_east(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "JST-9")
        time.tzset()
        yield
    time.tzset()


def event(type: str, subject: str = "de-1a2b3", actor: str = "demo/refinery", **data: object) -> Event:
    return Event(1, Time("2026-11-22T10:02:08.123Z"), type, Address(actor), subject, data)


def told(*events: Event) -> list[str]:
    printed: list[str] = []
    News(printed.append, lambda: PLAIN, NEWS, "overseer").take(events)
    return "\n".join(printed).splitlines()


def test_a_merge_is_told_in_one_line_by_the_clock_on_the_wall() -> None:
    assert told(event("bead.merged", commit="a" * 40)) == [f"2026-11-22 19:02:08 de-1a2b3 merged as {'a' * 12}"]


def test_ones_own_doings_and_daily_comings_and_goings_are_no_news() -> None:
    assert told(event("bead.returned", actor="overseer"), event("bead.slung"), event("agent.changed", state="on")) == []
    assert told(event("session.changed", "demo/nux", state="waiting")) == ["2026-11-22 19:02:08 demo/nux is waiting"]


def test_a_flood_is_a_few_lines() -> None:
    lines = told(*[event("bead.merged", commit="a" * 40)] * 10_000)
    assert len(lines) == MOST_LINES + 1
    assert lines[-1].startswith(f"… and {10_000 - MOST_LINES} more")


def test_hostile_words_are_harmless_and_fit() -> None:
    line = describe(event("escalation.raised", severity="high", text="\033[2J\n" + "日" * 200), Display(width=80))
    assert "\033" not in line and "\n" not in line
    assert width(line) <= 80


def test_a_title_stands_beside_its_id() -> None:
    (line,) = told(event("bead.merged", commit="a" * 40, title="Fix the\x1b[31m login"))
    assert " de-1a2b3 (Fix the?[31m login) merged as " in line
    (line,) = told(event("merge.rejected", "mr-1", title="Fix it", reason="red"))
    assert line.endswith("mr-1 (Fix it) rejected red")


def test_news_wait_while_a_person_decides() -> None:
    printed: list[str] = []
    news = News(printed.append, lambda: PLAIN, NEWS, "overseer")
    with news.held():
        news.take([event("bead.merged", commit="a" * 40)])
        assert printed == []
    assert len(printed) == 1
    news.take([event("bead.merged", commit="b" * 40)])
    assert len(printed) == 2
