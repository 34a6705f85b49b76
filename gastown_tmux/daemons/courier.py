"""What the deacon does in a thread of its own so that mail is told at once: it watches boxes, and sends errands."""

import logging
import threading
import time
from pathlib import Path

from gastown_tmux.daemons.background import Hands
from gastown_tmux.domain.addresses import OVERSEER
from gastown_tmux.edges.files.mailbox_watch import BoxWatcher
from gastown_tmux.edges.tmux.typing import Refused, Unsure
from gastown_tmux.errors import GtError
from gastown_tmux.operations.mail.courier import Courier, Errand
from gastown_tmux.operations.mail.delivering import tell
from gastown_tmux.operations.mail.notices import Notices, tell_overseer
from gastown_tmux.operations.mail.unwatched import report_watch
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store.meta import is_wanted

_STOP_SECONDS = 5.0
_WATCH_SECONDS = 0.9
_LEAST_SECONDS = 0.05

log = logging.getLogger("gt")


class CourierThread:
    """Looks when woken, and every ``mail.rescan`` without any event, which alone is enough."""

    def __init__(self, town: Town) -> None:
        # A database connection of its own: transactions of two threads must not meet on one.
        self._town = town.acting_as(town.actor)
        self._courier = Courier(self._town)
        self._notices = Notices(self._town)
        self._hands = Hands(town)
        self._woken = threading.Event()
        self._stopping = False
        self._watcher = BoxWatcher(self.wake)
        self._watched: list[Path] = []
        self._watch_due = 0.0
        self._thread = threading.Thread(target=self._run, name="courier", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """Look again, now. May be called from any thread."""
        self._woken.set()

    def stop(self) -> None:
        """What is being typed is typed to its end."""
        self._stopping = True
        self.wake()
        self._thread.join(_STOP_SECONDS)
        self._hands.join(_STOP_SECONDS)

    def _run(self) -> None:
        while not self._stopping:
            self._woken.clear()
            seconds = 1.0
            try:
                self._town.reload_settings()
                seconds = max(_LEAST_SECONDS, self._town.settings().seconds("mail.rescan"))
                self._look()
            except GtError as error:
                log.warning("courier: %s", error.message)
            except Exception:
                log.exception("courier: look failed")
            self._woken.wait(min(seconds, self._courier.next_look()))
        self._watcher.stop()
        self._town.close()

    def _look(self) -> None:
        if not is_wanted(self._town.db):
            return
        self._watch()
        for errand in self._courier.look():
            self._hands.do(f"tell {errand.agent}", lambda town, errand=errand: self._tell(town, errand))  # type: ignore[misc]
        self._notices.count(self._courier.unread(OVERSEER))
        if waiting := self._notices.waiting():
            self._hands.do("tell overseer", lambda town: tell_overseer(town, waiting))

    def _watch(self) -> None:
        """Every box is watched; at once where there is a new one, else the watches are looked at once a second."""
        folders, now = self._courier.folders(), time.monotonic()
        if folders == self._watched and now < self._watch_due:
            return
        self._watched, self._watch_due = folders, now + _WATCH_SECONDS
        self._watcher.refresh(folders)
        report_watch(self._town, self._watcher.health().dead)

    def _tell(self, town: Town, errand: Errand) -> None:
        outcome = tell(town, errand.mail, errand.agent, errand.when)
        match outcome:
            case Refused(reason=reason) | Unsure(reason=reason):
                log.info("%s is not told of %s yet: %s", errand.agent, errand.mail, reason)
            case _:
                log.info("%s is told of %s (%s)", errand.agent, errand.mail, outcome.evidence)
