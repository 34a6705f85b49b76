"""What a typed line means."""

import pytest

from gastown_tmux.errors import UsageError
from gastown_tmux.repl.lines import Clear, Leave, Run, Say, Shell, is_open, read_line, split_lines


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("status", Run(("status",))),
        ("  gt bead show de-1  ", Run(("bead", "show", "de-1"))),
        ('bead create "two words"', Run(("bead", "create", "two words"))),
        ("?", Run(("help",))),
        ("@toast don't stop", Say("toast", "don't stop")),
        ("@town stop", Say("@town", "stop")),
        ("@rig/demo stop", Say("@rig/demo", "stop")),
        ("!ls | wc -l", Shell("ls | wc -l")),
        ("!", None),
        ("", None),
        ("exit", Leave()),
        ("clear", Clear()),
        ("exit now", Run(("exit", "now"))),
        ("what's going on?", Run(("what's", "going", "on?"))),
    ],
)
def test_meanings(text: str, meaning: object) -> None:
    assert read_line(text) == meaning


@pytest.mark.parametrize("text", ["@toast", "@", "@ hi", "sling 'half", 'bead create "half'])
def test_half_lines_are_refused_with_a_hint(text: str) -> None:
    with pytest.raises(UsageError) as error:
        read_line(text)
    assert error.value.hint


def test_a_quote_may_go_over_lines_and_the_rest_runs_line_by_line() -> None:
    assert is_open("bead create 'a")
    assert not is_open("it's fine")
    assert list(split_lines("status\nbead create 'a\nb'\nagents\n")) == ["status", "bead create 'a\nb'", "agents"]
    pasted = "status\n@toast look at this:\nTraceback\n  down --agents"
    assert list(split_lines(pasted)) == ["status", "@toast look at this:\nTraceback\n  down --agents"]


def test_what_was_pasted_loses_its_control_characters() -> None:
    assert list(split_lines("sta\x00tus\x1b[2J")) == ["sta?tus?[2J"]
