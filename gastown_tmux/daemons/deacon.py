"""The deacon: gives out work, takes in signals, starts refineries, keeps the witness alive; its keeper saves."""

import signal
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial

from gastown_tmux.daemons.background import log
from gastown_tmux.daemons.courier import CourierThread
from gastown_tmux.daemons.host_follower import HostFollower
from gastown_tmux.daemons.host_keeper import HostKeeper
from gastown_tmux.daemons.loop import LOOK_SECONDS, Loop
from gastown_tmux.daemons.order_keeper import OrderKeeper
from gastown_tmux.daemons.peer import Peer
from gastown_tmux.daemons.shared_files import SharedFiles
from gastown_tmux.daemons.status_line import SignKeeper
from gastown_tmux.daemons.timetable import Keeper
from gastown_tmux.daemons.verb_server import VerbServer
from gastown_tmux.daemons.views import ViewKeeper
from gastown_tmux.domain import waiting
from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.agents import SessionState
from gastown_tmux.domain.ids import BeadId, RigName
from gastown_tmux.domain.rigs import Rig
from gastown_tmux.edges.processes import processes
from gastown_tmux.operations.sessions import doors, unwritten_stops
from gastown_tmux.operations.sessions.daemon_control import list_rigs_to_land, start_refineries
from gastown_tmux.operations.sessions.headquarters import open_headquarters
from gastown_tmux.operations.supervision import approvals, patrol, signals
from gastown_tmux.operations.town.clock_watch import ClockWatch
from gastown_tmux.operations.town.isolation import do_all, isolated
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.work import courses, landed, run_ends, run_gates, schedule
from gastown_tmux.operations.work.readings import STARTING
from gastown_tmux.store.agents import list_live_sessions
from gastown_tmux.store.rigs import list_rigs
from gastown_tmux.store.scheduling import has_waiting

#: How long a rig whose workers could not be started is left alone.
REST_SECONDS = 15.0
#: So many workers that are done are parted from their windows at once.
RELEASERS = 4
#: So many starts of workers go on beside each other in a rig.
STARTERS = 3
#: Seconds between two looks at tmux itself; all else is asked of rows and processes.
WINDOWS_SECONDS = 10.0
#: Between two times that the gates of runs are asked for.
GATES_SECONDS = 10.0


def run(town: Town) -> None:
    """Until SIGTERM. Raises RefusedError while another deacon runs."""
    town.say = log.info
    loop = Loop("deacon", town, town.wake_fifo)
    with loop:
        courier = CourierThread(town)
        courier.start()
        deacon = _Deacon(town, loop, courier)
        try:
            loop.run(deacon.look)
        finally:
            deacon.stop()
            courier.stop()


class _Deacon:
    def __init__(self, town: Town, loop: Loop, courier: CourierThread) -> None:
        self.town = town
        self._courier = courier
        self.loop = loop
        self.jobs = loop.jobs
        self._peer = Peer(town, loop.jobs, "witness")
        self._keeper = Keeper(town, loop.jobs)
        self._signs = SignKeeper(town, loop.jobs)
        self._views = ViewKeeper(town, loop.jobs)
        self._shared = SharedFiles(town, loop.jobs)
        self._orders = OrderKeeper(town, loop.jobs)
        self._hosts = HostKeeper(town, loop.jobs)
        self._follower = HostFollower(town, loop.jobs, self._hosts.hurry)
        self._server = VerbServer(town, loop.jobs)
        self._rigs: list[Rig] = []
        self._resting: dict[str, float] = {}
        self._gates = run_gates.Resting()
        self._clock = ClockWatch()
        self._signals = 0
        self._empty_spools: dict[str, int] = {}
        self._windows_due = self._gates_due = time.monotonic()

    def look(self, full: bool) -> float | None:
        if full:
            self._empty_spools.clear()
        steps = {
            "clock": lambda: self._clock.look(self.town), "signals": self._take_signals,
            "witness": self._peer.look, "tmux": self._keep_tmux,
            "shared files": lambda: self._shared.look(self._rigs), "server of verbs": self._server.look,
            "begun by order": self._orders.look,
        }  # fmt: skip
        well = do_all(self.town, "look of the deacon", steps)
        if full or self._signals:
            self._rigs = list_rigs(self.town.db)
            self._courier.wake()
            well = do_all(self.town, "full look of the deacon", self._full_steps) and well
        return None if well else LOOK_SECONDS

    def stop(self) -> None:
        self._follower.stop()
        self._shared.stop()
        self._orders.stop()

    @cached_property
    def _full_steps(self) -> Mapping[str, Callable[[], object]]:
        return {
            "orders": lambda: unwritten_stops.write_down(self.town),
            "release": self._release,
            "runs": lambda: courses.go_on(self.town),
            # Before all that may wait: somebody was freed a moment ago.
            "work": self._give_out,
            "hosts": self._hosts.look,
            "hosts' events": self._follower.look,
            "doors": lambda: doors.keep_doors(self.town),
            "convoys": lambda: landed.tell_landed(self.town),
            "ends of runs": lambda: run_ends.tell_ends(self.town),
            "gates": self._open_gates,
            "refineries": self._start_refineries,
            "keeping": self._keeper.look,
            "signs": self._signs.look,
            "views": self._views.look,
            "approvals": self._answer,
        }

    def _take_signals(self) -> None:
        self._signals = 0
        self._signals = signals.take_signals(self.town, self._empty_spools)

    def _release(self) -> None:
        """Each takes a second or so, and its place is free only then: several at once."""
        free = patrol.find_released(self.town)
        waiting_ones = [address for address in free if not self.jobs.is_busy(f"release {address}")]
        room = RELEASERS - self.jobs.count_busy("release ")
        for address in waiting_ones[: max(0, room)]:
            self.jobs.do(f"release {address}", partial(_release, address=address))

    def _open_gates(self) -> None:
        """Commands may be dear: they are asked now and then."""
        if time.monotonic() >= self._gates_due and run_gates.list_gated(self.town):
            self._gates_due = time.monotonic() + GATES_SECONDS
            self.jobs.do("gates of runs", lambda town: run_gates.open_gates(town, self._gates))

    def _give_out(self) -> None:
        """Chosen for the whole town at once, and started in each rig by itself: a remote that hangs is that rig's."""
        if not has_waiting(self.town.db):
            return
        now = time.monotonic()
        resting = {
            rig: waiting.rig_rests(rig, "that was a moment ago") for rig, end in self._resting.items() if end > now
        }
        starters = {rig.name: self._find_starter(rig.name) for rig in self._rigs}
        resting |= {rig: waiting.rig_rests(rig, "others are being started") for rig in starters if not starters[rig]}
        for rig, given in schedule.give_out(self.town, resting).items():
            for bead, address in given:
                log.info("%s is on the hook of %s", bead, address)
            self.jobs.do(starters.get(rig) or f"start {rig}", self._starting(rig, given))

    def _find_starter(self, rig: str) -> str | None:
        """One that has nothing to do: who is free while others are still being started is given work at once."""
        names = (f"start {rig} {number}" for number in range(STARTERS))
        return next((name for name in names if not self.jobs.is_busy(name)), None)

    def _starting(self, rig: RigName, given: Sequence[tuple[BeadId, Address]]) -> Callable[[Town], None]:
        def start(town: Town) -> None:
            done = False
            with isolated(town, STARTING, rig):
                schedule.start_given(town, rig, given)
                done = True
            if not done:
                # A remote that does not answer, a program that is gone: the other rigs go on.
                self._resting[rig] = time.monotonic() + REST_SECONDS
                log.warning("no work is given out in %s for %.0fs", rig, REST_SECONDS)

        return start

    def _start_refineries(self) -> None:
        if rigs := list_rigs_to_land(self.town):
            self.jobs.do("refineries", lambda town: _start_refineries(town, rigs))

    def _answer(self) -> None:
        """A rig's rules are read where an agent waits; most towns have none."""
        if any(session.state is SessionState.WAITING for session in list_live_sessions(self.town.db)):
            self.jobs.do("approvals", _answer)

    def _keep_tmux(self) -> None:
        """A server that is stopped, or whose process or socket is gone, is mended at once; whether it answers and has
        all windows, now and then.
        """
        server, witness = self.town.tmux.remembered(), self._peer.process
        if server is not None and processes.is_stopped(server) and processes.send(server, signal.SIGCONT):
            log.warning("the tmux server was stopped: continued")
        self.loop.watch_deaths({ref for ref in (server, witness, self._server.process) if ref is not None})
        if not self.town.tmux.seems_alive() or time.monotonic() >= self._windows_due:
            self._windows_due = time.monotonic() + WINDOWS_SECONDS
            self.jobs.do("tmux", _keep_tmux)


def _release(town: Town, address: Address) -> None:
    patrol.release(town, [address])


def _keep_tmux(town: Town) -> None:
    if not town.tmux.is_alive():
        log.warning("the tmux server is gone: starting it")
        town.tmux.start()
    open_headquarters(town)


def _answer(town: Town) -> None:
    for line in approvals.answer_by_rule(town):
        log.info("%s", line)


def _start_refineries(town: Town, rigs: list[RigName]) -> None:
    for name in start_refineries(town, rigs):
        log.info("started %s", name)
