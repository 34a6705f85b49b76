"""Beads and mail over hosts under fire: links are cut, daemons and agents are killed on either side, beads taken back.

``python -m tests.soak.hosts_soak --beads 60 --cuts 200 --seed 1 --long 600``. Three boxes (``--kinds``), each with ten
runbook agents. In the end each bead landed exactly once, each mail is in its box once, no branch is unaccounted for,
and nothing landed that home had taken back for good.
"""

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.boxes import checker
from tests.boxes.boxes import Box, make_box
from tests.conftest import MARK, make_world
from tests.journeys.town_world import chore, make_repository

STATES = ("down", "down", "frozen", "in", "out", "slow 30")
#: Beads are given out over this part of all cuts.
PACE = 0.9
SETTINGS = {"provider.default": "runbook", "respawn.budget": "100000 per 10m", "respawn.delay": "10ms"}


@dataclass
class Soak:
    """``run`` gives what was broken, empty when all held; ``counts`` what was done."""

    folder: Path
    kinds: list[str]
    beads: int = 60
    cuts: int = 200
    agents: int = 10
    longest: float = 5.0
    long_cut: float = 0.0
    seconds: float = 1200.0
    seed: int = 1
    counts: Counter[str] = field(default_factory=Counter)
    boxes: list[Box] = field(default_factory=list)
    cut: int = 0

    def __post_init__(self) -> None:
        self.folder.mkdir(mode=0o700, exist_ok=True)
        self.random = random.Random(self.seed)
        self.home, self.target = self.folder / "home-town", self.folder / "target.git"
        self.environment = {
            "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
            **make_world(self.folder),
            MARK: os.environ.setdefault(MARK, f"soak-{os.getpid()}"),
        }
        self.wanted, self.unwanted = list[str](), list[str]()
        self.letters: dict[tuple[Path, str], list[str]] = {}
        self._stop = threading.Event()
        self._away: Box | None = None

    def gt(self, *words: str | Path, code: int | None = 0) -> str:
        """At home."""
        command = [sys.executable, "-m", "gastown_tmux", "--town", str(self.home), *map(str, words)]
        done = subprocess.run(
            command, env=self.environment, cwd=self.folder, capture_output=True, text=True, timeout=180
        )
        assert code is None or done.returncode == code, f"gt {words}: {done}"
        return str(done.stdout)

    def run(self) -> list[str]:
        with contextlib.ExitStack() as stack:
            stack.callback(self.gt, "down", "--agents", code=None)
            self._prepare(stack)
            fire = [threading.Thread(target=self._weather)]
            fire += [threading.Thread(target=self._cut_long)] if self.long_cut else []
            for thread in fire:
                thread.start()
            try:
                self._work()
                for thread in fire:
                    thread.join(self.seconds)
            finally:
                self._stop.set()
                for thread in fire:
                    thread.join()
            for box in self.boxes:
                box.link_is("up")
            said = self._wait()
            return [*said, *self._broken()]

    def _prepare(self, stack: contextlib.ExitStack) -> None:
        project = make_repository(self.folder / "project")
        subprocess.run(["git", "clone", "-q", "--bare", project, self.target], check=True)
        self.gt("install", self.home)
        for name, value in SETTINGS.items():
            self.gt("config", "set", name, value)
        self.gt("rig", "add", "demo", self.target)
        for number, kind in enumerate(self.kinds):
            box = stack.enter_context(make_box(kind, self.folder / f"box-{number}", f"box{number}", number))
            self.boxes.append(box)
            self.gt("host", "add", box.name, "--capacity", "20", "--", *box.prefix)
            for name, value in {**SETTINGS, "limits.agents": str(self.agents)}.items():
                done = box.gt("config", "set", name, value)
                assert done.returncode == 0, done
        self.gt("up")

    def _work(self) -> None:
        """Gives out beads and mail while links are cut; a few beads are taken back."""
        for number in range(self.beads):
            # As the cuts come, so that each of them meets some.
            while self.cut < PACE * number * self.cuts / self.beads and not self._stop.wait(0.1):
                pass
            box = self.boxes[number % len(self.boxes)]
            script = f"sleep 0.{self.random.randrange(1, 9)}; echo {number} > bead-{number}"
            title = f"bead {number}"
            made = json.loads(self.gt("bead", "create", title, "--rig", "demo", "--body", chore(script), "--json"))
            self.gt("sling", made["id"], f"demo@{box.name}")
            if number % 10 == 7:
                self._take_back(made["id"], again=bool(number % 20 == 7))
            else:
                self.wanted.append(made["id"])
            if number % 3 == 0:
                self._write(box, number)

    def _take_back(self, bead: str, *, again: bool) -> None:
        threading.Event().wait(self.random.uniform(0, 3))
        done = self.gt("unsling", bead, "--force", code=None)
        self.counts["taken back" if done else "too late to take back"] += 1
        if again:
            box = self.random.choice(self.boxes)
            self.gt("sling", bead, f"demo@{box.name}", code=None)
            self.wanted.append(bead)
            return
        self.gt("bead", "close", bead, "--reason", "wontdo", code=None)
        state = checker.ask(self.home, "SELECT state FROM beads WHERE id = ?", bead)[0][0]
        (self.unwanted if state == "closed" else self.wanted).append(bead)

    def _write(self, box: Box, number: int) -> None:
        there, back = f"to {box.name} {number}", f"from {box.name} {number}"
        self.gt("mail", "send", f"mayor@{box.name}", "-s", there, "-m", "words")
        self.letters.setdefault((box.town, "mayor"), []).append(there)
        # Before home has come for the first time, nobody there knows of it.
        if box.gt("mail", "send", "overseer@home", "-s", back, "-m", "words").returncode == 0:
            self.letters.setdefault((self.home, "overseer"), []).append(back)

    def _cut_long(self) -> None:
        """One box is away for minutes, while everything else goes on."""
        self._away = self.boxes[0]
        self._away.link_is("down")
        self._stop.wait(self.long_cut)
        self._away.link_is("up")
        self._away = None
        self.counts["long cuts"] += 1

    def _weather(self) -> None:
        """Cuts and kills, as the seed has them."""
        for number in range(self.cuts):
            if self._stop.is_set():
                return
            box = self.random.choice([box for box in self.boxes if box is not self._away])
            state = self.random.choice(STATES)
            plug = box.cable is not None and self.random.random() < 0.3
            if plug:
                box.plug(up=False)
            else:
                box.link_is(state)
            self.cut = number
            self.counts["cable pulled" if plug else state.partition(" ")[0]] += 1
            self._stop.wait(self.random.uniform(0.1, self.longest))
            if plug:
                box.plug(up=True)
            box.link_is("up")
            if number % 8 == 3:
                self._kill()
            self._stop.wait(self.random.uniform(0.1, 1.5))

    def _kill(self) -> None:
        """With -9: a daemon at home or on a box, a refinery, an agent, or what carries a line."""
        town = self.random.choice([self.home, *(box.town for box in self.boxes)])
        kind = self.random.choice(("deacon", "refinery", "runbook", "link"))
        found = [process for process in self._processes() if kind in " ".join(process[1]) and str(town) in process[2]]
        if found:
            with contextlib.suppress(psutil.Error):
                psutil.Process(self.random.choice(found)[0]).send_signal(signal.SIGKILL)
                self.counts[f"{kind} killed"] += 1

    def _processes(self) -> Iterator[tuple[int, list[str], str]]:
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                line = process.cmdline()
                told = " ".join([*line, *(f"{name}={value}" for name, value in process.environ().items())])
                if str(self.folder) in told:
                    yield process.pid, line, told

    def _wait(self) -> list[str]:
        """Until all that is to land has, and all mail has come; what is still missing when the time is over."""
        deadline, pause = time.monotonic() + self.seconds, threading.Event()
        while time.monotonic() < deadline:
            states = dict(checker.ask(self.home, "SELECT id, state FROM beads"))
            open_now = [bead for bead in self.wanted if states[bead] != "merged"]
            under_way = checker.ask(self.home, "SELECT id FROM delegations WHERE stage <> 'ended'")
            if not open_now and not under_way and not list(checker.broken_mail(self.letters)):
                return []
            pause.wait(1.0)
        return [f"{bead} is still {states[bead]}" for bead in open_now] + [f"{id[0]} has not ended" for id in under_way]

    def _broken(self) -> Iterator[str]:
        yield from checker.broken_landings(self.target, self.wanted, self.unwanted)
        yield from checker.broken_mail(self.letters)
        for box in self.boxes:
            yield from checker.broken_branches(self.home, "demo", box.town)


def main() -> int:
    parser = argparse.ArgumentParser(description="Beads and mail over hosts under fire.")
    parser.add_argument("--beads", type=int, default=60)
    parser.add_argument("--cuts", type=int, default=200)
    parser.add_argument("--agents", type=int, default=10, help="of each box (10)")
    parser.add_argument("--kinds", nargs="+", default=["netns"] * 3 if os.getuid() == 0 else ["shell"] * 3)
    parser.add_argument("--long", type=float, default=0.0, help="seconds that one box is away for, from the start")
    parser.add_argument("--seconds", type=float, default=1200.0, help="until all must have landed, behind the last cut")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="gt-", dir="/tmp")).resolve()
    soak = Soak(
        folder, given.kinds, given.beads, given.cuts, given.agents, long_cut=given.long, seconds=given.seconds,
        seed=given.seed,
    )  # fmt: skip
    os.environ.update(soak.environment)  # git and boxes are this world's
    started = time.monotonic()
    try:
        broken = soak.run()
    except BaseException:
        print(f"kept: {folder}", file=sys.stderr)
        raise
    print(f"{len(soak.wanted)} beads, {sum(map(len, soak.letters.values()))} mails, {time.monotonic() - started:.0f} s")
    print(", ".join(f"{count} {what}" for what, count in sorted(soak.counts.items())))
    for line in broken:
        print(f"BROKEN: {line}")
    if broken:
        print(f"kept: {folder}")
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
