"""What the REPL, layouts and SSH need is imported by nobody else."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

#: What costs a millisecond or more, and next to no call of these needs.
SLOW = {
    *("dataclasses", "difflib", "email", "hashlib", "inspect", "logging", "shutil", "subprocess", "tempfile"),
    *("shlex", "textwrap", "threading", "tomllib", "yaml"),
}
SHORT = (
    "agents", "bead list", "bead ready", "convoy list", "events", "mail inbox", "mail send mayor -s hello -m words",
    "mq list", "rig list",
)  # fmt: skip
CHAPTER = "gastown_tmux.verbs.chapters."
HEAVY = {"prompt_toolkit", "libtmux", "git", "asyncio", "textual", "rich"}


@pytest.mark.parametrize(
    "words", [["status", "--json"], ["agents"], ["bead", "list"], ["__complete", "attach", ""], ["layout", "list"]]
)
def test_libraries_of_other_faces_stay_out(run_gt: Callable[..., Any], short_tmp: Path, words: list[str]) -> None:
    assert run_gt("install", short_tmp / "home" / "gt").code == 0
    assert find_imports(short_tmp, words) & HEAVY == set()


def test_short_verbs_import_nothing_slow(run_gt: Callable[..., Any], short_tmp: Path) -> None:
    """Without a server of verbs, what is imported is nearly all that they cost."""
    assert run_gt("install", short_tmp / "home" / "gt").code == 0
    (short_tmp / "home" / "gt" / ".gt" / "run").mkdir(exist_ok=True)
    run_gt("mail", "send", "overseer", "-s", "hello", "-m", "words")
    found = {words: find_modules(short_tmp, words.split()) for words in SHORT}
    assert {words: modules & SLOW for words, modules in found.items()} == {words: set[str]() for words in SHORT}
    chapters = {words: [name for name in modules if name.startswith(CHAPTER)] for words, modules in found.items()}
    assert {words for words, read in chapters.items() if len(read) > 1} == set()
    assert "gastown_tmux.domain.settings" not in found["mail send mayor -s hello -m words"]


def find_imports(cwd: Path, words: list[str]) -> set[str]:
    """Top-level names."""
    return {name.split(".")[0] for name in find_modules(cwd, words)}


def find_modules(cwd: Path, words: list[str]) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "gastown_tmux", *words],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {line.rsplit("|", 1)[1].strip() for line in lines}
