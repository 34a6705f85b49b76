"""The other daemon, as this one sees it: alive, stopped, hung or dead."""

import time

from gastown_tmux.daemons.background import BackgroundJobs, log
from gastown_tmux.edges.processes.processes import ProcessRef
from gastown_tmux.operations.sessions import daemons
from gastown_tmux.operations.town.town import Town

#: A daemon that did not beat for so many seconds, and for so many looks of ours, hangs. The looks are counted so
#: that a machine that slept, or a stop of ourselves, is not held against it.
HANG_SECONDS = 30.0
HANG_LOOKS = 20
#: Whoever started this daemon is about to start the other one too: two starts at once would be one for nothing.
GRACE_SECONDS = 1.0


class Peer:
    def __init__(self, town: Town, jobs: BackgroundJobs, name: str) -> None:
        self.town, self.jobs, self.name = town, jobs, name
        self._beat: tuple[ProcessRef | None, int] = (None, 0)
        self._born = self._guarded = self._since = self._looked = time.monotonic()
        self._looks = 0
        #: As it was found last.
        self.process: ProcessRef | None = None

    def look(self) -> None:
        """Starts it where it is dead, continues it where it is stopped, ends it where it hangs; and the guard."""
        now = time.monotonic()
        if now - self._guarded > GRACE_SECONDS:
            self._guarded = now
            guard = daemons.find_holder(self.town, daemons.GUARD)
            if guard is None:
                daemons.start_guard(self.town)
            else:
                daemons.wake_up(daemons.GUARD, guard)
        self.process = holder = daemons.find_holder(self.town, self.name)
        if holder is None:
            if now - self._born > GRACE_SECONDS:
                self.jobs.do(self.name, self._start)
            return
        done = daemons.wake_up(self.name, holder)
        if done:
            log.warning(done)
        elif self._hangs(holder):
            log.warning("the %s hangs: ending process %s", self.name, holder.pid)
            self.jobs.do(self.name, lambda town: daemons.end_hung(town, self.name))

    def _start(self, town: Town) -> None:
        if daemons.start_daemon(town, self.name):
            log.info("started the %s", self.name)

    def _hangs(self, holder: ProcessRef) -> bool:
        try:
            beat = daemons.beat_path(self.town, self.name).stat().st_mtime_ns
        except OSError:
            beat = 0
        now = time.monotonic()
        if self._beat != (holder, beat):
            self._beat, self._since, self._looks = (holder, beat), now, 0
        elif now - self._looked >= 0.9:
            self._looks, self._looked = self._looks + 1, now
        return now - self._since > HANG_SECONDS and self._looks > HANG_LOOKS
