"""What the REPL, layouts and SSH need is imported by nobody else."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

HEAVY = {"prompt_toolkit", "libtmux", "git", "asyncio", "textual", "rich"}


@pytest.mark.parametrize(
    "words", [["status", "--json"], ["agents"], ["bead", "list"], ["__complete", "attach", ""], ["layout", "list"]]
)
def test_libraries_of_other_faces_stay_out(run_gt: Callable[..., Any], short_tmp: Path, words: list[str]) -> None:
    assert run_gt("install", short_tmp / "home" / "gt").code == 0
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "gastown_tmux", *words],
        cwd=short_tmp,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    assert {line.rsplit("|", 1)[1].strip().split(".")[0] for line in lines} & HEAVY == set()
