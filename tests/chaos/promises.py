"""What must hold of a town after whatever happened to it; each broken promise in words."""

import mailbox
import sqlite3
import subprocess
import threading
import time
from collections import Counter, defaultdict

import psutil

from tests.chaos.scene import Scene


class Watcher:
    """Looks at all processes again and again: never two sessions of an agent, never two daemons of a name for long."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.broken: list[str] = []
        self._twins: dict[str, float] = {}
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Watcher":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._done.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._done.wait(0.2):
            self._look()

    def _look(self) -> None:
        sessions: dict[str, set[str]] = defaultdict(set)
        daemons: dict[str, set[int]] = defaultdict(set)
        for process in self.scene.processes():
            try:
                environment, words = process.environ(), process.cmdline()
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
            if agent := environment.get("GT_AGENT"):
                sessions[agent].add(environment.get("GT_SESSION", ""))
            if words[-3:-1] == ["daemon", "run"] and "GT_FAULT" not in environment:
                daemons[words[-1]].add(process.pid)
        for agent, found in sessions.items():
            if len(found) > 1:
                self._note(f"{agent} has processes of {len(found)} sessions: {sorted(found)}")
        now = time.monotonic()
        twins = {name for name, pids in daemons.items() if len(pids) > 1}
        self._twins = {name: self._twins.get(name, now) for name in twins}
        for name, since in self._twins.items():
            if now - since > 10:
                self._note(f"two of {name} for more than 10 s")

    def _note(self, words: str) -> None:
        if words not in self.broken:
            self.broken.append(words)


def check_work(scene: Scene) -> list[str]:
    """Every bead is merged, with its file on the target; or waits, with the reason why."""
    broken = []
    items = {bead["id"]: bead for bead in scene.json("bead", "list")["items"]}
    for id, path in scene.beads.items():
        bead = items.get(id)
        if bead is None:
            broken.append(f"{id} is lost")
        elif not scene.is_accounted(bead):
            broken.append(f"{id} is {bead['state']}, reason {bead['reason']}, of {bead['assignee']}")
        elif bead["state"] == "merged":
            shown = scene.git("cat-file", "-e", f"main:{path}")
            ancestor = scene.git("merge-base", "--is-ancestor", bead["merged_commit"], "main")
            if shown.returncode or ancestor.returncode:
                broken.append(f"{id} says merged, but {path} or {bead['merged_commit']} is not on the target")
    landed = Counter(scene.git("log", "--format=%s", "main").stdout.splitlines())
    broken += [f"landed {times} times: {subject}" for subject, times in landed.items() if times > 1]
    return broken


def check_mail(scene: Scene) -> list[str]:
    box = mailbox.Maildir(scene.town / ".gt" / "mail" / "demo.ann", create=False)
    subjects = [message["Subject"] for message in box]
    for name in box.list_folders():
        subjects += [message["Subject"] for message in box.get_folder(name)]
    return [
        f"mail {subject!r} is there {subjects.count(subject)} times"
        for subject in scene.mails
        if subjects.count(subject) != 1
    ]


def check_files(scene: Scene) -> list[str]:
    return [
        f"unsaved {place.name} is gone or changed"
        for place, text in scene.unsaved.items()
        if not place.is_file() or place.read_text() != text
    ]


def check_stores(scene: Scene) -> list[str]:
    broken = []
    database = sqlite3.connect(scene.town / ".gt" / "town.db")
    for pragma in ("integrity_check", "foreign_key_check"):
        rows = [tuple(row) for row in database.execute(f"PRAGMA {pragma}")]
        if rows not in ([("ok",)], []):
            broken.append(f"{pragma}: {rows[:3]}")
    database.close()
    for repository in (scene.remote, scene.town / "rigs" / "demo" / "repo.git"):
        fsck = subprocess.run(
            ["git", "-C", repository, "fsck", "--no-dangling", "--connectivity-only"],
            capture_output=True, text=True, env=scene.environment,
        )  # fmt: skip
        if fsck.returncode:
            broken.append(f"git fsck of {repository.name}: {fsck.stderr.strip()[:300]}")
    return broken


def check_end(scene: Scene) -> list[str]:
    """After ``gt down --agents`` nothing is left."""
    scene.insist(lambda: scene.gt("down", "--agents"))
    deadline = time.monotonic() + 5
    while (left := scene.processes()) and time.monotonic() < deadline:
        time.sleep(0.05)
    found = []
    for process in left:
        try:
            found.append(f"left running: {process.pid} {' '.join(process.cmdline())[:150]}")
            process.kill()
        except psutil.NoSuchProcess:
            continue
    return found
