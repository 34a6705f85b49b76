"""gt feed: the model on a whole screen, in Textual. What it shows and what keys do is said elsewhere."""

import asyncio
import contextlib
import shutil
import signal
import threading
from collections.abc import Callable
from itertools import takewhile

from textual import events
from textual.app import App, ComposeResult
from textual.geometry import Region, Size
from textual.message import Message as TextualMessage
from textual.strip import Strip
from textual.widget import Widget

from gastown_tmux.domain.columns import cut, width
from gastown_tmux.domain.needs import NeedKind
from gastown_tmux.edges.files import clock
from gastown_tmux.faces.details import describe
from gastown_tmux.faces.model import (
    Chose,
    Command,
    Happened,
    Leave,
    Message,
    Mode,
    Model,
    Pasted,
    Pointed,
    Pressed,
    Resized,
)  # fmt: skip
from gastown_tmux.faces.update import update
from gastown_tmux.tui import drawing, styles
from gastown_tmux.tui.escapes import draw_screen

#: From here on there is room for a side beside the list; or below it.
WIDE, TALL = 100, 24
TICK_SECONDS = 1.0
_WHEEL = 3
_HEAD = _FOOT = 2


class Told(TextualMessage):
    """Something that happened outside, for the model; may be posted from any thread."""

    def __init__(self, message: Message) -> None:
        super().__init__()
        self.message = message


class Canvas(Widget):
    """Lines at their places; only those that changed are drawn again, for a slow line has little room."""

    DEFAULT_CSS = "Canvas { width: 100%; height: 100%; }"

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[Strip] = []

    def show(self, lines: list[Strip]) -> None:
        was, self._lines = self._lines, lines
        if len(was) != len(lines):
            self.refresh()
            return
        changed = [y for y, (old, new) in enumerate(zip(was, lines, strict=True)) if old != new]
        if changed:
            self.refresh(*(Region(0, y, self.size.width, 1) for y in changed))

    def render_line(self, y: int) -> Strip:
        return self._lines[y] if y < len(self._lines) else Strip.blank(self.size.width)


class Feed(App[None]):
    """``do`` carries out what the model asks for, but leaving; ``watch`` is told whose screen is wanted now.
    ``begun`` is called once the screen is ours.
    """

    ENABLE_COMMAND_PALETTE = False
    CSS = "Screen { background: ansi_default; }"

    def __init__(
        self,
        do: Callable[["Feed", Command], None],
        watch: Callable[[Model], None] = lambda model: None,
        model: Model | None = None,
        now: Callable[[], float] = clock.epoch,
        begun: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(ansi_color=True)
        self.model = model or Model()
        self._do, self._watch, self._now, self._begun = do, watch, now, begun
        self._canvas = Canvas()
        self._top = self._document_top = 0
        self._ids: tuple[str | None, ...] = ()
        self._is_due = False
        self.drawn = threading.Event()

    def compose(self) -> ComposeResult:
        yield self._canvas

    def on_mount(self) -> None:
        self._begun()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            with contextlib.suppress(ValueError, RuntimeError):  # not the main thread, which alone gets them
                loop.add_signal_handler(number, self.exit)
        self.set_interval(TICK_SECONDS, self._tick)
        self.tell(Happened((), self._now()))

    def _tick(self) -> None:
        """Ages go on; and a terminal that changed its size while this came up tells of it once only."""
        self.tell(Happened((), self._now()))
        if not self.is_headless and (size := Size(*shutil.get_terminal_size())) != self.size:
            self.post_message(events.Resize(size, size))

    def tell(self, message: Message) -> None:
        """From the thread of the app itself; others post ``Told``."""
        self.model, commands = update(self.model, message)
        self._watch(self.model)
        for command in commands:
            if isinstance(command, Leave):
                self.exit()
            else:
                self._do(self, command)
        if not self._is_due:
            self._is_due = True
            self.call_later(self.draw)

    def on_told(self, told: Told) -> None:
        self.tell(told.message)

    async def on_event(self, event: events.Event) -> None:
        """Keys are the model's alone: no widget has any of its own."""
        if isinstance(event, events.Key):
            letter = event.character if event.is_printable and event.character != " " else None
            self.tell(Pressed(letter or event.key, self._now()))
        elif isinstance(event, events.Paste):
            self.tell(Pasted(event.text))
        else:
            await super().on_event(event)

    def on_resize(self, event: events.Resize) -> None:
        self.tell(Resized(max(1, self._divide(event.size)[0].height - 1)))

    def on_click(self, event: events.Click) -> None:
        if event.y == 1:
            x = event.x
            for panel, label in drawing.label_panels(self.size.width).items():
                x -= len(label)
                if x < 0:
                    self.tell(Chose(panel))
                    return
        rows, place = self._divide(self.size)[0], event.y - _HEAD
        if rows.contains(event.x, event.y) and place < len(self._ids) and (id := self._ids[place]) is not None:
            self.tell(Pointed(id, self._now(), twice=event.chain > 1))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._wheel("down")

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._wheel("up")

    def _wheel(self, key: str) -> None:
        if self.model.mode is Mode.BROWSE:
            for _ in range(_WHEEL):
                self.tell(Pressed(key, self._now()))

    def _divide(self, size: Size) -> tuple[Region, Region | None]:
        """Where the list stands, and the side."""
        body = Region(0, _HEAD, size.width, max(size.height - _HEAD - _FOOT, 1))
        if self.model.document is not None or self.model.mode is Mode.PALETTE:
            return body, None
        if self.model.aside:
            return Region(0, _HEAD, 0, 0), body
        if size.width >= WIDE:
            left, right = body.split_vertical(size.width * 11 // 20)
            return left, right
        if size.height >= TALL:
            upper, lower = body.split_horizontal(body.height * 3 // 5)
            return upper, lower
        return body, None

    def draw(self) -> None:
        self._is_due = False
        model, size = self.model, self.size
        if size.width < 1 or size.height < 1:
            return
        rows, side = self._divide(size)
        lines = [Strip.blank(size.width)] * (rows.height if rows.height else (side.height if side else 0))
        if model.document is not None:
            drawn, self._document_top = drawing.draw_document(model, rows.width, rows.height, self._document_top)
            lines, self._ids = list(drawn.lines), ()
        elif rows.height:
            drawn, self._top = drawing.draw_list(model, rows.width, rows.height, self._top)
            lines, self._ids = list(drawn.lines), drawn.ids
        if side is not None:
            beside = self._draw_side(side.width - 1 if side.x else side.width, side.height)
            rule = drawing.strip([("│", styles.DIM)], 1)
            if side.x:
                lines = [Strip.join([line, rule, other]) for line, other in zip(lines, beside, strict=True)]
            elif rows.height:
                lines += beside
            else:
                lines = beside
        whole = [*drawing.draw_head(model, size.width), *lines, *drawing.draw_foot(model, size.width)]
        self._canvas.show(whole[: size.height])
        self.drawn.set()

    def _draw_side(self, columns: int, lines: int) -> list[Strip]:
        model = self.model
        name = model.row.head if model.row else ""
        name = cut(name, max(columns - 4, 0))
        rule = "─" * max(columns - width(name) - 3, 0)
        head = drawing.strip([("─ ", styles.DIM), (f"{name} ", styles.BOLD), (rule, styles.DIM)], columns)
        shown, room = list[Strip](), lines - 1
        live = model.watched is not None and model.screen is not None and model.screen.agent == model.watched
        if not live or (model.row and model.row.id.startswith("need ")):
            # What is asked is above the screen, which has half of the room at least.
            told = describe(model, columns - 1)[: room // 2 if live else room]
            if live and model.row and model.row.id.startswith(f"need {NeedKind.APPROVAL} "):
                told = tuple(takewhile(bool, told))  # the dialog itself is on the screen below
            shown = [drawing.strip([(f" {line}", styles.PLAIN)], columns) for line in told]
        if live and model.screen is not None:
            shown += [drawing.strip([("─" * columns, styles.DIM)], columns)] if shown else []
            # The end is where it goes on.
            shown += draw_screen(model.screen.lines[-max(room - len(shown), 1) :], columns)
        return [head, *shown, *[Strip.blank(columns)] * (lines - 1 - len(shown))][:lines]
