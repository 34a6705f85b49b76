"""Lines of captures as runs: what tmux said of letters and colours, and that nothing else comes through."""

import contextlib
import os
import select
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gastown_tmux.dataclass import replace
from gastown_tmux.domain.columns import letter_width
from gastown_tmux.edges.tmux.control import Capture, ControlClient, ask_widths
from gastown_tmux.edges.tmux.panes import WindowSpec, kill_panes, open_windows
from gastown_tmux.edges.tmux.server import Server
from gastown_tmux.web.escapes import PLAIN, Run, Style, read_line
from gastown_tmux.web.screens import Renderer, Widths

#: More of them, for hours: PYTEST_ESCAPES=1000.
BATCHES = int(os.environ.get("PYTEST_ESCAPES", "2"))
A_BATCH = 12
END = "=END="


def runs(line: str, style: Style = PLAIN) -> list[Run]:
    return read_line(line, style, letter_width)[0]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", []),
        ("plain", [["plain", ""]]),
        ("a\x1b[1mb\x1b[0mc", [["a", ""], ["b", "b"], ["c", ""]]),
        ("\x1b[1;31;44mx", [["x", "b f1 g4"]]),
        ("\x1b[38;5;208mx\x1b[39my", [["x", "f208"], ["y", ""]]),
        ("\x1b[38;2;1;2;255;48;2;0;0;0mx", [["x", "f#0102ff g#000000"]]),
        ("\x1b[38:2::1:2:3mx\x1b[38:5:9my", [["x", "f#010203"], ["y", "f9"]]),
        ("\x1b[4mx\x1b[4:3my\x1b[58;5;3mz\x1b[24mw", [["x", "u"], ["y", "u3"], ["z", "u3 c3"], ["w", "c3"]]),
        ("\x1b[21mx\x1b[4:0my", [["x", "u2"], ["y", ""]]),
        ("\x1b[2;3;5;7;8;9;53mx\x1b[22;23;25;27;28;29;55my", [["x", "d h i k o r s"], ["y", ""]]),
        ("\x1b[5:3mx\x1b[55my", [["x", "o"], ["y", ""]]),
        ("\x1b[91mx\x1b[107my", [["x", "f9"], ["y", "f9 g15"]]),
        ("\x1b[3mx\x1b[my\x1b[;1mz", [["x", "i"], ["y", ""], ["z", "b"]]),
        ("\x0elqk\x0fx", [["┌─┐x", ""]]),
        ("日本x", [["日本", "", 4], ["x", ""]]),
        ("日a本", [["日", "", 2], ["a", ""], ["本", "", 2]]),
        ("e\u0301x", [["e\u0301", "", 1], ["x", ""]]),
        ("é─x", [["é─x", ""]]),
        # Nothing that hides or reorders, no control character, and no link.
        ("a\u202eb", [["a\ufffd", "", 1], ["b", ""]]),
        ("\x9b31mx", [["\ufffd31mx", ""]]),
        ("\x1b]8;;javascript:alert(1)\x1b\\x\x1b]8;;\x1b\\y", [["x", "l"], ["y", ""]]),
        ("\x1b]8;id=1;http://x/\x07x\x1b]8;;\x07y", [["x", "l"], ["y", ""]]),
        ("<b onclick=x>&amp;", [["<b onclick=x>&amp;", ""]]),
        # What is no style is skipped: unknown codes, broken colours, other sequences.
        ("\x1b[38;5;999mx\x1b[38;2;1mx\x1b[38mx\x1b[999mx\x1b[38;5mx", [["xxxxx", ""]]),
        ("a\x1b[2Jb\x1b[10;10Hc\x1bMd\x1b", [["abcd", ""]]),
        ("\x1b[38;2;300;0;0mx\x1b[99999999999mx", [["xx", ""]]),
    ],
)  # fmt: skip
def test_runs_of_a_line(line: str, expected: list[Run]) -> None:
    found = runs(line)
    assert _joined(found) == expected


def _joined(found: Sequence[Run]) -> list[Run]:
    """Neighbours of one style together: two runs of that are no fault."""
    told: list[Run] = []
    for run in found:
        if told and len(run) == len(told[-1]) == 2 and run[1] == told[-1][1]:
            told[-1] = [f"{told[-1][0]}{run[0]}", run[1]]
        else:
            told.append(list(run))
    return told


def test_styles_run_over_the_ends_of_lines() -> None:
    first, second, third = Renderer(letter_width).render("\x1b[7mab\ncd\x1b[0m\ne")
    assert (first, second, third) == ('[["ab","r"]]', '[["cd","r"]]', '[["e",""]]')


@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=60))
def test_any_text_gives_runs_whose_columns_add_up(text: str) -> None:
    line = text.replace("\n", " ")
    found, _ = read_line(line, PLAIN, letter_width)
    assert all(len(run) in (2, 3) and isinstance(run[0], str) and run[0] for run in found)
    told = "".join(str(run[0]) for run in found)
    assert not any(letter < " " or "\x7f" <= letter <= "\x9f" or letter in "\u202e\u2066" for letter in told)
    assert all(isinstance(run[2], int) and run[2] >= 1 for run in found if len(run) == 3)


# What tmux says of random programs, against what a page is told: told once more to tmux, it must be the same.

# No blank at the end of a line: a capture leaves it out, and its colour in.
_LETTERS = st.one_of(st.text(st.sampled_from("ab<&é─日本ﾊ"), min_size=1, max_size=8), st.just("a  b"))
_CODES = st.sampled_from(
    [
        "0", "1", "2", "3", "4", "5", "7", "8", "9", "53", "4:2", "4:3", "4:4", "4:5", "22", "23", "24", "25", "27",
        "28", "29", "55", "31", "37", "93", "39", "44", "101", "49", "38;5;20", "38;5;255", "48;5;99", "38;2;1;2;3",
        "48;2;255;254;0", "58;5;77", "58;2;9;8;7", "59", "", "1;31;42",
    ]
)  # fmt: skip
# Nothing that goes back or clears: half a wide letter, and the colour of what is empty, are matters of tmux alone.
_PIECES = st.one_of(
    _LETTERS,
    _CODES.map(lambda code: f"\x1b[{code}m"),
    st.sampled_from(["\r\n", "\x1b[2C", "\t", "\x1b[?25l"]),
)
_SCREENS = st.lists(st.lists(_PIECES, max_size=25).map("".join), min_size=A_BATCH, max_size=A_BATCH)
_ENCODED = {"b": "1", "d": "2", "i": "3", "k": "5", "r": "7", "h": "8", "s": "9", "o": "53", "u": "4"}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    folder = Path(tempfile.mkdtemp(prefix="gt-tmux-"))
    made = Server(folder / "tmux.sock", folder / "tmux.conf")
    made.start()
    yield made
    made.stop()
    shutil.rmtree(folder)


@given(_SCREENS)
@settings(max_examples=BATCHES, suppress_health_check=list(HealthCheck), derandomize=BATCHES < 10)
def test_text_and_colours_are_those_of_capture_pane(server: Server, screens: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        first = show(server, Path(folder), screens)
        widths = Widths()
        for capture in first:
            widths.learn(capture.text, lambda letters: ask_widths(server, letters))
        again = show(server, Path(folder), [encode(capture.text, widths) for capture in first])
    assert [capture.text for capture in again] == [capture.text for capture in first]


_JOINED = [
    "x❤\ufe0f", "1\ufe0f\u20e3", "日\ufe0f", "x\u0301\ufe0f", "👍🏽", "é🏽", "x🏽", "👩\u200d❤\ufe0f\u200d👩",
    "x\u200d👧",
    "é\u200dx", "日\u200d日", "🇩🇪🇫🇷", "─\ufe0f─", "❤\ufe0e", "क\u094d\u0937",
]  # fmt: skip


def test_what_stands_in_one_cell_has_the_columns_that_tmux_gives_it(
    server: Server, tmp_path: Path, wait_for: Any
) -> None:
    commands = [["sh", "-c", f"printf '%s' '{text}'; exec tail -f /dev/null"] for text in _JOINED]
    specs = [
        WindowSpec("rig", f"j{place}", words, tmp_path, {}, {"@gt_session": "j"})
        for place, words in enumerate(commands)
    ]
    made = open_windows(server, specs)
    widths = Widths()
    for text, pane in zip(_JOINED, made, strict=True):
        wait_for(lambda pane=pane: server.run("capture-pane", "-p", "-t", pane).strip(), 10, "the letters")
        seen = server.run("capture-pane", "-p", "-t", pane).strip("\n")
        widths.learn(seen, lambda letters: ask_widths(server, letters))
        found, _ = read_line(seen, PLAIN, widths)
        columns = sum(int(run[2]) if len(run) == 3 else len(str(run[0])) for run in found)
        assert columns == int(server.run("display-message", "-p", "-t", pane, "#{cursor_x}")), ascii(text)
    kill_panes(server, dict.fromkeys(made, "j"))


def show(server: Server, folder: Path, texts: Sequence[str]) -> list[Capture]:
    """Screens of programs that print these and stay; the last line of each says that all was printed."""
    specs = []
    for number, text in enumerate(texts):
        file = folder / f"{number}.txt"
        file.write_bytes(b"\x1b[?7l" + text.encode() + f"\x1b[0m\x1b[50;1H{END}".encode())
        command = ["sh", "-c", f'cat "{file}"; exec tail -f /dev/null']
        specs.append(WindowSpec("rig", f"t{number}", command, folder, {}, {"@gt_session": f"s{number}"}))
    made = open_windows(server, specs)
    sessions = {pane: f"s{number}" for number, pane in enumerate(made)}
    deadline = time.monotonic() + 60
    with contextlib.closing(ControlClient(server)) as client:
        found = client.capture(sessions)
        while not all(END in capture.text for capture in found.values()):
            assert time.monotonic() < deadline
            found = client.capture(sessions)
            select.select([], [], [], 0.005)
    kill_panes(server, sessions)
    return [replace(found[pane], text=found[pane].text.rpartition("\n")[0].rstrip("\n")) for pane in made]


def encode(text: str, widths: Widths) -> str:
    """A program that prints what a page is told."""
    style, lines = PLAIN, []
    for line in text.split("\n"):
        found, style = read_line(line, style, widths)
        lines.append("".join(f"\x1b[0m{_codes(str(run[1]))}{run[0]}" for run in found))
    return "\r\n".join(lines)


def _codes(words: str) -> str:
    codes = []
    for word in words.split():
        kind, value = word[0], word[1:]
        if kind in "fgc" and value:
            base = {"f": 38, "g": 48, "c": 58}[kind]
            if value.startswith("#"):
                codes.append(f"{base};2;{int(value[1:3], 16)};{int(value[3:5], 16)};{int(value[5:], 16)}")
            elif kind != "c" and int(value) < 16:
                codes.append(str(base - 8 + int(value) if int(value) < 8 else base + 44 + int(value)))
            else:
                codes.append(f"{base};5;{value}")
        elif kind == "u" and value:
            codes.append(f"4:{value}")
        elif word != "l":
            codes.append(_ENCODED[word])
    return "".join(f"\x1b[{code}m" for code in codes)
