"""Commands of other people: bounded in time, in what they print, and in what they leave running."""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from gastown_tmux.edges.processes.commands import ask, run_logged
from gastown_tmux.errors import GtError

SIZE = 100_000
PATH = {"PATH": os.environ["PATH"]}


def run(script: str, log: Path, seconds: float = 20.0) -> int | None:
    return run_logged(["sh", "-c", script], log.parent, PATH, log, seconds, "mark", SIZE)


def test_what_it_prints_is_in_the_log_when_it_ends(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "log"
    assert run("echo out; echo err >&2; exit 3", log) == 3
    assert log.read_text() == "$ echo out; echo err >&2; exit 3\nout\nerr\n"
    assert run("kill -9 $$", log) == -9
    assert run("seq 1 99999; echo end", log) == 0
    assert log.stat().st_size < SIZE + 100
    assert log.read_text().startswith("$ echo out") and log.read_text().endswith("end\n")
    with pytest.raises(GtError, match="no-such-program cannot be run"):
        run_logged(["no-such-program"], tmp_path, PATH, log, 1.0, "mark", SIZE)


def test_one_that_takes_too_long_is_ended_with_its_group(tmp_path: Path, wait_for: Callable[..., Any]) -> None:
    started = time.monotonic()
    assert run("sleep 60 & echo $! > child; wait", tmp_path / "log", 0.5) is None
    assert time.monotonic() - started < 30
    child = int((tmp_path / "child").read_text())
    wait_for(lambda: not psutil.pid_exists(child) or psutil.Process(child).status() == "zombie", 5, "its end")


def test_what_leaves_its_group_is_left(tmp_path: Path, wait_for: Callable[..., Any]) -> None:
    """A server that a set-up starts: at its end it may only just have been forked."""
    script = "for n in 1 2 3 4; do setsid sleep 60 & echo $! >> left; done; sleep 60 & echo $! > stayed"
    assert run(script, tmp_path / "log") == 0
    left = [psutil.Process(int(pid)) for pid in (tmp_path / "left").read_text().split()]
    stayed = int((tmp_path / "stayed").read_text())
    wait_for(lambda: not psutil.pid_exists(stayed) or psutil.Process(stayed).status() == "zombie", 5, "its end")
    assert [process.cmdline() for process in left] == [["sleep", "60"]] * 4
    for process in left:
        process.kill()


def test_whom_it_leaves_behind_goes_on_printing(tmp_path: Path, wait_for: Callable[..., Any]) -> None:
    """Without waiting, without an end by a pipe that nobody reads, even when its starter is gone; and in the bound."""
    log, alive, wrong = tmp_path / "log", tmp_path / "alive", tmp_path / "wrong"
    service = f"while :; do seq 9999 || touch {wrong}; date +%N > {alive}; done"
    script = (
        "import sys; from pathlib import Path; from gastown_tmux.edges.processes.commands import run_logged;"
        "run_logged(['sh', '-c', sys.argv[1]], Path('/'), {'PATH': '/usr/bin:/bin'}, Path(sys.argv[2]), 9, 'm', 100000)"
    )
    command = [
        sys.executable,
        "-c",
        script,
        f"setsid sh -c '{service}' & while [ ! -e {alive} ]; do sleep 0.01; done",
        str(log),
    ]
    subprocess.run(command, check=True, timeout=20)
    # What it starts is a copy of it for a moment.
    same = [p for p in psutil.process_iter(["cmdline", "create_time"]) if p.info["cmdline"] == ["sh", "-c", service]]
    process = min(same, key=lambda p: (p.info["create_time"], p.pid))
    try:
        for _ in range(3):
            before = wait_for(lambda: alive.exists() and alive.read_text(), 10, "a word of it")
            wait_for(lambda before=before: alive.read_text() not in ("", before), 10, "it to go on")
            assert log.stat().st_size < SIZE + 100
        assert not wrong.exists() and process.status() != psutil.STATUS_STOPPED
    finally:
        process.kill()
    wait_for(lambda: not copiers(log), 10, "the copying to end")


def copiers(log: Path) -> list[psutil.Process]:
    return [process for process in psutil.process_iter(["cmdline"]) if str(log) in (process.info["cmdline"] or ())]


def test_a_short_question(tmp_path: Path) -> None:
    assert ask(["sh", "-c", "echo one; echo two >&2"], PATH, 10.0) == "one\ntwo\n"
    assert ask(["sh", "-c", "exit 1"], PATH, 10.0) is None
    assert ask(["no-such-program"], PATH, 10.0) is None
    started = time.monotonic()
    assert ask(["sleep", "60"], PATH, 0.2) is None
    assert ask(["yes"], PATH, 60.0) is None
    assert ask(["sh", "-c", "exec >&- 2>&-; sleep 60"], PATH, 0.2) is None
    assert time.monotonic() - started < 30


def test_of_more_files_than_a_thousand_too() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    held = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    try:
        assert ask(["echo", "heard"], os.environ, 10) == "heard\n"
    finally:
        for file in held:
            os.close(file)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
