"""What people see: tables that fit, whatever the width, the letters and the terminal."""

from types import SimpleNamespace

import pytest

from gastown_tmux.cli.notices import say
from gastown_tmux.domain.addresses import OVERSEER
from gastown_tmux.domain.events import Event
from gastown_tmux.edges.files import clock
from gastown_tmux.operations.town.town import Answer
from gastown_tmux.verbs import text
from gastown_tmux.verbs.index import find_verb
from gastown_tmux.verbs.show import PLAIN, Display, line, patch, record, render, table
from gastown_tmux.verbs.table import Listing, Record

BEADS = Listing(("id", "state", "title", "assignee", "reason"), "no beads: gt bead create")


def bead(title: str, state: str = "working", assignee: str | None = "demo/toast") -> SimpleNamespace:
    return SimpleNamespace(id="de-1a2b3", state=state, title=title, assignee=assignee, reason=None)


def test_a_table_has_its_columns_and_leaves_out_the_empty_ones() -> None:
    assert table(BEADS, [bead("greet"), bead("part", "open", None)], PLAIN) == (
        "ID        STATE    TITLE  ASSIGNEE\nde-1a2b3  working  greet  demo/toast\nde-1a2b3  open     part   -"
    )


def test_an_empty_table_says_what_to_do() -> None:
    assert table(BEADS, [], PLAIN) == "no beads: gt bead create"


@pytest.mark.parametrize("width", [20, 40, 80, 200])
@pytest.mark.parametrize("title", ["x" * 300, "日本語の長い題名" * 20, "é́" * 150, "👩‍🚀 in space " * 20])
def test_no_line_is_wider_than_the_terminal(width: int, title: str) -> None:
    shown = table(BEADS, [bead(title)], Display(width=width, signs=True))
    if width >= 20:
        assert max(map(text.width, shown.splitlines())) <= width
    assert len(shown.splitlines()) == 2


def test_states_stay_whole_and_columns_go_from_the_right() -> None:
    shown = table(BEADS, [bead("a title that is long", "submitted")], Display(width=40, signs=True))
    assert shown.splitlines()[1] == "de-1a2b3  ◑ submitted  a title that is …"


def test_half_an_id_is_none_and_so_columns_go_before_ids_are_cut() -> None:
    listing = Listing(("kind", "id", "text", "next", "agent"), "")
    row = SimpleNamespace(
        kind="escalation",
        id="esc-du0lo",
        text="no sh block in the body",
        next="escalate resolve esc-du0lo",
        agent="demo/toast",
    )
    shown = table(listing, [row], Display(width=70)).splitlines()[1]
    assert shown == "escalation  esc-du0lo  no sh block in the…  escalate resolve esc-du0lo"


NEEDS = Listing(("kind", "id", "title", "next"), "nothing waits for you", "next")
NEED = SimpleNamespace(
    kind="run", id="run-12345", title="ship it " * 9, next=("gt run retry run-12345", "gt run cancel run-12345")
)


def test_commands_stand_whole_below_what_they_are_about() -> None:
    """As many beside each other as there is room for; where nobody looks, they are one column more."""
    for columns, below in (
        (30, ["  gt run retry run-12345", "  gt run cancel run-12345"]),
        (60, ["  gt run retry run-12345   gt run cancel run-12345"]),
    ):
        head, row, *rest = table(NEEDS, [NEED], Display(width=columns)).splitlines()
        assert "NEXT" not in head and row.startswith("run   run-12345") and rest == below
    assert len(table(NEEDS, [NEED], PLAIN).splitlines()) == 2
    assert "gt run retry run-12345, gt run cancel" in table(NEEDS, [NEED], PLAIN)


def test_wide_letters_do_not_move_the_next_column() -> None:
    shown = table(BEADS, [bead("日本"), bead("four")], PLAIN).splitlines()
    assert text.width(shown[1].partition("demo")[0]) == text.width(shown[2].partition("demo")[0])


def test_state_words_have_colour_and_sign_and_titles_do_not() -> None:
    shown = table(BEADS, [bead("pipes that go up")], Display(colour=True, signs=True))
    assert "\033[32m● working" in shown
    assert shown.count("\033[") == 2


def test_an_agent_that_is_off_is_not_called_dead() -> None:
    listing = Listing(("state", "health"), "")
    rows = [SimpleNamespace(state="off", health="dead"), SimpleNamespace(state="failed", health="dead")]
    shown = table(listing, rows, Display(signs=True)).splitlines()
    assert [row.split() for row in shown[1:]] == [["·", "off", "-"], ["✗", "failed", "✗", "dead"]]


def test_an_event_is_whole_in_a_pipe_and_short_on_a_terminal() -> None:
    time = clock.now()
    event = Event(1, time, "bead.merged", OVERSEER, "de-1a2b3", {"commit": "abc", "reason": None})
    assert line(event, PLAIN) == f"{time} bead.merged de-1a2b3 by overseer commit=abc"
    assert line(event, Display(width=80)) == f"{clock.local_time(time)} bead.merged de-1a2b3 commit=abc by overseer"
    assert text.width(line(event, Display(width=30))) == 30


def test_nothing_of_an_agents_reaches_the_terminal_as_a_command() -> None:
    value = SimpleNamespace(id="de-1a2b3", title="\033]0;gone\a", body="one\n\033[2Jtwo")
    shown = record(Record(("id", "title"), body="body"), value, Display(width=80))
    assert "\033" not in shown
    assert shown.endswith("one\n?[2Jtwo")


def test_a_long_text_is_exact_in_a_pipe_and_harmless_on_a_terminal() -> None:
    mail = SimpleNamespace(id="abc", body="all:\n\tmake \x1b]0;title\x07\n\n")
    shape = Record(("id",), body="body")
    assert record(shape, mail, PLAIN) == "id  abc\n\nall:\n\tmake \x1b]0;title\x07\n"
    assert record(shape, mail, Display(width=80)) == "id  abc\n\nall:\n        make ?]0;title?"


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("return\u202e;)eurt", "return<U+202E>;)eurt"),
        ("ad\u200bmin \u2066x\u2069", "ad<U+200B>min <U+2066>x<U+2069>"),
        ("a\u200db \u200c", "a<U+200D>b <U+200C>"),
        ("👩\u200d💻 ❤\ufe0f می\u200cخواهم", "👩\u200d💻 ❤\ufe0f می\u200cخواهم"),  # a profession, a heart, Persian
        ("tag\U000e0041", "tag<U+E0041>"),
    ],
)
def test_what_reorders_a_line_or_is_not_seen_is_shown_as_a_mark(words: str, shown: str) -> None:
    assert text.harmless(words) == shown


def test_a_patch_is_exact_for_programs_and_coloured_and_harmless_for_people() -> None:
    text = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n--- gone\n+\x1b]0;evil\x07\tnew\n same\n"
    assert patch(text, PLAIN) == text.removesuffix("\n")
    shown = patch(text, Display(80, colour=True))
    assert "\033[1m--- a/x\033[m" in shown and "\033[31m--- gone\033[m" in shown and "\033[36m@@" in shown
    assert "\x1b]" not in shown and "\x07" not in shown and "\n same" in shown
    assert "\033" not in patch(text, Display(80))


def test_words_of_any_kind_are_exact_in_a_pipe_and_harmless_on_a_terminal() -> None:
    told = "de-1a2b3 open: \033]52;c;aGk=\a\u202eevil\n\ttold"
    harmless = "de-1a2b3 open: ?]52;c;aGk=?<U+202E>evil\n        told"
    log, sling = find_verb(["log"])[0], find_verb(["sling"])[0]
    for verb, value in ((log, told), (sling, Answer(None, told))):
        assert (render(verb, value, PLAIN), render(verb, value, Display(width=80))) == (told, harmless)
    assert (line(told, PLAIN), line(told, Display(width=80))) == (told, harmless)


def test_a_screen_keeps_its_colours() -> None:
    peek = find_verb(["peek"])[0]
    assert render(peek, "\033[31mred\033[m", Display(width=80)) == "\033[31mred\033[m"


def test_an_error_says_nothing_that_a_terminal_obeys(capsys: pytest.CaptureFixture[str]) -> None:
    say("gt: no bead \033]0;gone\a\u202e in de")
    assert capsys.readouterr().err == "gt: no bead ?]0;gone?<U+202E> in de\n"
