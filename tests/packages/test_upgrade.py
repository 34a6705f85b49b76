"""A town goes on while the gt that runs it is replaced by another one."""

import os
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.town_world import chore, git, make_repository
from tests.packages.trees import Tree, make_tree

#: `just prove-packages` has it at 12.
BEADS = int(os.environ.get("PYTEST_UPGRADE_BEADS", "2"))


@dataclass(frozen=True, slots=True)
class Upgrade:
    old: Tree
    new: Tree
    project: Path
    go: Path
    wait_for: Callable[..., Any]

    def ask(self, sql: str, *values: object) -> list[Any]:
        with closing(sqlite3.connect(self.old.town / ".gt" / "town.db", timeout=10)) as database:
            return database.execute(sql, values).fetchall()

    def daemon(self, name: str) -> int | None:
        try:
            return int((self.old.town / ".gt" / "run" / f"{name}.lock").read_text().split()[0])
        except (OSError, ValueError, IndexError):
            return None

    def agents(self) -> dict[str, tuple[str, int]]:
        """Each agent's pane and process, as rows of sessions that run tell."""
        found = self.ask("SELECT agent, pane, pid FROM sessions WHERE state <> 'ended' AND pid IS NOT NULL")
        return {agent: (pane, pid) for agent, pane, pid in found}

    def take_over(self) -> None:
        """Waits until deacon and witness are the newer gt's."""
        for name in ("deacon", "witness"):
            self.wait_for(lambda name=name: self.new.runs(self.daemon(name)), 30, f"the new {name}")

    def renew_prompt(self) -> None:
        """A person types at the Mayor's prompt, which is an old one, and has a new one."""
        socket = self.new.json("status")["tmux"]["socket"]
        tmux = ["tmux", "-S", socket]
        shell = subprocess.run(
            [*tmux, "display", "-p", "-t", "=hq:=mayor", "#{pane_pid}"], capture_output=True, text=True
        )
        subprocess.run([*tmux, "send-keys", "-t", "=hq:=mayor", "agents", "Enter"], check=True, timeout=20)
        children = Path(f"/proc/{shell.stdout.strip()}/task/{shell.stdout.strip()}/children")
        self.wait_for(lambda: any(self.new.runs(int(pid)) for pid in children.read_text().split()), 20, "a new prompt")


@pytest.fixture
def upgrade(short_tmp: Path, wait_for: Callable[..., Any]) -> Iterator[Upgrade]:
    """A town of an old gt at work on beads that end when the file ``go`` is there."""
    town, project, go = short_tmp / "town", short_tmp / "project", short_tmp / "go"
    old, new = make_tree(short_tmp / "old", "0.1.0", town), make_tree(short_tmp / "new", "0.2.0", town)
    world = Upgrade(old, new, make_repository(project), go, wait_for)
    subprocess.run([old.gt, "install", town], check=True, capture_output=True, timeout=60)
    old.run("config", "default-agent", "runbook")
    old.run("rig", "add", "demo", project)
    old.run("config", "set", "limits.agents", "12", "--rig", "demo")
    for number in range(BEADS):
        wait = f'until [ -e "{go}" ]; do sleep 0.05; done; echo done > bead-{number}'
        old.run("bead", "create", f"bead {number}", "--rig", "demo", "--body", chore(wait))
    old.run("sling", *(bead["id"] for bead in old.json("bead", "list")["items"]), "demo")
    wait_for(lambda: len(world.agents()) == BEADS, 60, "agents at work")
    yield world
    new.run("down", "--agents", code=None)
    old.run("down", "--agents", code=None)


def test_an_upgrade_in_the_middle_of_work(upgrade: Upgrade) -> None:
    """Rows are migrated, daemons are the new gt's, agents stay in their windows, and all of it lands, once."""
    upgrade.new.migrate_more()
    before = upgrade.agents()
    assert upgrade.old.runs(upgrade.daemon("deacon")) and not upgrade.new.runs(upgrade.daemon("deacon"))
    assert upgrade.new.json("bead", "list")["items"]  # a reading verb alone is enough
    upgrade.take_over()
    assert upgrade.agents() == before
    refused = upgrade.old.run("bead", "list", code=4).stderr.splitlines()
    assert refused[0].startswith("gt: a newer gt made this town (schema ")
    assert refused[1:] == [f"hint: use {upgrade.new.gt}, or upgrade this gt"]
    assert list((upgrade.old.town / ".gt").rglob("town.db.schema-*"))

    upgrade.renew_prompt()
    upgrade.go.touch()
    states = "SELECT count(*) FROM beads WHERE state = 'merged'"
    upgrade.wait_for(lambda: upgrade.ask(states) == [(BEADS,)], 120, "all beads to land")
    assert git(upgrade.project, "rev-list", "--count", "main") == str(BEADS + 1)
    sessions = "SELECT bead, count(*) FROM sessions WHERE bead IS NOT NULL GROUP BY bead"
    assert sorted(count for _, count in upgrade.ask(sessions)) == [1] * BEADS
    ends = "SELECT DISTINCT reason FROM sessions WHERE state = 'ended'"
    assert {reason for (reason,) in upgrade.ask(ends)} <= {"done"}
    told = upgrade.ask("SELECT json_extract(data, '$.version') FROM events WHERE type = 'town.upgraded'")
    assert told == [("0.2.0",)]
    troubles = upgrade.old.town / ".gt" / "run" / "troubles"
    assert not troubles.exists() or list(troubles.iterdir()) == []


def test_one_that_was_installed_in_its_place(upgrade: Upgrade) -> None:
    """No verb of the new one has run yet: the daemons see by themselves that they are old."""
    before, agents = {upgrade.daemon(name) for name in ("deacon", "witness")}, upgrade.agents()
    upgrade.old.set_version("0.3.0")
    for name in ("deacon", "witness"):
        upgrade.wait_for(lambda name=name: upgrade.daemon(name) not in {*before, None}, 30, f"another {name}")
    assert upgrade.agents() == agents
    upgrade.old.set_version("0.2.9")
    refused = upgrade.old.run("bead", "list", code=4).stderr.splitlines()
    assert refused[0] == "gt: a newer gt (0.3.0) runs this town; this is 0.2.9"
    upgrade.old.set_version("0.3.0")
    upgrade.go.touch()
