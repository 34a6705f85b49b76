"""The prompt itself: its keys, its looks, its completion and what was typed before."""

import contextlib
from collections.abc import Callable
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.application import get_app
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.buffer import CompletionState
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.filters import Condition, emacs_insert_mode, vi_insert_mode
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.history import FileHistory
from prompt_toolkit.input import Input
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.output import ColorDepth, Output
from prompt_toolkit.styles import Style, merge_styles

from gastown_tmux.faces.values import Values
from gastown_tmux.operations.town.town import Town
from gastown_tmux.repl.completion import TableCompleter
from gastown_tmux.repl.lines import is_open
from gastown_tmux.repl.questions import ESCAPE_SECONDS
from gastown_tmux.verbs.show import Display

MENU_LINES = 6
_STYLE = Style.from_dict(
    {
        "bottom-toolbar": "noreverse bg:default",
        "town": "bold",
        "prompt": "bold",
        "good": "ansigreen",
        "alarm": "ansiyellow bold",
        "bad": "ansired bold",
        "job": "ansicyan",
    }
)


#: Without colours a suggestion must not look as if it had been typed.
_COLOURLESS = merge_styles([_STYLE, Style.from_dict({"auto-suggestion": "dim"})])


class _History(FileHistory):
    """One file a town; a disk that is full must not stop anybody from typing."""

    def store_string(self, string: str) -> None:
        with contextlib.suppress(OSError):
            super().store_string(string.encode(errors="replace").decode())


def make_session(
    history: Path,
    display: Display,
    toolbar: Callable[[], StyleAndTextTuples],
    interrupt: Callable[[], None],
    values: Callable[[], Values],
    input: Input | None,
    output: Output | None,
) -> PromptSession[str]:
    """``interrupt`` is what Ctrl-C does on an empty line; Ctrl-D there ends the prompt with ``exit``."""
    session: PromptSession[str] = PromptSession(
        message=[("class:prompt", "gt> ")],
        input=input,
        output=output,
        history=_History(str(history)),
        auto_suggest=AutoSuggestFromHistory(),
        completer=TableCompleter(values),
        complete_while_typing=True,
        multiline=Condition(lambda: is_open(session.default_buffer.text)),
        prompt_continuation="  > ",
        bottom_toolbar=toolbar,
        key_bindings=_bind_keys(interrupt),
        style=_STYLE if display.colour else _COLOURLESS,
        color_depth=None if display.colour else ColorDepth.DEPTH_1_BIT,
    )

    def fit_menu(app: object) -> None:
        """In a low window the lines above are worth more than the completions below."""
        height = session.output.get_size().rows
        session.reserve_space_for_menu = min(MENU_LINES, max(1, height // 4))

    session.app.ttimeoutlen = ESCAPE_SECONDS
    session.app.before_render += fit_menu
    return session


def _bind_keys(interrupt: Callable[[], None]) -> KeyBindings:
    keys = KeyBindings()

    @keys.add("c-c")
    @keys.add("<sigint>")
    def _(event: KeyPressEvent) -> None:
        if event.current_buffer.text:
            event.current_buffer.reset()
        else:
            interrupt()

    @keys.add("escape", "enter", filter=emacs_insert_mode)
    def _(event: KeyPressEvent) -> None:
        event.current_buffer.newline(copy_margin=False)

    @keys.add("tab", filter=emacs_insert_mode | vi_insert_mode)
    def _(event: KeyPressEvent) -> None:
        # At once, not in the background: an Enter right behind it must find the whole word.
        buffer = event.current_buffer
        if not (buffer.complete_state and buffer.complete_state.completions):
            found = list(buffer.completer.get_completions(buffer.document, CompleteEvent()))
            buffer.complete_state = CompletionState(buffer.document, found) if found else None
        buffer.complete_next()

    @keys.add("c-d", filter=Condition(lambda: not get_app().current_buffer.text))
    def _(event: KeyPressEvent) -> None:
        event.app.exit(result="exit")

    return keys


def history_file(town: Town) -> Path:
    """What was typed in this town before; nobody else's to read."""
    path = town.path / ".gt" / "history"
    with contextlib.suppress(OSError):
        path.touch(mode=0o600)
    return path
