"""What the feed looks like: ``--snapshot-update`` draws anew, and each drawing is looked at before it is kept."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.needs import NeedKind
from gastown_tmux.faces.model import Document, Flow, Happened, Message, Model, Opened, Pasted, Pressed, Saw, Troubled
from gastown_tmux.faces.update import update
from gastown_tmux.tui.app import Feed
from gastown_tmux.tui.drawing import draw_foot, draw_list, label_panels
from gastown_tmux.verbs.acts import acts_on
from tests.faces.pictures import (
    NOW,
    busy_town,
    every_need,
    make_event,
    make_need,
    make_worker,
    many_waves,
    town,
)  # fmt: skip

Compare = Callable[..., Any]
PATCH = """\
diff --git a/src/login.py b/src/login.py
index 1111111..2222222 100644
--- a/src/login.py
+++ b/src/login.py
@@ -1,3 +1,4 @@ def login():
 import os
-password = "x"
+password = os.environ["PASSWORD"]
+# rm <U+202E>txt
 return True
diff --git a/README b/README
@@ -9 +9 @@
-old
+new"""
PATCHED = Document(
    "diff de-00001",
    tuple(PATCH.split("\n")),
    Flow.DIFF,
    acts_on(make_need(NeedKind.MERGE, "mr-00001")),
    Address("demo/toast"),
    None,
    "a" * 40,
)
THIRTY = town(
    workers=[make_worker(f"agent-{n}", ("working", "idle", "waiting", "failed", "limited")[n % 5]) for n in range(30)]
)
HOSTILE = town(
    workers=[make_worker("nux", title="[red]x[/] \x1b]8;;http://evil\x07 日本語\u202e ❤️\n🎉", last_line="\t")]
)

SCREENS: dict[str, tuple[tuple[int, int], Sequence[Message]]] = {
    "not-read-yet": ((100, 20), []),
    "empty": ((100, 20), [Saw(town(), NOW)]),
    "busy": ((140, 30), [Saw(busy_town(), NOW)]),
    "thirty-agents": ((120, 40), [Saw(THIRTY, NOW), Pressed("G", NOW)]),
    "each-need": ((120, 24), [Saw(town(every_need()), NOW)]),
    "dead-town": ((100, 20), [Saw(busy_town(), NOW), Troubled("town.db is gone")]),
    "down": ((100, 20), [Saw(replace(busy_town(), wanted="down", alive=False), NOW)]),
    "frozen": ((100, 20), [Saw(replace(busy_town(), frozen=True), NOW)]),
    "flood": (
        (100, 20),
        [Saw(busy_town(), NOW), Pressed("7", NOW), Happened(tuple(make_event(n) for n in range(1, 500)), NOW)],
    ),
    "narrow": ((60, 15), [Saw(busy_town(), NOW)]),
    "wide": ((200, 60), [Saw(busy_town(), NOW)]),
    "convoys": ((120, 20), [Saw(busy_town(), NOW), Pressed("4", NOW)]),
    "waves": ((140, 24), [Saw(many_waves(), NOW), Pressed("4", NOW), Pressed("G", NOW)]),
    "waves-narrow": ((60, 26), [Saw(many_waves(), NOW), Pressed("4", NOW)]),
    "queue": ((120, 20), [Saw(busy_town(), NOW), Pressed("5", NOW), Pressed("j", NOW)]),
    "filter": ((100, 20), [Saw(busy_town(), NOW), Pressed("/", NOW), Pasted("task")]),
    "palette": ((100, 20), [Saw(busy_town(), NOW), Pressed(":", NOW), Pasted("mail ")]),
    "words": ((100, 20), [Saw(busy_town(), NOW), *(Pressed(key, NOW + 9) for key in "jjt"), Pasted("go on " * 30)]),
    "diff": ((100, 24), [Saw(busy_town(), NOW), Opened("", PATCHED), *(Pressed("j", NOW) for _ in range(7))]),
    "keys": ((100, 30), [Saw(busy_town(), NOW), Pressed("?", NOW)]),
    "hostile": ((80, 15), [Saw(HOSTILE, NOW)]),
}


def test_panels_and_keys_are_named_whole_or_not_at_all() -> None:
    for columns in (60, 64, 65, 100):
        labels = label_panels(columns)
        assert all(panel in label for panel, label in labels.items()) and sum(map(len, labels.values())) <= columns
    model = Model()
    for message in (Saw(busy_town(), NOW), Pressed("j", NOW)):
        model, _ = update(model, message)
    whole = {f"{act.key} {act.words}" for act in model.acts}
    for columns in range(21, 140):
        told = draw_foot(model, columns)[1].text[: columns - 8]
        assert {part.strip() for part in told.split("  ") if part.strip()} <= whole, (columns, told)


def test_the_end_of_what_is_typed_is_seen() -> None:
    model, _ = update(Model(), Saw(busy_town(), NOW))
    for key, typed in (("/", "a needle" * 20), (":", "mail send 日本" * 20)):
        now, _ = update(model, Pressed(key, NOW))
        now, _ = update(now, Pasted(typed))
        line = draw_foot(now, 60)[0]
        assert line.text.rstrip().endswith(typed[-10:]) and line.cell_length == 60


def test_what_an_empty_panel_says_is_whole() -> None:
    for number in range(1, 8):
        model, _ = update(Model(), Saw(town(), NOW))
        model, _ = update(model, Pressed(str(number), NOW))
        drawn, _ = draw_list(model, 40, 10, 0)
        told = " ".join(line.text.strip() for line in drawn.lines).split()
        assert told and "…" not in " ".join(told) and len(drawn.lines) == len(drawn.ids) == 10
        assert all(line.cell_length == 40 for line in drawn.lines)


def draws(messages: Sequence[Message], size: tuple[int, int], snap_compare: Compare) -> bool:
    feed = Feed(lambda app, command: None, now=lambda: NOW)

    async def play(pilot: Pilot[None]) -> None:
        for message in messages:
            feed.tell(message)
        await pilot.pause()

    return bool(snap_compare(feed, terminal_size=size, run_before=play))


@pytest.mark.parametrize("name", SCREENS)
def test_screen(name: str, snap_compare: Compare) -> None:
    size, messages = SCREENS[name]
    assert draws(messages, size, snap_compare)


def test_without_colour_nothing_is_told_by_colour_alone(monkeypatch: pytest.MonkeyPatch, snap_compare: Compare) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert draws([Saw(busy_town(), NOW)], (100, 20), snap_compare)
