"""The place where an agent works, prepared for a bead."""

import os
import shutil
from pathlib import Path

import pytest

from gastown_tmux.operations.work.sling import unsling
from gastown_tmux.store.beads import get_bead
from tests.operations.quiet_town import QuietTown


def test_a_plain_project_costs_few_calls_of_git(
    quiet: QuietTown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each takes some three milliseconds, and whoever slings waits for all of them."""
    program, calls = tmp_path / "bin" / "git", tmp_path / "calls"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$*" >> {calls}\nexec {shutil.which("git")} "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    for most in (16, 23):  # of a worktree that is new, and of one that is saved first
        calls.unlink(missing_ok=True)
        bead = quiet.bead("plain")
        quiet.hook(bead)
        made = calls.read_text().splitlines()
        assert len(made) <= most, "\n".join(made)
        unsling(quiet.town, get_bead(quiet.town.db, bead))
