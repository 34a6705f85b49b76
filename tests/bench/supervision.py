"""How fast the dead come back: an agent among thirty, and a deacon."""

import os
import select
import signal
from collections.abc import Callable
from pathlib import Path

from benchmarks import BARE_PYTHON, GT
from harness import Action, CannotRunError, Goal, Scratch, benchmark, command
from spine import WINDOWS, make_town

from gastown_tmux.domain.addresses import OVERSEER
from gastown_tmux.edges.files import clock
from gastown_tmux.edges.processes.locks import holder
from gastown_tmux.operations.supervision.up import start_agents
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.workforce.workers import add_crew
from gastown_tmux.store.agents import find_live_session, list_agents, list_live_sessions, move_agent
from gastown_tmux.store.db import Database

SECONDS = 20.0


def await_(condition: Callable[[], bool], what: str, seconds: float = SECONDS) -> None:
    deadline = clock.to_epoch(clock.now()) + seconds
    while not condition():
        if clock.to_epoch(clock.now()) > deadline:
            raise CannotRunError(f"waited {seconds:.0f} s for {what}")
        select.select([], [], [], 0.001)


def full_town(scratch: Scratch, *program: str, agents: int = WINDOWS) -> Path:
    """A town with so many agents that run and do nothing, or run ``program``."""
    path = make_town(scratch)
    gt = (GT, "--town", path)
    for key, value in (("limits.agents", "1000"), ("respawn.budget", "100000 per 10m"), ("respawn.delay", "1ms")):
        command(*gt, "config", "set", key, value)()
    command(*gt, "config", "set", "merge.publish", "local", "--rig", "demo")()
    command(*gt, "config", "agent", "set", "sleeper", *(program or ("sleep", "6000")))()
    command(*gt, "up")()
    town = Town(path, OVERSEER, dict(os.environ))
    for number in range(agents):
        add_crew(town, f"agent-{number}", town.rig("demo"), provider="sleeper")
    addresses = [agent.address for agent in list_agents(town.db)]
    for first in range(0, agents, WINDOWS):
        some = addresses[first : first + WINDOWS]
        with town.change() as change:
            for address in some:
                move_agent(change, address, "start")
        start_agents(town, some)
    await_(lambda: all(session.pid for session in list_live_sessions(town.db)), "all to run")
    town.close()
    return path


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
