"""Stopping needs no disk, no database, no git and no tmux that answers: it does what it can, and tells the rest."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from gastown_tmux.edges.files.memory import Memory
from tests.journeys.small_disk import CANNOT_MOUNT, SmallDisk, small_disk
from tests.journeys.test_bad_days import line
from tests.journeys.town_world import TownWorld, make_repository

pytestmark = pytest.mark.with_mayor

FOREVER = "while :; do sleep 0.2; done"
#: A person with a finger on the key: no time limit of SQLite or tmux may be waited for, agent by agent.
SOON = 30.0


@pytest.fixture(autouse=True)
def nothing_in_memory(short_tmp: Path) -> Iterator[None]:
    """What was said of a town that is thrown away."""
    yield
    for folder in (short_tmp / "town", short_tmp / "disk" / "town"):
        memory = Memory(folder)
        for name in memory.names():
            memory.remove(name)


@pytest.fixture
def disk(short_tmp: Path) -> Iterator[SmallDisk]:
    with small_disk(short_tmp / "disk") as disk:
        if disk is None:
            pytest.skip(CANNOT_MOUNT)
        yield disk


@pytest.fixture
def world(disk: SmallDisk, short_tmp: Path, run_gt: Callable[..., Any], wait_for: Callable[..., Any]) -> Iterator[Any]:
    """A town on a small disk of its own."""
    world = TownWorld(disk.path / "town", short_tmp / "project", run_gt, wait_for)
    make_repository(world.project)
    assert run_gt("install", world.path).code == 0
    world.gt("config", "default-agent", "runbook")
    world.gt("rig", "add", "demo", world.project)
    yield world
    disk.mend()
    world.gt("down", "--agents", code=None)


def employ(world: TownWorld, count: int) -> list[str]:
    """So many agents, each at work on a bead that does not end."""
    beads = [world.bead(f"job {number}", FOREVER) for number in range(count)]
    world.gt("sling", *beads)
    for bead in beads:
        world.wait_state(bead, "working")
    return [world.json("bead", "show", bead)["assignee"] for bead in beads]


def runs(world: TownWorld, address: str = "") -> list[psutil.Process]:
    """What runs in the agent's name, or in anybody's."""
    found = []
    for process in psutil.process_iter():
        try:
            environment = process.environ()
            if environment.get("GT_TOWN") == str(world.path) and process.status() != psutil.STATUS_ZOMBIE:
                name = environment.get("GT_AGENT", "")
                if name and address in ("", name):
                    found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def daemons(world: TownWorld) -> list[psutil.Process]:
    """Deacon, witness, guard and refineries, however they are found."""
    found = []
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
            if process.status() == psutil.STATUS_ZOMBIE or "python" not in " ".join(words[:1]):
                continue
            is_named = "daemon" in words or "refinery" in words or "gastown_tmux.daemons.guard" in words
            in_town = str(world.path) in words or process.environ().get("GT_TOWN") == str(world.path)
            if is_named and in_town:
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def servers(world: TownWorld) -> list[psutil.Process]:
    """The town's tmux server."""
    socket = str(world.path / ".gt/run/tmux.sock")
    return [p for p in psutil.process_iter(["cmdline"]) if socket in (p.info["cmdline"] or ()) and is_tmux(p)]


def is_tmux(process: psutil.Process) -> bool:
    try:
        return process.name().startswith("tmux") and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def stop(world: TownWorld, *words: str, code: int = 0, seconds: float = SOON) -> Any:
    """The command, which comes back soon, with no traceback; its JSON."""
    started = time.monotonic()
    said = world.gt(*words, "--json", code=None)
    took = time.monotonic() - started
    assert said.code == code and "Traceback" not in said.err, said
    assert took < seconds, f"{words} took {took:.1f} s"
    return said.json


def is_still(processes: list[psutil.Process]) -> bool:
    return all(process.status() == psutil.STATUS_STOPPED for process in processes)


SPOILS = {
    "full": SmallDisk.fill,
    "no-inodes": SmallDisk.use_up_inodes,
    "read-only": SmallDisk.make_read_only,
}


@pytest.mark.parametrize("spoil", SPOILS.values(), ids=SPOILS)
def test_a_disk_that_takes_nothing(world: TownWorld, disk: SmallDisk, spoil: Callable[[SmallDisk], None]) -> None:
    paused, stopped, frozen = employ(world, 3)
    spoil(disk)
    # One of them.
    said = stop(world, "pause", paused)
    assert said["not_done"], said
    world.wait_for(lambda: runs(world, paused) and is_still(runs(world, paused)), 5, "it to stand still")
    said = stop(world, "stop", stopped)
    assert not runs(world, stopped), said
    states = {agent["address"]: agent["state"] for agent in world.json("agents")["items"]}
    assert (states[paused], states[stopped]) == ("paused", "off"), states
    if spoil is SmallDisk.fill:  # else there was room for a row
        assert "goes on" in world.gt("resume", paused).out
        world.wait_for(lambda: not is_still(runs(world, paused)), 5, "it to go on")
        stop(world, "pause", paused)
    # Those who give out work and bring agents back leave them alone.
    for name in ("deacon", "witness"):
        assert world.gt("daemon", "status", name).code == 0
    still = time.monotonic() + 3
    while time.monotonic() < still:
        assert not runs(world, stopped)
        time.sleep(0.1)
    assert world.run("--town", world.path, "estop", "--json").code == 0
    world.wait_for(lambda: is_still(runs(world, frozen)), 5, "all to stand still")
    if spoil is SmallDisk.fill:
        spoil(disk)  # what the one that was stopped had for itself has been taken away
    text = world.gt("down").out
    assert not daemons(world), text
    if spoil is SmallDisk.fill:
        # Also after the machine was started again: in a row, where one found room in what the database has, or else so.
        assert ("not done: town.db does not say so" in text) == ("stands in a file beside town.db" in text), text
    # Nobody starts them, who is asked to: a service manager, an agent, a timer.
    world.gt("daemon", "revive", code=None)
    world.gt("up", env={"GT_AGENT": frozen}, code=4)
    assert not daemons(world)
    assert world.json("status")["wanted"] == "down"
    stop(world, "down", "--agents")
    assert not runs(world) and not servers(world) and not daemons(world)
    # With room again all is as it was said, in rows too.
    disk.mend()
    assert world.json("status")["wanted"] == "down"
    assert world.ask("SELECT value FROM meta WHERE key = 'wanted'") == "down"
    states = {agent["address"]: agent["state"] for agent in world.json("agents")["items"]}
    assert (states[paused], states[stopped]) == ("paused", "off"), states
    world.gt("thaw")
    world.gt("resume", paused)
    world.gt("up")
    world.wait_for(lambda: runs(world, frozen), 20, "the others to run again")
    assert not runs(world, stopped)


@pytest.mark.skipif(os.geteuid() == 0, reason="root mounts without a namespace of its own")
def test_the_same_as_an_ordinary_user() -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", __file__, "-k", "disk_that_takes"]
    inside = ["unshare", "--user", "--map-root-user", "--mount", *command]
    done = subprocess.run(inside, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_database_that_is_locked_for_minutes(town: TownWorld) -> None:
    one, two = employ(town, 2)
    holder = sqlite3.connect(town.path / ".gt/town.db", isolation_level=None)
    for lock in ("BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"):
        holder.execute(lock)
        stop(town, "stop", one)
        assert not runs(town, one)
        stop(town, "pause", two)
        assert is_still(runs(town, two))
        stop(town, "estop", seconds=15)
        stop(town, "down")
        assert not daemons(town)
        stop(town, "down", "--agents")
        assert not runs(town) and not servers(town)
        holder.execute("COMMIT")
        # What was said is written down by whoever can.
        assert town.json("status")["wanted"] == "down"
        states = {agent["address"]: agent["state"] for agent in town.json("agents")["items"]}
        assert (states[one], states[two]) == ("off", "paused"), states
        for words in (("thaw",), ("resume", two), ("up",), ("respawn", one)):
            town.gt(*words)
        for address in (one, two):
            town.wait_for(lambda address=address: runs(town, address), 20, f"{address} to run again")
    holder.close()


def damage(world: TownWorld) -> None:
    database = world.path / ".gt/town.db"
    for name in ("town.db-wal", "town.db-shm"):
        (database.parent / name).unlink(missing_ok=True)
    database.write_bytes(b"no database at all\n" * 1000)


def lose(world: TownWorld) -> None:
    for name in ("town.db", "town.db-wal", "town.db-shm"):
        (world.path / ".gt" / name).unlink(missing_ok=True)


def unreadable(world: TownWorld) -> None:
    """Each read of it is an input/output error."""
    lose(world)
    (world.path / ".gt/town.db").symlink_to("/proc/self/mem")


def forget(world: TownWorld) -> None:
    """Who would stop the daemons finds no lock that names them."""
    damage(world)
    subprocess.run(["rm", "-rf", world.path / ".gt/run"], check=True)


def misconfigure(world: TownWorld) -> None:
    (world.path / "town.yaml").write_text("a: [\n\0")
    damage(world)


HURTS = {"damaged": damage, "gone": lose, "input-output-error": unreadable, "no-run": forget, "settings": misconfigure}


@pytest.mark.parametrize("hurt", HURTS.values(), ids=HURTS)
def test_a_database_that_cannot_be_used(town: TownWorld, hurt: Callable[[TownWorld], None]) -> None:
    one, two, _ = employ(town, 3)
    socket = town.json("status")["tmux"]["socket"]
    hurt(town)
    assert stop(town, "stop", one)["not_done"] and not runs(town, one)
    # By name alone, where nothing tells which rig it is of.
    stop(town, "pause", two.partition("/")[2])
    town.wait_for(lambda: is_still(runs(town, two)), 5, "it to stand still")
    stop(town, "--as", "overseer", "estop")
    stop(town, "down")
    town.wait_for(lambda: not daemons(town), 5, "the daemons to be gone")
    said = stop(town, "down", "--agents")
    assert said["wanted"] == "down" and said["not_done"], said
    assert not runs(town) and not servers(town), socket
    assert town.gt("stop", "demo/nobody", code=None).code != 0


def test_a_tmux_server_that_does_not_answer(town: TownWorld) -> None:
    one, two, _ = employ(town, 3)
    [server] = servers(town)
    # The deacon would continue it.
    for name in ("guard", "deacon", "witness"):
        pid = (town.path / f".gt/run/{name}.lock").read_text().split()[0]
        os.kill(int(pid), signal.SIGSTOP)
    server.suspend()
    stop(town, "stop", one)
    assert not runs(town, one)
    stop(town, "pause", two)
    assert is_still(runs(town, two))
    stop(town, "down")
    assert not daemons(town)
    server.suspend()
    stop(town, "down", "--agents")
    assert not runs(town) and not servers(town)


def test_without_git_and_tmux(town: TownWorld, short_tmp: Path) -> None:
    one, two = employ(town, 2)
    only = short_tmp / "only"
    only.mkdir()
    (only / "sh").symlink_to("/bin/sh")
    none = {"PATH": str(only)}
    said = town.gt("stop", one, "--json", env=none).json
    assert not runs(town, one) and any("git" in words for words in said["not_done"]), said
    town.gt("pause", two, env=none)
    town.gt("down", "--agents", env=none)
    assert not runs(town) and not servers(town) and not daemons(town)
    assert line(town.gt("up", env=none, code=5))


def test_a_stop_in_memory_is_not_of_the_next_town(world: TownWorld, disk: SmallDisk) -> None:
    """A town at the same place is up to its own orders."""
    disk.fill()
    stop(world, "down")
    disk.mend()
    subprocess.run(["rm", "-rf", world.path], check=True)
    assert world.run("install", world.path).code == 0
    world.gt("up")
    assert daemons(world)
