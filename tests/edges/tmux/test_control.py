import os
import select
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from gastown_tmux.edges.tmux.control import ControlClient, ask_widths
from gastown_tmux.edges.tmux.panes import WindowSpec, capture, capture_history, kill_pane, open_windows
from gastown_tmux.edges.tmux.server import Server, ServerGoneError, SilentError

#: What would end an answer, if lines of a screen were believed.
LIES = "%%begin 1 2 1\\n%%end 1 2 1\\n%%exit\\nhello\\n"


@pytest.fixture
def server() -> Iterator[Server]:
    folder = Path(tempfile.mkdtemp(prefix="gt-tmux-"))
    made = Server(folder / "tmux.sock", folder / "tmux.conf")
    made.start()
    yield made
    made.stop()
    shutil.rmtree(folder)


@pytest.fixture
def client(server: Server) -> Iterator[ControlClient]:
    made = ControlClient(server)
    yield made
    made.close()


def show(server: Server, tmp_path: Path, *texts: str) -> list[str]:
    """Panes that print these and stay."""
    specs = [
        WindowSpec(
            "rig", f"toast{number}", ["sh", "-c", f"printf '{text}'; exec tail -f /dev/null"], tmp_path, {},
            {"@gt_session": f"ses-{number}"},
        )
        for number, text in enumerate(texts)
    ]  # fmt: skip
    made = open_windows(server, specs)
    until(lambda: all(capture(server, pane).strip() for pane in made))
    return made


def until(look: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not look():
        assert time.monotonic() < deadline
        select.select([], [], [], 0.005)


def test_screens_are_those_of_capture_pane(server: Server, client: ControlClient, tmp_path: Path) -> None:
    texts = [LIES, "\\033[31mred \\033[1;48;5;200mloud\\n\\nplain?\\033[0m é日本\\n", *["many\\n"] * 28]
    made = show(server, tmp_path, *texts)
    asked = {pane: f"ses-{number}" for number, pane in enumerate(made)}
    found = client.capture({**asked, made[5]: "another", "%999": "ses-1"})
    assert sorted(found) == sorted(set(made) - {made[5]})
    for pane, one in found.items():
        assert f"{one.text}\n" == capture(server, pane, ansi=True)
        assert (one.columns, one.lines) == (200, one.text.count("\n") + 1)
    assert "%exit\nhello" in found[made[0]].text and "\x1b[31mred" in found[made[1]].text
    assert client.capture({}) == {}
    assert kill_pane(server, made[0], "ses-0")
    assert made[0] not in client.capture(asked)


def test_a_server_that_ends_is_told_and_another_is_asked(server: Server, client: ControlClient, tmp_path: Path) -> None:
    (pane,) = show(server, tmp_path, "one\\n")
    assert client.capture({pane: "ses-0"})
    server.stop()
    with pytest.raises(ServerGoneError):
        client.capture({pane: "ses-0"})
    with pytest.raises(ServerGoneError):
        client.capture({pane: "ses-0"})
    server.start()
    (pane,) = show(server, tmp_path, "two\\n")
    assert "two" in client.capture({pane: "ses-0"})[pane].text


def test_a_server_that_stands_still_is_not_waited_for_long(
    server: Server, client: ControlClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (pane,) = show(server, tmp_path, "one\\n")
    client.capture({pane: "ses-0"})
    monkeypatch.setattr("gastown_tmux.edges.tmux.control.SECONDS", 0.3)
    pid = server.pid()
    os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(SilentError):
            client.capture({pane: "ses-0"})
    finally:
        os.kill(pid, signal.SIGCONT)
    assert "one" in client.capture({pane: "ses-0"})[pane].text


def test_no_client_is_left_and_it_takes_no_output(server: Server, client: ControlClient, tmp_path: Path) -> None:
    (pane,) = show(server, tmp_path, "one\\n")
    client.capture({pane: "ses-0"})
    pid, mode, flags = server.run("list-clients", "-F", "#{client_pid} #{client_control_mode} #{client_flags}").split()
    assert mode == "1" and "no-output" in flags and "ignore-size" in flags
    client.close()
    until(lambda: not server.run("list-clients").strip())
    until(lambda: not psutil.pid_exists(int(pid)))
    assert client.capture({pane: "ses-0"})


def test_widths_are_the_servers_own(server: Server, tmp_path: Path) -> None:
    letters = [*"é日─\u0301❤\ufe0f👍🏽क\u200d⌚ﾊ", *map(chr, range(0x3041, 0x3141)), "\u0378", "\U000e0001", "\ufffd"]
    found = dict(zip(letters, ask_widths(server, letters), strict=True))
    assert [found[letter] for letter in "é日─\u0301"] == [1, 2, 1, 0]
    # Where the cursor stands behind each is what counts. What 3.5 does with the letter before is tried in test_escapes.
    letters = [letter for letter in letters if found[letter] >= 0 and letter != "\ufe0f"]
    made = open_windows(
        server,
        [
            WindowSpec("rig", f"t{number}", ["sh", "-c", f"printf 'x{letter}'; exec tail -f /dev/null"], tmp_path)
            for number, letter in enumerate(letters[:12])
        ],
    )
    for letter, pane in zip(letters, made, strict=False):
        until(lambda pane=pane: capture(server, pane).strip())  # type: ignore[misc]
        column = int(server.run("display-message", "-p", "-t", pane, "#{cursor_x}"))
        assert column == 1 + found[letter], repr(letter)


def test_history_is_above_the_screen(server: Server, tmp_path: Path) -> None:
    (pane,) = show(server, tmp_path, "\\033[32m" + "\\n".join(f"line {number}" for number in range(200)))
    told = capture_history(server, pane, "ses-0", 500) or ""
    assert told.startswith("\x1b[32mline 0") and "line 199" in told
    assert capture_history(server, pane, "ses-9", 500) is None
