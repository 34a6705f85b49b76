"""The deacon: gives out work, takes in signals, starts refineries, keeps the witness alive; its keeper saves."""

import time

from gastown_tmux.daemons.keeper import Keeper
from gastown_tmux.daemons.loop import Loop, hold_lock, log, start_log
from gastown_tmux.edges import clock
from gastown_tmux.edges.panes import WindowSpec, open_windows, respawn
from gastown_tmux.edges.wake import Listener
from gastown_tmux.errors import GtError
from gastown_tmux.operations import daemons, patrol, sling
from gastown_tmux.operations.sessions import gt_command, look
from gastown_tmux.operations.town import Town
from gastown_tmux.operations.up import open_headquarters
from gastown_tmux.store.merging import list_rigs_with_work
from gastown_tmux.store.meta import is_wanted
from gastown_tmux.store.rigs import list_rigs

#: How long a rig whose workers could not be started is left alone.
REST_SECONDS = 15.0


def run(town: Town) -> None:
    """Until SIGTERM. Raises RefusedError while another deacon runs."""
    start_log()
    with hold_lock(town, "deacon"):
        deacon, keeper = _Deacon(town), Keeper(town)
        log.info("deacon of %s is up", town.path)
        keeper.start()
        try:
            deacon.loop.run(deacon.look)
        finally:
            keeper.stop()
        log.info("deacon is down")


class _Deacon:
    def __init__(self, town: Town) -> None:
        self.town = town
        self.loop = Loop("deacon", town)
        self._listener = Listener(town.wake_fifo)
        self.loop.watch(self._listener.descriptor, self._listener.drain)
        self._resting: dict[str, float] = {}

    def look(self) -> float | None:
        town = self.town
        town.reload_settings()
        if patrol.take_signals(town):
            log.info("took in signals")
        if not is_wanted(town.db):
            return None
        if not town.tmux.is_alive():
            log.warning("the tmux server is gone: starting it")
            town.tmux.start()
            open_headquarters(town)
        if daemons.start_daemon(town, "witness"):
            log.info("started the witness")
        for address in patrol.release(town):
            log.info("%s is free", address)
        self._schedule()
        self._start_refineries()
        return None

    def _schedule(self) -> None:
        now = time.monotonic()
        for rig in list_rigs(self.town.db):
            if rig.parked or self._resting.get(rig.name, now) > now:
                continue
            try:
                for slung in sling.schedule(self.town, rig):
                    log.info("%s is on the hook of %s", slung.bead, slung.agent)
            except GtError as error:
                # A remote that does not answer, a program that is gone: the other rigs go on.
                self._resting[rig.name] = now + REST_SECONDS
                log.warning("no work is given out in %s for %.0fs: %s", rig.name, REST_SECONDS, error.message)

    def _start_refineries(self) -> None:
        rigs = list_rigs_with_work(self.town.db, clock.now())
        if not rigs:
            return
        panes = {(pane.kind, pane.session): pane for pane in look(self.town)}
        for rig in rigs:
            pane = panes.get(("refinery", rig))
            if pane is not None and not pane.dead:
                continue
            command = [str(gt_command()), "--town", str(self.town.path), "refinery", "run", "--rig", rig]
            mark = f"refinery.{rig}"
            options = {"@gt_kind": "refinery", "@gt_session": mark}
            spec = WindowSpec(rig, "refinery", command, self.town.path, {}, options)
            if pane is not None:
                respawn(self.town.tmux, pane.pane, mark, spec)
            else:
                open_windows(self.town.tmux, [spec])
            log.info("started the refinery of %s", rig)
