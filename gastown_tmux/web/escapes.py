"""Lines of a captured screen as runs of one style: what ``capture-pane -e`` said, and never markup.

Styles run over the ends of lines, as they do in a capture. Where a link leads is left out: nobody looked there.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from gastown_tmux.domain.odd_bytes import printable
from gastown_tmux.edges.tmux.control import MODIFIES, WIDENS
from gastown_tmux.edges.tmux.panes import LINE_DRAWING
from gastown_tmux.verbs.text import UNSEEN

#: ``[text, style]``, or ``[text, style, columns]`` where its letters do not have one each.
Run = list[str | int]
Width = Callable[[str], int]

_ESCAPE = re.compile(
    r"\x1b\[([0-9;:]*)m|\x1b\]8;([^\x1b\x07]*)(?:\x1b\\|\x07)|([\x0e\x0f])|\x1b(?:\[[0-?]*[ -/]*[@-~]|.?)"
)
_ON = {1: "b", 2: "d", 3: "i", 5: "k", 6: "k", 7: "r", 8: "h", 9: "s", 53: "o"}
_OFF = {22: "bd", 23: "i", 25: "k", 27: "r", 28: "h", 29: "s", 55: "o"}
_COLOURS = {38: "f", 48: "g", 58: "c"}
_PLAIN_COLOURS = {39: "f", 49: "g", 59: "c"}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
#: Joiners belong to scripts and emoji.
_UNSEEN, _JOINERS = re.compile(UNSEEN), "\u200c\u200d"
_JOINER = _JOINERS[1]
_SEEN_AS = "\ufffd"


class Style(NamedTuple):
    """``on`` are the letters of what is set, ``underline`` 0 for none; a colour is a number or ``#rrggbb``."""

    on: str = ""
    underline: int = 0
    f: str = ""
    g: str = ""
    c: str = ""
    link: bool = False
    drawing: bool = False

    def words(self) -> str:
        """As a page gets it; empty for plain text."""
        underline = "u" if self.underline == 1 else f"u{self.underline}" if self.underline else ""
        colours = (f"{name}{value}" for name, value in (("f", self.f), ("g", self.g), ("c", self.c)) if value)
        return " ".join(filter(None, (*self.on, underline, *colours, "l" if self.link else "")))


PLAIN = Style()


def read_line(line: str, style: Style, width: Width) -> tuple[list[Run], Style]:
    """Its runs, and the style in which the next line begins. ``width`` tells the columns of a letter beyond ASCII, as
    ``ask_widths`` has them.
    """
    runs: list[Run] = []
    at = 0
    for found in _ESCAPE.finditer(line):
        if found.start() > at:
            _add(runs, line[at : found.start()], style, width)
        at = found.end()
        if found[1] is not None:
            style = _apply(style, found[1])
        elif found[2] is not None:
            style = style._replace(link=bool(found[2].partition(";")[2]))
        elif found[3]:
            style = style._replace(drawing=found[3] == "\x0e")
    if at < len(line):
        _add(runs, line[at:], style, width)
    return runs, style


def letters_of(text: str) -> set[str]:
    """Those whose columns must be known."""
    return set() if text.isascii() else {letter for letter in text if not letter.isascii()}


def _add(runs: list[Run], text: str, style: Style, width: Width) -> None:
    words = style.words()
    if style.drawing:
        text = text.translate(LINE_DRAWING)
    if text.isascii():
        if "\x7f" in text or not text.isprintable():
            text = _CONTROL.sub(_SEEN_AS, text)
        _join(runs, text, words)
        return
    for cell in _cells(printable(text), width):
        if cell[1] == 1 and len(cell[0]) == 1:
            _join(runs, cell[0], words)
        elif runs and len(runs[-1]) == 3 and runs[-1][1] == words and _is_even(runs[-1]) and _is_even([*cell]):
            runs[-1] = [f"{runs[-1][0]}{cell[0]}", words, int(runs[-1][2]) + cell[1]]
        else:
            runs.append([cell[0], words, cell[1]])


def _is_even(run: list[str | int]) -> bool:
    """Whether all of its letters have two columns each: such stand together, as in a line of Chinese."""
    return int(run[-1]) == 2 * len(str(run[0]))


def _join(runs: list[Run], text: str, words: str) -> None:
    if runs and len(runs[-1]) == 2 and runs[-1][1] == words:
        runs[-1][0] = f"{runs[-1][0]}{text}"
    else:
        runs.append([text, words])


def _cells(text: str, width: Width) -> list[tuple[str, int]]:
    """Letters with what is combined with them, and their columns. What would hide or reorder is shown as a mark."""
    cells: list[tuple[str, int]] = []
    for letter in text:
        if letter.isascii():
            cells.append((letter if letter.isprintable() else _SEEN_AS, 1))
            continue
        columns = width(letter)
        shown = _SEEN_AS if _is_hiding(letter) else letter
        if columns == MODIFIES:
            columns = WIDENS if cells and not cells[-1][0].isascii() else 2
        if cells and columns == WIDENS:
            cells[-1] = cells[-1][0] + shown, 2
        elif cells and (columns <= 0 or cells[-1][0].endswith(_JOINER)):
            cells[-1] = cells[-1][0] + shown, cells[-1][1]
        else:
            cells.append((shown, max(columns, 1)))
    return cells


def _is_hiding(letter: str) -> bool:
    return letter not in _JOINERS and (_CONTROL.match(letter) or _UNSEEN.match(letter)) is not None


def _apply(style: Style, codes: str) -> Style:
    words = codes.split(";") if codes else ["0"]
    at = 0
    while at < len(words):
        parts = words[at].split(":")
        number = int(parts[0] or 0) if parts[0].isdecimal() or not parts[0] else -1
        at += 1
        if number in _COLOURS:
            if len(parts) > 1:
                colour = _colour(parts[1:])
            else:
                taken = 2 if words[at : at + 1] == ["5"] else 4
                colour = _colour(words[at : at + taken])
                at += taken
            style = _with(style, _COLOURS[number], colour)
        else:
            style = _set(style, number, parts[1:])
    return style


def _with(style: Style, which: str, colour: str) -> Style:
    match which:
        case "f":
            return style._replace(f=colour)
        case "g":
            return style._replace(g=colour)
        case _:
            return style._replace(c=colour)


def _set(style: Style, number: int, more: list[str]) -> Style:
    if number == 0:
        return Style(link=style.link, drawing=style.drawing)
    if number == 5 and more == ["3"]:
        number = 53  # so tmux 3.3 writes it
    if number in _ON:
        return style if _ON[number] in style.on else style._replace(on="".join(sorted(style.on + _ON[number])))
    if number in _OFF:
        return style._replace(on="".join(letter for letter in style.on if letter not in _OFF[number]))
    if number in _PLAIN_COLOURS:
        return _with(style, _PLAIN_COLOURS[number], "")
    match number:
        case 4:
            kind = int(more[0]) if more and more[0].isdecimal() else 1
            return style._replace(underline=kind if kind <= 5 else 1)
        case 21:
            return style._replace(underline=2)
        case 24:
            return style._replace(underline=0)
        case _ if 30 <= number <= 37:
            return style._replace(f=str(number - 30))
        case _ if 40 <= number <= 47:
            return style._replace(g=str(number - 40))
        case _ if 90 <= number <= 97:
            return style._replace(f=str(number - 82))
        case _ if 100 <= number <= 107:
            return style._replace(g=str(number - 92))
        case _:
            return style


def _colour(words: list[str]) -> str:
    """Of ``5;N``, ``2;R;G;B`` and ``2::R:G:B``; nothing for what is none."""
    numbers = [int(word) for word in words if word.isdecimal() and len(word) < 4]
    if numbers[:1] == [5] and len(numbers) == 2 and numbers[1] < 256:
        return str(numbers[1])
    if numbers[:1] == [2] and len(numbers) >= 4 and max(numbers[-3:]) < 256:
        return "#{:02x}{:02x}{:02x}".format(*numbers[-3:])
    return ""
