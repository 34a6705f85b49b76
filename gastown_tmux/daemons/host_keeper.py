"""The deacon's part that looks after hosts: what they have of ours is asked for beside its loop, each by itself."""

import time
from functools import partial

from gastown_tmux.daemons.background import BackgroundJobs, log
from gastown_tmux.edges.hosts.prefix import AwayError
from gastown_tmux.operations.merging.delegations import attend
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.work.giving_away import give_to_hosts
from gastown_tmux.store.delegations import sum_up

#: Between two questions after something changed; it doubles, where nothing does, up to the longest.
FIRST_SECONDS = 0.5
ASK_SECONDS = 10.0
#: Between two questions to a host that has nothing of ours.
IDLE_SECONDS = 60.0
#: The longest pause while a host does not answer; it doubles, too.
AWAY_SECONDS = 60.0


class HostKeeper:
    def __init__(self, town: Town, jobs: BackgroundJobs) -> None:
        self._town = town
        self._jobs = jobs
        self._due: dict[str, float] = {}
        self._pauses: dict[str, float] = {}
        self._away: set[str] = set()
        self._seen: dict[str, str] = {}
        self._asked: dict[str, float] = {}
        self._heard: set[str] = set()

    def look(self) -> None:
        for bead, host in give_to_hosts(self._town):
            log.info("%s goes to %s", bead, host)
        states = sum_up(self._town.db)
        heard, self._heard = self._heard, set()
        for host in heard - states.keys():
            # It has nothing of ours, unless it was put back to an earlier state: that is seen now and then.
            if time.monotonic() >= self._asked.get(host, -IDLE_SECONDS) + IDLE_SECONDS:
                states[host] = ""
        for host, state in states.items():
            if self._jobs.is_busy(f"host {host}"):
                continue
            # What changed here is told at once, to a host that answers.
            if self._seen.get(host) != state and host not in self._away:
                self._due[host], self._pauses[host] = 0.0, FIRST_SECONDS
            if time.monotonic() >= self._due.get(host, 0.0):
                pause = self._pauses.get(host, FIRST_SECONDS)
                self._due[host] = time.monotonic() + pause
                self._pauses[host] = min(2 * pause, AWAY_SECONDS if host in self._away else ASK_SECONDS)
                self._seen[host], self._asked[host] = state, time.monotonic()
                self._jobs.do(f"host {host}", partial(self._attend, host=host))

    def hurry(self, host: str) -> None:
        """Something was heard of it: it is asked soon, however much happens there. Any thread may say so."""
        self._heard.add(host)
        self._due[host], self._pauses[host] = self._asked.get(host, 0.0) + FIRST_SECONDS, FIRST_SECONDS

    def _attend(self, town: Town, host: str) -> None:
        try:
            attend(town, host)
        except AwayError as error:
            if host not in self._away:
                log.warning("%s", error.message)
            self._away.add(host)
        else:
            if host in self._away:
                log.info("%s answers again", host)
                self._away.discard(host)
                self.hurry(host)
