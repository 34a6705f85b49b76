"""The terminal of the runbook agent: keys in; out, scrolling text with a composer below it.

Only cheap modules are imported here and in the files beside it: thirty of these
programs start at once on a small machine, and dataclasses or subprocess would double their start-up.
"""

from __future__ import annotations

import codecs
import os
import re
import termios
from collections import deque
from enum import StrEnum

from gastown_tmux.domain.columns import letter_width

_PASTE_START, _PASTE_END = "\x1b[200~", "\x1b[201~"
_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|O[@-~])")
_UNFINISHED = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|O)?")
_PRINTABLE = re.compile(r"[^\x00-\x1f\x7f-\x9f]+")
_ESCAPES = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]?|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])?"
    r"|[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]"
)
_ESCAPE_WAIT = 0.05  # an ESC alone this long is the key, not the start of a sequence
_PASTE_WAIT = 1.0  # a paste whose end never came must not swallow the keyboard for good
_OUTPUT_KEPT = 16 * 1024  # of what a block printed since the last frame
_LINES_KEPT = 200
_LINE_LENGTH = 2000


class Key(StrEnum):
    TEXT = "text"
    PASTE = "paste"
    ENTER = "enter"
    NEWLINE = "newline"
    BACKSPACE = "backspace"
    CLEAR = "clear"
    INTERRUPT = "interrupt"
    END = "end"
    ESCAPE = "escape"
    REDRAW = "redraw"


_CONTROL_KEYS = {
    "\r": Key.ENTER,
    "\n": Key.NEWLINE,
    "\x7f": Key.BACKSPACE,
    "\x08": Key.BACKSPACE,
    "\x15": Key.CLEAR,
    "\x03": Key.INTERRUPT,
    "\x04": Key.END,
    "\x0c": Key.REDRAW,
}


def plain(text: str) -> str:
    """`text` without escape sequences and control characters; of an overwritten line, what was last."""
    lines = (line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))
    return _ESCAPES.sub("", "\n".join(lines)).expandtabs(8)


class Keys:
    """Turns the bytes of a terminal in raw mode into keys, however they were cut into reads."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""
        self._pasting = False

    @property
    def patience(self) -> float | None:
        """Seconds without input after which `flush` is due, None while nothing is held back."""
        if self._pasting:
            return _PASTE_WAIT
        return _ESCAPE_WAIT if self._rest else None

    def feed(self, data: bytes) -> list[tuple[Key, str]]:
        self._rest += self._decoder.decode(data)
        keys = []
        while self._rest:
            if self._pasting:
                text, end, rest = self._rest.partition(_PASTE_END)
                if not end:
                    break
                keys.append(self._paste(text))
                self._rest = rest
            elif self._rest.startswith(_PASTE_START):
                self._pasting = True
                self._rest = self._rest[len(_PASTE_START) :]
            elif printable := _PRINTABLE.match(self._rest):
                keys.append((Key.TEXT, printable.group()))
                self._rest = self._rest[printable.end() :]
            elif sequence := _SEQUENCE.match(self._rest):
                self._rest = self._rest[sequence.end() :]
            elif _UNFINISHED.fullmatch(self._rest):
                break
            else:
                char, self._rest = self._rest[0], self._rest[1:]
                if char == "\x1b":
                    keys.append((Key.ESCAPE, ""))
                elif char in _CONTROL_KEYS:
                    keys.append((_CONTROL_KEYS[char], ""))
        return keys

    def flush(self) -> list[tuple[Key, str]]:
        """What was held back for a continuation that did not come within `patience`."""
        rest, self._rest = self._rest, ""
        if self._pasting:
            return [self._paste(rest)]
        return [(Key.ESCAPE, "")] if rest else []

    def _paste(self, text: str) -> tuple[Key, str]:
        self._pasting = False
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        return Key.PASTE, "".join(char for char in text if char in "\n\t" or _PRINTABLE.match(char))


def rows(text: str, columns: int) -> int:
    """How many rows of a terminal `columns` wide a line takes."""
    if text.isascii():
        return max(1, -(-len(text) // columns))
    row, column, joined = 1, 0, False
    for char in text:
        width = 0 if joined else letter_width(char)
        joined = char == "\u200d"
        if column + width > columns:
            row, column = row + 1, 0
        column += width
    return row


class Screen:
    """Text that scrolls into the terminal's own history, and a bottom part that is drawn anew below it.

    A terminal that is gone is no error: what would be drawn is dropped, and reading says the rest.
    """

    def __init__(self, fd_in: int, fd_out: int) -> None:
        """Raises termios.error where `fd_in` is no terminal."""
        self._in, self._out = fd_in, fd_out
        self._attributes = termios.tcgetattr(fd_in)
        self._shown: deque[str] = deque(maxlen=_LINES_KEPT)
        self._new: deque[str] = deque(maxlen=_LINES_KEPT)
        self._dropped = 0
        self._output = bytearray()
        self.stale = False
        self._bottom: list[str] = []
        self._title = ""
        self._rows = 1

    def enter(self) -> None:
        raw = termios.tcgetattr(self._in)
        raw[0] &= ~(termios.BRKINT | termios.ICRNL | termios.INLCR | termios.ISTRIP | termios.IXON)
        raw[3] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN | termios.ISIG)
        raw[6][termios.VMIN], raw[6][termios.VTIME] = 1, 0
        termios.tcsetattr(self._in, termios.TCSADRAIN, raw)
        self._write("\x1b[?2004h")

    def leave(self) -> None:
        self._write("\x1b[?2004l\r\n")
        try:
            termios.tcsetattr(self._in, termios.TCSADRAIN, self._attributes)
        except termios.error:
            return

    def say(self, text: str) -> None:
        """Print our own words (the agent's, or a person's echoed)."""
        self.end_output()
        for line in plain(text).split("\n"):
            self._add(line)

    def output(self, data: bytes) -> None:
        """Print what a program printed: indented, so that no output can pass for the composer."""
        self.stale = True
        self._output += data
        if len(self._output) > 2 * _OUTPUT_KEPT:
            cut = len(self._output) - _OUTPUT_KEPT
            self._dropped += self._output.count(b"\n", 0, cut)
            del self._output[:cut]

    def end_output(self) -> None:
        """The program ended: its last line is a line, with or without a newline."""
        if self._output:
            self._take_output()
            if self._output:
                self._add("  " + plain(self._output.decode("utf-8", "replace")))
                self._output.clear()

    def title(self, text: str) -> None:
        if text != self._title:
            self._title = text
            self._write(f"\x1b]2;{plain(text)}\x07")

    def draw(self, bottom: list[str]) -> None:
        """Print what is new and draw `bottom` below it; the cursor ends behind its last line."""
        self.stale = False
        self._take_output()
        unfinished = plain(self._output[-_LINE_LENGTH:].decode("utf-8", "replace"))
        bottom = [f"  {unfinished}", *bottom] if unfinished else bottom
        if not self._new and not self._dropped and bottom == self._bottom:
            return
        up = f"\x1b[{self._rows - 1}A" if self._rows > 1 else ""
        lines = [f"  … {self._dropped} lines not shown"] if self._dropped else []
        lines += self._new
        self._dropped = 0
        self._new.clear()
        self._shown += lines
        text = "".join(f"{line}\n" for line in lines)
        self._write(f"\r{up}\x1b[J{text}{self._fit(bottom)}")

    def redraw(self) -> None:
        """Draw everything again: the terminal has another size, or was written over."""
        columns, lines = self._size()
        room, tail = lines - sum(rows(line, columns) for line in self._bottom), deque[str]()
        for line in reversed(self._shown):
            room -= rows(line, columns)
            if room < 0:
                break
            tail.appendleft(f"{line}\n")
        self._write(f"\x1b[H\x1b[2J{''.join(tail)}{self._fit(self._bottom)}")

    def composer(self, draft: str) -> list[str]:
        """The lines that show a draft: all of it, or its end where it would fill the screen."""
        columns, lines = self._size()
        shown = draft[-columns * lines :].expandtabs(4).split("\n")[-max(1, lines // 2) :]
        cut = draft.count("\n") + 1 - len(shown)
        if cut:
            shown.insert(0, f"… {cut} lines above")
        return [f"{'  ' if number else '› '}{line}" for number, line in enumerate(shown)]

    def _fit(self, bottom: list[str]) -> str:
        self._bottom = bottom
        columns, lines = self._size()
        fitting = bottom[-(lines - 1) :]
        self._rows = min(lines, sum(rows(line, columns) for line in fitting))
        return "\n".join(fitting)

    def _add(self, line: str) -> None:
        if len(self._new) == _LINES_KEPT:
            self._dropped += 1
        self._new.append(line[:_LINE_LENGTH])

    def _take_output(self) -> None:
        end = self._output.rfind(b"\n") + 1
        if end:
            text = plain(self._output[: end - 1].decode("utf-8", "replace"))
            del self._output[:end]
            for line in text.split("\n"):
                self._add(f"  {line}")

    @property
    def columns(self) -> int:
        return self._size()[0]

    def _size(self) -> tuple[int, int]:
        try:
            size = os.get_terminal_size(self._out)
        except OSError:
            return 80, 24
        return max(size.columns, 4), max(size.lines, 4)

    def _write(self, text: str) -> None:
        data = text.encode("utf-8", "replace")
        try:
            while data:
                data = data[os.write(self._out, data) :]
        except OSError:
            return
