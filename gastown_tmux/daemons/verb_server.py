"""The server of verbs, as the deacon sees it: started where it is missing, continued where it is stopped."""

import time

from gastown_tmux.daemons.background import BackgroundJobs, log
from gastown_tmux.edges.processes.processes import ProcessRef
from gastown_tmux.operations.sessions import daemons
from gastown_tmux.operations.town.town import Town

#: One that ends at once is started more and more seldom; every line does without it.
SHORTEST_SECONDS, LONGEST_SECONDS = 1.0, 60.0
#: A town that comes up has more urgent work.
FIRST_SECONDS = 2.0


class VerbServer:
    def __init__(self, town: Town, jobs: BackgroundJobs) -> None:
        self._town, self._jobs = town, jobs
        self._delay = SHORTEST_SECONDS
        self._started = time.monotonic()
        self._due = self._started + FIRST_SECONDS
        self.process: ProcessRef | None = None

    def look(self) -> None:
        now = time.monotonic()
        self.process = daemons.find_holder(self._town, daemons.SERVER)
        if not self._town.settings().get("server"):
            if self.process is not None:
                self._jobs.do(daemons.SERVER, lambda town: daemons.stop_daemon(town, daemons.SERVER))
        elif self.process is not None:
            if done := daemons.wake_up(daemons.SERVER, self.process):
                log.warning(done)
            if now - self._started > LONGEST_SECONDS:
                self._delay = SHORTEST_SECONDS
        elif now >= self._due and self._jobs.do(daemons.SERVER, daemons.start_server):
            self._started, self._due = now, now + self._delay
            self._delay = min(2 * self._delay, LONGEST_SECONDS)
