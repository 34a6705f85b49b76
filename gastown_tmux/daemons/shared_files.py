"""The deacon's watch on what all worktrees of a rig share: whoever changes it does so for a moment, and for itself."""

import time
from collections.abc import Sequence

from gastown_tmux.daemons.background import BackgroundJobs
from gastown_tmux.domain.rigs import Rig
from gastown_tmux.edges.files.mailbox_watch import BoxWatcher
from gastown_tmux.edges.files.wake import poke
from gastown_tmux.edges.git import shared_files
from gastown_tmux.operations.hooks.shared_files import settle_shared_files
from gastown_tmux.operations.town.town import Town

#: Between two looks at the watches themselves, and at the logs of commands.
WATCH_SECONDS = 5.0


class SharedFiles:
    """The kernel tells of a change; a look at each file's date, once a second, would be enough alone."""

    def __init__(self, town: Town, jobs: BackgroundJobs) -> None:
        self._town = town
        self._jobs = jobs
        self._watcher = BoxWatcher(lambda: poke(town.wake_fifo), "", changes=True)
        self._settled: dict[str, object] = {}
        self._due = 0.0

    def look(self, rigs: Sequence[Rig]) -> None:
        paths = {rig: self._town.repository(rig.name).path for rig in rigs}
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + WATCH_SECONDS
            self._watcher.refresh(folder for path in paths.values() for folder in shared_files.folders(path))
            for path in paths.values():
                shared_files.trim_logs(path)
        for rig, path in paths.items():
            found = shared_files.signature(path)
            if found != self._settled.get(rig.name) and path.is_dir():
                self._settle(rig)

    def stop(self) -> None:
        self._watcher.stop()

    def _settle(self, rig: Rig) -> None:
        def settle(town: Town) -> None:
            settle_shared_files(town, rig)
            # As it was before: what comes meanwhile is seen by the next look.
            self._settled[rig.name] = before

        before = shared_files.signature(self._town.repository(rig.name).path)
        self._jobs.do(f"shared files of {rig.name}", settle)
