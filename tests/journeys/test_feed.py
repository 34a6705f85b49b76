"""A person looks at the town on a whole screen, in a real terminal."""

import re
import signal
from collections.abc import Iterator
from typing import Any

import psutil
import pytest

from tests.journeys.terminals import GT, Terminal
from tests.journeys.town_world import TownWorld


@pytest.fixture
def open_feed(quick_town: TownWorld, terminal: Terminal) -> Iterator[Any]:
    def open_it(columns: int = 110, rows: int = 24) -> None:
        terminal.resize(columns, rows)
        terminal.run(GT, "--town", quick_town.path, "feed")
        terminal.sees("1 town")

    yield open_it


def test_what_needs_you_is_answered_with_one_key(open_feed: Any, quick_town: TownWorld, terminal: Terminal) -> None:
    open_feed()
    terminal.sees("nothing to do yet")
    quick_town.gt("escalate", "which greeting?", "-s", "high")
    screen = terminal.sees("which greeting?")
    assert re.search(r"▲ escalation esc-\w+ +which greeting\?", screen), screen
    # Right after it came up no key acts.
    terminal.wait_for(lambda: (terminal.types("y"), "▲ escalation" not in terminal.screen())[1], 20, "the answer")
    assert [one["state"] for one in quick_town.json("escalate", "list")["items"]] == ["resolved"]
    terminal.gone("which greeting?")
    terminal.types(":")
    terminal.types("bead create 'say hello' --rig demo\r")
    terminal.sees("say hello")
    terminal.types("3")
    terminal.sees("to do")
    terminal.types(":events -f\r")
    terminal.sees("town.installed")
    terminal.types("\x03")
    terminal.sees("interrupted")
    terminal.types("q")
    terminal.gone("1 town")
    terminal.types("echo the shell is $((40 + 2))\r")
    terminal.sees("the shell is 42")


def test_a_town_that_goes_and_comes_back(open_feed: Any, quick_town: TownWorld, terminal: Terminal) -> None:
    open_feed(60, 15)
    away = quick_town.path.with_name("away")
    quick_town.path.rename(away)
    terminal.sees("folder is gone", 10)
    away.rename(quick_town.path)
    terminal.gone("is gone")
    quick_town.gt("escalate", "still there?")
    terminal.sees("still there?")
    pid = int(terminal.tmux("display-message", "-p", "-t", "person", "#{pane_pid}"))
    [feed] = [each for each in psutil.Process(pid).children(recursive=True) if "feed" in each.cmdline()]
    feed.send_signal(signal.SIGTERM)
    terminal.gone("1 town")
    terminal.types("echo the shell is $((40 + 2))\r")
    terminal.sees("the shell is 42")
