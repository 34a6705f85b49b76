"""How a digest reads."""

from dataclasses import replace

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.columns import width
from gastown_tmux.domain.digest import Digest, Merged, Returned, TokensUsed, Used, to_markdown, to_text
from gastown_tmux.domain.ids import Time
from gastown_tmux.domain.needs import Need, NeedKind
from gastown_tmux.domain.night import Death, LimitWait, QueueTimes

START, END = Time("2026-01-02T20:00:00.000Z"), Time("2026-01-03T06:00:00.000Z")
NOTHING = Digest(
    since=START, until=END, merged=[], returned=[], died=[], limits=[], queue=QueueTimes(0, None, None, 0), held=[],
    stuck=[], mail=0, tokens=TokensUsed("2026-01-02", 0, 0, 0, 0, None), cost={"convoys": [], "providers": []},
    disk=None,
)  # fmt: skip


def _need(kind: NeedKind, title: str) -> Need:
    return Need(kind, "mr-1", Address("web/toast"), None, START, ("gt diff we-a", "gt mq approve mr-1"), title, title)


def test_a_night_of_everything() -> None:
    told = replace(
        NOTHING,
        merged=[
            Merged("we-a", "A bell", "0123456789abcdef", "web/toast", END),
            Merged("we-b", "日本", "f" * 40, None, END),
        ],
        returned=[Returned("we-c", "A whistle", "rejected", "web/nux", 2, "merged")],
        died=[Death("web/toast", "died", END, 3, back=True), Death("web/nux", "not started: gone", END, 1, back=False)],
        limits=[LimitWait("web/nux", "its provider's limit ends 3pm", START, None, 7300)],
        queue=QueueTimes(2, 61, 3600, 5),
        held=[_need(NeedKind.MERGE, "Held")],
        stuck=[replace(_need(NeedKind.APPROVAL, "Run rm?"), reason="> go\n")],
        mail=2,
        tokens=TokensUsed("2026-01-02", 1000, 234, 5000, 1234, 0.5),
        cost={"convoys": [Used("night", 1000, 0.4)], "providers": [Used("claude", 1234, None)]},
        disk=3 * 2**20,
    )
    assert to_text(told, "20:00").splitlines() == [
        "since 20:00: 2 merged, 1 held, 1 sent back, 1 waits for you", "",
        "waits for you", "  mr-1  Run rm?    gt diff we-a", "",
        "held for review", "  mr-1  Held    gt diff we-a", "",
        "mail", "  2 unread  gt mail inbox", "",
        "merged", "  we-a  A bell  0123456789ab  web/toast", "  we-b  日本    ffffffffffff", "",
        "sent back", "  we-c  A whistle  rejected 2 times, work of web/nux, now merged", "",
        "died", "  web/toast  died 3 times       came back", "  web/nux    not started: gone  did not come back", "",
        "waited for a provider's limit", "  web/nux  2h 1m so far  its provider's limit ends 3pm", "",
        "merge queue", "  2 landed, 5 tested; from done to landed 1m, at most 1h 0m", "",
        "tokens since 2026-01-02", "  1,234 in and out, 5,000 from caches  0.50 USD",
        "  convoy night                         1,000     0.40 USD",
        "  provider claude                      1,234", "",
        "disk", "  3.0 MiB in worktrees",
    ]  # fmt: skip


def test_what_is_too_wide_for_a_terminal_stands_below() -> None:
    """A command is never broken; a row that fits stands as those that do not."""
    long = replace(NOTHING, returned=[
        Returned("we-c", "A whistle " * 9, "rejected", "web/nux", 2, "open"),
        Returned("we-d", "x", "sent", None, 1, "open"),
    ], stuck=[
        replace(_need(NeedKind.RUN, ""), title="word " * 12, reason="x" * 20, next=("gt " + "y" * 90,)),
    ])  # fmt: skip
    lines = to_text(long, "20:00").splitlines()
    assert lines[2:] == [
        "waits for you", "  mr-1  " + " ".join(["word"] * 12), "        " + "x" * 20, "        gt " + "y" * 90, "",
        "sent back", "  we-c  " + " ".join(["A whistle"] * 7) + " A", "        whistle A whistle",
        "        rejected 2 times, work of web/nux, now open", "  we-d  x", "        sent, now open",
    ]  # fmt: skip


def test_of_a_title_of_thousands_of_letters_a_few_lines_are_shown() -> None:
    for words in ("word " * 500, "日本語" * 500):
        told = replace(NOTHING, merged=[Merged("we-a", words, "f" * 40, "web/nux", END)])
        *title, commit, author = to_text(told, "20:00").splitlines()[3:]
        assert len(title) == 3 and title[-1].endswith("…") and all(width(line) <= 80 for line in title)
        assert (commit.strip(), author.strip()) == ("f" * 12, "web/nux")


def test_a_quiet_night() -> None:
    assert to_text(NOTHING, "20:00") == "since 20:00: nothing landed, nothing waits"


def test_words_of_agents_are_words_only() -> None:
    evil = replace(NOTHING, merged=[Merged("we-a", "<script>[x](y)\n# head\x1b[31m", "c" * 40, None, END)])
    page, text = to_markdown(evil, "20:00"), to_text(evil, "20:00")
    assert "\\<script\\>\\[x\\](y)" in page and "\n# head" not in page.removeprefix("# Since")
    assert "\x1b" not in text and len(text.splitlines()) == 4
