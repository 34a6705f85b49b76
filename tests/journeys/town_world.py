"""A whole town for a test: made, used by the command line, and taken down again."""

import contextlib
import json
import sqlite3
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.prepared import copy_prepared

Run = Callable[..., Any]


def make_repository(path: Path, files: int = 3) -> Path:
    """A small project with one commit on main."""

    def make(path: Path) -> None:
        path.mkdir(parents=True)
        for number in range(files):
            (path / f"file-{number}.txt").write_text(f"line {number}\n")
        for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "first"]):
            subprocess.run(["git", "-C", path, *command], check=True)

    copy_prepared(f"repository-{files}", make, path)
    return path


def git(path: Path, *words: str) -> str:
    """What git prints in that repository."""
    return subprocess.run(["git", "-C", path, *words], check=True, capture_output=True, text=True).stdout.strip()


def chore(script: str) -> str:
    """A bead's body that a runbook agent carries out."""
    return f"```sh\n{script}\n```\n"


def meet(place: Path, count: int = 2) -> str:
    """For a chore: it goes on when so many beads are there, so that none of them starts from another's work."""
    wait = f'until [ "$(ls "{place}" | wc -l)" -ge {count} ]; do sleep 0.05; done'
    return f'mkdir -p "{place}"; touch "{place}/$GT_BEAD"; {wait}'


@dataclass(frozen=True, slots=True)
class Said:
    """What a command said, and its exit status."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class TownWorld:
    """A town with the rig ``demo`` on the project ``project``; ``gt`` runs a command in it."""

    path: Path
    project: Path
    run: Run
    wait_for: Run

    def gt(self, *words: str | Path, code: int | None = 0, **more: Any) -> Any:
        """The command's result; its exit status must be ``code`` (None: whatever it is)."""
        result = self.run("--town", self.path, *words, **more)
        assert code is None or result.code == code, f"gt {words}: {result}"
        return result

    def json(self, *words: str | Path) -> Any:
        return self.gt(*words, "--json").json

    def bead(self, title: str, script: str | None = None, *more: str) -> str:
        """The id of a fresh bead in the rig ``demo``."""
        body = ["--body", chore(script)] if script is not None else []
        return str(self.json("bead", "create", title, "--rig", "demo", *body, *more)["id"])

    def ask(self, sql: str, *values: str) -> Any:
        """The first value that the database gives: whoever waits asks often, and a command costs what a blink of work
        costs."""
        with contextlib.closing(sqlite3.connect(self.path / ".gt" / "town.db", timeout=10)) as database:
            row = database.execute(sql, values).fetchone()
        return row and row[0]

    def state(self, bead: str) -> str:
        return str(self.ask("SELECT state FROM beads WHERE id = ?", bead))

    def wait_state(self, bead: str, state: str, seconds: float = 30) -> Any:
        """The bead, once it is in that state."""
        self.wait_for(lambda: self.state(bead) == state, seconds, f"{bead} to be {state}")
        return self.json("bead", "show", bead)

    def wait_reason(self, bead: str, seconds: float = 30) -> str:
        """Why the bead's merge request waits or came back, once it does."""
        sql = "SELECT reason FROM merge_requests WHERE bead = ? AND reason IS NOT NULL ORDER BY seq DESC LIMIT 1"
        return str(self.wait_for(lambda: self.ask(sql, bead), seconds, f"why {bead} does not land"))

    def agent(self, address: str) -> Any:
        return next(agent for agent in self.json("agents")["items"] if agent["address"] == address)

    def tmux(self, *words: str) -> str:
        """What the town's own tmux server says to that."""
        socket = self.json("status")["tmux"]["socket"]
        return subprocess.run(["tmux", "-u", "-S", socket, *words], check=True, capture_output=True, text=True).stdout
