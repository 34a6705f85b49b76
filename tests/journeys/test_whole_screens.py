"""Whole screens of the REPL, as a person sees them; what differs from day to day is made alike."""

import contextlib
import re
import shlex
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from textwrap import dedent

import pytest

from gastown_tmux.edges.files import clock
from tests.journeys.terminals import GT, Terminal
from tests.journeys.town_world import TownWorld

pytestmark = pytest.mark.with_mayor

FLOOD = """
import os
from pathlib import Path
from gastown_tmux.domain.events import EventType
from gastown_tmux.domain.addresses import DEACON
from gastown_tmux.operations.town.town import Town
town = Town(Path({path!r}), DEACON, os.environ)
with town.change() as change:
    for number in range(10_000):
        change.event(EventType.BEAD_MERGED, f"de-{{number:05}}", commit="a" * 40)
"""


def run(terminal: Terminal, town: TownWorld, *words: str, variables: str = "") -> None:
    """``gt`` on an empty screen, until it prompts."""
    command = shlex.join(map(str, (GT, "--town", town.path, *words)))
    terminal.run("sh", "-c", f"clear; {variables} exec {command}")
    terminal.sees("\ngt>")


def leave(terminal: Terminal) -> None:
    """Back to the shell."""
    terminal.types("\x03")
    terminal.types("\x04")
    terminal.wait_for(lambda: terminal.screen().rstrip().endswith("\n$"), 30, "the shell's prompt")


def let_hours_pass(town: TownWorld) -> None:
    """For every age to be the same, however fast the test is."""
    with contextlib.closing(sqlite3.connect(town.path / ".gt" / "town.db", timeout=10)) as database, database:
        database.execute("UPDATE beads SET updated = ?", [clock.after(-7300)])
        database.execute("UPDATE agents SET since = ?", [clock.after(-7300)])


@pytest.fixture
def shows(terminal: Terminal, town: TownWorld) -> Callable[[str], None]:
    """Waits for the whole screen to be that, but for empty lines at its end."""

    def compare(expected: str) -> None:
        wanted, seen = dedent(expected).strip("\n"), ""

        def is_so() -> bool:
            nonlocal seen
            text = terminal.screen().replace(str(town.path), "PATH").replace(str(town.project), "PROJECT")
            text = re.sub(r"\d\d:\d\d:\d\d", "hh:mm:ss", text)
            seen = re.sub(r"\b(de|esc)-[0-9a-z]{5}\b", r"\1-xxxxx", text).rstrip("\n")
            return seen == wanted

        try:
            terminal.wait_for(is_so, 20)
        except pytest.fail.Exception:
            assert seen == wanted

    return compare


def test_a_morning_at_the_mayors_window(town: TownWorld, terminal: Terminal, shows: Callable[[str], None]) -> None:
    town.gt("crew", "add", "ann", "--rig", "demo")
    town.bead("add a greeting")
    town.bead("日本語 in a title that is too long for the screen it is to be shown on, by far")
    let_hours_pass(town)
    run(terminal, town, "mayor", "attach")
    shows("""
        the town town, PATH; help tells more
        gt>




         town  ● 0 working  ○ 0 idle
















        hq  1:mayor  2:deacon  3:witness
        """)
    terminal.types("bead list\rstatus\r")
    shows("""
        the town town, PATH; help tells more
        gt> bead list
        ID          STATE  PRIORITY  TITLE                 WAITS                 UPDATED
        de-xxxxx  ○ open   2         日本語 in a title t…  nobody has given it…  2h ago
        de-xxxxx  ○ open   2         add a greeting        nobody has given it…  2h ago
        gt> status
        town town  up  PATH
        tmux runs  daemons deacon, witness
        beads 2 open
        queue 0  held 0  mail 0  escalations 0

        ADDRESS     STATE  SINCE
        demo/ann  · off    2h ago
        note: demo has no merge gates: what merges cleanly lands (gt help merge.gates)
        gt>




         town  ● 0 working  ○ 0 idle



        hq  1:mayor  2:deacon  3:witness
        """)
    terminal.types("clear\rbe")
    shows("""
        gt> bead list
               bead   create · list · show · update · close · reopen · ready · se…



         town  ● 0 working  ○ 0 idle

















        hq  1:mayor  2:deacon  3:witness
        """)
    terminal.types("\t \t")
    shows("""
        gt> bead create
                  create  make a bead
                  list    all beads
                  show    one bead, whole
                  update  change a bead
         town  ● 0 working  ○ 0 idle

















        hq  1:mayor  2:deacon  3:witness
        """)


def test_a_screen_made_small_and_large_again(town: TownWorld, terminal: Terminal, shows: Callable[[str], None]) -> None:
    run(terminal, town)
    terminal.types("agents\rbead list\r")
    whole = """
        the town town, PATH; help tells more
        gt> agents
        no agents yet: gt sling BEAD makes one
        gt> bead list
        no beads: gt bead create TITLE --rig RIG
        gt>





         town  ● 0 working  ○ 0 idle
        """
    shows(whole)
    terminal.resize(50, 6)
    shows("""
        gt> agents
        no agents yet: gt sling BEAD makes one
        gt> bead list
        no beads: gt bead create TITLE --rig RIG
        gt>
         town  ● 0 working  ○ 0 idle
        """)
    terminal.resize(80, 24)
    shows(whole)


def test_a_flood(town: TownWorld, terminal: Terminal, shows: Callable[[str], None]) -> None:
    run(terminal, town)
    terminal.types("sta")
    subprocess.run([sys.executable, "-c", FLOOD.format(path=str(town.path))], check=True, timeout=30)
    terminal.sees("more: events")
    terminal.types("tus")
    shows("""
        the town town, PATH; help tells more
        hh:mm:ss de-xxxxx merged as aaaaaaaaaaaa
        hh:mm:ss de-xxxxx merged as aaaaaaaaaaaa
        hh:mm:ss de-xxxxx merged as aaaaaaaaaaaa
        hh:mm:ss de-xxxxx merged as aaaaaaaaaaaa
        hh:mm:ss de-xxxxx merged as aaaaaaaaaaaa
        hh:mm:ss de-xxxxx merged as aaaaaaaaaaaa
        hh:mm:ss de-xxxxx merged as aaaaaaaaaaaa
        hh:mm:ss de-xxxxx merged as aaaaaaaaaaaa
        … and 9992 more: events --since 5m
        gt> status
                status    the town at a glance
                mail      send · inbox · read · reply · archive · thread · search · s…
                mayor     start · attach · detach · stop · restart · status
                refinery  run · status
                daemon    start · stop · status
         town  ● 0 working  ○ 0 idle
        """)
    leave(terminal)


def test_a_terminal_without_colours_and_one_that_only_prints(
    town: TownWorld, terminal: Terminal, shows: Callable[[str], None]
) -> None:
    run(terminal, town, variables="TERM=dumb")
    terminal.types("bead shot\x7fw nope\r")
    terminal.sees("no bead")
    terminal.types("bead create 'one\r")
    terminal.sees("\n  >")
    terminal.types("two")
    terminal.sees("two")
    terminal.types("\x03")
    terminal.sees("\ngt>\n")
    terminal.types("bead lisp\x7ft\r")
    shows("""
        the town town, PATH; help tells more
        gt> bead show nope
        gt: no bead 'nope'
        hint: bead list
        gt> bead create 'one
          > two^C
        gt> bead list
        no beads: gt bead create TITLE --rig RIG
        gt>
        """)
    terminal.types("\x04")
    terminal.types("clear\r")
    terminal.gone("gt>")
    run(terminal, town, variables="NO_COLOR=1")
    terminal.types("\x1b[A")
    terminal.sees("gt> bead list")  # what was typed before is read by now
    terminal.types("\x03be")
    shows("""
        the town town, PATH; help tells more
        gt> bead list
               bead   create · list · show · update · close · reopen · ready · se…




         town  ● 0 working  ○ 0 idle
        """)
    raw = terminal.tmux("capture-pane", "-ep", "-t", "person")
    assert "\033[2mad list" in raw and not re.search(r"\033\[[0-9;]*[34][0-8]", raw)
    leave(terminal)
