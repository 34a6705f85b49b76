"""How fast the dead come back: an agent among thirty, and a deacon."""

import os
import select
import signal
from collections.abc import Callable
from pathlib import Path

from benchmarks import BARE_PYTHON, GT
from harness import Action, CannotRunError, Goal, Scratch, benchmark, command
from spine import WINDOWS, make_town

from gastown_tmux.domain.ids import OVERSEER
from gastown_tmux.edges import clock
from gastown_tmux.edges.locks import holder
from gastown_tmux.store.agents import find_live_session, list_live_sessions
from gastown_tmux.store.db import Database

SECONDS = 20.0


def await_(condition: Callable[[], bool], what: str) -> None:
    deadline = clock.to_epoch(clock.now()) + SECONDS
    while not condition():
        if clock.to_epoch(clock.now()) > deadline:
            raise CannotRunError(f"waited {SECONDS:.0f} s for {what}")
        select.select([], [], [], 0.001)


def full_town(scratch: Scratch, agents: int = WINDOWS) -> Path:
    """A town with agents that run and do nothing."""
    town = make_town(scratch)
    gt = (GT, "--town", town)
    for key, value in (("limits.agents", "100"), ("respawn.budget", "100000 per 10m"), ("respawn.delay", "1ms")):
        command(*gt, "config", "set", key, value)()
    command(*gt, "config", "set", "merge.publish", "local", "--rig", "demo")()
    command(*gt, "config", "agent", "set", "sleeper", "sleep", "6000")()
    for number in range(agents):
        command(*gt, "crew", "add", f"agent-{number}", "--rig", "demo", "--agent", "sleeper")()
        command(*gt, "crew", "start", f"demo/agent-{number}")()
    return town


@benchmark("death to new session, of 30", Goal(extra=150))
def death_to_session(scratch: Scratch) -> tuple[Action, Action]:
    """From the kill to the row that says a new program runs; with the shortest pause before the start."""
    database = Database(full_town(scratch) / ".gt" / "town.db")
    scratch.cleanup.callback(database.close)
    agents = [session.agent for session in list_live_sessions(database)]

    def die_and_come_back() -> None:
        agents.append(agents.pop(0))
        with database.change(OVERSEER, clock.now()) as change:  # or each death would wait longer than the last
            change.execute("UPDATE agents SET forgiven = ? WHERE address = ?", change.time, agents[0])
        old = find_live_session(database, agents[0])
        assert old is not None and old.pid is not None
        os.kill(old.pid, signal.SIGKILL)

        def is_back() -> bool:
            new = find_live_session(database, agents[0])
            return new is not None and new.id != old.id and new.pid is not None

        await_(is_back, "the new session")

    return BARE_PYTHON, die_and_come_back


@benchmark("deacon killed to new deacon", Goal(extra=1000))
def deacon_to_deacon(scratch: Scratch) -> tuple[Action, Action]:
    """From the kill to the first look of the new one."""
    town = make_town(scratch)
    command(GT, "--town", town, "up")()
    lock, beat = town / ".gt" / "run" / "deacon.lock", town / ".gt" / "run" / "deacon.beat"

    def die_and_come_back() -> None:
        old, looked = holder(lock), beat.stat().st_mtime_ns
        assert old is not None
        os.kill(old.pid, signal.SIGKILL)
        await_(lambda: holder(lock) not in (None, old) and beat.stat().st_mtime_ns > looked, "the new deacon")

    return BARE_PYTHON, die_and_come_back
