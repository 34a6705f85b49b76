"""The main job, measured: a worker started, windows opened, a full town looked at, a hook that has nothing to say."""

import itertools
import json
import os
import select
import subprocess
import time
from pathlib import Path

from benchmarks import BARE_PYTHON, GT, worktree_add
from harness import Action, CannotRunError, Goal, Scratch, benchmark, command, in_a_window

from gastown_tmux.domain.addresses import OVERSEER, Address
from gastown_tmux.domain.agents import Role
from gastown_tmux.domain.ids import RigName
from gastown_tmux.edges.files import clock
from gastown_tmux.edges.tmux import panes
from gastown_tmux.edges.tmux.server import Server
from gastown_tmux.providers.hooks import guard_text
from gastown_tmux.store.agents import insert_agent
from gastown_tmux.store.beads import insert_bead
from gastown_tmux.store.db import Database

WINDOWS = 30


def make_town(scratch: Scratch) -> Path:
    """A town with a rig of 100 files whose target lives in repo.git, so that no sling fetches."""
    town, project = scratch.path / "town", scratch.path / "project"
    git = ("git", "-C", project)
    command("git", "init", "--quiet", "--initial-branch=main", project)()
    for number in range(100):
        (project / f"file-{number}").write_text(f"{number}\n" * 20)
    command(*git, "add", ".")()
    command(*git, "commit", "--quiet", "-m", "files")()
    command(GT, "install", town)()
    gt = (GT, "--town", town)
    command(*gt, "rig", "add", "demo", project)()
    scratch.cleanup.callback(command(*gt, "down", "--agents"))
    return town


@benchmark("gt status --json", Goal(6))
def status(scratch: Scratch) -> tuple[Action, Action]:
    return BARE_PYTHON, command(GT, "--town", make_town(scratch), "status", "--json")


@benchmark("status, 30 agents, 10,000 beads")
def status_of_a_full_town(scratch: Scratch) -> tuple[Action, Action]:
    town, rig = make_town(scratch), RigName("demo")
    database = Database(town / ".gt" / "town.db")
    with database.change(OVERSEER, clock.now()) as change:
        for number in range(30):
            insert_agent(change, Address.of(rig, f"agent-{number}"), Role.POLECAT, "runbook")
        for number in range(10_000):
            insert_bead(change, rig, "de", title=f"bead {number}", body="", priority=2, labels=(), needs=())
    database.close()
    return BARE_PYTHON, command(GT, "--town", town, "status", "--json")


@benchmark("sling to program running", Goal(extra=250))
def sling(scratch: Scratch) -> tuple[Action, Action]:
    """Against what git and tmux alone take; the whole command, which ends when the program was seen to run."""
    town = make_town(scratch)
    gt = (GT, "--town", town)
    command(*gt, "config", "set", "limits.agents", "1000")()
    command(*gt, "config", "set", "merge.publish", "local", "--rig", "demo")()
    command(*gt, "config", "agent", "set", "sleeper", "sleep", "600")()
    command(*gt, "up")()

    def ready_bead() -> str:
        made = subprocess.run([*gt, "bead", "create", "a bead", "--rig", "demo", "--json"], capture_output=True)
        return str(json.loads(made.stdout)["id"])

    beads = [ready_bead() for _ in range(40)]
    tree = worktree_add(scratch)
    tmux = ("tmux", "-f", os.devnull, "-S", scratch.path / "floor.sock")
    command(*tmux, "new-session", "-d", "cat")()
    scratch.cleanup.callback(command(*tmux, "kill-server"))

    def floor() -> None:
        tree()
        command(*tmux, "new-window", "-d", "cat")()

    return floor, lambda: command(*gt, "sling", beads.pop(), "--agent", "sleeper")()


@benchmark("start, beside the bare program", Goal(extra=200))
def start(scratch: Scratch) -> tuple[Action, Action]:
    """From the command to the program's first act, in a worktree that is there; beside a window with that program."""
    town, sign = make_town(scratch), scratch.path / "sign"
    gt = (GT, "--town", town)
    program = ("sh", "-c", f"echo > {sign}; exec sleep 600")
    command(*gt, "config", "agent", "set", "signer", *program)()
    command(*gt, "crew", "add", "ann", "--rig", "demo", "--agent", "signer")()
    command(*gt, "up")()
    tmux = ("tmux", "-f", os.devnull, "-S", scratch.path / "floor.sock")
    command(*tmux, "new-session", "-d", "cat")()
    scratch.cleanup.callback(command(*tmux, "kill-server"))

    def until_sign(words: tuple[str | Path, ...]) -> float:
        sign.unlink(missing_ok=True)
        begun = time.perf_counter()
        running = subprocess.Popen(words, stdout=subprocess.DEVNULL)
        while not sign.exists():
            if running.poll():
                raise CannotRunError(f"{words} failed")
            select.select([], [], [], 0.001)
        took = (time.perf_counter() - begun) * 1000
        running.wait()
        return took

    def ours() -> float:
        command(*gt, "stop", "demo/ann")()
        return until_sign((*gt, "crew", "start", "demo/ann"))

    return lambda: until_sign((*tmux, "new-window", "-d", *program)), ours


@benchmark("30 windows", Goal(3))
def windows(scratch: Scratch) -> tuple[Action, Action]:
    server = Server(scratch.path / "tmux.sock", scratch.path / "tmux.conf")
    server.start()
    scratch.cleanup.callback(server.stop)
    numbers = itertools.count()

    def floor() -> None:
        name = f"floor-{next(numbers)}"
        lines = [f"new-session -d -s {name} cat", *[f"new-window -d -t {name} cat"] * (WINDOWS - 1)]
        server.run("source-file", "-", stdin="\n".join(lines) + "\n")
        server.run("kill-session", "-t", f"={name}")

    def ours() -> None:
        name = f"ours-{next(numbers)}"
        options = {"@gt_agent": "demo/toast", "@gt_session": "ses-00000", "@gt_kind": "agent"}
        spec = panes.WindowSpec(name, "toast", ["cat"], scratch.path, {}, options)
        panes.open_windows(server, [spec] * WINDOWS)
        server.run("kill-session", "-t", f"={name}")

    return floor, ours


@benchmark("sh guard, nothing to say", Goal(ratio=0, extra=5))
def guard(scratch: Scratch) -> tuple[Action, Action]:
    town = make_town(scratch)
    path = scratch.path / "guard"
    path.write_text(guard_text(str(GT)))
    environment = in_a_window(town, "demo/toast")
    return command("sh", "-c", ":"), command("sh", path, "idle", stdin="{}", env=environment)
