"""A line that the server of verbs carries out is the same line: its files, its signals, its end."""

import contextlib
import json
import marshal
import os
import pty
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

import gastown_tmux
from gastown_tmux.cli import client
from gastown_tmux.edges.processes.locks import is_held
from tests.journeys.town_world import make_repository

GT = [sys.executable, "-P", "-m", "gastown_tmux"]


@dataclass
class Served:
    """A town, and a server for it that this test has started."""

    path: Path
    wait_for: Callable[..., Any]
    package: list[str] = field(default_factory=lambda: [*GT])
    server: subprocess.Popen[bytes] | None = None

    @property
    def run_folder(self) -> Path:
        return self.path / ".gt" / "run"

    def start(self, **more: Any) -> None:
        command = [sys.executable, "-P", "-m", "gastown_tmux.cli.server", str(self.path)]
        self.server = subprocess.Popen(command, cwd="/", stdin=subprocess.DEVNULL, start_new_session=True, **more)
        self.wait_for(self.listens, 20, "the server to listen")

    def listens(self) -> bool:
        try:
            client.connect(str(self.run_folder / "gt.sock")).close()
        except OSError:
            return False
        return True

    def end(self) -> None:
        if self.server is not None:
            self.server.kill()
            self.server.wait()

    def popen(self, *words: str | Path, **more: Any) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*GT, *words],
            cwd=more.pop("cwd", self.path),
            stdout=subprocess.PIPE,
            stderr=more.pop("stderr", subprocess.PIPE),
            text=True,
            **more,
        )

    def gt(self, *words: str | Path, **more: Any) -> subprocess.CompletedProcess[str]:
        more = {"stdin": subprocess.DEVNULL, **more} if "input" not in more else more
        return subprocess.run(
            [*GT, *words], cwd=more.pop("cwd", self.path), capture_output=True, text=True, timeout=60, **more
        )

    def children(self) -> list[psutil.Process]:
        assert self.server is not None
        return psutil.Process(self.server.pid).children()

    def follow(self, **more: Any) -> tuple[subprocess.Popen[str], psutil.Process]:
        """A line that never ends, once it is carried out, and the process that does."""
        line = self.popen("events", "--follow", **more)
        assert line.stdout is not None and line.stdout.readline()
        (child,) = self.children()
        return line, child


@pytest.fixture
def town(short_tmp: Path, run_gt: Callable[..., Any], wait_for: Callable[..., Any]) -> Iterator[Served]:
    assert run_gt("install", short_tmp / "town").code == 0
    served = Served(short_tmp / "town", wait_for)
    served.start()
    yield served
    served.end()


@pytest.fixture
def rig(town: Served) -> Served:
    """The same, with the rig ``demo``."""
    project = make_repository(town.path.parent / "project")
    assert town.gt("rig", "add", "demo", project).returncode == 0
    return town


def is_served(town: Served, *words: str, **more: Any) -> bool:
    """Whether the line did without what a verb imports: Python tells what was imported here."""
    command = [sys.executable, "-P", "-X", "importtime", "-m", "gastown_tmux", *words]
    cwd = more.pop("cwd", town.path)
    done = subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60, **more
    )
    assert "gastown_tmux.cli.client" in done.stderr
    return "gastown_tmux.cli.main" not in done.stderr


def test_what_is_served_and_what_is_not(town: Served, short_tmp: Path) -> None:
    for words in (["status"], ["--version"], ["mail", "--help"], ["__complete", "st"], ["stat", "--json"]):
        assert is_served(town, *words), words
    assert is_served(town, "--town", str(town.path), "status", cwd="/")
    assert is_served(town, "status", cwd="/", env={**os.environ, "GT_TOWN": str(town.path)})
    for words in (["up", "--help-me"], ["nonsense"], ["--host", "nobody@localhost", "status"], ["config", "set"]):
        assert not is_served(town, *words), words
    assert not is_served(town, "status", env={**os.environ, "GT_SERVER": "off"})
    town.end()
    assert not is_served(town, "status")


def test_a_file_is_read_where_its_name_is_the_callers(rig: Served) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"what is to be done")
    os.close(writing)
    words = ("bead", "create", "x", "--rig", "demo", "--json")
    made = json.loads(rig.gt(*words, "--body-file", f"/dev/fd/{reading}", pass_fds=[reading]).stdout)
    os.close(reading)
    assert made["body"] == "what is to be done"
    (rig.path / "rigs" / "body.txt").write_text("beside me")
    assert json.loads(rig.gt(*words, "--body-file", "body.txt", cwd=rig.path / "rigs").stdout)["body"] == "beside me"
    assert json.loads(rig.gt(*words, "--body", "-", input="piped").stdout)["body"] == "piped"
    for name in ("gone.txt", "."):
        served = rig.gt(*words, "--body-file", name)
        alone = rig.gt(*words, "--body-file", name, env={**os.environ, "GT_SERVER": "off"})
        assert (served.returncode, served.stderr) == (alone.returncode, alone.stderr) and served.returncode


def test_what_surrounds_a_line_is_the_callers(town: Served) -> None:
    gone = town.path / "gone"
    gone.mkdir()
    script = f"cd {gone} && rmdir {gone} && exec {shlex.join(GT)} --town {town.path} status --json"
    assert json.loads(subprocess.run(["sh", "-c", script], capture_output=True, check=True).stdout)["path"]
    assert "\N{BULLET}" not in town.gt("status", env={**os.environ, "PYTHONIOENCODING": "ascii"}).stdout
    assert "is no address" not in town.gt("mail", "inbox", "--as", "mayor").stderr
    line, child = town.follow(env={**os.environ, "GT_TOWN": str(town.path)}, cwd="/tmp", umask=0o027)
    names = {str(file.readlink()) for file in Path(f"/proc/{child.pid}/fd").iterdir()}
    assert not [name for name in names if "server" in name or name.endswith(".log") or "memfd" in name]
    assert sum(name.startswith("socket:") for name in names) == 1
    assert child.cwd() == "/tmp" and "Umask:\t0027" in Path(f"/proc/{child.pid}/status").read_text()
    line.kill()
    line.communicate()


def test_signals_reach_who_carries_it_out(town: Served) -> None:
    for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM), (signal.SIGHUP, -signal.SIGHUP)):
        line, child = town.follow()
        line.send_signal(number)
        assert (line.wait(timeout=20), line.communicate()[1]) == (status, "")
        town.wait_for(lambda child=child: not child.is_running(), what="the child to end")
    line, child = town.follow()
    line.send_signal(signal.SIGTSTP)
    town.wait_for(lambda: child.status() == psutil.STATUS_STOPPED, what="the child to stop")
    town.wait_for(lambda: psutil.Process(line.pid).status() == psutil.STATUS_STOPPED, what="the line to stop")
    line.send_signal(signal.SIGCONT)
    town.wait_for(lambda: child.status() != psutil.STATUS_STOPPED, what="the child to go on")
    line.kill()
    line.communicate()
    town.wait_for(lambda: not child.is_running(), what="the child to end with who asked")


def test_a_signal_that_the_caller_ignores_is_ignored(town: Served) -> None:
    line, child = town.follow(preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    line.send_signal(signal.SIGHUP)
    line.send_signal(signal.SIGTERM)
    assert line.wait(timeout=20) == -signal.SIGTERM
    line.communicate()
    town.wait_for(lambda: not child.is_running(), what="the child to end")


def test_signals_that_the_servers_starter_ignored(town: Served) -> None:
    town.end()
    town.start(preexec_fn=lambda: [signal.signal(n, signal.SIG_IGN) for n in (signal.SIGINT, signal.SIGQUIT)])
    for number, status in ((signal.SIGINT, 130), (signal.SIGQUIT, -signal.SIGQUIT)):
        line, _ = town.follow()
        line.send_signal(number)
        assert line.wait(timeout=20) == status
        line.communicate()


def test_lost_on_the_way(town: Served) -> None:
    line, child = town.follow()
    child.kill()
    assert line.wait(timeout=20) == client.LOST
    assert line.communicate()[1].startswith("gt: the server of verbs was lost while this ran")
    line, child = town.follow()
    town.end()
    assert child.is_running() and line.poll() is None
    line.kill()
    line.communicate()
    town.wait_for(lambda: not child.is_running(), what="the child to end with who asked")


def test_lost_with_nowhere_to_say_so(town: Served) -> None:
    with Path("/dev/full").open("w") as full:
        line, child = town.follow(stderr=full)
    child.kill()
    assert line.wait(timeout=20) == client.LOST  # and not carried out once more
    line.communicate()


def test_a_complaint_that_nobody_can_read_has_its_status(town: Served) -> None:
    with Path("/dev/full").open("w") as full:
        for server in ("on", "off"):
            line = town.popen("bead", "show", "none", stderr=full, env={**os.environ, "GT_SERVER": server})
            assert line.wait(timeout=20) == 1
            line.communicate()


def test_one_that_asks_and_says_nothing_keeps_nothing_of_the_server(town: Served) -> None:
    connection = client.connect(str(town.run_folder / "gt.sock"))
    assert client.receive(connection, 0)[0] == client.identity()
    town.end()
    assert not is_held(town.run_folder / "server.lock") and not town.listens()
    connection.close()


def test_what_stands_in_the_way_of_a_socket(town: Served) -> None:
    doors = town.run_folder / "doors"
    blocked, good = doors / "ses-a", doors / "ses-b"
    (blocked / "gt.sock").mkdir(parents=True)
    good.mkdir()
    town.wait_for((good / "gt.sock").exists, 20, "a socket in the other door")
    assert [entry.name for entry in blocked.iterdir()] == ["gt.sock"]
    shutil.rmtree(doors)
    doors.write_text("no folder")
    assert town.server is not None
    with pytest.raises(subprocess.TimeoutExpired):
        town.server.wait(timeout=2.5)
    assert is_served(town, "status")


def test_a_server_that_does_not_answer_is_not_waited_for(town: Served) -> None:
    assert town.server is not None
    town.server.send_signal(signal.SIGSTOP)
    started = time.monotonic()
    assert town.gt("status").returncode == 0
    assert time.monotonic() - started > client.PATIENCE_SECONDS
    waiting = []
    with pytest.raises(BlockingIOError):
        while True:
            waiting.append(client.connect(str(town.run_folder / "gt.sock")))
    assert town.gt("status").returncode == 0
    for connection in waiting:
        connection.close()
    town.server.send_signal(signal.SIGCONT)
    town.wait_for(lambda: is_served(town, "status"), what="the server to answer again")


def test_garbage_at_the_door(town: Served) -> None:
    path = str(town.run_folder / "gt.sock")
    for said in (b"", b"\0", b"\0\0\0\x05hello", b"\xff" * 8, b"\0\0\0\x03" + b"x" * 100):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(path)
            connection.sendall(said)
    for request in (b"", b"no marshal", marshal.dumps(["status"])):
        connection = client.connect(path)
        assert client.receive(connection, 0)[0] == client.identity()
        client.send(connection, request, [0, 1, 2, os.open("/", os.O_PATH)])
        with pytest.raises(OSError):
            client.receive(connection, 0)
        connection.close()
    assert is_served(town, "status")
    town.wait_for(lambda: not town.children(), 20, "the children to end")


def test_nothing_is_imported_for_a_line(rig: Served) -> None:
    rig.end()
    rig.start(env={**os.environ, "PYTHONPROFILEIMPORTTIME": "1"}, stderr=subprocess.DEVNULL)
    rig.gt("bead", "create", "x", "--rig", "demo")
    for words in (["bead", "list"], ["status", "--json"], ["--version"], ["mail", "inbox"], ["config", "show"]):
        assert rig.gt(*words).stderr == ""


def test_thirty_at_once(rig: Served) -> None:
    def create(number: int) -> str:
        made = rig.gt("bead", "create", f"bead {number}", "--rig", "demo", "--json", "--key", str(number // 2))
        assert made.returncode == 0, made
        return str(json.loads(made.stdout)["id"])

    with ThreadPoolExecutor(30) as pool:
        ids = list(pool.map(create, range(30)))
    assert len(set(ids)) == 15
    assert ids[::2] == ids[1::2]


def test_a_package_that_changed_is_not_served_any_more(town: Served, short_tmp: Path) -> None:
    town.end()
    other = short_tmp / "other"
    source = Path(gastown_tmux.__file__).parent
    shutil.copytree(source, other / "gastown_tmux", ignore=shutil.ignore_patterns("__pycache__"))
    for folder in ("layouts", "roles", "formulas"):
        if (source.parent / folder).is_dir():
            shutil.copytree(source.parent / folder, other / folder)
    environment = {**os.environ, "PYTHONPATH": str(other)}
    town.start(env=environment)
    assert not is_served(town, "status")
    assert is_served(town, "status", env=environment)
    changed = other / "gastown_tmux" / "cli" / "main.py"
    changed.write_text(changed.read_text().replace('print(f"gt {', 'print(f"new {'))
    assert town.gt("--version", env=environment).stdout.startswith("new ")
    assert town.server is not None and town.server.wait(timeout=20) == 0


def test_one_that_lost_its_place_ends(town: Served) -> None:
    assert town.server is not None
    shutil.rmtree(town.run_folder)
    assert town.server.wait(timeout=20) == 0
    town.run_folder.mkdir(mode=0o700)
    town.start()
    second = subprocess.run([sys.executable, "-P", "-m", "gastown_tmux.cli.server", str(town.path)], timeout=20)
    assert second.returncode == 1 and town.listens()


def test_one_whose_starter_has_ended_begins_nothing(town: Served) -> None:
    """Whoever ended the starter has looked for a server already, and would leave this one behind."""
    town.end()
    starter = subprocess.Popen(["true"])
    os.waitid(os.P_PID, starter.pid, os.WEXITED | os.WNOWAIT)  # it stays as a zombie
    command = [sys.executable, "-P", "-m", "gastown_tmux.cli.server", str(town.path), str(starter.pid)]
    assert subprocess.run(command, timeout=20).returncode == 1
    starter.wait()


def test_a_town_far_down(short_tmp: Path, run_gt: Callable[..., Any], wait_for: Callable[..., Any]) -> None:
    path = short_tmp / "/".join(["deep" * 10] * 4)
    path.parent.mkdir(parents=True)
    assert run_gt("install", path).code == 0
    served = Served(path, wait_for)
    served.start()
    assert is_served(served, "status")
    served.end()


def test_a_door_has_a_socket_while_it_is_there(town: Served) -> None:
    assert town.server is not None
    files = Path(f"/proc/{town.server.pid}/fd")

    def has_sockets(count: int) -> bool:
        """Beside those of lines, which come and go."""
        try:
            return sum(str(file.readlink()).startswith("socket:") for file in files.iterdir()) == count
        except FileNotFoundError:
            return False

    town.wait_for(lambda: has_sockets(1), what="the overseer's socket alone")
    door = town.run_folder / "doors" / "ses-x"
    door.mkdir(parents=True)
    (town.run_folder / "doors" / "garbage").symlink_to("/nowhere")
    path = door / "gt.sock"
    town.wait_for(path.exists, what="a socket in the door")
    town.wait_for(lambda: has_sockets(2), what="the server to listen there")
    assert path.stat().st_mode & 0o777 == 0o600
    assert is_served(town, "--version", env={**os.environ, "GT_SOCKET": str(path)})
    shutil.rmtree(door)
    town.wait_for(lambda: has_sockets(1), what="the door to be closed")
    assert is_served(town, "status")


def test_a_job_in_the_background_leaves_the_terminal_to_its_shell(town: Served) -> None:
    """The kernel stops one that reads there all the same, which it could not do to the server's child."""
    command = shlex.join(GT)
    script = f"set -m; {command} mail send overseer -s x -m - & wait %1; jobs -l; kill -9 %1"
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(town.path)
        os.execv("/bin/bash", ["bash", "--norc", "--noprofile", "-c", script])
    said = b""
    with contextlib.suppress(OSError):  # its end
        while part := os.read(terminal, 1000):
            said += part
    os.waitpid(pid, 0)
    os.close(terminal)
    assert b"Stopped" in said, said
