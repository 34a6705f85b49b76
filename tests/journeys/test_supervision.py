"""Nothing dies for long, and nothing is lost."""

import os
import signal
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.journeys.terminals import GT, Terminal
from tests.journeys.town_world import TownWorld

pytestmark = pytest.mark.with_mayor

TICK = "for i in $(seq 600); do echo $i > tick.txt; sleep 0.1; done"


def agents_at_work(town: TownWorld, count: int) -> list[Any]:
    found = [agent for agent in town.json("agents")["items"] if agent["bead"] and agent["pid"]]
    return found if len(found) >= count and all(agent["state"] == "working" for agent in found) else []


def ticking(place: Path, wait_for: Any) -> bool:
    before = place.read_text() if place.exists() else ""
    wait_for(lambda: place.exists() and place.read_text() not in ("", before), 10, "a tick")
    return True


def stands_still(town: TownWorld, address: str) -> bool:
    program = psutil.Process(town.agent(address)["pid"])
    states = {each.status() for each in (program, *program.children(recursive=True))}
    # A shell that waits in vfork for a child that is stopped is held by the kernel, and nobody can stop it.
    return psutil.STATUS_STOPPED in states and states <= {psutil.STATUS_STOPPED, psutil.STATUS_DISK_SLEEP}


def test_all_come_back_with_their_work(town: TownWorld, wait_for: Any) -> None:
    beads = [town.bead(f"work {n}", f"echo {n} > {n}.txt; sleep 6") for n in range(3)]
    town.gt("sling", *beads, "demo")
    before = {agent["address"]: agent["session"] for agent in wait_for(lambda: agents_at_work(town, 3), 20, "three")}
    status = town.json("status")
    for daemon in status["daemons"]:
        os.kill(daemon["pid"], signal.SIGKILL)
    subprocess.run(["tmux", "-S", status["tmux"]["socket"], "kill-server"], check=True)

    def is_back() -> bool:
        found = agents_at_work(town, 3)
        return bool(found) and all(agent["session"] != before[agent["address"]] for agent in found)

    wait_for(is_back, 30, "all of them to be back")
    again = town.json("status")
    assert again["tmux"]["alive"] and all(daemon["alive"] for daemon in again["daemons"])
    assert [agent["bead"] is not None for agent in again["agents"]] == [True] * 3
    server = psutil.Process(int((town.path / ".gt" / "tmux.pid").read_text().split()[0]))
    server.suspend()
    wait_for(lambda: server.status() != psutil.STATUS_STOPPED, 10, "the tmux server to be continued")
    events = town.gt("events", "--type", "town.struck").out
    assert "town.struck" in events
    for bead in beads:
        town.wait_state(bead, "merged", 60)


def test_standing_still_and_going_on(town: TownWorld, wait_for: Any) -> None:
    town.gt("sling", town.bead("tick", TICK), "demo")
    [agent] = wait_for(lambda: agents_at_work(town, 1), 20, "an agent")
    address = agent["address"]
    tick = town.path / ".gt" / "hooks" / address.replace("/", ".") / "work" / "tick.txt"
    assert ticking(tick, wait_for)

    town.gt("pause", address)
    assert town.agent(address)["state"] == "paused" and stands_still(town, address)
    assert "already" in town.gt("pause", address).out

    # With the deacon dead and the database locked.
    os.kill(town.json("status")["daemons"][0]["pid"], signal.SIGKILL)
    town.gt("resume", address)
    assert ticking(tick, wait_for)
    locked = sqlite3.connect(town.path / ".gt" / "town.db", isolation_level=None)
    locked.execute("BEGIN EXCLUSIVE")
    town.gt("estop")
    assert stands_still(town, address)
    town.gt("thaw")
    assert ticking(tick, wait_for)
    locked.execute("ROLLBACK")
    locked.close()

    town.gt("estop", "--rig", "demo")
    assert stands_still(town, address) and any("gt thaw" in note for note in town.json("status")["notes"])
    assert town.gt("respawn", address, code=4).err.startswith("gt: ")
    assert "gt thaw" in town.gt("sling", town.bead("later", "true"), "demo").out
    town.gt("thaw")
    wait_for(lambda: agents_at_work(town, 1), 20, "the agent again")
    assert ticking(tick, wait_for)

    # A note to its own successor.
    before = town.agent(address)["session"]
    town.gt("--as", address, "handoff", "-m", "half of it is done")
    wait_for(lambda: town.agent(address)["session"] not in (before, None), 15, "the successor")
    assert "half of it is done" in town.gt("--as", address, "prime").out
    anew = town.json("respawn", address, "--fresh")
    assert anew["pid"] and anew["restarts"] == 0 and "runs again" in town.gt("respawn", address).out


def test_a_crash_loop_ends(town: TownWorld, wait_for: Any) -> None:
    town.gt("config", "agent", "set", "crash", "sh", "-c", "echo 'Error: the key is not valid'; exit 3")
    town.gt("config", "set", "respawn.budget", "2 per 10m")
    bead = town.bead("never done", "true")
    town.gt("sling", bead, "demo", "--agent", "crash", code=None)
    failed = wait_for(lambda: [a for a in town.json("agents")["items"] if a["state"] == "failed"], 30, "it to fail")
    shown = town.json("bead", "show", bead)
    assert (shown["state"], shown["reason"]) == ("open", "escalated")
    assert len(town.json("escalate", "list")["items"]) == 1
    assert failed[0]["restarts"] == 2 and "exit status 3: " in failed[0]["reason"]
    assert failed[0]["reason"].endswith("the key is not valid")
    # Its bead may go to another, though its branch is in the worktree of the one that failed.
    town.gt("sling", bead, "demo", "--agent", "runbook")
    town.wait_state(bead, "closed")

    # One at its provider's limit is neither typed to nor started until that ends.
    town.gt("crew", "add", "ann", "--rig", "demo")
    town.gt("crew", "start", "demo/ann")
    wait_for(lambda: town.agent("demo/ann")["state"] in ("ready", "idle"), 20, "ann to be ready")
    town.gt("nudge", "demo/ann", "/limit 15s")
    wait_for(lambda: town.agent("demo/ann")["state"] == "limited", 20, "the limit to be seen")
    assert town.json("nudge", "demo/ann", "hello")["state"] == "queued"
    explained = town.json("status", "--explain", "demo/ann")
    assert explained["health"] == "stalled" and "limit" in explained["deciding"]["fact"] and explained["against"]
    # Its screen still tells of the limit when that is over.
    wait_for(lambda: "> hello" in town.gt("peek", "demo/ann").out, 40, "ann to be spoken to again")
    assert town.agent("demo/ann")["restarts"] == 0


def test_the_healthy_are_left_alone(town: TownWorld, terminal: Terminal, wait_for: Any) -> None:
    """Silent, printing, stopped by a signal, in copy mode, zoomed, asking or with a person at the keys: none of these
    is a reason to touch one, and whoever cannot take words gets none."""
    names = ("silent", "stopped", "copying", "printing", "zoomed", "asking", "attended")
    for name in names:
        town.gt("crew", "add", name, "--rig", "demo")
    # No room for the first one; once there is, it is started without a word.
    town.gt("config", "set", "limits.memory", "900G")
    assert "limits.memory" in town.gt("crew", "start", "demo/silent", code=4).err
    assert any("limits.memory" in note for note in town.json("status")["notes"])
    town.gt("config", "unset", "limits.memory")
    for name in names[1:]:
        town.gt("crew", "start", f"demo/{name}")
    wait_for(
        lambda: all(town.agent(f"demo/{name}")["state"] in ("ready", "idle") for name in names), 30, "all to be ready"
    )
    before = {name: town.agent(f"demo/{name}") for name in names}
    town.gt("nudge", "demo/silent", "/sleep-silent 3600")
    town.gt("nudge", "demo/printing", "/print 3600")
    town.gt("nudge", "demo/asking", "/dialog Delete all of it?")
    os.kill(before["stopped"]["pid"], signal.SIGSTOP)
    panes = {name: before[name]["pane"] for name in names}
    town.tmux("copy-mode", "-t", panes["copying"])
    town.tmux("split-window", "-d", "-t", panes["zoomed"], "cat")
    town.tmux("resize-pane", "-Z", "-t", panes["zoomed"])
    terminal.run(GT, "--town", town.path, "attach", "demo/attended")
    terminal.sees("runbook demo/attended")  # the line we typed has its name too
    terminal.types("half a thought")
    terminal.sees("half a thought")
    for name in ("asking", "attended"):
        town.gt("mail", "send", f"demo/{name}", "-s", "for later")
    for _ in range(int(os.environ.get("PYTEST_HEALTHY_SECONDS", "7"))):  # 'just soak-healthy': 600
        terminal.types("x\x7f")
        subprocess.run(["sleep", "1"], check=True)

    after = {name: town.agent(f"demo/{name}") for name in names}
    for name in names:
        assert (after[name]["session"], after[name]["pid"]) == (before[name]["session"], before[name]["pid"])
    assert town.json("status", "--explain", "demo/stopped")["health"] == after["stopped"]["health"] == "stalled"
    assert town.tmux("display-message", "-p", "-t", panes["copying"], "#{pane_in_mode}") == "1\n"
    assert town.tmux("display-message", "-p", "-t", panes["zoomed"], "#{window_zoomed_flag}") == "1\n"
    assert after["asking"]["state"] == "waiting"
    assert "answered" not in town.tmux("capture-pane", "-p", "-t", panes["asking"])
    assert "half a thought" in terminal.screen() and "gt: mail" not in terminal.screen()
    assert len(town.json("mail", "inbox", "--as", "demo/attended")["items"]) == 1
    os.kill(before["stopped"]["pid"], signal.SIGCONT)
