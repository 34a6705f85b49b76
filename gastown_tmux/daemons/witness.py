"""The witness: sees every death, starts what should run again, gives up loudly; keeps the deacon alive."""

import time

from gastown_tmux.daemons.background import log
from gastown_tmux.daemons.loop import LOOK_SECONDS, Loop
from gastown_tmux.daemons.peer import Peer
from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.agents import Session
from gastown_tmux.domain.ids import SessionId
from gastown_tmux.edges.processes import flags
from gastown_tmux.operations.sessions import daemons
from gastown_tmux.operations.supervision import deaths, patrol, pausing, up
from gastown_tmux.operations.supervision.screen_watch import ScreenWatch
from gastown_tmux.operations.town.isolation import do_all, isolated
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store.agents import list_live_sessions

#: Seconds between two looks at tmux itself; all else is asked of rows and processes.
WINDOWS_SECONDS = 5.0
#: Seconds between two looks at every agent's screen.
SCREENS_SECONDS = 2.0


def run(town: Town) -> None:
    """Until SIGTERM. Raises RefusedError while another witness runs."""
    town.say = log.info
    loop = Loop("witness", town, town.death_fifo)
    with loop:
        loop.run(_Witness(town, loop).look)


class _Witness:
    def __init__(self, town: Town, loop: Loop) -> None:
        self.town = town
        self.loop = loop
        self._peer = Peer(town, loop.jobs, "deacon")
        self._live: list[Session] = []
        self._starts: list[Session] = []
        self._starting: set[Address] = set()
        self._windows_due = time.monotonic() + WINDOWS_SECONDS
        self._windowless: set[SessionId] = set()
        self._dying = False
        self._raised = flags.raised(town.flags_folder, town.memory)
        self._screen_watch = ScreenWatch()
        self._screens_due = time.monotonic()

    def look(self, full: bool) -> float | None:
        with isolated(self.town, "look of the witness", "deacon"):
            self._peer.look()
        # No row tells that agents may run again.
        raised, self._raised = self._raised, flags.raised(self.town.flags_folder, self.town.memory)
        if full := full or raised != self._raised:
            self._live = list_live_sessions(self.town.db)
            self._starts = [session for session in self._live if session.pid is None]
        # The kernel tells of deaths: hundreds of processes need not be asked each second whether they live.
        self._dying = self.loop.take_deaths() or full or self._dying
        well = do_all(self.town, "look at agents", {"deaths": self._find_deaths, "freeze": self._freeze})
        if full:
            rows = {"processes": self._watch_processes, "ends": self._end, "starts": self._start_due}
            well = do_all(self.town, "full look of the witness", rows) and well
        # Last, for they ask tmux, which may not answer.
        shown = {"screens": self._look_at_screens, "windows": self._look_at_windows}
        well = do_all(self.town, "look at windows", shown) and well
        if not well:
            return LOOK_SECONDS
        return patrol.next_due(self.town) if full else None

    def _find_deaths(self) -> None:
        if not self._dying and not self._starts:
            return
        unsettled = deaths.find_unsettled(self._starts)
        self._dying = self._dying and bool(deaths.find_dead(self._live))
        if self._dying or unsettled:
            self.loop.jobs.do("deaths", self._record_deaths)

    def _freeze(self) -> None:
        if self._raised:
            self.loop.jobs.do("freeze", pausing.enforce)

    def _end(self) -> None:
        if ending := patrol.find_ending(self.town, self._live):
            self.loop.jobs.do("end", lambda town: deaths.record_deaths(town, ending))

    def _start_due(self) -> None:
        due = [address for address in patrol.find_due(self.town) if address not in self._starting]
        if due:
            self._start(due)

    def _look_at_screens(self) -> None:
        if time.monotonic() >= self._screens_due and self.loop.jobs.do("screens", self._screen_watch.look, wake=False):
            self._screens_due = time.monotonic() + SCREENS_SECONDS

    def _record_deaths(self, town: Town) -> None:
        gone = deaths.find_dead(list_live_sessions(town.db))
        for session in gone:
            log.info("%s is gone (session %s)", session.agent, session.id)
        deaths.record_deaths(town, gone)

    def _look_at_windows(self) -> None:
        """A session without a window is ended when two looks in a row miss it."""
        if time.monotonic() < self._windows_due:
            return
        self._windows_due = time.monotonic() + WINDOWS_SECONDS
        missing = deaths.find_windowless(self.town)
        lost = [session for session in missing if session.id in self._windowless]
        self._windowless = {session.id for session in missing}
        if lost:
            self.loop.jobs.do("windows", lambda town: self._bury_windowless(town, lost))

    def _bury_windowless(self, town: Town, lost: list[Session]) -> None:
        for session in lost:
            log.info("%s has no window any more (session %s)", session.agent, session.id)
        deaths.record_deaths(town, lost)

    def _start(self, due: list[Address]) -> None:
        """Several starts may be under way: a slow one keeps no other waiting."""
        batch = set(due)

        def work(town: Town) -> None:
            try:
                for address in up.start_agents(town, due):
                    log.info("%s runs", address)
            finally:
                self._starting -= batch

        self._starting |= batch
        self.loop.jobs.do(f"start {' '.join(due)}", work)

    def _watch_processes(self) -> None:
        deacon = daemons.find_holder(self.town, "deacon")
        self.loop.watch_deaths(deaths.processes_of(self._live) | ({deacon} if deacon else set()))
