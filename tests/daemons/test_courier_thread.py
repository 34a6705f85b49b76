"""Watching fails in every way: mail is still taken in within a rescan, and the watch comes back or is named."""

import dataclasses
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gastown_tmux.daemons.courier import CourierThread
from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.agents import Role
from gastown_tmux.domain.mail import short_id
from gastown_tmux.operations.mail.inbox import box
from gastown_tmux.store.agents import insert_agent
from gastown_tmux.store.deliveries import list_open
from gastown_tmux.store.meta import set_wanted
from tests.operations.quiet_town import QuietTown, make_quiet_town

ANN = Address("demo/ann")
#: A rescan, and what a busy machine takes besides.
RESCAN = 10.0


@pytest.fixture
def quiet(short_tmp: Path) -> Iterator[QuietTown]:
    made = make_quiet_town(short_tmp)
    with made.town.change() as change:
        set_wanted(change, True)
        insert_agent(change, ANN, Role.CREW, None)
    box(made.town, ANN).create()
    yield made
    made.town.close()


@pytest.fixture
def courier(quiet: QuietTown) -> Iterator[CourierThread]:
    thread = CourierThread(quiet.town.acting_as(Address("deacon")))
    thread.start()
    yield thread
    thread.stop()


def deliver(quiet: QuietTown, name: str) -> None:
    """As another program does, which wakes nobody."""
    box(quiet.town, ANN).deliver(f"Message-ID: <{name}@x>\nSubject: {name}\n\nhi\n".encode(), f"<{name}@x>")


def rows(quiet: QuietTown) -> int:
    return len(list_open(quiet.town.db))


def test_a_watched_box_needs_no_rescan(quiet: QuietTown, wait_for: Callable[..., Any]) -> None:
    town = dataclasses.replace(quiet.town, flags={"mail.rescan": "1h"}).acting_as(Address("deacon"))
    thread = CourierThread(town)
    thread.start()
    try:
        wait_for(lambda: thread._watcher.health().alive, 10, "the watch")
        deliver(quiet, "watched")
        wait_for(lambda: rows(quiet) == 1, RESCAN)
    finally:
        thread.stop()


def test_mail_comes_and_the_watch_comes_back_whatever_ends_it(
    quiet: QuietTown, courier: CourierThread, wait_for: Callable[..., Any]
) -> None:
    watcher = courier._watcher
    wait_for(lambda: watcher.health().alive, 10, "the watch")
    assert watcher._observer is not None
    watcher._observer.stop()
    deliver(quiet, "observer")
    wait_for(lambda: rows(quiet) == 1, RESCAN)
    wait_for(lambda: watcher.health().alive and not watcher.health().dead, RESCAN, "the observer to come back")

    # The box is removed and made again: its old mail is gone, its new one comes.
    shutil.rmtree(quiet.town.mail / "demo.ann")
    deliver(quiet, "again")
    again = short_id("<again@x>")
    wait_for(lambda: [row.mail for row in list_open(quiet.town.db)] == [again], RESCAN)
    wait_for(lambda: not watcher.health().dead, RESCAN, "the new folder to be watched")
