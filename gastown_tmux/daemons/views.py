"""Keeps the windows of a layout true while agents start and end."""

from gastown_tmux.daemons.background import BackgroundJobs
from gastown_tmux.operations.sessions import layouts
from gastown_tmux.operations.town.town import Town


class ViewKeeper:
    """``look`` asks rows only when something was committed since; tmux only where other agents run than before."""

    def __init__(self, town: Town, jobs: BackgroundJobs) -> None:
        self._town, self._jobs = town, jobs
        self._mark: object = None
        self._shown: tuple[str, ...] | None = None

    def look(self) -> None:
        mark = self._town.db.mark()
        if mark == self._mark:
            return
        running = layouts.list_shown(self._town)
        if running == self._shown:
            self._mark = mark
            return

        def follow(town: Town) -> None:
            if town.tmux.is_alive() and not layouts.follow(town):
                return  # at the next commit, again
            self._shown, self._mark = running, mark

        self._jobs.do("views", follow)
