import os
import pty
import select
import subprocess
import termios
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gastown_tmux.agents.composer import Key, Keys, Screen, plain, rows


def press(data: bytes) -> list[tuple[Key, str]]:
    return Keys().feed(data)


def test_keys() -> None:
    assert press(b"ab\r\n\x7f\x15\x03\x04\x0c\x01") == [
        (Key.TEXT, "ab"),
        (Key.ENTER, ""),
        (Key.NEWLINE, ""),
        (Key.BACKSPACE, ""),
        (Key.CLEAR, ""),
        (Key.INTERRUPT, ""),
        (Key.END, ""),
        (Key.REDRAW, ""),
    ]


def test_arrows_and_other_sequences_are_no_text() -> None:
    assert press(b"\x1b[A\x1bOB\x1b[1;5Cx") == [(Key.TEXT, "x")]


def test_a_pasted_text_is_one_key_with_its_newlines_and_without_control_characters() -> None:
    pasted = b"\x1b[200~one\rtwo\r\nthree\nfour\tfive\x07\x1b[A\x1b[201~\r"
    assert press(pasted) == [(Key.PASTE, "one\ntwo\nthree\nfour\tfive[A"), (Key.ENTER, "")]


@given(st.integers(1, 60), st.integers(1, 60))
def test_how_the_bytes_were_cut_makes_no_difference(first: int, second: int) -> None:
    data = "x\x1b[200~größer\r→ 🏘\x1b[201~\x1b[Ay\r".encode()
    keys = Keys()
    found = keys.feed(data[:first]) + keys.feed(data[first : first + second]) + keys.feed(data[first + second :])
    assert "".join(text for key, text in found if key is Key.TEXT) == "xy"
    assert [text for key, text in found if key is Key.PASTE] == ["größer\n→ 🏘"]
    assert found[-1] == (Key.ENTER, "")
    assert keys.patience is None


def test_an_escape_alone_is_the_key_once_patience_is_over() -> None:
    keys = Keys()
    assert keys.feed(b"\x1b") == []
    assert keys.patience == 0.05
    assert keys.flush() == [(Key.ESCAPE, "")]
    assert keys.patience is None


def test_a_paste_that_never_ends_gives_the_keyboard_back() -> None:
    keys = Keys()
    assert keys.feed(b"\x1b[200~half") == []
    assert keys.flush() == [(Key.PASTE, "half")]
    assert keys.feed(b"\x03") == [(Key.INTERRUPT, "")]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]2;title\x07a\x1b]8;;http://x\x1b\\b", "ab"),
        ("10%\r50%\r100%\r\nnext", "100%\nnext"),
        ("bell\x07 null\0 \x9b2J", "bell null 2J"),
        ("a\tb", "a       b"),
        ("cut \x1b[3", "cut "),
    ],
)
def test_plain(text: str, shown: str) -> None:
    assert plain(text) == shown


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 1),
        ("a" * 10, 1),
        ("a" * 11, 2),
        ("宽" * 5, 1),
        ("a" + "宽" * 5, 2),
        ("e\u0301" * 10, 1),
        ("👩\u200d💻" * 5, 1),
    ],
)
def test_rows(text: str, count: int) -> None:
    assert rows(text, 10) == count


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (10, 40))
    yield ours, theirs
    os.close(ours)
    os.close(theirs)


def drawn_on(terminal: int, end: str) -> str:
    """What was written up to `end`: a terminal hands it out in pieces of its own choice."""
    data = b""
    while not data.endswith(end.encode()):
        assert select.select([terminal], [], [], 10)[0], f"no {end!r} after {data!r}"
        data += os.read(terminal, 100_000)
    return data.decode()


def test_the_terminal_is_as_it_was_afterwards(terminal: tuple[int, int]) -> None:
    ours, theirs = terminal
    before = termios.tcgetattr(theirs)
    screen = Screen(theirs, theirs)
    screen.enter()
    assert not termios.tcgetattr(theirs)[3] & (termios.ICANON | termios.ECHO | termios.ISIG)
    screen.leave()
    assert termios.tcgetattr(theirs) == before
    assert drawn_on(ours, "\n") == "\x1b[?2004h\x1b[?2004l\r\r\n"


def test_a_flood_of_output_is_drawn_as_its_end(terminal: tuple[int, int]) -> None:
    ours, theirs = terminal
    screen = Screen(theirs, theirs)
    for number in range(0, 100_000, 100):
        screen.output(b"".join(b"%d\n" % n for n in range(number, number + 100)))
    screen.draw(["› "])
    drawn = drawn_on(ours, "› ")
    assert "99999\r\n" in drawn
    assert len(drawn.splitlines()) < 220
    assert drawn.startswith("\r\x1b[J  … 99800 lines not shown\r\n  99800\r\n")


def test_nothing_is_drawn_twice(terminal: tuple[int, int]) -> None:
    ours, theirs = terminal
    screen = Screen(theirs, theirs)
    screen.say("words")
    screen.draw(["busy", "› draft"])
    assert drawn_on(ours, "draft") == "\r\x1b[Jwords\r\nbusy\r\n› draft"
    screen.draw(["busy", "› draft"])
    screen.draw(["› draft"])
    assert drawn_on(ours, "draft") == "\r\x1b[1A\x1b[J› draft"


def test_what_has_no_newline_yet_is_shown_and_printed_once_it_has(terminal: tuple[int, int]) -> None:
    ours, theirs = terminal
    screen = Screen(theirs, theirs)
    screen.output(b"wait")
    screen.draw(["› "])
    assert drawn_on(ours, "› ").endswith("  wait\r\n› ")
    screen.output("ed\n› no composer\n".encode())
    screen.draw(["› "])
    assert drawn_on(ours, "\n› ") == "\r\x1b[1A\x1b[J  waited\r\n  › no composer\r\n› "


def test_a_draft_larger_than_the_screen_is_shown_by_its_end(terminal: tuple[int, int]) -> None:
    screen = Screen(terminal[1], terminal[1])
    assert screen.composer("a\nb") == ["› a", "  b"]
    assert screen.composer("\n".join(map(str, range(50)))) == [
        "› … 45 lines above",
        *(f"  {number}" for number in range(45, 50)),
    ]


def test_a_terminal_that_is_gone_is_no_error() -> None:
    ours, theirs = pty.openpty()
    screen = Screen(theirs, theirs)
    screen.enter()
    os.close(ours)
    screen.say("words")
    screen.draw(["› "])
    screen.redraw()
    screen.leave()
    os.close(theirs)


def test_no_terminal_at_all() -> None:
    with (
        subprocess.Popen(["true"], stdin=subprocess.PIPE) as process,
        pytest.raises(termios.error),
    ):
        assert process.stdin
        Screen(process.stdin.fileno(), 1)
