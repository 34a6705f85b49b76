"""What every daemon is: one lock, one loop that looks again when woken or when it is time, one clean end."""

import contextlib
import logging
import os
import resource
import selectors
import signal
import threading
import time
from collections.abc import Callable, Iterator, Set
from pathlib import Path
from types import TracebackType
from typing import Self

from gastown_tmux.daemons.background import BackgroundJobs
from gastown_tmux.edges.files.wake import Listener
from gastown_tmux.edges.files.witnessed import Witnessed
from gastown_tmux.edges.git import command
from gastown_tmux.edges.hosts import prefix
from gastown_tmux.edges.processes.locks import Lock
from gastown_tmux.edges.processes.processes import ProcessRef, death_descriptor
from gastown_tmux.errors import GtError, RefusedError
from gastown_tmux.operations.sessions import daemon_deaths, daemons
from gastown_tmux.operations.supervision.stopping import end_remains
from gastown_tmux.operations.town.inheriting import follow
from gastown_tmux.operations.town.isolation import each, isolated, set_aside
from gastown_tmux.operations.town.town import DOWN, Town
from gastown_tmux.operations.town.upgrading import find_successor
from gastown_tmux.store.db import NewerError
from gastown_tmux.town_path import is_town

log = logging.getLogger("gt")

#: A look at everything, without any event: this alone must be enough to recover.
LOOK_SECONDS = 1.0
#: A full look without any change of the rows, for what time alone brings about.
FULL_SECONDS = 5.0
#: How long the deletion of a town, of which parts are missing, may go on.
GONE_SECONDS = 15.0
#: How long a newer gt's daemon may take to come up, before another is started.
SUCCESSOR_SECONDS = 60.0
#: How long work under way may take to end with its daemon.
LEAVE_SECONDS = 3.0


class Loop:
    """Runs ``look`` once a second, and whenever its FIFO or a watched descriptor is readable.

    A look is a full one after any change of the rows, and every few seconds: what depends on rows alone need not be
    asked in the others.
    After a look it rests at least as long as that took, so events never keep a daemon busy without end. A lock, a
    FIFO or folders that were deleted under it are made again; where another daemon took the lock meanwhile, it ends.
    """

    def __init__(self, name: str, town: Town, fifo: Path) -> None:
        self.name, self.town, self._fifo = name, town, fifo
        self.jobs = BackgroundJobs(town)
        self._selector = selectors.DefaultSelector()
        self._lock = Lock(town.run / f"{name}.lock")
        self._listener: Listener | None = None
        self._mark: tuple[int, int] | None = None
        self._full_due = 0.0
        self._watched: dict[ProcessRef, int | None] = {}
        self._died = False
        self._most = resource.getrlimit(resource.RLIMIT_NOFILE)[0] * 3 // 4
        self._stopping = False
        self._said = ""
        self._successor_due = 0.0

    def watch(self, descriptor: int, drain: Callable[[], None]) -> None:
        self._selector.register(descriptor, selectors.EVENT_READ, drain)

    def unwatch(self, descriptor: int) -> None:
        self._selector.unregister(descriptor)

    def __enter__(self) -> Self:
        """Is the daemon from here on. Raises RefusedError while another of that name runs."""
        self._start_log()
        self.town.prepare_run()
        died = daemon_deaths.find_unfinished(self.town, self.name)
        if not self._lock.try_lock():
            raise RefusedError(f"a {self.name} runs already", hint="gt daemon status")
        if died:
            daemon_deaths.record(self.town, self.name, daemon_deaths.KILLED)
        os.utime(self._lock.path)
        log.info("%s of %s is up", self.name, self.town.path)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.jobs.join(LEAVE_SECONDS)
        # A remote that hangs must not hold up a town that goes down.
        command.end_running()
        prefix.end_running()
        self.jobs.join(LEAVE_SECONDS)
        self._lock.release()
        log.info("%s is down", self.name)

    def watch_deaths(self, refs: Set[ProcessRef]) -> None:
        """Looks again the moment one of these processes dies: the kernel tells. Others are watched no more.

        Of more processes than there are descriptors to be had for them, some are not watched.
        """
        for ref in self._watched.keys() - refs:
            self._forget(ref)
            del self._watched[ref]
        for ref in refs - self._watched.keys():
            if len(self._watched) >= self._most:
                break
            descriptor = death_descriptor(ref)
            self._watched[ref] = descriptor
            self.watch(descriptor, lambda ref=ref: self._see_death(ref))  # type: ignore[misc]

    def take_deaths(self) -> bool:
        """Whether a watched process has died since this was asked last."""
        died, self._died = self._died, False
        return died

    def _see_death(self, ref: ProcessRef) -> None:
        self._died = True
        self._forget(ref)

    def _forget(self, ref: ProcessRef) -> None:
        """The descriptor of a dead process stays readable: it has said what it had to say."""
        descriptor = self._watched[ref]
        if descriptor is not None:
            self._watched[ref] = None
            self.unwatch(descriptor)
            os.close(descriptor)

    def run(self, look: Callable[[bool], float | None]) -> None:
        """Until SIGTERM, or until the town is not wanted any more.

        ``look`` is told whether it is a full one, and may return in how many seconds the next full one is due.
        """
        with self._signals(), Witnessed(self.town.path, self.town.path / "town.yaml", self.town.db_path) as folder:
            while not self._stopping:
                started = time.monotonic()
                self._look(look, started)
                now = time.monotonic()
                self._wait(max(0.0, min(self._full_due - now, LOOK_SECONDS)), now - started)
            if not is_town(self.town.path) and folder.is_deleted(GONE_SECONDS):
                log.warning("%s", end_remains(self.town).text)

    def _look(self, look: Callable[[bool], float | None], now: float) -> None:
        try:
            self._keep_place()
            # First of all: a stop that stands in memory holds while nothing else can be read.
            self._stopping = self._stopping or DOWN in self.town.memory.names()
            # Whoever takes the town down may have missed a daemon that was just being started.
            self._stopping = self._stopping or not self.town.is_wanted()
            mark = self.town.db.mark()
            full = mark != self._mark or now >= self._full_due
            if full:
                self._make_room(find_successor(self.town.db))
                self.town.reload_settings()
                if follow(self.town):
                    log.info("the environment is as the overseer's last call from a terminal had it")
                each(self.town, "reading of settings", self.town.broken_settings, self._complain)
            wanted = None if self._stopping else look(full)
            self._mark = mark
            if full:
                self._full_due = now + min(FULL_SECONDS, FULL_SECONDS if wanted is None else wanted)
            self._said = ""
            return
        except GtError as error:
            if isinstance(error, NewerError):
                self._make_room(error.successor)
            # Once, not every second until somebody mends it.
            if error.message != self._said:
                log.warning("%s", error.in_full)
            self._said = error.message
        except Exception as error:  # noqa: BLE001
            # One bad look must not end supervision; the next one starts from the truth again.
            set_aside(self.town, f"look of the {self.name}", "", error)
        self._mark, self._full_due = None, now + LOOK_SECONDS

    def _make_room(self, successor: Path | None) -> None:
        """A newer gt runs the town: its daemon is started, and ends us when it is ready."""
        if successor is not None and time.monotonic() >= self._successor_due:
            self._successor_due = time.monotonic() + SUCCESSOR_SECONDS
            log.info("a newer gt runs the town: its %s takes over", self.name)
            daemons.start_successor(self.town, self.name, successor)

    def _complain(self, path: str) -> None:
        raise self.town.broken_settings[path]

    def _wait(self, seconds: float, took: float) -> None:
        for key, _ in self._selector.select(seconds):
            key.data()
        if took > 0.005:
            threading.Event().wait(min(took, LOOK_SECONDS))

    def _keep_place(self) -> None:
        """Beats, and sees that lock and FIFO are still where others look for them."""
        if not is_town(self.town.path):
            self._stopping = True
            log.warning("there is no town in %s any more", self.town.path)
            return
        beat = daemons.beat_path(self.town, self.name)
        try:
            os.utime(beat)
        except OSError:
            self.town.prepare_run()
            beat.unlink(missing_ok=True)  # a link into nowhere
            beat.touch(mode=0o600)
        if not self._lock.is_in_place():
            self._lock.release()
            self._stopping = not self._lock.try_lock()
            log.warning("the lock was deleted: %s", "another has it now" if self._stopping else "taken again")
        # Nobody need wake us: what is there is seen at the next look.
        with isolated(self.town, "listening", str(self._fifo)):
            self._listen()

    def _listen(self) -> None:
        if self._listener is not None and self._listener.is_in_place():
            return
        if self._listener is not None:
            self.unwatch(self._listener.descriptor)
            self._listener.close()
            self._listener = None
        self._listener = Listener(self._fifo)
        self.watch(self._listener.descriptor, self._listener.drain)

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer)
        self.watch(reader, lambda: _void(os.read(reader, 64)))

        def stop(number: int, frame: object) -> None:
            self._stopping = True

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        try:
            yield
        finally:
            signal.set_wakeup_fd(-1)
            self.unwatch(reader)
            os.close(reader)
            os.close(writer)

    @staticmethod
    def _start_log() -> None:
        """Lines with a time on stderr, which the starter put into the daemon's log."""
        logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)


def _void(value: object) -> None:
    """For callbacks that are called for their effect."""
