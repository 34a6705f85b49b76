import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from gastown_tmux.edges.processes.processes import is_alive, process
from gastown_tmux.edges.tmux.clients import attach_command, client_here, clients, detach_client, switch_client
from gastown_tmux.edges.tmux.server import CommandError, Server, ServerGoneError, quote, short_folder, socket_path
from gastown_tmux.edges.tmux.typing import look
from gastown_tmux.errors import GtError, MissingError, NotFoundError


@pytest.fixture
def server() -> Iterator[Server]:
    folder = Path(tempfile.mkdtemp(prefix="gt-tmux-"))
    made = Server(folder / "tmux.sock", folder / "tmux.conf")
    yield made
    made.stop()
    shutil.rmtree(folder)


def test_a_server_is_started_and_stopped_twice(server: Server) -> None:
    assert not server.is_alive()
    with pytest.raises(ServerGoneError, match="no tmux server on"):
        server.pid()
    server.start()
    ref = process(server.pid())
    server.start()
    assert ref and ref.pid == server.pid()
    assert server.run("list-windows", "-a", "-F", "#{session_name}:#{window_name}") == "hq:keeper\n"
    server.stop()
    assert not is_alive(ref)
    server.stop()
    assert not server.is_alive()


def test_nothing_but_start_makes_a_server(server: Server) -> None:
    with pytest.raises(ServerGoneError):
        server.run("new-session", "-d", "-s", "x")
    assert not server.socket.exists()


def test_the_configuration_is_ours_alone(server: Server) -> None:
    server.start()
    options = server.run("show-options", "-s") + server.run("show-options", "-g") + server.run("show", "-gw")
    for line in (
        "exit-empty off",
        "focus-events off",
        "default-terminal tmux-256color",
        "escape-time 10",
        "remain-on-exit on",
        "automatic-rename off",
        "allow-rename off",
        "history-limit 20000",
        "mouse on",
    ):
        assert line in options.splitlines()
    assert server.run("source-file", str(server.config)) == ""


def test_the_server_outlives_its_last_session_and_gets_its_keeper_back(server: Server) -> None:
    server.start()
    pid = server.pid()
    server.run("kill-session", "-t", "=hq")
    assert server.pid() == pid
    server.start()
    assert server.pid() == pid
    server.run("has-session", "-t", "=hq")


def test_thirty_starters_make_one_server(server: Server) -> None:
    program = (
        "import sys, threading; from pathlib import Path; from gastown_tmux.edges.tmux.server import Server\n"
        "server = Server(Path(sys.argv[1]), Path(sys.argv[2]))\n"
        "starters = [threading.Thread(target=server.start) for _ in range(10)]\n"
        "[each.start() for each in starters]; [each.join() for each in starters]; print(server.pid())"
    )
    command = [sys.executable, "-c", program, str(server.socket), str(server.config)]
    starters = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(3)]
    answers = [each.communicate(timeout=60) for each in starters]
    assert answers == [(f"{server.pid()}\n".encode(), b"")] * 3
    assert server.run("list-windows", "-a", "-F", "#{window_name}") == "keeper\n"


def test_started_at_once_after_an_unwaited_kill(server: Server) -> None:
    server.start()
    old = server.pid()
    for _ in range(20):
        server.run("new-window", "-d", "-t", "=hq:", "tail", "-f", "/dev/null")
    server.run("kill-server")
    server.start()
    assert server.pid() != old
    assert server.run("list-windows", "-a", "-F", "#{window_name}") == "keeper\n"


def test_a_deleted_socket_is_made_again(server: Server) -> None:
    server.start()
    pid = server.pid()
    server.socket.unlink()
    assert not server.is_alive()
    server.start()
    assert server.pid() == pid


def test_a_server_without_a_socket_can_be_stopped(server: Server) -> None:
    server.start()
    ref = process(server.pid())
    server.socket.unlink()
    server.stop()
    assert ref and not is_alive(ref)


def test_a_killed_server_is_gone_in_every_call(server: Server) -> None:
    server.start()
    seen: list[BaseException | None] = []

    def ask() -> None:
        try:
            while True:
                server.run("list-panes", "-a")
        except GtError as error:
            seen.append(error)

    askers = [threading.Thread(target=ask) for _ in range(4)]
    for each in askers:
        each.start()
    os.kill(server.pid(), signal.SIGKILL)
    for each in askers:
        each.join()
    assert [type(error) for error in seen] == [ServerGoneError] * 4


def test_a_server_that_hangs_is_not_gone(server: Server) -> None:
    server.start()
    pid = server.pid()
    os.kill(pid, signal.SIGSTOP)
    with pytest.raises(GtError, match="does not answer") as caught:
        server.run("list-panes", "-a", seconds=0.2)
    os.kill(pid, signal.SIGCONT)
    assert not isinstance(caught.value, ServerGoneError)


def test_a_starters_session_does_not_become_the_servers(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GT_SESSION", "ses-of-the-starter")
    monkeypatch.setenv("GIT_DIR", "/elsewhere")
    monkeypatch.setenv("TMUX", "/nowhere,1,0")
    server.start()
    inherited = server.run("show-environment", "-g")
    assert "PATH=" in inherited
    assert not [name for name in ("GT_SESSION", "GIT_DIR", "TMUX=") if name in inherited]
    assert b"GT_SESSION" not in Path(f"/proc/{server.pid()}/environ").read_bytes()


@pytest.mark.parametrize("locale", ["C", "POSIX", "en_US.ISO-8859-1", ""])
def test_any_locale_will_do(server: Server, monkeypatch: pytest.MonkeyPatch, locale: str) -> None:
    for name in ("LANG", "LC_CTYPE", "PYTHONUTF8"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LC_ALL", locale)
    server.start()
    server.run("source-file", "-", stdin=f"set-option -t =hq: @gt_word {quote('Grüße ␞ 👩‍🚀')}\n")
    assert server.run("display-message", "-p", "-t", "=hq:", "#{@gt_word}") == "Grüße ␞ 👩‍🚀\n"


ODD = [
    "",
    " ",
    "a b",
    "it's",
    '"',
    "$HOME ${HOME}",
    "~",
    "#{pid} #S #[fg=red] ##",
    "a;",
    ";",
    "\\",
    "\\n",
    "{ }",
]
ODD += [
    "one\ntwo\n  # three\n",
    "tab\there",
    "\x1b[201~",
    "é ␞ 👩‍🚀",
    "%H %%",
    "x" * 40_000,
    "-e",
    "\x7f",
    "\r",
]


def test_quoted_words_arrive_unchanged(server: Server, tmp_path: Path) -> None:
    server.start()
    script = [f"set-environment -g -- GT_{number} {quote(text)}" for number, text in enumerate(ODD)]
    script.append(f"run-shell {quote(f'env -0 > {tmp_path}/env')}")
    server.run("source-file", "-", stdin="\n".join(script) + "\n")
    entries = dict(entry.split("=", 1) for entry in (tmp_path / "env").read_bytes().decode().split("\0")[:-1])
    assert [entries[f"GT_{number}"] for number in range(len(ODD))] == ODD


def test_a_hung_server_can_be_stopped(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.start()
    ref = process(server.pid())
    assert ref
    server.socket.unlink()
    os.kill(ref.pid, signal.SIGSTOP)
    server.stop()
    assert not is_alive(ref)


def test_tmux_words_become_our_errors(server: Server) -> None:
    server.start()
    with pytest.raises(NotFoundError, match="can't find session: nosuch"):
        server.run("has-session", "-t", "=nosuch")
    with pytest.raises(CommandError, match="unknown command: dance"):
        server.run("dance")


def test_a_missing_or_old_tmux_is_said(server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    server.require_version()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingError, match="tmux is not installed"):
        server.start()
    for version, fits in (
        ("3.1c", False),
        ("2.9", False),
        ("3.2", True),
        ("next-3.7", True),
        ("master", True),
    ):
        (tmp_path / "tmux").write_text(f"#!/bin/sh\necho tmux {version}\n")
        (tmp_path / "tmux").chmod(0o755)
        if fits:
            server.require_version()
        else:
            with pytest.raises(MissingError, match=f"tmux {version[:3]} is too old"):
                server.require_version()
    monkeypatch.undo()


def test_a_server_that_ends_while_it_is_asked_is_gone(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """tmux has been seen to say nothing then, with status 0. Without a socket it is not asked at all."""
    (tmp_path / "tmux").write_text(f"#!/bin/sh\necho >>{tmp_path}/asked\n")
    (tmp_path / "tmux").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert not server.is_alive()
    assert not (tmp_path / "asked").exists()
    server.socket.touch()
    assert not server.is_alive()
    assert (tmp_path / "asked").exists()
    with pytest.raises(ServerGoneError, match="ended while it was asked"):
        look(server, "%1", "ses-1")
    monkeypatch.undo()


def test_a_long_path_gets_a_short_socket(tmp_path: Path) -> None:
    assert socket_path(Path("/town/.gt/run")) == Path("/town/.gt/run/tmux.sock")
    long = tmp_path / ("x" * 100)
    short = socket_path(long)
    assert len(os.fsencode(short)) < 60
    assert short == socket_path(long) != socket_path(long / "y")
    assert short.parent.stat().st_mode & 0o777 == 0o700
    made = Server(short, tmp_path / "tmux.conf")
    made.start()
    assert made.is_alive()
    made.stop()
    short.with_name(short.name + ".guard").unlink()


def test_nobody_occupies_the_socket_folder(tmp_path: Path) -> None:
    """Open to others is as good as another's: the next one has a name that could not be foreseen, and stays."""
    folder = socket_path(tmp_path / ("x" * 100)).parent
    folder.chmod(0o755)
    try:
        other = short_folder()
        assert other != folder and other.name.startswith(f"{folder.name}-") and other.stat().st_mode & 0o777 == 0o700
        assert short_folder() == other
        other.rmdir()
    finally:
        folder.chmod(0o700)
    assert short_folder() == folder


def test_clients_come_look_elsewhere_and_go(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.start()
    server.run("new-session", "-d", "-s", "rig", "-n", "toast", "tail", "-f", "/dev/null")
    server.run("new-session", "-d", "-s", "rig-two", "tail", "-f", "/dev/null")
    toast = server.run("list-panes", "-t", "=rig:", "-F", "#{pane_id}").strip()
    assert clients(server) == []
    user, terminal = os.openpty()
    attached = subprocess.Popen(
        attach_command(server, "rig", read_only=True),
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
        env={**os.environ, "TERM": "xterm"},
    )
    try:
        _await_redraw(user)
        (client,) = clients(server)
        assert (client.pid, client.pane, client.session) == (attached.pid, toast, "rig")
        assert client.read_only and not client.control and client.activity > 1_700_000_000
        monkeypatch.setenv("TMUX", f"{server.socket},{server.pid()},0")
        monkeypatch.setenv("TMUX_PANE", toast)
        assert client_here(server) == client
        monkeypatch.setenv("TMUX", "/another,1,0")
        assert client_here(server) is None
        switch_client(server, client, "hq")
        assert [each.session for each in clients(server)] == ["hq"]
        switch_client(server, client, toast)
        assert [each.pane for each in clients(server)] == [toast]
        detach_client(server, client)
        os.set_blocking(user, False)
        assert attached.wait(10) == 0
        assert clients(server) == []
    finally:
        attached.kill()
        attached.wait()
        os.close(user)
        os.close(terminal)


def _await_redraw(terminal: int) -> None:
    seen = b""
    while b"rig" not in seen:
        seen += os.read(terminal, 65536)


def test_attaching_starts_no_server(server: Server) -> None:
    done = subprocess.run(attach_command(server, "hq"), capture_output=True, text=True)
    assert "no server running" in done.stderr + done.stdout or "error connecting" in done.stderr
    assert not server.socket.exists()


def test_no_server_is_started_where_the_town_was_moved_away(short_tmp: Path) -> None:
    gone = short_tmp / "town" / ".gt" / "run"
    with pytest.raises(GtError, match="No such file"):
        Server(gone / "tmux.sock", gone / "tmux.conf").start()
    assert not (short_tmp / "town").exists()
