"""What every daemon is: one lock, one loop that looks again when woken or when it is time, one clean end."""

import contextlib
import logging
import os
import selectors
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from gastown_tmux.edges import locks
from gastown_tmux.errors import GtError, RefusedError
from gastown_tmux.operations.town import Town

log = logging.getLogger("gt")

#: A look at everything, without any event: this alone must be enough to recover.
LOOK_SECONDS = 1.0


@dataclass
class Loop:
    """Runs ``look`` once a second and whenever one of the watched descriptors is readable."""

    name: str
    town: Town
    selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    stopping: bool = False

    def watch(self, descriptor: int, drain: Callable[[], None]) -> None:
        self.selector.register(descriptor, selectors.EVENT_READ, drain)

    def unwatch(self, descriptor: int) -> None:
        self.selector.unregister(descriptor)

    def run(self, look: Callable[[], float | None]) -> None:
        """``look`` may return in how many seconds it wants to look again, if that is sooner."""
        with self._signals():
            while not self.stopping:
                wanted = None
                try:
                    wanted = look()
                except GtError as error:
                    log.warning("%s", error.message)
                except Exception:
                    # One bad look must not end supervision; the next one starts from the truth again.
                    log.exception("look failed")
                seconds = LOOK_SECONDS if wanted is None else min(wanted, LOOK_SECONDS)
                for key, _ in self.selector.select(seconds):
                    key.data()

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer)
        self.watch(reader, lambda: void(os.read(reader, 64)))

        def stop(number: int, frame: object) -> None:
            self.stopping = True

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


def void(value: object) -> None:
    """For callbacks that are read for their effect."""


@contextlib.contextmanager
def hold_lock(town: Town, name: str) -> Iterator[None]:
    """The daemon's exclusive lock, which tells everybody that it lives. Raises RefusedError while another has it."""
    lock = locks.Lock(town.run / f"{name}.lock")
    if not lock.try_lock():
        raise RefusedError(f"a {name} runs already", hint="gt daemon status")
    os.utime(town.run / f"{name}.lock")
    try:
        yield
    finally:
        lock.release()


def start_log() -> None:
    """Lines with a time on stderr, which the starter put into the daemon's log."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
