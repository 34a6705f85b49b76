"""What the deacon does in a thread beside its loop, because it may take long: saving, backing up, cleaning."""

import logging
import threading
import time
from collections.abc import Callable, Mapping

from gastown_tmux.daemons.loop import LOOK_SECONDS
from gastown_tmux.domain.ids import RigName, SessionId, Time
from gastown_tmux.edges.git import end_running
from gastown_tmux.errors import GtError
from gastown_tmux.operations import upkeep
from gastown_tmux.operations.town import Town
from gastown_tmux.store.meta import is_wanted

_STOP_SECONDS = 5.0

log = logging.getLogger("gt")


class Keeper:
    """One task after another; one that fails is logged and tried again when it is due."""

    def __init__(self, town: Town) -> None:
        # A database connection of its own: transactions of two threads must not meet on one.
        self._town = town.acting_as(town.actor)
        self._turns: dict[SessionId, Time] = {}
        self._pushed: dict[RigName, Mapping[str, str]] = {}
        self._due: dict[str, float] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Whatever it is at is ended first: a remote that hangs must not hold up a town that goes down."""
        self._stopping.set()
        self._thread.join(_STOP_SECONDS / 2)
        end_running()
        self._thread.join(_STOP_SECONDS / 2)

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_SECONDS):
            self._attempt("look", self._look)
        self._town.close()

    def _look(self) -> None:
        town = self._town
        town.reload_settings()
        if not is_wanted(town.db):
            return
        self._attempt("snapshots at turn end", lambda: upkeep.save_turns(town, self._turns))
        every = town.settings().seconds("snapshot.every")
        self._keep("snapshots", every, lambda: upkeep.save_hooks(town))
        self._keep("push of snapshots", every, lambda: upkeep.push_snapshots(town, self._pushed))
        self._keep("backup", upkeep.BACKUP_SECONDS, lambda: upkeep.back_up(town))
        self._keep("cleaning", upkeep.CLEAN_SECONDS, lambda: upkeep.clean(town))

    def _keep(self, name: str, seconds: float, act: Callable[[], object]) -> None:
        """First after one period, counted from the start."""
        now = time.monotonic()
        if now >= self._due.setdefault(name, now + seconds):
            self._due[name] = now + seconds
            self._attempt(name, act)

    def _attempt(self, name: str, act: Callable[[], object]) -> None:
        if self._stopping.is_set():
            return
        try:
            act()
        except GtError as error:
            log.warning("%s: %s", name, error.message)
        except Exception:
            log.exception("%s failed", name)
