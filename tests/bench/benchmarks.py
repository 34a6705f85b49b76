"""What is measured. Over each floor that a promise of speed stands on, first the floor itself."""

import itertools
import os
import sys
from pathlib import Path

from harness import PYTHON, Action, Goal, Scratch, benchmark, command, in_a_window

GT = Path(sys.executable).with_name("gt")
BARE_PYTHON = command(PYTHON, "-c", "pass")


def tmux_call(scratch: Scratch) -> Action:
    """One look at a running tmux server."""
    tmux = ("tmux", "-f", os.devnull, "-S", scratch.path / "tmux.sock")
    command(*tmux, "new-session", "-d", "cat")()
    scratch.cleanup.callback(command(*tmux, "kill-server"))
    return command(*tmux, "display-message", "-p", "#{pane_id}")


def worktree_add(scratch: Scratch) -> Action:
    """A new worktree of a repository with 100 files."""
    repository = scratch.path / "repository"
    git = ("git", "-C", repository)
    command("git", "init", "--quiet", repository)()
    for number in range(100):
        (repository / f"file-{number}").write_text(f"{number}\n" * 20)
    command(*git, "add", ".")()
    command(*git, "commit", "--quiet", "-m", "files")()
    numbers = itertools.count()
    return lambda: command(*git, "worktree", "add", "--quiet", scratch.path / f"tree-{next(numbers)}")()


def synced_write(scratch: Scratch) -> Action:
    """A small file written, synced, renamed into a folder, and the folder synced: a mail's least."""
    new = scratch.path / "new"
    new.mkdir()
    numbers = itertools.count()

    def write() -> None:
        name = f"mail-{next(numbers)}"
        with (scratch.path / name).open("wb") as file:
            file.write(b"x" * 500)
            file.flush()
            os.fsync(file.fileno())
        (scratch.path / name).rename(new / name)
        folder = os.open(new, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)

    return write


def gt_in_a_town(scratch: Scratch, *args: str, stdin: str = "") -> Action:
    """``gt ARGS`` as an agent's hook calls it."""
    town = scratch.path / "town"
    command(GT, "install", town)()
    hook = town / ".gt" / "hooks" / "mayor"
    hook.mkdir(parents=True, exist_ok=True)
    (hook / "state.json").write_text('{"bead": null}')
    return command(GT, *args, stdin=stdin, env=in_a_window(town, "mayor"))


@benchmark("tmux display-message")
def floor_of_tmux(scratch: Scratch) -> tuple[Action, None]:
    return tmux_call(scratch), None


@benchmark("git worktree add")
def floor_of_worktrees(scratch: Scratch) -> tuple[Action, None]:
    return worktree_add(scratch), None


@benchmark("write and two syncs")
def floor_of_mail(scratch: Scratch) -> tuple[Action, None]:
    return synced_write(scratch), None


@benchmark("gt --help", Goal(6))
def help_text(scratch: Scratch) -> tuple[Action, Action]:
    return BARE_PYTHON, command(GT, "--help")


@benchmark("gt mail check", Goal(1.5))
def mail_check(scratch: Scratch) -> tuple[Action, Action]:
    return BARE_PYTHON, gt_in_a_town(scratch, "mail", "check")


@benchmark("gt hook", Goal(2))
def hook(scratch: Scratch) -> tuple[Action, Action]:
    return BARE_PYTHON, gt_in_a_town(scratch, "hook")


@benchmark("gt signal idle", Goal(2))
def signal_idle(scratch: Scratch) -> tuple[Action, Action]:
    return BARE_PYTHON, gt_in_a_town(scratch, "signal", "idle", stdin="{}")
