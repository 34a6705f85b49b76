"""A person looks at the town on a whole screen, in a real terminal."""

import re
import signal
from collections.abc import Callable, Iterator
from typing import Any

import psutil
import pytest

from tests.journeys.askers import IDLE, Asker, dialog
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
    terminal.gone("2 agents")  # "1 town" stands in 17:30:41 town.installed
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


def test_what_an_agent_asks_is_answered_from_either_of_two_feeds(
    town: TownWorld, make_asker: Callable[..., Asker], terminal: Terminal, second_terminal: Terminal
) -> None:
    """And what is answered in one is gone from the other."""
    for each, (columns, rows) in ((terminal, (110, 24)), (second_terminal, (60, 15))):
        each.resize(columns, rows)
        each.run(GT, "--town", town.path, "feed")
    ann, ben = make_asker("ann", dialog("git status")), make_asker("ben", dialog("rm -rf build"))
    for each in (terminal, second_terminal):
        each.sees("Bash command: git status")
        each.sees("Bash command: rm -rf build")
    answer(second_terminal, "y", lambda: ann.got() == "1")
    ann.show(IDLE)
    for each in (terminal, second_terminal):
        each.gone("approval demo/ann")
    answer(terminal, "n", lambda: ben.got() != "")
    ben.show(IDLE)
    for each in (terminal, second_terminal):
        each.gone("approval demo/ben")
        each.types("q")
        each.gone("1 town")
    assert ann.got() == "1" != ben.got(), "keys of one feed that came too late answer nothing"


def answer(terminal: Terminal, key: str, is_answered: Callable[[], bool]) -> None:
    """The first row, once it is heard: right after something moved no key acts, and the line below says so."""

    def try_it() -> bool:
        terminal.types(f"g{key}")
        terminal.wait_for(lambda: is_answered() or "it moved just now" in terminal.screen(), 20, "the key to be heard")
        return is_answered()

    terminal.wait_for(try_it, 20, "the answer")
