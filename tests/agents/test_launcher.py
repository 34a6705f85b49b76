import json
import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from gastown_tmux.edges.processes.launch import (
    LAUNCHER,
    Continued,
    Ended,
    Failed,
    Launch,
    Left,
    Report,
    Started,
    Starter,
    Stopped,
    agent_processes,
    is_starting,
    read_report,
)
from gastown_tmux.edges.processes.processes import (
    ProcessRef,
    descendants,
    end,
    is_alive,
    is_stopped,
    process,
    wait_for_death,
)
from gastown_tmux.edges.tmux.panes import Pane, WindowSpec, capture, kill_pane, open_windows, panes
from gastown_tmux.edges.tmux.server import Server


@dataclass
class Town:
    """A tmux server and a folder for launches."""

    server: Server
    folder: Path
    wake: list[Path] = field(default_factory=list)

    def launch(self, session: str, *command: str, cwd: Path | None = None, **environment: str) -> Launch:
        return Launch(
            session=session,
            command=command,
            cwd=cwd or self.folder,
            environment={"PATH": os.environ["PATH"], "GT_SESSION": self.mark(session), **environment},
            report=self.report(session),
            wake=self.wake,
        )

    def start(self, *launches: Launch, seconds: float = 20) -> dict[str, Started | Failed]:
        with Starter(self.folder) as starter:
            open_windows(
                self.server,
                [
                    WindowSpec("rig", "w", starter.prepare(each), self.folder, {}, {"@gt_session": each.session})
                    for each in launches
                ],
            )
            return starter.await_started(seconds)

    def run(self, session: str, *command: str, **environment: str) -> ProcessRef:
        started = self.start(self.launch(session, *command, **environment))[session]
        assert isinstance(started, Started)
        return started.process

    def mark(self, session: str) -> str:
        """Its ``GT_SESSION``: of this town alone, for whoever ends a session looks at every process there is."""
        return f"{session}.{self.folder.name}"

    def report(self, session: str) -> Path:
        return self.folder / f"{session}.log"

    def reports(self, session: str) -> list[Report]:
        return read_report(self.report(session))

    def pane(self, session: str) -> Pane:
        return next(pane for pane in panes(self.server) if pane.gt_session == session)


@pytest.fixture
def town() -> Iterator[Town]:
    folder = Path(tempfile.mkdtemp(prefix="gt-tmux-"))
    made = Town(Server(folder / "tmux.sock", folder / "tmux.conf"), folder)
    made.server.start()
    yield made
    for report in folder.glob("*.log"):
        end([], term_seconds=0.2, sessions=[made.mark(report.stem)])
    made.server.stop()
    shutil.rmtree(folder)


def until(look: Callable[[], object]) -> Any:
    deadline = time.monotonic() + 30
    while not (seen := look()):
        assert time.monotonic() < deadline
        select.select([], [], [], 0.005)
    return seen


def sh(script: str) -> Sequence[str]:
    return ("/bin/sh", "-c", script)


def test_started_is_the_agent_itself(town: Town) -> None:
    ref = town.run("ses-1", "sleep", "60")
    assert process(ref.pid) == ref
    assert Path(f"/proc/{ref.pid}/cmdline").read_text() == "sleep\x0060\x00"
    assert town.pane("ses-1").pid == os.getsid(ref.pid) != ref.pid
    assert [path.name for path in town.folder.glob("*.launch")] == []
    assert list(town.folder.glob("*.fifo")) == []


def test_thirty_starts_are_known_by_event(town: Town) -> None:
    launches = [town.launch(f"ses-{n}", "sleep", "60") for n in range(28)]
    launches += [
        town.launch("ses-28", "no-such-agent"),
        town.launch("ses-29", "sleep", cwd=town.folder / "no"),
    ]
    answers = town.start(*launches)
    assert len(answers) == 30
    assert len({each.process for each in answers.values() if isinstance(each, Started)}) == 28
    assert [answers[name].reason for name in ("ses-28", "ses-29") if isinstance(answers[name], Failed)] == [  # type: ignore[union-attr]
        "cannot run no-such-agent: No such file or directory",
        f"cannot run {town.folder / 'no'}: No such file or directory",
    ]


def test_what_cannot_run_is_said_in_the_window_too(town: Town) -> None:
    script = town.folder / "agent"
    script.write_text("no program")
    answers = town.start(town.launch("ses-1", str(script)))
    assert isinstance(answers["ses-1"], Failed)
    assert answers["ses-1"].reason == f"cannot run {script}: Permission denied"
    dead = until(lambda: (pane := town.pane("ses-1")).dead and pane)
    town.server.nudge_reaper()
    assert until(lambda: town.pane("ses-1").dead_status) == 127
    assert f"gt: cannot run {script}: Permission denied\n" in capture(town.server, dead.pane, 60, joined=True)


@pytest.mark.parametrize(
    ("command", "words"),
    [(["no-such-agent"], "gt: cannot run no-such-agent"), (sh("echo my last words; exit 1"), "my last words")],
    ids=["cannot run", "ended"],
)
def test_last_words_are_never_lost(town: Town, command: Sequence[str], words: str) -> None:
    """tmux drops what it has not read when a pane's process ends; the more of them at once, the more often."""
    names = [f"ses-{number}" for number in range(40)]
    town.start(*(town.launch(name, *command) for name in names))
    for name in names:
        dead = until(lambda name=name: (pane := town.pane(name)).dead and pane)  # type: ignore[misc]
        assert words in capture(town.server, dead.pane, 60), name


def test_a_launch_file_is_gone_before_the_agent_runs(town: Town) -> None:
    with Starter(town.folder) as starter:
        command = starter.prepare(town.launch("ses-1", *sh(f"ls {town.folder} > {town.folder}/listing")))
        subprocess.run(command, stdin=subprocess.DEVNULL, timeout=20)
    assert ".launch" not in (town.folder / "listing").read_text()


def test_a_window_without_a_word_is_unknown_and_starts_nothing_later(town: Town) -> None:
    with Starter(town.folder) as starter:
        command = starter.prepare(town.launch("ses-1", "touch", str(town.folder / "ran")))
        began = time.monotonic()
        assert starter.await_started(0.1) == {}
        assert 0.1 <= time.monotonic() - began < 30
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (127, "")
    assert done.stderr.startswith("gt: ") and "starts one agent once" in done.stderr
    assert not (town.folder / "ran").exists()


@pytest.mark.parametrize(
    ("script", "status", "number"),
    [
        ("exit 0", 0, None),
        ("exit 42", 42, None),
        *((f"kill -{n} $$", None, n) for n in (1, 2, 3, 9, 11, 13, 15)),
    ],
)
def test_the_exit_is_passed_on(town: Town, script: str, status: int | None, number: int | None) -> None:
    town.run("ses-1", *sh(script))
    last = until(lambda: isinstance(town.reports("ses-1")[-1], Ended) and town.reports("ses-1")[-1])
    assert (last.status, last.signal) == (status, number)
    until(lambda: town.pane("ses-1").dead)
    town.server.nudge_reaper()
    until(lambda: (pane := town.pane("ses-1")).dead_status is not None or pane.dead_signal is not None)
    assert (town.pane("ses-1").dead_status, town.pane("ses-1").dead_signal) == (status, number)


def test_a_stopped_agent_stays_stopped_until_continued(town: Town) -> None:
    ref = town.run("ses-1", "sleep", "60")
    os.kill(ref.pid, signal.SIGTSTP)
    until(lambda: isinstance(town.reports("ses-1")[-1], Stopped))
    assert is_stopped(ref) and not town.pane("ses-1").dead
    town.server.run("list-panes")  # tmux has had its turn, and would have continued a child of its own
    assert is_stopped(ref)
    os.kill(ref.pid, signal.SIGCONT)
    until(lambda: isinstance(town.reports("ses-1")[-1], Continued))
    assert [type(each) for each in town.reports("ses-1")] == [Started, Stopped, Continued]


def test_keys_reach_the_agent_and_spare_the_launcher(town: Town) -> None:
    script = "trap 'echo interrupted' INT; echo ready; "
    script += "until read line && test $line; do :; done; echo got $line; exit 5"
    town.run("ses-1", *sh(script))
    pane = town.pane("ses-1").pane
    until(lambda: "ready" in capture(town.server, pane))
    town.server.run("send-keys", "-t", pane, "C-c")
    until(lambda: "interrupted" in capture(town.server, pane))
    town.server.run("send-keys", "-t", pane, "words", "Enter")
    until(lambda: "got words" in capture(town.server, pane))
    until(lambda: town.reports("ses-1")[-1:] and isinstance(town.reports("ses-1")[-1], Ended))
    assert isinstance(last := town.reports("ses-1")[-1], Ended) and last.status == 5


def test_the_agent_has_its_environment_signals_and_terminal(town: Town) -> None:
    program = (
        "import os, signal, sys, json\n"
        "ignored = [int(s) for s in signal.valid_signals() if signal.getsignal(s) == signal.SIG_IGN]\n"
        "mask = [int(s) for s in signal.pthread_sigmask(signal.SIG_BLOCK, ())]\n"
        "foreground = os.tcgetpgrp(0) == os.getpgrp() == os.getpid()\n"
        "answer = [dict(os.environ), ignored, mask, foreground, os.getcwd()]\n"
        "open('answer.new', 'w').write(json.dumps(answer)); os.rename('answer.new', 'answer')"
    )
    odd = {
        "ODD": "a=b \n \t 'q' \"d\" $x #{pid} é 👩‍🚀",
        "RAW": b"\xff\xfe".decode("utf-8", "surrogateescape"),
    }
    town.run("ses-1", sys.executable, "-S", "-c", program, **odd)
    environment, ignored, mask, foreground, cwd = json.loads(
        until(lambda: (path := town.folder / "answer").exists() and path.read_text())
    )
    environment.pop("LC_CTYPE", None)  # Python's own, in a C locale
    assert environment == {
        **odd,
        "PATH": os.environ["PATH"],
        "GT_SESSION": town.mark("ses-1"),
        "PWD": str(town.folder),
        "TERM": "tmux-256color",
    }
    # Python itself ignores SIGPIPE and SIGXFSZ at its start.
    assert set(ignored) <= {signal.SIGPIPE, signal.SIGXFSZ}
    assert (mask, foreground, cwd) == ([], True, str(town.folder))


def test_the_agents_group_dies_with_a_killed_launcher(town: Town) -> None:
    ref = town.run("ses-1", *sh("sleep 60; sleep 60"))
    os.kill(town.pane("ses-1").pid, signal.SIGKILL)
    assert wait_for_death([ref], 5) == set()
    stopped = town.run("ses-2", "sleep", "60")
    os.kill(stopped.pid, signal.SIGSTOP)
    until(lambda: is_stopped(stopped))
    os.kill(town.pane("ses-2").pid, signal.SIGKILL)
    assert wait_for_death([stopped], 5) == set()


def test_an_agent_deaf_to_the_hang_up_is_found_by_its_session(town: Town) -> None:
    ref = town.run("ses-1", *sh("trap '' HUP; echo deaf; sleep 60; sleep 60"))
    until(lambda: "deaf" in capture(town.server, town.pane("ses-1").pane))
    os.kill(town.pane("ses-1").pid, signal.SIGKILL)
    assert wait_for_death([ref], 0.2) == {ref}
    end([], term_seconds=2, sessions=[town.mark("ses-1")])
    assert not is_alive(ref)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux hands orphans to the launcher")
def test_what_leaves_parent_session_and_environment_is_still_known(town: Town) -> None:
    """As a database does that daemonizes and writes its state over its environment."""
    # The launcher is ready for orphans once it has said "started", and not before.
    hide = "until [ -e go ]; do sleep 0.01; done; env -i sh -c 'setsid sleep 60 & echo $!' > hidden; sleep 60"
    ref = town.run("ses-1", *sh(hide), GT_TOWN=str(town.folder), GT_AGENT="demo/ann")
    town.folder.joinpath("go").touch()
    text = until(lambda: town.folder.joinpath("hidden").exists() and town.folder.joinpath("hidden").read_text())
    hidden, launcher = process(int(text)), process(town.pane("ses-1").pid)
    assert hidden is not None and launcher is not None
    assert until(lambda: hidden in descendants([launcher]) - descendants([ref]))
    own = agent_processes(str(town.folder))["demo/ann"]
    assert {ref, hidden} <= own and launcher not in own and process(os.getpid()) not in own
    os.kill(ref.pid, signal.SIGKILL)
    until(lambda: isinstance(town.reports("ses-1")[-1], Ended))
    left = {entry.process for entry in town.reports("ses-1") if isinstance(entry, Left)}
    assert hidden in left
    end(left, term_seconds=2)


def test_a_start_is_seen_from_its_launch_file_to_its_program(town: Town) -> None:
    assert not is_starting(town.folder, 60)
    with Starter(town.folder) as starter:
        command = starter.prepare(town.launch("ses-1", "sleep", "60"))
        assert is_starting(town.folder, 60)
        waiting = subprocess.Popen(["sh", "-c", 'read go; exec "$@"', "sh", *command], stdin=subprocess.PIPE)
        town.folder.joinpath("ses-1.launch").rename(town.folder / "taken")
        # In the moment of its exec a process has no command line.
        until(lambda: is_starting(town.folder, 60) and is_starting(town.folder, 0))
        # One that is stopped itself starts nothing.
        waiting.send_signal(signal.SIGSTOP)
        until(lambda: not is_starting(town.folder, 0))
        waiting.send_signal(signal.SIGCONT)
        until(lambda: is_starting(town.folder, 0))
        town.folder.joinpath("taken").rename(town.folder / "ses-1.launch")
        assert waiting.stdin is not None
        waiting.stdin.write(b"\n")
        waiting.stdin.flush()
        assert isinstance(starter.await_started(20)["ses-1"], Started)
    assert not is_starting(town.folder, 60)
    end([], term_seconds=2, sessions=[town.mark("ses-1")])
    waiting.wait(10)


def test_term_is_passed_on_and_the_end_reported(town: Town) -> None:
    town.run("ses-1", *sh("trap 'exit 9' TERM; echo ready; while :; do sleep 0.01; done"))
    pane = town.pane("ses-1")
    until(lambda: "ready" in capture(town.server, pane.pane))
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP):
        os.kill(pane.pid, number)
    os.kill(pane.pid, signal.SIGTERM)
    until(lambda: isinstance(town.reports("ses-1")[-1], Ended))
    assert isinstance(last := town.reports("ses-1")[-1], Ended) and last.status == 9


def test_ending_the_session_keeps_the_launchers_word(town: Town) -> None:
    ref = town.run("ses-1", *sh("trap '' TERM; sleep 60; sleep 60"))
    end([ref], term_seconds=0.2, sessions=[town.mark("ses-1")])
    until(lambda: isinstance(town.reports("ses-1")[-1], Ended))
    assert isinstance(last := town.reports("ses-1")[-1], Ended) and last.signal == signal.SIGKILL


def test_a_closed_pane_hangs_the_agent_up(town: Town) -> None:
    ref = town.run("ses-1", "sleep", "60")
    os.kill(ref.pid, signal.SIGSTOP)
    until(lambda: is_stopped(ref))
    assert kill_pane(town.server, town.pane("ses-1").pane, "ses-1")
    assert wait_for_death([ref], 5) == set()
    until(lambda: isinstance(town.reports("ses-1")[-1], Ended))
    assert isinstance(last := town.reports("ses-1")[-1], Ended) and last.signal == signal.SIGHUP


def test_a_terminal_that_is_gone_keeps_the_launcher_no_longer(tmp_path: Path) -> None:
    """Its server was killed just when the last words were on their way."""
    launch = tmp_path / "launch"
    launch.write_bytes(b"\0".join([b"arg=true", b"cwd=/", b"report=%s" % os.fsencode(tmp_path / "report"), b""]))
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(sys.executable, [sys.executable, "-I", "-S", str(LAUNCHER), str(launch)])
    said = b""
    while b"\033[5n" not in said:
        said += os.read(terminal, 256)
    os.close(terminal)
    until(lambda: os.waitpid(pid, os.WNOHANG)[0] == pid)


def test_a_listener_is_woken_and_a_missing_or_full_one_costs_nothing(town: Town) -> None:
    listening, full, deaf = (town.folder / name for name in ("listening", "full", "deaf"))
    for fifo in (listening, full, deaf):
        os.mkfifo(fifo)
    town.wake = [town.folder / "missing", full, deaf, listening]
    ends = [os.open(fifo, os.O_RDWR | os.O_NONBLOCK) for fifo in (listening, full)]
    while select.select([], [ends[1]], [], 0)[1]:
        os.write(ends[1], b"x" * 4096)
    ref = town.run("ses-1", "sleep", "60")
    assert select.select([ends[0]], [], [], 5)[0] and os.read(ends[0], 99)
    os.kill(ref.pid, signal.SIGKILL)
    assert select.select([ends[0]], [], [], 5)[0]
    assert isinstance(town.reports("ses-1")[-1], Ended)
    for descriptor in ends:
        os.close(descriptor)


def test_a_lost_report_folder_leaves_the_agent_alone(town: Town) -> None:
    reports = town.folder / "reports"
    reports.mkdir()
    launch = town.launch("ses-1", "sleep", "60")
    launch = Launch("ses-1", launch.command, launch.cwd, launch.environment, reports / "log")
    started = town.start(launch)["ses-1"]
    assert isinstance(started, Started)
    shutil.rmtree(reports)
    os.kill(started.process.pid, signal.SIGKILL)
    until(lambda: town.pane("ses-1").dead)
    town.server.nudge_reaper()
    assert until(lambda: town.pane("ses-1").dead_signal) == signal.SIGKILL


def test_torn_and_strange_report_lines_are_left_out(tmp_path: Path) -> None:
    when = "2026-11-22T10:02:08.123Z"
    path = tmp_path / "log"
    assert read_report(path) == []
    lines = [
        f"{when} started 12 ab:34",
        "\0\0\xff",
        "",
        f"{when} started x y",
        f"{when} danced",
        f"{when} ended signal",
    ]
    lines += [
        f"{when} failed cannot run a b: \x85 no",
        f"{when} ended status 3",
        f"{when} ended signal 9",
        f"{when} sto",
    ]
    path.write_text("\n".join(lines))
    assert read_report(path) == [
        Started(ProcessRef(12, "ab:34")),
        Failed("cannot run a b: \x85 no"),
        Ended(3, None),
        Ended(None, 9),
    ]


def test_secrets_are_for_the_owner_only(town: Town) -> None:
    with Starter(town.folder) as starter:
        path = Path(starter.prepare(town.launch("ses-1", "true", TOKEN="x"))[-1])
        assert path.stat().st_mode & 0o777 == 0o600
        with pytest.raises(ValueError, match="NUL"):
            starter.prepare(town.launch("ses-2", "a\0b"))
    assert not path.exists()


def test_the_launcher_imports_next_to_nothing() -> None:
    source, _, entry = LAUNCHER.read_text().partition("\nif __name__")
    assert entry
    dear = {"os", "ctypes", "json", "re", "enum", "signal", "subprocess", "pathlib", "contextlib"}
    script = f"{source}\nprint({dear} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", script], capture_output=True, text=True)
    assert done.stdout == "set()\n"
