"""Keeps the status lines of the town's tmux true."""

import time

from gastown_tmux.daemons.background import BackgroundJobs
from gastown_tmux.operations.supervision.status_line import Signs, read_signs, show_signs
from gastown_tmux.operations.town.town import Town

#: Everything is said again so often: windows of a new server know nothing.
AGAIN_SECONDS = 30.0
#: In a storm of events a status line may be so late.
REST_SECONDS = 0.25


class SignKeeper:
    """``look`` costs a few queries; tmux is only called where something changed."""

    def __init__(self, town: Town, jobs: BackgroundJobs) -> None:
        self._town, self._jobs = town, jobs
        self._shown: Signs | None = None
        self._due = 0.0
        self._looked = 0.0

    def look(self) -> None:
        now = time.monotonic()
        if now - self._looked < REST_SECONDS:
            return
        self._looked = now
        known = self._shown if now < self._due else None
        signs = read_signs(self._town)
        if signs == known:
            return

        def show(town: Town) -> None:
            show_signs(town, signs, known)
            self._shown = signs

        if self._jobs.do("signs", show) and known is None:
            self._due = now + AGAIN_SECONDS
