"""What the deacon does from time to time."""

import os
import select
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gastown_tmux.daemons.background import BackgroundJobs
from gastown_tmux.daemons.timetable import Keeper
from gastown_tmux.domain.addresses import DEACON
from gastown_tmux.edges.files.wake import Listener
from gastown_tmux.operations.hooks.snapshots import list_snapshots
from gastown_tmux.store.agents import insert_session
from tests.operations.quiet_town import make_quiet_town


def test_a_shorter_time_between_snapshots_holds_at_once(short_tmp: Path, wait_for: Callable[..., Any]) -> None:
    quiet = make_quiet_town(short_tmp)
    ann, _ = quiet.crew()
    with quiet.town.change() as change:
        insert_session(change, ann, "runbook", (os.getpid(), "x"), None)
    jobs = BackgroundJobs(quiet.town)
    keeper, listener = Keeper(quiet.town, jobs), Listener(quiet.town.death_fifo)
    keeper.look()
    assert list_snapshots(quiet.town, ann) == []
    quiet.town.flags = {"snapshot.every": "1s"}

    def is_saved() -> bool:
        keeper.look()
        return [saved.why for saved in list_snapshots(quiet.town, ann)] == ["timer"]

    wait_for(is_saved, 10, "a snapshot")
    jobs.join(10)
    # Or the loop would look twice a second at a town in which nothing happens.
    assert not select.select([listener.descriptor], [], [], 0)[0]
    listener.close()
    quiet.town.close()


def test_the_loop_is_woken_at_the_end_of_what_is_waited_for(short_tmp: Path) -> None:
    quiet = make_quiet_town(short_tmp)
    town = quiet.town.acting_as(DEACON)
    listener = Listener(town.wake_fifo)
    jobs = BackgroundJobs(town)
    jobs.do("what comes again", lambda town: None, wake=False)
    jobs.join(10)
    assert not select.select([listener.descriptor], [], [], 0)[0]
    jobs.do("what is waited for", lambda town: None)
    jobs.join(10)
    assert select.select([listener.descriptor], [], [], 0)[0]
    listener.close()
    town.close()
    quiet.town.close()
