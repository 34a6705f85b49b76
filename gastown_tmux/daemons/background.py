"""What a daemon does beside its loop, so that nothing slow keeps it from looking."""

import logging
import threading
from collections.abc import Callable

from gastown_tmux.dataclass import dataclass, field
from gastown_tmux.edges.files.wake import poke
from gastown_tmux.errors import GtError
from gastown_tmux.operations.town.isolation import isolated
from gastown_tmux.operations.town.town import Town

log = logging.getLogger("gt")


@dataclass
class BackgroundJobs:
    """One thread for each name at work, with a town (and so a database connection) of its own.

    What fails is told, and done again when the loop finds it still undone: work must be written so that it may be cut
    off anywhere.
    """

    town: Town
    _busy: dict[str, threading.Thread] = field(default_factory=dict)
    _towns: dict[str, Town] = field(default_factory=dict)

    def is_busy(self, name: str) -> bool:
        thread = self._busy.get(name)
        return thread is not None and thread.is_alive()

    def count_busy(self, start: str) -> int:
        """How many are at work whose names begin so."""
        return sum(name.startswith(start) and thread.is_alive() for name, thread in self._busy.items())

    def do(self, name: str, work: Callable[[Town], object], *, wake: bool = True) -> bool:
        """Starts ``work``; False while earlier work of that name goes on. The loop is woken at its end, unless what
        it does can wait for the next look: then most looks would be for what comes every few seconds.
        """
        if self.is_busy(name):
            return False
        if name not in self._towns:
            self._towns[name] = self.town.acting_as(self.town.actor)
        work_of = (name, self._towns[name], work, wake)
        thread = threading.Thread(target=self._run, args=work_of, name=name, daemon=True)
        self._busy[name] = thread
        thread.start()
        return True

    def join(self, seconds: float) -> None:
        """Waits until all are done, each at most that long."""
        for thread in self._busy.values():
            thread.join(seconds)

    def _run(self, name: str, town: Town, work: Callable[[Town], object], wake: bool) -> None:
        done = False
        try:
            with isolated(town, "work in the background", name):
                town.reload_settings()
                work(town)
                done = True
        except GtError as error:
            log.warning("%s: %s", name, error.in_full)
        finally:
            town.close()
            # What failed is tried again at the next look, not at once.
            if done and wake:
                poke(town.wake_fifo if town.actor == "deacon" else town.death_fifo)
