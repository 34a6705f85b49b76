"""Towers of Hanoi by a formula on one worker, a step a move, while the town is struck again and again.

``python -m tests.soak.run_soak --disks 10 --seed 1``: ten disks are 1,025 steps. The session, the tmux server, the
deacon and the witness are killed at moments drawn from the seed, now and then everything with ``.gt/run`` wiped. In the
end each step was done once, in the order of the formula, and the disks stand where they should.
"""

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

from tests.journeys.town_world import make_repository

PEGS = ("a", "b", "c")
SETTINGS = {"provider.default": "runbook", "respawn.budget": "100000 per 10m", "respawn.delay": "1ms"}


def moves(disks: int, start: str = "a", end: str = "c") -> Iterator[tuple[int, str, str]]:
    """Which disk goes from where to where."""
    if disks:
        (other,) = set(PEGS) - {start, end}
        yield from moves(disks - 1, start, other)
        yield disks, start, end
        yield from moves(disks - 1, other, end)


def formula(disks: int) -> str:
    """A move is refused where the disk is not on top, or would lie on a smaller one; done again it changes nothing."""
    scripts = [f"mkdir -p a b c; for disk in $(seq {disks}); do touch a/$disk; done; touch a/.keep b/.keep c/.keep"]
    for disk, start, end in moves(disks):
        top = f'[ "$(ls {start} | sort -n | head -1)" = {disk} ]'
        free = f'for on in $(ls {end}); do [ "$on" -gt {disk} ]; done'
        scripts.append(f"[ -e {end}/{disk} ] || {{ {top}; {free}; mv {start}/{disk} {end}/; }}")
    scripts.append(f'[ "$(ls c | wc -l)" = {disks} ]')
    text = 'formula = "hanoi"\n'
    for number, script in enumerate(scripts):
        needs = f'"s{number - 1}"' if number else ""
        text += f'[[steps]]\nid = "s{number}"\ntitle = "Step {number}"\nneeds = [{needs}]\n'
        text += f"description = '''\n```sh\n{script}\n```\n'''\n"
    return text


class Soak:
    def __init__(self, folder: Path, disks: int, seed: int, pause: float) -> None:
        self.town, self.project = folder / "town", folder / "project"
        self.disks, self.pause = disks, pause
        self.random = random.Random(seed)
        self.struck: Counter[str] = Counter()

    def gt(self, *words: str | Path) -> str:
        command = [sys.executable, "-m", "gastown_tmux", "--town", self.town, *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)
        if done.returncode:
            raise RuntimeError(f"gt {' '.join(map(str, words))}: {done}")
        return done.stdout

    def ask(self, sql: str, *values: str) -> list[tuple[object, ...]]:
        with contextlib.closing(sqlite3.connect(self.town / ".gt" / "town.db", timeout=30)) as database:
            return database.execute(sql, values).fetchall()

    def run(self) -> list[str]:
        """What did not hold."""
        make_repository(self.project)
        self.gt("install", self.town)
        for key, value in SETTINGS.items():
            self.gt("config", "set", key, value)
        self.gt("rig", "add", "demo", self.project)
        (self.town / "formulas" / "hanoi.formula.toml").write_text(formula(self.disks))
        run = str(json.loads(self.gt("formula", "run", "hanoi", "--json"))["id"])
        wait, said = threading.Event(), -1
        try:
            while True:
                ((state, done),) = self.ask(
                    "SELECT (SELECT state FROM runs WHERE id = ?),"
                    " (SELECT count(*) FROM run_steps WHERE run = ? AND state = 'done')", run, run,
                )  # fmt: skip
                if int(str(done)) // 50 != said:
                    said = int(str(done)) // 50
                    print(f"{done} steps done, struck: {dict(self.struck)}", flush=True)
                if state not in ("running", "waiting"):
                    break
                if state == "waiting":
                    return [f"it waits: {self.ask('SELECT reason FROM runs')}"]
                wait.wait(self.random.uniform(0.2, 2.0) * self.pause)
                self.strike()
            return self.judge(run)
        finally:
            with contextlib.suppress(RuntimeError, subprocess.TimeoutExpired):
                self.gt("down", "--agents")

    def strike(self) -> None:
        strokes: dict[str, Callable[[], None]] = {
            "session": self.kill_session, "server": lambda: self.kill_file(self.town / ".gt" / "tmux.pid"),
            "deacon": lambda: self.kill_file(self.town / ".gt" / "run" / "deacon.lock"),
            "witness": lambda: self.kill_file(self.town / ".gt" / "run" / "witness.lock"),
            "everything": self.kill_everything,
        }  # fmt: skip
        (name,) = self.random.choices(list(strokes), weights=(8, 2, 2, 2, 1))
        with contextlib.suppress(OSError, ValueError, IndexError, psutil.Error):
            strokes[name]()
            self.struck[name] += 1

    def kill_session(self) -> None:
        ((pid,),) = self.ask("SELECT pid FROM sessions WHERE state <> 'ended' AND pid IS NOT NULL LIMIT 1")
        program = psutil.Process(int(str(pid)))
        for process in (program, *program.children(recursive=True)):  # it would tell of a child that died
            process.kill()

    def kill_file(self, path: Path) -> None:
        os.kill(int(path.read_text().split()[0]), signal.SIGKILL)

    def kill_everything(self) -> None:
        for _ in range(3):
            for process in psutil.process_iter(["environ", "cmdline"]):
                known = " ".join([*(process.info["environ"] or {}).values(), *(process.info["cmdline"] or ())])
                if str(self.town) in known and process.pid != os.getpid():
                    with contextlib.suppress(psutil.NoSuchProcess):
                        process.kill()
        shutil.rmtree(self.town / ".gt" / "run", ignore_errors=True)
        self.gt("up")

    def judge(self, run: str) -> list[str]:
        wrong = []
        steps = self.ask("SELECT id, state, tries FROM run_steps WHERE run = ? ORDER BY place", run)
        for id, state, tries in steps:
            if (state, tries) != ("done", 1):
                wrong.append(f"step {id} is {state} after {tries} tries")
        ended = self.ask(
            "SELECT json_extract(data, '$.step') FROM events WHERE subject = ? AND type = 'run.step'"
            " AND json_extract(data, '$.state') = 'done' ORDER BY seq", run,
        )  # fmt: skip
        if [id for (id,) in ended] != [id for id, _, _ in steps]:
            wrong.append("steps did not end once each, in their order")
        ((state,),) = self.ask("SELECT b.state FROM beads b JOIN runs r ON r.bead = b.id WHERE r.id = ?", run)
        disks = sorted(int(path.name) for path in (self.project / "c").iterdir() if path.name != ".keep")
        if state != "merged" or disks != list(range(1, self.disks + 1)):
            wrong.append(f"the bead is {state}, and {disks} stand in their place")
        return wrong


def main() -> int:
    parser = argparse.ArgumentParser(prog="just soak-runs")
    parser.add_argument("--disks", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pause", type=float, default=4.0, help="seconds between two strokes, about")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gt-runs-") as folder:
        soak = Soak(Path(folder), given.disks, given.seed, given.pause)
        wrong = soak.run()
    print("\n".join(wrong) or f"all held, struck: {dict(soak.struck)}")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
