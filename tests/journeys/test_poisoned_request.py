"""One merge request that cannot be handled is set aside, told of once, and keeps nobody else from landing."""

import contextlib
import os
import signal
import sqlite3
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.journeys.test_landing import mails
from tests.journeys.town_world import TownWorld, git

HELD = "while [ -e ../held ]; do sleep 0.1; done"


def submit(world: TownWorld, title: str, script: str) -> str:
    """A bead whose work is submitted; its id."""
    bead = world.bead(title, script)
    world.gt("sling", bead)
    world.wait_for(lambda: world.json("bead", "show", bead)["merge_request"], 30, f"{title} to be submitted")
    return bead


def request_of(world: TownWorld, bead: str) -> Any:
    return world.json("mq", "show", world.json("bead", "show", bead)["merge_request"])


def escalations(world: TownWorld, words: str) -> list[str]:
    return [each["text"] for each in world.json("escalate", "list")["items"] if words in each["text"]]


def spoil(world: TownWorld, sql: str, *values: str) -> None:
    with contextlib.closing(sqlite3.connect(world.path / ".gt/town.db", timeout=10)) as database, database:
        database.execute(sql, values)


def await_gate(world: TownWorld) -> None:
    world.wait_for(
        lambda: world.ask("SELECT 1 FROM merge_requests WHERE state = 'testing'"), 30, "a request to be tested"
    )


def test_one_that_nobody_expected(town: TownWorld) -> None:
    """An error that no code foresees: set aside with its reason and a log, escalated once; by a person's word it is
    tried again.
    """
    held = town.path / "rigs/demo/held"
    held.parent.mkdir(exist_ok=True)
    held.touch()
    town.gt("config", "set", "merge.gates", f"[{{name: go, run: '{HELD}'}}]")
    first = submit(town, "first", "echo first > first.txt")
    await_gate(town)
    poisoned, last = (submit(town, name, f"echo {name} > {name}.txt") for name in ("poisoned", "last"))
    id = request_of(town, poisoned)["id"]
    # No subprocess takes such a word, and nobody expects it to be refused.
    spoil(town, "UPDATE merge_requests SET head = head || char(0) WHERE id = ?", id)
    held.unlink()
    for bead in (first, last):
        town.wait_state(bead, "merged", 40)
    found = town.wait_state(poisoned, "open", 20)
    request = request_of(town, poisoned)
    assert (found["reason"], request["state"]) == ("escalated", "rejected"), (found, request)
    assert request["reason"].startswith("the refinery cannot handle this: "), request
    [text] = town.wait_for(lambda: escalations(town, poisoned), 10, "somebody to be told")
    assert f"gt mq retry {id}" in text and request["log"] in text
    assert "Traceback" in Path(request["log"]).read_text()
    assert f"{poisoned} came back: rejected" in mails(town, request["author"])
    spoil(town, "UPDATE merge_requests SET head = substr(head, 1, 40) WHERE id = ?", id)
    town.gt("mq", "retry", id)
    town.wait_state(poisoned, "merged", 40)
    assert git(town.project, "show", "main:poisoned.txt") == "poisoned"
    assert len(escalations(town, poisoned)) == 1


def test_one_that_cannot_even_be_set_aside(town: TownWorld) -> None:
    """It is left where it is, and the others land; that its refinery fails again and again is told."""
    held = town.path / "rigs/demo/held"
    held.touch()
    town.gt("config", "set", "merge.gates", f"[{{name: go, run: '{HELD}'}}]")
    first = submit(town, "first", "echo first > first.txt")
    await_gate(town)
    poisoned, last = (submit(town, name, f"echo {name} > {name}.txt") for name in ("poisoned", "last"))
    id = request_of(town, poisoned)["id"]
    spoil(town, "UPDATE merge_requests SET head = head || char(0) WHERE id = ?", id)
    (town.path / ".gt/logs/merge").mkdir(exist_ok=True)
    (town.path / f".gt/logs/merge/{id}.fault.log").mkdir()
    never = "CREATE TRIGGER never BEFORE UPDATE OF state ON beads WHEN new.state = 'open'"
    spoil(town, f"{never} BEGIN SELECT RAISE(ABORT, 'no'); END")
    held.unlink()
    for bead in (first, last):
        town.wait_state(bead, "merged", 60)
    assert town.state(poisoned) == "submitted"
    spoil(town, "DROP TRIGGER never")
    town.wait_state(poisoned, "open", 60)


def test_one_that_kills_its_refinery(town: TownWorld) -> None:
    """Out of memory, a segmentation fault: twice is enough, and the queue goes on with the next."""
    town.gt("config", "set", "merge.gates", "[{name: oom, run: 'if [ -e deadly ]; then kill -9 $PPID; sleep 60; fi'}]")
    deadly = submit(town, "deadly", "touch deadly")
    harmless = submit(town, "harmless", "echo harmless > harmless.txt")
    town.wait_state(harmless, "merged", 60)
    found = town.wait_state(deadly, "open", 20)
    request = request_of(town, deadly)
    assert (found["reason"], request["state"], request["attempts"]) == ("escalated", "rejected", 2), request
    assert "died" in request["reason"] and "again" in request["reason"], request
    assert len(escalations(town, deadly)) == 1
    assert [note for note in town.json("status")["notes"] if "demo/refinery died 2 times" in note]
    assert "demo/refinery dies again and again" in town.gt("doctor", code=None).out
    # Whoever asks for it has it tried again, and set aside again.
    town.gt("mq", "retry", request["id"])
    assert request_of(town, deadly)["id"] != request["id"]
    town.wait_state(deadly, "open", 60)
    assert request_of(town, deadly)["state"] == "rejected"


def test_a_refinery_that_is_told_to_end_has_not_died(town: TownWorld) -> None:
    """Stopped three times while a gate runs, each in another way: the request is none the worse for it."""
    held = town.path / "rigs/demo/held"
    held.touch()
    gates = [f"{{name: g{number}, parallel: true, run: '{HELD}'}}" for number in range(2)]
    town.gt("config", "set", "merge.gates", f"[{', '.join(gates)}]")
    bead = submit(town, "slow", "echo slow > slow.txt")
    for stop in (("down",), ("daemon", "stop", "refinery"), ("down", "--agents"), ()):
        process = await_gates(town)
        if stop:
            town.gt(*stop)
        else:
            process.send_signal(signal.SIGTERM)
        town.wait_for(lambda process=process: has_ended(process), 10, "the refinery to end")
        town.gt("up")
    await_gates(town)
    held.unlink()
    town.wait_state(bead, "merged", 30)
    assert not escalations(town, bead) and not escalations(town, "refinery")


def has_ended(process: psutil.Process) -> bool:
    """Also while tmux has not taken its exit status: it may have missed the signal, and the next look tells it."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    return True


def await_gates(world: TownWorld) -> psutil.Process:
    """The refinery that runs both gates now, for the row of one that ended says "testing" too."""

    def is_at_gates(refinery: psutil.Process) -> bool:
        return sum("../held" in " ".join(child.cmdline()) for child in refinery.children(recursive=True)) >= 2

    def find() -> psutil.Process | None:
        with contextlib.suppress(psutil.Error):
            refinery = psutil.Process(daemon(world, "refinery")["pid"])
            return refinery if is_at_gates(refinery) else None
        return None

    found: psutil.Process = world.wait_for(find, 30, "a refinery at its gates")
    return found


def daemon(world: TownWorld, name: str, before: int | None = None) -> Any:
    """The daemon that runs, and is another process than ``before``."""
    return world.wait_for(
        lambda: next(
            (d for d in world.json("daemon", "status", name)["items"] if d["alive"] and d["pid"] != before), None
        ),
        20,
        f"a {name}",
    )


@pytest.mark.parametrize(("name", "other"), [("deacon", "witness"), ("witness", "deacon")])
def test_a_daemon_that_dies_twice_of_one_cause(town: TownWorld, name: str, other: str) -> None:
    """Where people look it is said, and somebody is told once."""
    town.gt("up")
    for _ in range(3):
        pid = daemon(town, name)["pid"]
        os.kill(pid, signal.SIGKILL)
        daemon(town, name, pid)
    [told] = town.wait_for(lambda: escalations(town, f"the {name} died"), 10, "somebody to be told")
    assert f"gt log {name}" in told
    [note] = [note for note in town.json("status")["notes"] if name in note]
    assert "died 3 times" in note and "killed" in note, note
    assert f"the {name} dies again and again" in town.gt("doctor", code=None).out
    # One that is ended by whoever may, has not died.
    for _ in range(3):
        pid = daemon(town, other)["pid"]
        os.kill(pid, signal.SIGTERM)
        daemon(town, other, pid)
        town.gt("daemon", "stop", other)
        town.gt("up")
    assert not escalations(town, f"the {other} died")
