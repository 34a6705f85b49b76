"""Hosts, measured: a verb on a box over the open connection, and a bead that starts there."""

import json
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest
from benchmarks import GT
from harness import Action, CannotRunError, Goal, Scratch, benchmark, command

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.boxes.boxes import Box, make_box
from tests.journeys.town_world import make_repository


def make_far(scratch: Scratch) -> tuple[Path, Path, Box]:
    """A town that lands in a bare repository, and a box behind a cable with an sshd of its own; both are up."""
    try:
        box = scratch.cleanup.enter_context(make_box("netns", scratch.path / "box", "box"))
    except pytest.skip.Exception as skip:
        raise CannotRunError(str(skip)) from None
    # ssh itself, as a person gives it, with the shared connection that ssh has.
    config = box.folder / "ssh" / "config"
    town, target = scratch.path / "town", scratch.path / "target.git"
    command("git", "clone", "--quiet", "--bare", make_repository(scratch.path / "project"), target)()
    command(GT, "install", town)()
    gt = (GT, "--town", town)
    command(*gt, "config", "set", "ssh.config", str(config), "--user")()
    command(*gt, "config", "default-agent", "runbook")()
    command(*gt, "rig", "add", "demo", target)()
    command(*gt, "host", "add", "box", "--capacity", "500", "box")()
    for words in (["config", "default-agent", "runbook"], ["config", "set", "limits.agents", "500"], ["up"]):
        if (done := box.gt(*words)).returncode != 0:
            raise CannotRunError(done.stderr)
    command(*gt, "up")()
    scratch.cleanup.callback(command(*gt, "down", "--agents"))
    return town, target, box


@benchmark("a verb on a box, over the line", Goal(extra=60))
def verb(scratch: Scratch) -> tuple[Action, Action]:
    """Beside ``ssh true`` over the same connection, which is a round trip and ssh's own start."""
    town, _, box = make_far(scratch)
    config = box.folder / "ssh" / "config"
    shared = shared_connection(config)
    floor = command("ssh", "-F", config, "-S", shared, "box", "true")
    return floor, command(GT, "--host", "box", "bead", "list", "--json", env={"GT_TOWN": str(town)})


@benchmark("sling to a box, until it runs", Goal(1.5))
def sling(scratch: Scratch) -> tuple[Action, Action]:
    """From the command to the program's first act there, beside ``ssh true``, a ``git push`` and a local sling."""
    town, target, box = make_far(scratch)
    gt, sign = (GT, "--town", town), scratch.path / "sign"
    config = box.folder / "ssh" / "config"
    shared = shared_connection(config)
    command(*gt, "config", "set", "limits.agents", "500")()
    clone = scratch.path / "clone"
    command("git", "clone", "--quiet", target, clone)()
    push_url = f"box:{box.home}/pushed.git"
    command("git", "init", "--quiet", "--bare", box.home / "pushed.git")()

    def run(place: str) -> float:
        body = f"```sh\ntouch {sign}\nsleep 1\n```\n"
        made = subprocess.run(
            [*gt, "bead", "create", "x", "--rig", "demo", "--body", body, "--json"], capture_output=True
        )
        sign.unlink(missing_ok=True)
        begun = time.perf_counter()
        command(*gt, "sling", json.loads(made.stdout)["id"], place)()
        while not sign.exists():
            if time.perf_counter() - begun > 60:
                raise CannotRunError("it does not start")
            select.select([], [], [], 0.002)
        return (time.perf_counter() - begun) * 1000

    def floor() -> float:
        begun = time.perf_counter()
        command("ssh", "-F", config, "-S", shared, "box", "true")()
        command("git", "-C", clone, "commit", "--quiet", "--allow-empty", "-m", "x")()
        over = f"ssh -F {config} -S {shared}"
        command("git", "-C", clone, "push", "--quiet", push_url, "HEAD:main", env={"GIT_SSH_COMMAND": over})()
        return (time.perf_counter() - begun) * 1000 + run("demo")

    return floor, lambda: run("demo@box")


def shared_connection(config: Path) -> str:
    """The socket of the connection that the town has open."""
    for line in subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout.splitlines():
        words = line.split()
        if words[:1] and words[0].endswith("ssh") and str(config) in words and "-S" in words:
            return words[words.index("-S") + 1]
    raise CannotRunError("there is no shared connection")
