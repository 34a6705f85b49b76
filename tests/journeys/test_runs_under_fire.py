"""A run on one worker that loses its session, its tmux server, then everything: each step is done once."""

import contextlib
import os
import shutil
import signal
from pathlib import Path

import psutil

from tests.journeys.town_world import TownWorld

STEP = """
[[steps]]
id = "{id}"
title = "Step {id}"
needs = [{needs}]
description = '''
```sh
[ -e "{marks}/$GT_STEP" ] || {{ touch "{marks}/$GT_STEP"; sleep 300; }}
echo {id} >> log
```
'''
"""


def kill(*pids: int) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def kill_session(town: TownWorld) -> None:
    """The program and all that it runs."""
    (agent,) = town.json("agents")["items"]
    program = psutil.Process(agent["pid"])
    kill(program.pid, *(child.pid for child in program.children(recursive=True)))  # it would tell of a child's death


def kill_server(town: TownWorld) -> None:
    kill(int((town.path / ".gt" / "tmux.pid").read_text().split()[0]))


def kill_everything(town: TownWorld) -> None:
    """As a power cut does, after which the machine has no /run any more."""
    mark = str(town.path)
    for _ in range(3):
        for process in psutil.process_iter(["pid", "environ", "cmdline"]):
            known = " ".join([*(process.info["environ"] or {}).values(), *(process.info["cmdline"] or ())])
            if mark in known and process.pid != os.getpid():
                kill(process.pid)
    shutil.rmtree(town.path / ".gt" / "run")
    town.gt("up")


STROKES = {"session": kill_session, "server": kill_server, "everything": kill_everything}


def go_through(town: TownWorld, marks: Path, *strokes: str) -> None:
    """A step for each of these, struck while it is at work."""
    steps = [f"{stroke}-{number}" for number, stroke in enumerate(strokes)]
    text = 'formula = "it"\n'
    for before, id in zip((None, *steps), steps, strict=False):
        text += STEP.format(id=id, needs=f'"{before}"' if before else "", marks=marks)
    (town.path / "formulas" / "it.formula.toml").write_text(text)
    marks.mkdir()
    town.gt("config", "set", "respawn.budget", "1000 per 10m", "--town")
    run = town.json("formula", "run", "it")["id"]
    for id, stroke in zip(steps, strokes, strict=True):
        town.wait_for((marks / id).exists, 60, f"step {id} to be at work")
        STROKES[stroke](town)
    done = "SELECT count(*) FROM run_steps WHERE run = ? AND state = 'done' AND tries = 1"
    town.wait_for(lambda: town.ask("SELECT state FROM runs WHERE id = ?", run) == "done", 90, "the run to be done")
    assert town.ask(done, run) == len(steps)
    assert (town.project / "log").read_text().split() == steps


def test_each_step_is_done_once_whatever_is_killed(town: TownWorld, short_tmp: Path) -> None:
    """``just soak-runs`` strikes at each of seven steps, in each way."""
    go_through(town, short_tmp / "marks", *os.environ.get("PYTEST_RUN_STROKES", "everything").split())
