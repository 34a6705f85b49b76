"""What is run warm ends, prints and is told as what is started."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]


@pytest.fixture
def started(short_tmp: Path) -> Run:
    """The same command by a new Python."""

    def run(*words: str, stdin: str = "", env: dict[str, str] | None = None) -> Any:
        return subprocess.run(
            [sys.executable, "-m", "gastown_tmux", *words], input=stdin, env={**os.environ, **(env or {})},
            cwd=short_tmp / "home", capture_output=True, text=True, timeout=60,
        )  # fmt: skip

    return run


@pytest.mark.parametrize(
    ("words", "env"),
    [
        (["--version"], {}),
        (["help"], {}),
        (["help"], {"LC_ALL": "C", "PYTHONUTF8": "0"}),
        (["bead", "lst"], {}),
        (["bead", "list"], {}),
        (["bead", "list"], {"GT_DEBUG": "1"}),
        (["__complete", "bead", ""], {}),
    ],
)
def test_as_what_is_started(run_gt: Run, started: Run, words: list[str], env: dict[str, str]) -> None:
    warm, cold = run_gt(*words, env=env), started(*words, env=env)
    assert (warm.code, warm.out) == (cold.returncode, cold.stdout)
    last = [text.splitlines()[-1:] for text in (warm.err, cold.stderr)]
    assert last[0] == last[1]


def test_files_folder_and_umask(run_gt: Run, short_tmp: Path) -> None:
    old = os.umask(0o027)
    try:
        assert run_gt("install", "here").code == 0
    finally:
        os.umask(old)
    assert (short_tmp / "home" / "here" / "rigs").stat().st_mode & 0o777 == 0o750
    run_gt("install", "here", cwd=short_tmp)
    assert (short_tmp / "here" / "town.yaml").is_file()
    body = "".join(f"{number}: ä\n" for number in range(40_000))
    file = short_tmp / "beads.yaml"
    file.write_text(body)
    done = run_gt("--town", short_tmp / "here", "bead", "import", "-", stdin=body)
    assert done.code and done.err.startswith("gt: ")


def test_a_signal_is_its_status(run_gt: Run, short_tmp: Path) -> None:
    killed = run_gt("install", "there", env={"GT_FAULT": "install.folders"})
    assert killed.code == -signal.SIGKILL and killed.out == killed.err == ""


def test_two_at_once_and_one_that_takes_too_long(run_gt: Run, short_tmp: Path, wait_for: Run) -> None:
    town = short_tmp / "town"
    assert run_gt("install", town).code == 0
    ended: list[BaseException] = []

    def follow() -> None:
        try:
            run_gt("--town", town, "events", "--follow", seconds=1)
        except subprocess.TimeoutExpired as error:
            ended.append(error)

    thread = threading.Thread(target=follow)
    thread.start()
    assert run_gt("--town", town, "status").code == 0 and thread.is_alive()
    thread.join(60)
    assert len(ended) == 1
