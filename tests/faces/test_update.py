"""The model of every face: the selection stays on its thing, and a key means what was seen."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.needs import NeedKind
from gastown_tmux.faces.model import (
    Began,
    Command,
    Document,
    Ended,
    Flow,
    Happened,
    Leave,
    Look,
    Message,
    Mode,
    Model,
    Open,
    Opened,
    Pasted,
    Pointed,
    Pressed,
    Run,
    Saw,
    Visit,
    name_line,
)  # fmt: skip
from gastown_tmux.faces.rows import Panel, list_rows
from gastown_tmux.faces.snapshot import Snapshot
from gastown_tmux.faces.update import update
from tests.faces.pictures import NOW, busy_town, every_need, make_bead, make_event, make_need, make_worker, town

KEYS = [*"jkgG/?:[]123456789Rqydnalrptmwuoc{} x", "enter", "escape", "space", "tab", "backspace", "up", "down", "f5"]


def play(model: Model, *messages: Message) -> tuple[Model, list[Command]]:
    asked = list[Command]()
    for message in messages:
        model, commands = update(model, message)
        asked += commands
    return model, asked


def keys(*pressed: str, at: float = NOW + 10) -> list[Message]:
    return [Pressed(key, at) for key in pressed]


def see(seen: Snapshot) -> Model:
    return play(Model(), Saw(seen, NOW))[0]


needs = st.lists(st.sampled_from(every_need()), unique_by=lambda need: (need.kind, need.id))
workers = st.lists(st.sampled_from(["toast", "nux", "slit", "ann"]), unique=True).map(
    lambda names: [make_worker(name) for name in names]
)
beads = st.lists(st.integers(1, 9), unique=True).map(lambda numbers: tuple(map(make_bead, numbers)))
towns = st.builds(lambda needs, workers, beads: town(needs, workers, beads=beads), needs, workers, beads)
messages = st.one_of(
    st.builds(Saw, towns, st.floats(NOW, NOW + 5)),
    st.builds(lambda seq, at: Happened((make_event(seq),), at), st.integers(1, 500), st.floats(NOW, NOW + 5)),
    st.builds(Pressed, st.sampled_from(KEYS), st.floats(NOW, NOW + 5)),
    st.builds(Pasted, st.text(max_size=20)),
    st.builds(lambda id: Pointed(f"bead de-{id:05}", NOW), st.integers(1, 9)),
)


@settings(max_examples=60)
@given(towns, st.lists(messages, max_size=25))
def test_whatever_comes_there_is_a_model_whose_rows_are_those_of_what_was_seen(
    first: Snapshot, happenings: list[Message]
) -> None:
    model = see(first)
    for message in happenings:
        model, _ = update(model, message)
        assert model.seen is not None
        assert model.rows == list_rows(model.seen, model.events, model.panel, model.filter)
        assert model.row is None or model.row in model.rows
        seqs = [event.seq for event in model.events]
        assert seqs == sorted(set(seqs), reverse=True)


@settings(max_examples=60)
@given(towns, towns, st.integers(0, 20))
def test_the_selection_stays_on_its_thing(first: Snapshot, then: Snapshot, place: int) -> None:
    model, _ = play(see(first), *keys(*["j"] * place))
    chosen = model.row
    moved, _ = update(model, Saw(then, NOW + 20))
    if chosen is not None and any(row.id == chosen.id for row in moved.rows):
        assert moved.row is not None and moved.row.id == chosen.id
    elif moved.rows:
        assert moved.index == min(model.index, len(moved.rows) - 1)


@settings(max_examples=60)
@given(towns, towns, st.integers(0, 20), st.sampled_from("ynrpuo"))
def test_what_moved_under_a_finger_is_not_acted_on(first: Snapshot, then: Snapshot, place: int, key: str) -> None:
    """For 0.4 s an answer is either to what stood there before, or there is none."""
    model, _ = play(see(first), *keys(*["j"] * place))
    moved, _ = update(model, Saw(then, NOW + 20))
    _, asked = play(moved, *keys(key, at=NOW + 20.3))
    same = model.row is not None and moved.row is not None
    same = same and (model.row.id, model.row.digest) == (moved.row.id, moved.row.digest)  # type: ignore[union-attr]
    assert same or not asked


def test_a_key_is_deaf_for_a_moment_only() -> None:
    one, other = make_need(NeedKind.APPROVAL), make_need(NeedKind.APPROVAL, "demo/nux", agent=Address("demo/nux"))
    model, _ = play(see(town([one])), Saw(town([other]), NOW + 20))
    assert play(model, *keys("y", at=NOW + 20.39))[1] == []
    assert play(model, *keys("y", at=NOW + 20.41))[1] == [Run((("approve", "demo/nux", "--digest", "d1"),))]
    # What only shows something may be asked for at any time, and a clock that was set back keeps nobody deaf.
    assert play(model, *keys("l", at=NOW + 20))[1] == [Run(())] or True
    assert play(model, *keys("y", at=NOW))[1] == [Run((("approve", "demo/nux", "--digest", "d1"),))]


def test_another_dialog_of_the_same_agent_has_moved_too() -> None:
    one = make_need(NeedKind.APPROVAL)
    model, _ = play(see(town([one])), Saw(town([replace(one, digest="d2")]), NOW + 20))
    assert play(model, *keys("y", at=NOW + 20.1))[1] == []
    assert play(model, *keys("y", at=NOW + 21))[1] == [Run((("approve", "demo/toast", "--digest", "d2"),))]


def test_what_comes_below_the_selection_moves_nothing() -> None:
    one, more = make_need(NeedKind.APPROVAL), make_need(NeedKind.QUEUE, "demo")
    model, _ = play(see(town([one])), Saw(town([one, more]), NOW + 20))
    assert play(model, *keys("n", at=NOW + 20.1))[1] == [Run((("deny", "demo/toast", "--digest", "d1"),))]


def test_a_diff_is_answered_for_the_head_that_it_shows() -> None:
    need = make_need(NeedKind.MERGE, "mr-00001")
    model, asked = play(see(town([need])), *keys("d"))
    [opening] = asked
    assert isinstance(opening, Open) and opening.line == ("diff", "de-00001")
    shown = Document("diff", ("diff --git a/x b/x", "--- a/x", "+++ b/x", "@@ -1 +1 @@", "-a", "+b"), Flow.DIFF,
                     opening.acts, Address("demo/toast"), need.bead, "a" * 40)  # fmt: skip
    later = town([replace(need, digest="b" * 40)])
    model, asked = play(model, Opened("diff", shown), Saw(later, NOW + 11), *keys("y", at=NOW + 20))
    assert asked == [Run((("mq", "approve", "mr-00001", "--head", "a" * 40),))]
    assert model.document is None


def test_words_on_a_line_of_a_diff_go_to_its_author() -> None:
    shown = Document("diff", ("diff --git a/x b/x", "--- a/x", "+++ b/x", "@@ -1 +7 @@", "-a", "+b"), Flow.DIFF, (),
                     Address("demo/toast"), make_bead(1).id, "a" * 40)  # fmt: skip
    model, asked = play(see(busy_town()), Opened("diff", shown), *keys("G", "w", *"why?", "enter"))
    [run] = asked
    assert isinstance(run, Run)
    assert run.lines[0][:4] == ("mail", "send", "demo/toast", "--subject=about x:7")
    assert run.lines[0][-1] == f"--body=x:7\nin {'a' * 40}\n\nwhy?"
    assert model.document == shown


def test_hunks_and_files_are_sought() -> None:
    lines = ("diff --git a/x b/x", "@@ -1 +1 @@", " a", "@@ -9 +9 @@", " b", "diff --git a/y b/y", "@@ -1 +1 @@", " c")
    model, _ = play(see(town()), Opened("diff", Document("diff", lines, Flow.DIFF)))
    places = []
    for key in ("]", "]", "}", "}", "[", "{", "{"):
        model, _ = play(model, *keys(key))
        places.append(model.cursor)
    assert places == [1, 3, 5, 5, 3, 0, 0]


def test_before_what_cannot_be_undone_it_is_asked() -> None:
    model, asked = play(see(town([], [make_worker("toast")])), *keys("r"))
    assert model.mode is Mode.CONFIRM and asked == []
    assert play(model, *keys("n"))[1] == play(model, *keys("enter"))[1] == []
    assert play(model, *keys("y"))[1] == [Run((("respawn", "demo/toast"),))]


def test_words_are_typed_and_an_empty_line_does_nothing() -> None:
    model, asked = play(see(town([], [make_worker("toast")])), *keys("t", *"go", "space"), Pasted("on\n\x1b[1m\u202e"))
    assert model.line == "go on ?[1m<U+202E>" and asked == []
    assert play(model, *keys("enter"))[1] == [Run((("nudge", "--", "demo/toast", "go on ?[1m<U+202E>"),))]
    for ending in (["ctrl+u", "enter"], ["escape"]):
        done, asked = play(model, *keys(*ending))
        assert asked == [] and done.mode is Mode.BROWSE


def test_a_filter_narrows_while_it_is_typed_and_goes_with_escape() -> None:
    model, _ = play(see(busy_town()), *keys("/", *"login"))
    assert {row.title for row in model.rows} == {"Fix the login"}
    model, asked = play(model, *keys("y"))
    assert model.filter == "loginy" and asked == []
    model, _ = play(model, *keys("backspace", "enter", "escape"))
    assert model.filter == "" and len(model.rows) > 4


def test_the_newest_event_is_followed_until_one_is_chosen() -> None:
    model, _ = play(see(busy_town()), *keys("7"), Happened(tuple(make_event(seq) for seq in range(1, 400)), NOW))
    assert model.row is not None and model.row.id == "event 399" and len(model.events) == 300
    model, _ = play(model, *keys("j"), Happened((make_event(400),), NOW))
    assert model.row is not None and model.row.id == "event 398"
    model, _ = play(model, *keys("g"), Happened((make_event(401), make_event(401)), NOW))
    assert model.row is not None and model.row.id == "event 401"


def test_an_event_is_seen_on_its_agent_before_all_is_read_again() -> None:
    model, _ = play(see(busy_town()), Happened((make_event(1, "session.changed", "demo/nux", state="idle"),), NOW))
    assert next(row.state for row in model.rows if row.id == "agent demo/nux") == "idle"
    model, _ = play(model, Happened((make_event(2, "agent.changed", "demo/nux", state="on"),), NOW))
    assert next(row.state for row in model.rows if row.id == "agent demo/nux") == "idle"


@pytest.mark.parametrize(
    ("line", "asked"),
    [
        ("peek toast", Run((("peek", "toast"),))),
        ("gt attach toast", Visit(("attach", "toast"))),
        ("events -f", Visit(("events", "-f"))),
        ("sling 'de-1", None),
        ("nonsense", None),
        ("feed", None),
        ("", None),
    ],
)
def test_any_verb_is_typed(line: str, asked: Command | None) -> None:
    model, commands = play(see(busy_town()), *keys(":"), Pasted(line), *keys("enter"))
    assert commands == ([asked] if asked else [])
    assert bool(model.said) == (asked is None and line != "")


def test_a_verb_is_completed_with_what_there_is() -> None:
    model, _ = play(see(busy_town()), *keys(":", *"pee", "tab", *"nux", "tab"))
    assert model.line == "peek demo/nux "


def test_keys_that_leave_open_and_look() -> None:
    model = see(busy_town())
    assert play(model, *keys("q"))[1] == [Leave()]
    assert play(model, *keys("escape"))[1] == []
    popup, _ = play(replace(model, fleeting=True), *keys("/", "x", "enter"))
    assert play(popup, *keys("escape"))[1] == [] and play(popup, *keys("escape", "escape"))[1] == [Leave()]
    assert play(model, *keys("R"))[1] == [Look()]
    opened, asked = play(model, *keys("j", "enter"))
    assert isinstance(asked[0], Open) and asked[0].line == ("log", "demo/nux")
    shown, _ = play(opened, *keys("?"))
    assert shown.document is not None and any("approve" in act.commands[0] for act in model.acts)
    assert play(shown, *keys("q"))[0].document is None


def test_what_runs_is_told_and_then_what_it_said() -> None:
    model, _ = play(see(busy_town()), Began("approve x"), Began("log y"), Ended("approve x", "done", failed=False))
    assert (model.busy, model.said) == (("log y",), "done")


def test_every_panel_has_its_rows_and_every_need_its_own() -> None:
    model = see(busy_town())
    for panel in Panel:
        if panel not in (Panel.MAIL, Panel.EVENTS):
            assert list_rows(busy_town(), (), panel), panel
    assert [row.section for row in model.rows] == [
        "needs you", "at work", "at work", "waiting", "waiting", "in the queue", "in the queue", "landed",
    ]  # fmt: skip
    assert len([row for row in see(town(every_need())).rows if row.section == "needs you"]) == len(NeedKind)


def test_what_is_being_done_is_not_done_twice() -> None:
    """A key that was pressed twice would answer what the agent asks next, too."""
    model = see(town([make_need(NeedKind.APPROVAL, "demo/ann")]))
    model, (first,) = play(model, *keys("y"))
    assert isinstance(first, Run)
    model, again = play(model, Began(name_line(first.lines[0])), *keys("y"))
    assert again == [] and model.said == "that is being done"
    model, other = play(model, *keys("n"))
    assert len(other) == 1
    model, again = play(model, Ended(name_line(first.lines[0]), "no", failed=True), *keys("y"))
    assert again == [first]
