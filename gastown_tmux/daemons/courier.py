"""What the deacon does in a thread of its own so that mail is told at once: it watches boxes, and has words typed."""

import logging
import threading
import time
from functools import partial
from pathlib import Path

from gastown_tmux.daemons.background import BackgroundJobs
from gastown_tmux.domain.addresses import OVERSEER
from gastown_tmux.edges.files.mailbox_watch import BoxWatcher
from gastown_tmux.edges.tmux.typing import Refused, Unsure
from gastown_tmux.errors import GtError
from gastown_tmux.operations.mail.courier import Courier, Notification
from gastown_tmux.operations.mail.delivering import deliver
from gastown_tmux.operations.mail.notices import Notices, notify_overseer
from gastown_tmux.operations.mail.unwatched import report_watch
from gastown_tmux.operations.town.isolation import isolated
from gastown_tmux.operations.town.town import Town

_STOP_SECONDS = 5.0
#: What a lost watch would have told of comes by the next rescan, which is soon.
_WATCH_SECONDS = 5.0
_LEAST_SECONDS = 0.05

log = logging.getLogger("gt")


class CourierThread:
    """Looks when woken, and every ``mail.rescan`` without any event, which alone is enough."""

    def __init__(self, town: Town) -> None:
        # A database connection of its own: transactions of two threads must not meet on one.
        self._town = town.acting_as(town.actor)
        self._courier = Courier(self._town)
        self._notices = Notices(self._town)
        self._jobs = BackgroundJobs(town)
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
        self._jobs.join(_STOP_SECONDS)

    def _run(self) -> None:
        while not self._stopping:
            self._woken.clear()
            seconds = 1.0
            try:
                with isolated(self._town, "look of the courier"):
                    self._town.reload_settings()
                    seconds = max(_LEAST_SECONDS, self._town.settings().seconds("mail.rescan"))
                    self._look()
            except GtError as error:
                log.warning("courier: %s", error.in_full)
            self._woken.wait(min(seconds, self._courier.next_look()))
        self._watcher.stop()
        self._town.close()

    def _look(self) -> None:
        if not self._town.is_wanted():
            return
        with isolated(self._town, "watching of mailboxes"):
            self._watch()
        for notification in self._courier.look():
            self._jobs.do(f"notify {notification.agent}", partial(self._notify, notification=notification))
        self._notices.count(self._courier.unread(OVERSEER))
        if waiting := self._notices.waiting():
            self._jobs.do("mail to the overseer", lambda town: notify_overseer(town, waiting))

    def _watch(self) -> None:
        """Every box is watched; at once where there is a new one, else the watches are looked at now and then."""
        folders, now = self._courier.folders(), time.monotonic()
        if folders == self._watched and now < self._watch_due:
            return
        self._watched, self._watch_due = folders, now + _WATCH_SECONDS
        self._watcher.refresh(folders)
        report_watch(self._town, self._watcher.health().dead)

    @staticmethod
    def _notify(town: Town, notification: Notification) -> None:
        outcome = deliver(town, notification.mail, notification.agent, notification.when)
        match outcome:
            case Refused(reason=reason) | Unsure(reason=reason):
                log.info("%s is not told of %s yet: %s", notification.agent, notification.mail, reason)
            case _:
                log.info("%s is told of %s (%s)", notification.agent, notification.mail, outcome.evidence)
