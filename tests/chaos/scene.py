"""The town that chaos is made in: agents at work, a steady flow of beads and mail, and what is true of it now."""

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from tests.journeys.town_world import chore

GT_SECONDS = 60.0
SETTINGS = {
    "provider.default": "runbook", "respawn.budget": "1000 per 10m", "respawn.delay": "1ms", "snapshot.every": "5s",
    "limits.agents": "4",
}  # fmt: skip


@dataclass
class Scene:
    """``ledger`` is what commands promised us: beads that were made, mails that were sent, files left unsaved."""

    folder: Path
    random: random.Random
    environment: dict[str, str]
    beads: dict[str, str] = field(default_factory=dict)
    mails: list[str] = field(default_factory=list)
    unsaved: dict[Path, str] = field(default_factory=dict)
    has_own_disk: bool = False
    was_full: bool = False
    _number: int = 0

    @property
    def town(self) -> Path:
        return self.folder / "town"

    @property
    def remote(self) -> Path:
        return self.folder / "remote.git"

    def run(self, *words: str | Path, fault: str = "", **more: Any) -> subprocess.CompletedProcess[str]:
        """``gt WORDS``, whatever becomes of it."""
        return subprocess.run(
            [sys.executable, "-m", "gastown_tmux", "--town", self.town, *words],
            env={**self.environment, **({"GT_FAULT": fault} if fault else {})},
            cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=GT_SECONDS, **more,
        )  # fmt: skip

    def gt(self, *words: str | Path) -> str:
        done = self.run(*words)
        assert done.returncode == 0, f"gt {' '.join(map(str, words))}: {done}"
        return done.stdout

    def git(self, *words: str) -> subprocess.CompletedProcess[str]:
        """git in the remote, where work lands."""
        command = ["git", "-C", str(self.remote), *words]
        return subprocess.run(command, capture_output=True, text=True, env=self.environment)

    def json(self, *words: str | Path) -> Any:
        return json.loads(self.gt(*words, "--json"))

    def popen_fault(self, fault: str, *words: str | Path) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "gastown_tmux", "--town", self.town, *words],
            env={**self.environment, "GT_FAULT": fault}, cwd=self.folder,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def next_number(self) -> int:
        self._number += 1
        return self._number

    def give_work(self) -> None:
        """One more bead, slung. Asked again with the same key until there is an answer, as a person would."""
        number = self.next_number()
        seconds = self.random.choice(("0", "0.1", "0.5", "2"))
        script = (
            f"mkdir -p out\necho {number} > out/{number}.part\nsleep {seconds}\nmv out/{number}.part out/{number}.txt"
        )
        words = ("bead", "create", f"chaos {number}", "--rig", "demo", "--body", chore(script), "--key", f"b{number}")
        bead = str(self.insist(lambda: self.json(*words))["id"])
        self.beads[bead] = f"out/{number}.txt"
        self.run("sling", bead)

    def send_mail(self) -> None:
        number = self.next_number()
        words = ("mail", "send", "demo/ann", "-s", f"letter {number}", "-m", "words", "--key", f"m{number}")
        self.insist(lambda: self.json(*words))
        self.mails.append(f"letter {number}")

    def leave_unsaved(self) -> None:
        """A file in a worktree that nobody has committed."""
        place = self.town / ".gt" / "hooks" / "demo.ann" / "work" / f"unsaved-{self.next_number()}.txt"
        text = f"{self.random.random()}\n"
        place.write_text(text)
        self.unsaved[place] = text

    def insist(self, ask: Callable[[], Any]) -> Any:
        for _ in range(20):
            try:
                return ask()
            except (AssertionError, subprocess.TimeoutExpired) as error:
                last = error
                time.sleep(0.2)
        raise last

    def status(self) -> dict[str, Any]:
        return self.insist(lambda: self.json("status"))

    def missing(self) -> list[str]:
        """What should run and does not, in words; empty when the town is whole."""
        status = self.status()
        wrong = [f"{daemon['name']} is dead" for daemon in status["daemons"] if not daemon["alive"]]
        wrong += [] if status["tmux"]["alive"] else ["tmux is dead"]
        for agent in status["agents"]:
            if agent["bead"] and agent["state"] in ("dead", "backoff"):
                wrong.append(f"{agent['address']} is {agent['state']} with {agent['bead']}: {agent['reason']}")
            if agent["address"] == "demo/ann" and agent["state"] in ("dead", "backoff", "off"):
                wrong.append(f"demo/ann is {agent['state']}")
        return wrong

    def unfinished(self) -> list[str]:
        items = {bead["id"]: bead for bead in self.insist(lambda: self.json("bead", "list"))["items"]}
        return [
            f"{id} is {items[id]['state'] if id in items else 'lost'} ({items.get(id, {}).get('reason')})"
            for id in self.beads
            if id not in items or not self.is_accounted(items[id])
        ]

    def is_accounted(self, bead: dict[str, Any]) -> bool:
        """Merged; or given back with the reason, where a full disk made its commands fail."""
        gave_up = self.was_full and bead["state"] == "open" and bead["reason"] == "escalated"
        return bead["state"] in ("merged", "closed") or gave_up

    def processes(self) -> list[psutil.Process]:
        """Everything alive that belongs to this scene."""
        found = []
        for process in psutil.process_iter():
            try:
                at_home = process.environ().get("HOME") == self.environment["HOME"]
                if at_home and process.pid != os.getpid() and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        return found


def make_scene(seed: int) -> Scene:
    """A town on a bare remote, with a crew member and work under way."""
    folder = Path(tempfile.mkdtemp(prefix="gt-chaos-", dir="/tmp")).resolve()
    has_own_disk = os.geteuid() == 0 and mount(folder)
    home = folder / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(
        "[user]\n\tname = Chaos\n\temail = chaos@localhost\n[init]\n\tdefaultBranch = main\n"
    )
    kept = {name: os.environ[name] for name in ("PATH", "GT_TEST") if name in os.environ}
    environment = {
        **kept, "HOME": str(home), "SHELL": "/bin/sh", "TERM": "xterm", "LC_ALL": "C.UTF-8", "NO_COLOR": "1",
        "GIT_CONFIG_GLOBAL": str(home / ".gitconfig"), "GIT_CONFIG_SYSTEM": os.devnull,
        "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(Path(__file__).parents[2]),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }  # fmt: skip
    scene = Scene(folder, random.Random(seed), environment, has_own_disk=has_own_disk)
    for command in (
        ["init", "-q", "--bare", scene.remote], ["init", "-q", folder / "project"],
        ["-C", folder / "project", "commit", "-q", "--allow-empty", "-m", "first"],
        ["-C", folder / "project", "push", "-q", scene.remote, "main"],
    ):  # fmt: skip
        subprocess.run(["git", *command], check=True, env=environment)
    scene.gt("install", scene.town)
    with (scene.town / "town.yaml").open("a") as file:
        file.writelines(f"{key}: {value}\n" for key, value in SETTINGS.items())
    scene.gt("rig", "add", "demo", scene.remote)
    scene.gt("crew", "add", "ann", "--rig", "demo")
    scene.gt("up")
    scene.gt("crew", "start", "demo/ann")
    return scene


def mount(folder: Path) -> bool:
    """A small disk of its own, where this machine allows."""
    command = ["mount", "-t", "tmpfs", "-o", "size=300m,mode=700", "tmpfs", str(folder)]
    try:
        return subprocess.run(command, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


def remove_scene(scene: Scene) -> None:
    if scene.has_own_disk:
        subprocess.run(["umount", "-l", str(scene.folder)], capture_output=True)
    shutil.rmtree(scene.folder, ignore_errors=True)
