"""Words typed into real windows: of the built-in agent, and of recorded screens of other programs."""

import json
import os
import pty
import re
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from gastown_tmux.domain.layers import Settings
from gastown_tmux.edges.processes.locks import Lock
from gastown_tmux.edges.tmux import typing
from gastown_tmux.edges.tmux.clients import attach_command, clients
from gastown_tmux.edges.tmux.panes import WindowSpec, capture, open_windows
from gastown_tmux.edges.tmux.server import Server, client_environment
from gastown_tmux.edges.tmux.typing import Outcome, Program, Refused, Typed, When, look, press_answer, type_line
from gastown_tmux.providers.questions import digest_of, find_question
from gastown_tmux.providers.registry import find
from gastown_tmux.providers.screens import holds, judge

SCREENS = Path(__file__).parents[2] / "providers" / "screens"
LINE = "gt: mail from mayor: -e it's; #{pane_id} 👩‍🚀 שלום; (gt mail read abcdefghijkl)"
GT = """#!/bin/sh
case "$1" in
signal) cat >>"$DESK/signals"; echo >>"$DESK/signals" ;;
hook) echo '{"bead": null}' ;;
esac
"""


def program(name: str, settle: float = 0.0) -> Program:
    provider = find(name, Settings([]))
    return Program(partial(judge, provider.screen), holds, settle, provider.typing.interrupt)


def digest(name: str, screen: str) -> str:
    return digest_of(find_question(find(name, Settings([])).questions, screen), "ses-1", screen)


@pytest.fixture
def server(short_tmp: Path) -> Iterator[Server]:
    made = Server(short_tmp / "tmux.sock", short_tmp / "tmux.conf")
    made.start()
    yield made
    made.stop()


@dataclass
class Window:
    server: Server
    pane: str
    folder: Path
    wait_for: Callable[..., Any]

    def type(self, line: str = LINE, when: When = When.IDLE, settle: float = 0.0, **more: Any) -> Outcome:
        lock = self.folder / "pane.lock"
        return type_line(self.server, self.pane, "ses-1", line, program("runbook", settle), lock, when=when, **more)

    def digest(self) -> str:
        """Of the dialog that it shows now."""
        seen = look(self.server, self.pane, "ses-1")
        assert seen is not None
        return digest("runbook", seen.screen)

    def answer(self, judged: str | None = None, **more: Any) -> Outcome:
        return press_answer(
            self.server, self.pane, "ses-1", ["1"], program("runbook"), self.folder / "pane.lock",
            digest=partial(digest, "runbook"), judged=judged or self.digest(), **more,
        )  # fmt: skip

    def keys(self, *keys: str) -> None:
        self.server.run("send-keys", "-t", self.pane, *keys)

    def screen(self) -> str:
        return capture(self.server, self.pane, joined=True)

    def see(self, text: str) -> None:
        self.wait_for(lambda: text in self.screen(), 10, text)

    def state(self) -> str:
        seen = look(self.server, self.pane, "ses-1")
        assert seen is not None
        return program("runbook").judge(seen.screen, seen.title).state

    def prompts(self) -> list[str]:
        file = self.folder / "signals"
        lines = file.read_text().splitlines() if file.exists() else []
        return [told["prompt"] for told in map(json.loads, lines) if "prompt" in told]


@pytest.fixture
def agent(server: Server, short_tmp: Path, wait_for: Callable[..., Any]) -> Window:
    """The built-in agent, idle, with a ``gt`` that notes what it is told."""
    (short_tmp / "bin").mkdir()
    (short_tmp / "bin" / "gt").write_text(GT)
    (short_tmp / "bin" / "gt").chmod(0o755)
    environment = {"PATH": f"{short_tmp}/bin:/usr/bin:/bin", "DESK": str(short_tmp), "GT_AGENT": "demo/toast"}
    command = [sys.executable, "-m", "gastown_tmux.agents.runbook"]
    spec = WindowSpec("demo", "toast", command, short_tmp, environment, {"@gt_session": "ses-1"})
    window = Window(server, open_windows(server, [spec])[0], short_tmp, wait_for)
    wait_for(lambda: window.state() == "idle", 10, "the agent to be idle")
    return window


def test_types_exactly_the_line_and_one_enter(agent: Window) -> None:
    assert isinstance(agent.type(heard=lambda: bool(agent.prompts())), Typed)
    agent.wait_for(lambda: agent.state() == "idle", 10, "the turn to end")
    agent.wait_for(lambda: agent.state() == "idle")
    assert isinstance(agent.type("\x1b[201~a\r\nb\tc\x07;", heard=lambda: len(agent.prompts()) > 1), Typed)
    agent.wait_for(lambda: len(agent.prompts()) == 2)
    agent.wait_for(lambda: agent.prompts() == [LINE, "[201~a b c;"])


def test_without_hooks_the_emptied_composer_and_the_busy_sign_tell(agent: Window) -> None:
    assert agent.type("/busy 30") == Typed("its screen: working, composer empty")


def test_leaves_copy_mode(agent: Window) -> None:
    agent.server.run("copy-mode", "-t", agent.pane)
    assert isinstance(agent.type("/dialog Sure?", heard=lambda: bool(agent.prompts())), Typed)
    agent.see("Sure?")
    agent.server.run("copy-mode", "-t", agent.pane)
    assert isinstance(agent.answer(), Typed)
    agent.see("answered: Yes")


def test_a_dialog_is_left_alone(agent: Window) -> None:
    agent.type("/dialog-exit Trust?", heard=lambda: bool(agent.prompts()))
    agent.see("Trust?")
    assert agent.type() == Refused("the agent's program is waiting")
    agent.wait_for(lambda: agent.prompts() == ["/dialog-exit Trust?"])
    agent.see("❯ 1. No, exit")


def test_another_dialog_than_the_one_judged_is_not_answered(agent: Window) -> None:
    agent.type("/dialog Drop the table?", heard=lambda: bool(agent.prompts()))
    agent.see("Drop the table?")
    judged = agent.digest()
    assert agent.digest() == judged
    agent.keys("Escape")
    agent.see("answered: No")
    agent.wait_for(lambda: agent.state() == "idle")
    assert agent.answer(judged) == Refused("changed: the agent's program is idle now, it asks nothing")
    agent.type("/dialog Drop the database?", heard=lambda: len(agent.prompts()) > 1)
    agent.see("Drop the database?")
    assert agent.answer(judged) == Refused("changed: it asks something else now")
    agent.see("❯ 1. Yes")
    assert isinstance(agent.answer(agent.digest()), Typed)
    agent.see("answered: Yes")


def test_a_dialog_that_is_replaced_while_another_types_is_not_answered(agent: Window) -> None:
    agent.type("/dialog May I look?", heard=lambda: bool(agent.prompts()))
    agent.see("May I look?")
    judged = agent.digest()
    with ThreadPoolExecutor(1) as pool:
        with Lock(agent.folder / "pane.lock"):
            answering = pool.submit(agent.answer, judged)
            agent.keys("2")
            agent.see("answered: No")
            agent.keys("-l", "/dialog May I delete it?")
            agent.keys("Enter")
            agent.see("May I delete it?")
            assert not answering.done()
        assert answering.result(20) == Refused("changed: it asks something else now")
    agent.see("❯ 1. Yes")


def test_a_dialog_that_opens_after_the_paste_gets_no_enter(agent: Window) -> None:
    agent.type("/busy 1")
    agent.type("/dialog Sure?", When.TURN)
    outcome = agent.type("swallowed?", When.TURN, settle=1.5)
    assert isinstance(outcome, Refused) and "waiting" in outcome.reason
    agent.see("❯ 1. Yes")
    agent.keys("Escape")
    # The line is still in the composer: it is submitted then, not typed again.
    agent.wait_for(lambda: agent.state() == "idle")
    assert isinstance(agent.type("swallowed?", heard=lambda: len(agent.prompts()) > 2), Typed)
    agent.wait_for(lambda: agent.prompts() == ["/busy 1", "/dialog Sure?", "swallowed?"])


def test_a_draft_is_left_alone(agent: Window) -> None:
    agent.keys("-l", "half a thought")
    agent.see("half a thought")
    assert agent.type() == Refused("something else is in its composer", "half a thought")
    agent.keys("C-u")
    agent.wait_for(lambda: "half" not in agent.screen())
    assert isinstance(agent.type(), Typed)
    agent.wait_for(lambda: agent.prompts() == [LINE])


def test_a_running_turn_is_not_disturbed_unless_asked(agent: Window) -> None:
    agent.type("/busy 60")
    assert agent.type() == Refused("the agent's program is working", "")
    assert isinstance(agent.type("queued words", When.TURN), Typed)
    agent.see("queued: queued words")
    assert isinstance(agent.type("urgent words", When.INTERRUPT, heard=lambda: len(agent.prompts()) > 2), Typed)
    agent.wait_for(lambda: len(agent.prompts()) == 3)
    agent.wait_for(lambda: agent.prompts() == ["/busy 60", "queued words", "urgent words"])


def test_a_person_who_just_typed_comes_first(agent: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    command = attach_command(agent.server, agent.pane)
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(command[0], command, client_environment())
    drain = threading.Thread(target=_drain, args=(terminal,))
    drain.start()
    agent.wait_for(lambda: clients(agent.server))
    os.write(terminal, b"x\x7f")
    agent.wait_for(lambda: (seen := look(agent.server, agent.pane, "ses-1")) and seen.person_typed is not None)
    monkeypatch.setattr(typing, "PERSON_SECONDS", 60.0)
    agent.wait_for(lambda: agent.type() == Refused("a person is typing in the agent's window", ""))
    os.write(terminal, b"/dialog Mine?\r")
    agent.see("❯ 1. Yes")
    assert agent.answer() == Refused("a person is typing in the agent's window")
    agent.see("❯ 1. Yes")
    (client,) = clients(agent.server)
    assert isinstance(agent.answer(besides=client.name), Typed)  # they asked for it, in a popup
    agent.wait_for(lambda: agent.state() == "idle")
    monkeypatch.setattr(typing, "PERSON_SECONDS", 0.0)
    agent.server.run("copy-mode", "-t", agent.pane)
    assert agent.type() == Refused("a person is typing in the agent's window", "")
    monkeypatch.setattr(typing, "LOOKING_BACK_SECONDS", 0.0)
    assert isinstance(agent.type(), Typed)
    agent.server.run("detach-client", "-s", "demo")
    os.waitpid(pid, 0)
    drain.join(10)
    os.close(terminal)


def _drain(terminal: int) -> None:
    try:
        while os.read(terminal, 4096):
            pass
    except OSError:
        return


def test_thirty_writers_at_once_do_not_mix(agent: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typing, "LOCK_SECONDS", 50.0)
    lines = [f"gt: mail from demo/a{n}: word {n}; (gt mail read abc{n})" for n in range(30)]
    with ThreadPoolExecutor(30) as pool:
        outcomes = list(pool.map(lambda line: agent.type(line, When.TURN), lines))
    assert all(isinstance(outcome, Typed) for outcome in outcomes), outcomes
    agent.wait_for(lambda: len(agent.prompts()) == 30)
    assert sorted(agent.prompts()) == sorted(lines)


def test_dead_gone_and_foreign_windows_are_refused(server: Server, short_tmp: Path, wait_for: Any) -> None:
    def spec(name: str, command: list[str]) -> WindowSpec:
        return WindowSpec("demo", name, command, short_tmp, {}, {"@gt_session": "ses-1"})

    dead, other = open_windows(server, [spec("dead", ["true"]), spec("other", ["cat"])])
    wait_for(lambda: (seen := look(server, dead, "ses-1")) and seen.dead)
    type_into = partial(type_line, server, line=LINE, program=program("runbook"), lock=short_tmp / "lock")
    assert type_into(pane=dead, session="ses-1") == Refused("the agent's program has ended")
    assert type_into(pane=other, session="ses-1") == Refused("the agent's screen is not understood")
    assert type_into(pane=other, session="ses-2") == Refused("the agent's window is gone")
    assert type_into(pane="%999", session="ses-1") == Refused("the agent's window is gone")
    assert capture(server, other).strip() == ""


@pytest.fixture(scope="module")
def recorded() -> list[tuple[str, str, str]]:
    """Name of the file, program and state of every recorded screen."""
    return [(path.name, path.name.split("_")[1], path.name.split("_")[0]) for path in sorted(SCREENS.glob("*.txt"))]


def play(server: Server, folder: Path, wait_for: Any, names: list[str]) -> list[str]:
    """A pane for each, which shows that recorded screen and notes every byte typed into it in ``<name>/got``."""
    specs = []
    for name in names:
        title, _, screen = (SCREENS / name).read_text().partition("\n")
        (folder / name).mkdir()
        shown = f"\x1b]2;{title.removeprefix('title: ')}\x07\x1b[?2004h" + screen.rstrip("\n").replace("\n", "\r\n")
        (folder / name / "shown").write_text(shown)
        words = "stty raw -echo; cat shown; : >up; exec cat >got"
        options = {"@gt_session": "ses-1"}
        specs.append(WindowSpec("demo", "player", ["sh", "-c", words], folder / name, {}, options))
    panes = open_windows(server, specs)
    wait_for(lambda: all((folder / name / "got").exists() for name in names))
    return panes


def test_no_recorded_screen_gets_an_enter_and_only_idle_ones_a_paste(
    server: Server,
    short_tmp: Path,
    wait_for: Any,
    recorded: list[tuple[str, str, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A window that shows the screen and notes every byte typed into it. The screen stays as it is, so that a pasted
    line never appears in its composer: Enter would be a fault everywhere."""
    monkeypatch.setattr(typing, "APPEAR_SECONDS", 0.1)
    monkeypatch.setattr(typing, "STARVED", 1)
    names = [name for name, _, _ in recorded]
    found = dict(zip(names, play(server, short_tmp, wait_for, names), strict=True))
    pasted = re.compile(rb"(\x1b\[200~)?" + re.escape(LINE.encode()) + rb"(\x1b\[201~)?")
    for name, kind, state in recorded:
        outcome = type_line(server, found[name], "ses-1", LINE, program(kind), short_tmp / "lock")
        assert isinstance(outcome, Refused), (name, outcome)
        takes = state in ("ready", "idle", "error", "limited") and not re.search("draft|dialog", name)
        got = (short_tmp / name / "got").read_bytes()
        assert pasted.fullmatch(got) if takes else got == b"", (name, outcome, got)


KEYS = {"1": b"1", "y": b"y", "Down": b"\x1b[B", "Enter": b"\r"}


def test_recorded_dialogs_get_the_keys_for_exactly_what_was_judged(
    server: Server,
    short_tmp: Path,
    wait_for: Any,
    recorded: list[tuple[str, str, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A window that shows the dialog, and notes every byte typed into it."""
    monkeypatch.setattr(typing, "TAKE_SECONDS", 0.05)
    asked = [(name, kind) for name, kind, state in recorded if state == "waiting" and "ansi" not in name]
    panes = dict(zip(asked, play(server, short_tmp, wait_for, [name for name, _ in asked]), strict=True))
    for (name, kind), pane in panes.items():
        provider, seen, got = find(kind, Settings([])), look(server, pane, "ses-1"), short_tmp / name / "got"
        assert seen is not None
        question = find_question(provider.questions, seen.screen)
        keys = (question.approve if question else ()) or provider.typing.approve
        press = partial(
            press_answer, server, pane, "ses-1", keys, program(kind), short_tmp / "lock", digest=partial(digest, kind)
        )
        judged = digest(kind, seen.screen)
        others = [digest(kind, f"{seen.screen}x"), digest(kind, ""), "0" * 12]
        for other in others:
            assert press(judged=other) == Refused("changed: it asks something else now"), name
        assert got.read_bytes() == b"", name
        assert press(judged=judged) == typing.Unsure("the keys were pressed, and the dialog is still there"), name
        typed = b"".join(KEYS[key] for key in keys)
        wait_for(lambda got=got, typed=typed: got.read_bytes() == typed, 5, f"{typed!r} in {name}")


def test_a_starved_program_is_not_given_its_line_twice(
    server: Server, short_tmp: Path, wait_for: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(typing, "APPEAR_SECONDS", 0.6)
    play = "stty raw -echo; printf '\\033]2;◇ demo/toast\\007› '; : >up; sleep 1; exec tee got"
    spec = WindowSpec("demo", "late", ["sh", "-c", play], short_tmp, {}, {"@gt_session": "ses-1"})
    (pane,) = open_windows(server, [spec])
    wait_for(lambda: (short_tmp / "up").exists())
    outcome = type_line(server, pane, "ses-1", "hello", program("runbook"), short_tmp / "lock", heard=lambda: True)
    assert outcome == Typed("its hook")
    wait_for(lambda: (short_tmp / "got").read_bytes() == b"hello\r")
