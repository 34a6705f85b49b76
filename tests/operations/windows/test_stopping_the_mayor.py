"""The Mayor's agent ends although no row takes that it should."""

import os
import sqlite3
import subprocess

from gastown_tmux.domain.addresses import MAYOR
from gastown_tmux.domain.agents import Role
from gastown_tmux.operations.supervision.stopping import Stopped
from gastown_tmux.operations.windows import mayor
from gastown_tmux.store.agents import insert_agent, insert_session, move_agent
from tests.operations.quiet_town import QuietTown


def test_the_mayor_is_stopped_while_the_database_is_locked(quiet: QuietTown) -> None:
    with quiet.town.change() as change:
        insert_agent(change, MAYOR, Role.MAYOR, "runbook")
        move_agent(change, MAYOR, "start")
        session = insert_session(change, MAYOR, "runbook", (1, "then"))
    quiet.town.close()
    quiet.town.patience = 0.1
    holder = sqlite3.connect(quiet.town.db_path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    known = {"GT_SESSION": session, "GT_AGENT": MAYOR, "GT_TOWN": str(quiet.town.path)}
    with subprocess.Popen(["sleep", "60"], env={**os.environ, **known}) as agent:
        try:
            said = mayor.stop(quiet.town)
            assert agent.wait(5) != 0
        finally:
            agent.kill()
    assert isinstance(said, Stopped) and said.complaint is not None
    assert "not done: its window comes back" in said.text and "is stopped" in said.text
    holder.execute("COMMIT")
    holder.close()
    for name in quiet.town.memory.names():
        quiet.town.memory.remove(name)
