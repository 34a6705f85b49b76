"""The line below the prompt counts what a person would ask for, and fits every width."""

from collections import Counter

import pytest
from prompt_toolkit.formatted_text import fragment_list_to_text, fragment_list_width

from gastown_tmux.faces.values import Values
from gastown_tmux.repl.toolbar import toolbar

BUSY = Values(agents=Counter(working=3, ready=1, idle=1, waiting=1, limited=2, failed=1, off=9), mail=2, held=1)


def test_every_agent_that_should_run_is_counted_once() -> None:
    shown = fragment_list_to_text(toolbar("town", BUSY, [], 120)).split("  ")
    assert [word.strip() for word in shown] == [
        "town", "● 3 working", "○ 2 idle", "▲ 1 waiting", "◌ 2 limited", "✗ 1 dead", "mail 2", "held 1",
    ]  # fmt: skip


def test_what_is_zero_and_not_asked_for_is_left_out() -> None:
    shown = fragment_list_to_text(toolbar("town", Values(), [], 120))
    assert shown.split() == ["town", "●", "0", "working", "○", "0", "idle"]


@pytest.mark.parametrize("columns", [1, 8, 20, 40, 79])
def test_it_is_never_wider_than_the_screen(columns: int) -> None:
    assert fragment_list_width(toolbar("a town of that name", BUSY, [], columns)) < max(columns, 2)
