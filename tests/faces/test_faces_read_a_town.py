"""What a face reads of a real town, and how it hears of what changes there."""

import json
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gastown_tmux.domain.events import Event
from gastown_tmux.domain.hosts import Facts
from gastown_tmux.domain.needs import NeedKind
from gastown_tmux.faces.details import describe
from gastown_tmux.faces.model import Model, Open, Pressed, Saw
from gastown_tmux.faces.opening import open_document
from gastown_tmux.faces.rows import Panel, list_rows
from gastown_tmux.faces.snapshot import Snapshot, read_snapshot
from gastown_tmux.faces.update import update
from gastown_tmux.faces.watcher import Listener, Watcher
from gastown_tmux.operations.escalation.escalations import escalate
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.work.convoys import create_convoy
from gastown_tmux.store.beads import get_bead, set_needs
from gastown_tmux.store.db import SCHEMA, NewerError
from gastown_tmux.store.following import keep_agents
from gastown_tmux.store.hosts import insert_host, note_trouble
from gastown_tmux.store.meta import MAKER, set_meta
from gastown_tmux.verbs.acts import acts_on
from gastown_tmux.verbs.names import list_names
from gastown_tmux.verbs.table import Kind
from tests.faces.pictures import make_need
from tests.operations.quiet_town import QuietTown, make_quiet_town


@pytest.fixture
def quiet(short_tmp: Path) -> Iterator[QuietTown]:
    made = make_quiet_town(short_tmp)
    yield made
    made.town.close()


def test_a_newer_gt_that_runs_the_town_is_told_of(quiet: QuietTown) -> None:
    """What is shown stays, as it was then, and says so."""
    read_snapshot(quiet.town)
    maker = {"version": "99.0", "schema": SCHEMA, "command": sys.executable}
    with quiet.town.change() as change:
        set_meta(change, MAKER, json.dumps(maker))
    with pytest.raises(NewerError, match="a newer gt runs the town: leave this, and begin it anew"):
        read_snapshot(quiet.town)


def test_everything_that_a_town_holds(quiet: QuietTown) -> None:
    town = quiet.town
    assert read_snapshot(town).beads == ()
    first, second = quiet.bead("first"), quiet.bead("second \x1b[31m\u202e")
    with town.change() as change:
        set_needs(change, second, [first])
    create_convoy(town, "night", [get_bead(town.db, id) for id in (first, second)])
    toast, work = quiet.hook(first)
    (work / "new.txt").write_text("new\n")
    escalate(town, "which greeting?")
    seen = read_snapshot(town)
    assert [bead.id for bead in seen.beads] == [second, first]
    assert seen.waits[second][0].reason.startswith(f"it needs {first}")
    assert [worker.title for worker in seen.workers if worker.view.address == toast] == ["first"]
    assert "which greeting?" in {need.title for need in seen.needs}
    model = update(Model(), Saw(seen, 1.0))[0]
    for key in ("4",):
        model = update(model, Pressed(key, 2.0))[0]
    told = describe(model)
    assert f"1 ─ ◌ {first} first" in told
    assert f"2 ─ ○ {second} second ?[31m<U+202E> ← {first}" in told
    acts = acts_on(make_need(NeedKind.MERGE, "mr-00001"))
    shown = open_document(town, Open(("diff", first), acts))
    assert shown.acts[0].commands == (("mq", "approve", "mr-00001", "--head", shown.tree),)
    assert "+new" in shown.lines and shown.author == toast and len(shown.tree) == 40
    assert "new.txt" in str(open_document(town, Open(("bead", "show", first))).title + str(shown.lines))


def test_listeners_hear_of_it_and_a_town_that_goes_is_told(quiet: QuietTown, wait_for: Callable[..., Any]) -> None:
    town, events, seen, troubles = quiet.town, list[Event](), list[Snapshot](), list[str | None]()
    lock = threading.Lock()

    def note(found: list[Any], what: Any) -> None:
        with lock:
            found.extend(what) if isinstance(what, (list, tuple)) else found.append(what)

    listeners = [
        Listener[Snapshot](lambda new: note(events, new), lambda new: note(seen, new), lambda why: note(troubles, why)),
        Listener[Snapshot](changed=lambda new: note(seen, new)),
    ]
    watched = Town(town.path, town.actor, town.environment, goes_on=True)
    watcher = Watcher(watched, read_snapshot, Snapshot(), listeners, 0.02)
    watcher.start(0)
    try:
        bead = quiet.bead("first")
        wait_for(lambda: any(event.subject == bead for event in events), 10, "the event")
        wait_for(lambda: sum(bool(each.beads) for each in list(seen)) >= 2, 10, "both listeners to see it")
        away = town.path.with_name("away")
        town.path.rename(away)
        wait_for(lambda: troubles, 10, "the trouble")
        away.rename(town.path)
        wait_for(lambda: troubles == ["the town's folder is gone", None], 10, "the end of the trouble")
    finally:
        watcher.stop()


def test_agents_of_hosts_stand_beside_ours(quiet: QuietTown) -> None:
    town = quiet.town
    facts = Facts(1, "0.1", "key", "/gt", 1, 8, ("runbook",))
    with town.change() as change:
        insert_host(change, "box", prefix=["x"], target=None, gt="/gt", limit=None, labels=(), facts=facts)
        keep_agents(change, "box", "key", [{"address": "demo/nux", "state": "working", "title": "far away"}])
    (worker,) = [worker for worker in read_snapshot(town).workers if worker.view.address.host]
    assert (worker.view.address, worker.view.state, worker.title) == ("demo/nux@box", "working", "far away")
    row = next(row for row in list_rows(read_snapshot(town), (), Panel.AGENTS) if row.agent == "demo/nux@box")
    assert row.opens == ("log", "demo/nux@box")
    assert ("demo/nux@box", "on box, working") in list_names(town, Kind.AGENT)
    with town.change() as change:
        note_trouble(change, "box", "box cannot be reached")
    (worker,) = [worker for worker in read_snapshot(town).workers if worker.view.address.host]
    assert (worker.view.state, worker.view.reason) == ("away", "box cannot be reached")


def test_a_reading_that_waited_for_others_is_made_again_soon(quiet: QuietTown, wait_for: Callable[..., Any]) -> None:
    """What counts is the time that it takes from the typist: on a busy machine a name would be unknown for long."""
    readings, slow = list[int](), threading.Event()

    def read(town: Town) -> int:
        if not readings:
            slow.wait(1.0)
        readings.append(len(readings))
        return len(readings)

    watched = Town(quiet.town.path, quiet.town.actor, quiet.town.environment, goes_on=True)
    watcher = Watcher(watched, read, 0, [], 0.02)
    watcher.start(None)
    try:
        wait_for(lambda: readings, 10, "the first reading")
        quiet.bead("new")
        wait_for(lambda: len(readings) > 1, 5, "the next")
    finally:
        watcher.stop()
