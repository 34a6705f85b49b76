"""The witness: sees every death, starts what should run again, gives up loudly; keeps the deacon alive."""

import os

from gastown_tmux.daemons.loop import Loop, hold_lock, log, start_log
from gastown_tmux.edges.processes import ProcessRef, death_descriptor
from gastown_tmux.operations import daemons, patrol
from gastown_tmux.operations.town import Town
from gastown_tmux.store.agents import list_live_sessions
from gastown_tmux.store.meta import is_wanted


def run(town: Town) -> None:
    """Until SIGTERM. Raises RefusedError while another witness runs."""
    start_log()
    with hold_lock(town, "witness"):
        witness = _Witness(town)
        log.info("witness of %s is up", town.path)
        witness.loop.run(witness.look)
        log.info("witness is down")


class _Witness:
    def __init__(self, town: Town) -> None:
        self.town = town
        self.loop = Loop("witness", town)
        self._watched: dict[ProcessRef, int] = {}

    def look(self) -> float | None:
        town = self.town
        town.reload_settings()
        gone = patrol.observe(town)
        for session in gone:
            log.info("%s died (session %s)", session.agent, session.id)
        if not is_wanted(town.db):
            self._watch_processes()
            return None
        if daemons.start_daemon(town, "deacon"):
            log.info("started the deacon")
        patrol.respawn(town, gone)
        for address in patrol.start_due(town):
            log.info("%s runs", address)
        self._watch_processes()
        return patrol.next_start(town)

    def _watch_processes(self) -> None:
        """A descriptor for each program that runs and for the deacon: the kernel tells of their death at once."""
        wanted = {
            ProcessRef(session.pid, session.pid_started)
            for session in list_live_sessions(self.town.db)
            if session.pid is not None and session.pid_started is not None
        }
        deacon = daemons.find_holder(self.town, "deacon")
        if deacon is not None:
            wanted.add(deacon)
        for ref in set(self._watched) - wanted:
            descriptor = self._watched.pop(ref)
            self.loop.unwatch(descriptor)
            os.close(descriptor)
        for ref in wanted - set(self._watched):
            descriptor = death_descriptor(ref)
            self._watched[ref] = descriptor
            self.loop.watch(descriptor, lambda: None)
