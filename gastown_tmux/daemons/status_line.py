"""Keeps the status lines of the town's tmux true."""

import time

from gastown_tmux.daemons.background import BackgroundJobs
from gastown_tmux.operations.supervision.status_line import Signs, read_signs, show_signs
from gastown_tmux.operations.town.town import Town

#: Everything is said again so often, for a person may have changed it.
AGAIN_SECONDS = 300.0
#: In a storm of events a status line may be so late.
REST_SECONDS = 0.25


class SignKeeper:
    """``look`` asks rows only when something was committed since; tmux is only called where something changed."""

    def __init__(self, town: Town, jobs: BackgroundJobs) -> None:
        self._town, self._jobs = town, jobs
        self._shown: Signs | None = None
        #: What rows, orders and server were when all that they say was shown.
        self._read: object = None
        self._server: object = None
        self._due = 0.0
        self._looked = 0.0

    def look(self) -> None:
        now = time.monotonic()
        if now - self._looked < REST_SECONDS:
            return
        self._looked = now
        server = self._town.tmux.remembered()
        if server != self._server or now >= self._due:
            self._shown = self._read = None  # windows of a new server know nothing
        marks = self._town.db.mark(), self._town.memory.names()
        if marks == self._read:
            return
        known, signs = self._shown, read_signs(self._town)
        self._read = marks if signs == known else None
        if signs == known:
            return

        def show(town: Town) -> None:
            show_signs(town, signs, known)
            self._shown, self._read = signs, marks

        if self._jobs.do("signs", show) and known is None:
            self._due, self._server = now + AGAIN_SECONDS, server
