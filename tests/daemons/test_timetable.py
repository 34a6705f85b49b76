"""What the deacon does from time to time."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gastown_tmux.daemons.background import BackgroundJobs
from gastown_tmux.daemons.timetable import Keeper
from gastown_tmux.operations.hooks.snapshots import list_snapshots
from gastown_tmux.store.agents import insert_session
from tests.operations.quiet_town import make_quiet_town


def test_a_shorter_time_between_snapshots_holds_at_once(short_tmp: Path, wait_for: Callable[..., Any]) -> None:
    quiet = make_quiet_town(short_tmp)
    ann, _ = quiet.crew()
    with quiet.town.change() as change:
        insert_session(change, ann, "runbook", (os.getpid(), "x"), None)
    jobs = BackgroundJobs(quiet.town)
    keeper = Keeper(quiet.town, jobs)
    keeper.look()
    assert list_snapshots(quiet.town, ann) == []
    quiet.town.flags = {"snapshot.every": "1s"}

    def is_saved() -> bool:
        keeper.look()
        return [saved.why for saved in list_snapshots(quiet.town, ann)] == ["timer"]

    wait_for(is_saved, 10, "a snapshot")
    jobs.join(10)
    quiet.town.close()
