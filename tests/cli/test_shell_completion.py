"""What the shells' own completion is told."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def words(result: Any) -> list[str]:
    assert (result.code, result.err) == (0, "")
    return [line.partition("\t")[0] for line in result.out.splitlines()]


def test_words_of_the_table_and_of_the_town(run_gt: Callable[..., Any], short_tmp: Path) -> None:
    town = short_tmp / "town"
    assert run_gt("install", town).code == 0
    assert "status" in words(run_gt("__complete", "sta"))
    assert words(run_gt("__complete", "bead", "list", "--state", "work")) == ["working"]
    assert "overseer" in words(run_gt("__complete", "--town", town, "mail", "send", ""))
    assert words(run_gt("__complete", "--town", town, "config", "default-agent", "runb")) == ["runbook"]
    assert words(run_gt("__complete", "--ho")) == ["--host"]
    assert words(run_gt("__complete", "--host", "box", "--town", town, "bead", "li")) == ["list"]
    assert words(run_gt("__complete", "--town", town, "config", "get", "ui.k")) == ["ui.keys"]
    assert words(run_gt("__complete", "layout", "apply", "gr", env={"GT_TOWN": str(town)})) == ["grid"]
    assert words(run_gt("__complete", "--town", town, "formula", "show", "rele")) == ["release"]
    assert words(run_gt("__complete", "--town", town, "config", "set", "merge.rev")) == ["merge.review"]
    assert words(run_gt("__complete", "--town", town, "mail", "send", "@")) == ["@town"]
    assert words(run_gt("__complete", "help", "be")) == ["bead"]
    assert words(run_gt("__complete", "--qu")) == words(run_gt("__complete", "status", "--qu")) == ["--quiet"]
    assert words(run_gt("__complete", "bead", "list", "--state=w")) == ["--state=working"]
    # Bash breaks a line at the sign too.
    assert words(run_gt("__complete", "bead", "list", "--state", "=", "w")) == ["working"]
    assert "open" in words(run_gt("__complete", "bead", "list", "--state", "="))


@pytest.mark.parametrize(
    "line", [[], ["frob"], ["'"], ["bead", "show", "x"], ["--town"], ["--town", "/nowhere", "up", ""]]
)
def test_nonsense_and_no_town_are_no_error(run_gt: Callable[..., Any], line: list[str]) -> None:
    words(run_gt("__complete", *line))


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_scripts_are_understood_by_their_shells(run_gt: Callable[..., Any], shell: str) -> None:
    script = run_gt("completion", shell).out
    assert "gt __complete" in script
    if shutil.which(shell) and shell != "zsh":  # zsh's needs compinit, which a script has not
        subprocess.run([shell, "-c", script], check=True, timeout=20)


@pytest.mark.needs("bash")
def test_bash_completes(run_gt: Callable[..., Any], short_tmp: Path) -> None:
    assert run_gt("install", short_tmp / "town").code == 0
    script = run_gt("completion", "bash").out
    ask = 'COMP_WORDS=(gt config default-agent runb) COMP_CWORD=3; _gt; echo "${COMPREPLY[@]}"'
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", script + "\n" + ask],
        env={**os.environ, "PATH": path, "GT_TOWN": str(short_tmp / "town")},
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert done.stdout == "runbook\n"
