"""The REPL without a terminal: keys in, whole lines out."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output import DummyOutput

from gastown_tmux.domain.addresses import DEACON, OVERSEER, Address
from gastown_tmux.domain.agents import Role
from gastown_tmux.domain.events import EventType
from gastown_tmux.domain.ids import RigName
from gastown_tmux.domain.rigs import RemoteKind, Rig
from gastown_tmux.edges.files import clock
from gastown_tmux.operations.escalation.escalations import escalate
from gastown_tmux.operations.mail.sending import notify
from gastown_tmux.operations.town.town import Town
from gastown_tmux.repl.popup import open_popup
from gastown_tmux.repl.printing import Screen
from gastown_tmux.repl.questions import Questions
from gastown_tmux.repl.shell import Shell
from gastown_tmux.store.agents import insert_agent
from gastown_tmux.store.beads import list_beads
from gastown_tmux.store.escalations import list_escalations
from gastown_tmux.store.rigs import insert_rig
from gastown_tmux.verbs.names import list_names
from gastown_tmux.verbs.show import PLAIN
from gastown_tmux.verbs.table import Kind


class Recorder(DummyOutput):
    """Keeps what is printed above the prompt."""

    def __init__(self) -> None:
        self.text = ""

    def write_raw(self, data: str) -> None:
        self.text += data


class Person:
    """Types, and reads what is printed."""

    def __init__(self, keys: PipeInput, output: Recorder, wait_for: Callable[..., Any]) -> None:
        self.keys, self.output, self.wait_for = keys, output, wait_for

    def types(self, text: str) -> None:
        self.keys.send_text(text)

    def sees(self, text: str) -> None:
        self.wait_for(lambda: text in self.output.text, 10, f"{text!r} in {self.output.text!r}")


@pytest.fixture
def town(short_tmp: Path, run_gt: Callable[..., Any]) -> Town:
    assert run_gt("install", short_tmp / "town").code == 0
    town = Town(short_tmp / "town", OVERSEER, dict(os.environ))
    rig = Rig(RigName("demo"), "de", "/x", "/x", RemoteKind.REMOTE, "main", None, "a@b.c", False, clock.now())
    with town.change() as change:
        insert_rig(change, rig)
    return town


@pytest.fixture
def converse(town: Town, wait_for: Callable[..., Any]) -> Callable[[Callable[[Person], None]], str]:
    """Runs a person's doings beside a prompt, has them leave, and gives back all that was printed."""

    def run(doings: Callable[[Person], None]) -> str:
        with create_pipe_input() as keys, ThreadPoolExecutor() as pool:
            output = Recorder()
            shell = Shell(town, PLAIN, keys, output)
            person = Person(keys, output, wait_for)

            def act() -> None:
                try:
                    person.sees("help tells more")
                    doings(person)
                finally:
                    keys.send_text("\x03\x03exit\r")

            acted = pool.submit(act)
            shell.run()
            acted.result()
        assert "Traceback" not in output.text
        return output.text

    return run


def test_verbs_run_without_gt_and_errors_are_one_line(converse: Callable[..., str]) -> None:
    def doings(person: Person) -> None:
        person.types("status\r")
        person.sees("tmux does not run")
        person.types("gt bead show nope\r")
        person.sees("gt: no bead 'nope'\nhint: bead list\n")
        person.types("bead list --json\r")
        person.sees('"items": []')
        person.types("frobnicate\r")
        person.sees("unknown verb 'gt frobnicate'")

    converse(doings)


def test_keys_of_every_kind_leave_a_prompt_that_works(converse: Callable[..., str]) -> None:
    def doings(person: Person) -> None:
        person.types("\x03\x03bead 'open\r\x03")
        person.types("".join(chr(code) for code in range(1, 27) if code not in (3, 4, 13, 18, 24, 26)) + "\x03")
        person.types("\x1b[200~\x00\xff\x07\x1b[2J binary\x1b[201~\x03")
        person.keys.send_bytes(b"\x1b[200~frob \xff\xfe\x1b[201~\r")
        person.sees("gt: unknown verb 'gt frob'")
        person.types("bead list\x1b\rwhat\r")
        person.sees("unknown verb 'gt what'")
        person.types("@toast\r")
        person.sees("words for whom")
        person.types("bead list\r")
        person.sees("no beads")

    assert "a fault in gt" not in converse(doings)


def test_long_commands_run_behind_the_prompt_and_ctrl_c_ends_them(converse: Callable[..., str]) -> None:
    def doings(person: Person) -> None:
        person.types("events --follow\r")
        person.sees("town.installed")
        person.types("bead list\r")
        person.sees("no beads")
        person.types("exit\r")
        person.sees("events still runs")
        person.types("\x03")
        person.sees("interrupted: events --follow")

    converse(doings)


def test_news_of_others_are_printed_and_a_flood_is_summed_up(town: Town, converse: Callable[..., str]) -> None:
    deacon = town.acting_as(DEACON)

    def flood(count: int) -> None:
        with deacon.change() as change:
            for number in range(count):
                change.event(EventType.BEAD_MERGED, f"de-{number:05}", commit="a" * 40)

    def doings(person: Person) -> None:
        flood(1)
        person.sees("de-00000 merged as aaaaaaaaaaaa\n")
        flood(10_000)
        person.sees("9992 more")
        person.types("config set ui.events []\r")
        person.sees("ui.events is []")
        flood(1)
        person.types("bead list\r")
        person.sees("no beads")

    assert converse(doings).count("de-00000 merged") == 2


def test_what_was_typed_is_there_the_next_time(town: Town, converse: Callable[..., str]) -> None:
    def first(person: Person) -> None:
        person.types('bead create "one two" --rig demo\r')
        person.sees("de-")

    converse(first)
    assert (town.path / ".gt" / "history").stat().st_mode & 0o077 == 0
    converse(lambda person: person.types("\x1b[A\x1b[A\r"))
    assert [bead.title for bead in list_beads(town.db)] == ["one two", "one two"]


def test_what_waits_is_decided_with_a_key_each(town: Town, converse: Callable[..., str]) -> None:
    deacon = town.acting_as(DEACON)
    for words in ("first thing", "second thing", "third thing"):
        escalate(deacon, words)

    def doings(person: Person) -> None:
        person.types("decide\r")
        person.sees("1/4 escalation esc-")
        person.types("xZ\ry")
        person.sees("is resolved")
        person.types("n")
        person.sees("is acknowledged")
        person.sees("3/4 escalation")
        person.types("q")
        person.types("bead list\r")
        person.sees("no beads")

    converse(doings)
    assert [found.state for found in list_escalations(town.db)] == ["resolved", "acknowledged", "open"]


def test_a_popup_asks_with_all_there_is_to_choose_from(town: Town) -> None:
    with town.change() as change:
        insert_agent(change, Address("demo/toast"), Role.POLECAT, "runbook")
    ran: list[Sequence[str]] = []
    with create_pipe_input() as keys:
        output = Recorder()
        person = Questions(keys, output, Screen(output))

        def pops_up(what: str, typed: str) -> Sequence[str] | None:
            keys.send_text(typed)
            open_popup(what, town, person, lambda words: not ran.append(words))
            return ran.pop() if ran else None

        assert pops_up("sling", "do -m it\rtst\r\r") == ("sling", "--message=do -m it", "demo/toast")
        assert pops_up("sling", "first of all\r\r\r") == ("sling", "--message=first of all", "demo")
        assert pops_up("go", "wit\r") == ("attach", "witness")
        escalate(town.acting_as(Address("demo/toast")), "look here")
        assert pops_up("decide", "a") == ("attach", "demo/toast")
        notify(town, OVERSEER, "look at this", "body", seed="s")
        assert (pops_up("mail", "look\r\x03") or ())[:2] == ("mail", "read")
        for what, typed in (("sling", "\r"), ("sling", "words\r\x03"), ("go", "nowhere\r"), ("go", "\x04")):
            assert pops_up(what, typed) is None
        for what, typed in (("sling", "\x1b"), ("go", "to\x1b"), ("decide", "\x1b"), ("decide", "q"), ("mail", "\x1b")):
            assert pops_up(what, typed) is None


def test_pasted_lines_run_one_after_the_other(town: Town, converse: Callable[..., str]) -> None:
    lines = "\n".join(f'bead create "number {number}" --rig demo' for number in range(4))

    def doings(person: Person) -> None:
        person.types(f"\x1b[200~{lines}\nbead list\x1b[201~\r")
        person.sees("number 3")

    converse(doings)
    made = sorted(list_beads(town.db), key=lambda bead: (bead.created, bead.title))
    assert [bead.title for bead in made] == [f"number {number}" for number in range(4)]


class HangingUp(Recorder):
    """The terminal goes while the prompt makes room for a line above it."""

    def erase_down(self) -> None:
        if sys._getframe(1).f_code.co_name == "erase":
            os.kill(os.getpid(), signal.SIGHUP)


@pytest.mark.timeout(60)
def test_a_hangup_ends_it_in_the_midst_of_a_drawing(town: Town) -> None:
    with create_pipe_input() as keys, ThreadPoolExecutor(1) as pool:
        shell = Shell(town, PLAIN, keys, output := HangingUp())

        def land() -> None:
            while "tells more" not in output.text or not shell._session.app.is_running:
                threading.Event().wait(0.01)
            with Town(town.path, DEACON, os.environ).change() as change:
                change.event(EventType.BEAD_MERGED, "de-00001", commit="a" * 40)

        landing = pool.submit(land)
        with pytest.raises(SystemExit) as ended:
            shell.run()
        landing.result()
    assert ended.value.code == 128 + signal.SIGHUP


def test_what_a_line_made_can_be_named_in_the_next(
    town: Town, converse: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However rarely the town is read for what others do."""
    for name in ("STALE_SECONDS", "FRESH_SECONDS"):
        monkeypatch.setattr(f"gastown_tmux.faces.watcher.{name}", 3600.0)

    def doings(person: Person) -> None:
        person.types("bead create hello --rig demo\r")
        person.wait_for(lambda: list_names(town, Kind.BEAD), 10, "the bead")
        ((bead, _),) = list_names(town, Kind.BEAD)
        person.sees(f"{bead}\n")

        def name_it() -> bool:
            person.types(f"bead show {bead[4:]}\t\r")
            return "nobody has given it out" in person.output.text

        person.wait_for(name_it, 20, "its name to be completed")

    converse(doings)
