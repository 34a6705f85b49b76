"""What is shown of other programs' last words, for real ones: each made to fail on a machine like a user's."""

import re
from pathlib import Path

import pytest

from gastown_tmux.domain.complaints import cause_of

#: Sections that begin with a line `=== NAME => WHAT IS SHOWN`; then what the program printed, to the letter.
CORPUS = Path(__file__).with_name("complaints.txt").read_text()
CASES = [part.partition("\n")[::2] for part in re.split(r"^=== ", CORPUS, flags=re.MULTILINE)[1:]]


@pytest.mark.parametrize(("head", "said"), CASES, ids=[head.partition(" => ")[0] for head, _ in CASES])
def test_the_telling_lines_are_shown(head: str, said: str) -> None:
    assert cause_of(said) == head.partition(" => ")[2]


def test_short_and_on_one_line_whatever_was_said() -> None:
    for said in ("", "\n\r\n", "\x1b[31m", "x" * 100_000, "fatal: " + "é" * 9_000, "a:\n\tb\n" * 5_000, "\t\n:\n\t"):
        assert len(cause_of(said)) <= 500 and "\n" not in cause_of(said) and "\x1b" not in cause_of(said)
    assert cause_of("\x1b[31merror\x1b[m: no such thing\r\n") == "no such thing"
    # Progress is overwritten on a screen, and is no line of its own there.
    assert (
        cause_of("Receiving objects:  12% (1/8)\rReceiving objects: 100% (8/8), done.\nfatal: early EOF\n")
        == "early EOF"
    )
