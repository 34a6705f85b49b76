"""One line to each host, which tells the deacon what happens there; what follows of it is done in jobs."""

import threading
import time
from collections.abc import Callable

from gastown_tmux.daemons.background import BackgroundJobs, log
from gastown_tmux.domain.events import Event
from gastown_tmux.domain.following import Heard
from gastown_tmux.domain.hosts import Host
from gastown_tmux.edges.files.wake import poke
from gastown_tmux.edges.hosts.prefix import AwayError, Running
from gastown_tmux.errors import GtError
from gastown_tmux.operations.mail.post import has_letters
from gastown_tmux.operations.town.isolation import isolated
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.workforce.following import exchange_mail, listen, look_at_agents
from gastown_tmux.store.hosts import find_host, list_hosts, note_trouble

#: Between two tries to reach a host: doubled, from the one to the other.
FIRST_SECONDS, LONGEST_SECONDS = 1.0, 30.0
#: Between two rounds of mail and of its agents, however much happens there.
ROUND_SECONDS = 2.0
#: A round without any event: this alone is enough.
SURE_SECONDS = 60.0
_STOP_SECONDS = 5.0


class HostFollower:
    """``hurry`` is told the name of a host where something happened."""

    def __init__(self, town: Town, jobs: BackgroundJobs, hurry: Callable[[str], None]) -> None:
        self._town, self._jobs, self._hurry = town, jobs, hurry
        self._lines: dict[str, _Line] = {}

    def look(self) -> None:
        hosts = {host.name: host for host in list_hosts(self._town.db) if not host.is_unfit}
        for name in self._lines.keys() - hosts.keys():
            self._lines.pop(name).stop()
        for name, host in hosts.items():
            line = self._lines.get(name)
            if line is None or not line.is_alive:
                line = self._lines[name] = _Line(self._town, name, self._hurry)
            if line.is_due(host) or (host.trouble is None and line.may_go() and has_letters(self._town, name)):
                line.begin_round()
                self._jobs.do(f"round of {name}", lambda town, name=name: _go_round(town, name))  # type: ignore[misc]

    def stop(self) -> None:
        for line in self._lines.values():
            line.stop()
        self._lines.clear()


class _Line:
    """A thread that listens to one host, with a database connection of its own."""

    def __init__(self, town: Town, name: str, hurry: Callable[[str], None]) -> None:
        self._town, self._name, self._hurry = town.acting_as(town.actor), name, hurry
        self._stopping = threading.Event()
        self._running: Running | None = None
        self._news, self._begun, self._pause = True, 0.0, FIRST_SECONDS
        self._thread = threading.Thread(target=self._run, name=f"line to {name}", daemon=True)
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def may_go(self) -> bool:
        return time.monotonic() >= self._begun + ROUND_SECONDS

    def is_due(self, host: Host) -> bool:
        """A host that is away is not asked: its line tells when it is back."""
        if host.trouble is not None or not self.may_go():
            return False
        return self._news or time.monotonic() >= self._begun + SURE_SECONDS

    def begin_round(self) -> None:
        self._news, self._begun = False, time.monotonic()

    def stop(self) -> None:
        self._stopping.set()
        if self._running is not None:
            self._running.end()
        self._thread.join(_STOP_SECONDS)

    def _run(self) -> None:
        while not self._stopping.is_set():
            with isolated(self._town, "following of", self._name):
                self._town.reload_settings()
                host = find_host(self._town.db, self._name)
                if host is None:
                    return
                if self._town.is_wanted() and not host.is_unfit:
                    self._listen(host)
            self._town.close()
            self._stopping.wait(self._pause)
            self._pause = min(2 * self._pause, LONGEST_SECONDS)

    def _listen(self, host: Host) -> None:
        try:
            listen(self._town, host, self._hear, opened=self._open)
        except AwayError as error:
            if not self._stopping.is_set():
                if host.trouble is None:
                    log.warning("%s", error.message)
                with self._town.change() as change:
                    note_trouble(change, host.name, error.message)
        except GtError as error:
            log.warning("%s: %s", self._name, error.in_full)
        finally:
            self._running = None

    def _open(self, running: Running) -> None:
        self._running = running
        if self._stopping.is_set():
            running.end()

    def _hear(self, heard: Heard, event: Event) -> None:
        if self._pause > FIRST_SECONDS or heard is not Heard.BEAT:
            self._news = True
            self._hurry(self._name)
            poke(self._town.wake_fifo)
        self._pause = FIRST_SECONDS


def _go_round(town: Town, name: str) -> None:
    host = find_host(town.db, name)
    if host is None or host.is_unfit:
        return
    try:
        if moved := exchange_mail(town, host):
            log.info("%d mails went to %s and came from it", moved, name)
        look_at_agents(town, host)
    except AwayError as error:
        log.info("%s", error.message)
