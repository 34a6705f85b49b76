"""What agents and mail programs hand over: mail, payloads, transcripts, screens, their own state.json."""

import contextlib
import json
import os
from datetime import datetime

from hypothesis import strategies as st

from gastown_tmux.domain.mail import short_id
from gastown_tmux.domain.rate_limits import seconds_until_reset
from gastown_tmux.edges.files import clock
from gastown_tmux.operations.mail.courier import Courier
from gastown_tmux.operations.mail.inbox import box
from gastown_tmux.operations.maintenance import doctor_checks
from gastown_tmux.operations.sessions.doors import keep_doors, list_doors
from gastown_tmux.operations.supervision import recovery
from gastown_tmux.operations.supervision.costs import Collector
from gastown_tmux.operations.supervision.signals import take_signals
from gastown_tmux.providers import registry, screens
from gastown_tmux.store import agents as rows
from gastown_tmux.store.deliveries import list_deliveries
from tests.fuzz.garbage import Thing, documents, file_name, mails, mutated, remove, things, words
from tests.fuzz.world import ANN, BEN, Rim, World

PAYLOAD = {"session_id": "abc", "transcript_path": "/nowhere/t.jsonl", "trigger": "auto", "hook_event_name": "Stop"}
STATE = {"agent": "demo/ann", "role": "crew", "bead": {"id": "de-abcde", "title": "x"}, "branch": "b", "base": "a" * 40}
USED = {"message": {"usage": {"input": 1, "output": 10**30}}}
TIMES = st.floats(allow_nan=False) | st.sampled_from([0.0, 1e15, -1e9])
EVENTS = st.sampled_from(["idle", "waiting", "prompt"])
NAMES = words() | st.sampled_from(["1.s.offered", "2.s.idle", "x.json"])
PLACES = st.sampled_from(["", "x", "spool/x", "spool", "agent", "gt.sock"])
LARGEST_SCREEN = 60_000
LIMIT = b"limit resets in 3h (Nov 27, 3pm)"


def _mail(world: World, given: tuple[Thing, str, float]) -> None:
    thing, name, time = given
    new, own = world.town.mail / ANN.folder / "new", box(world.town, BEN)
    place = new / file_name(name)
    good = f"<{world.fresh()}@x>"
    # What an earlier rim has led to may come late.
    before = len(box(world.town, ANN).list_all())
    thing.put(place)
    with contextlib.suppress(OSError, OverflowError):
        os.utime(place, (time, time), follow_symlinks=False)
    own.deliver(f"Message-ID: {good}\nSubject: good\n\nhi\n".encode(), good)
    try:
        with world.look():
            assert world.hook("mail", "check", "--inject", stdin=b"{}") in (0, None)
            Courier(world.town).look()
            for words_ in (["inbox", ANN], ["inbox", ANN, "--json"], ["search", "hi"]):
                world.gt("mail", *words_)
            world.gt("--as", ANN, "mail", "check")
        told = list_deliveries(world.town.db, short_id(good))
        assert len(told) == 1, f"the good mail has no row: {world.said}"
        kept = [entry.name for entry in box(world.town, ANN).list_all()]
        assert thing.kind not in ("file", "huge") or len(kept) > before, f"{place.name} is not in the box: {kept}"
    finally:
        for folder in (new, new.with_name("cur"), own.path / "new"):
            for path in folder.iterdir():
                remove(path)
        with world.town.change() as change:
            change.execute("DELETE FROM deliveries")


def _payload(world: World, given: tuple[bytes, str]) -> None:
    payload, event = given
    with world.town.change() as change:
        change.execute("UPDATE sessions SET state = 'starting'")
    with world.look():
        assert world.hook("signal", event, stdin=payload) == 0
        assert world.hook("signal", "idle", stdin=b"{}", agent=BEN) == 0
        take_signals(world.town)
    assert list((world.town.run / "spool").iterdir()) == []
    assert world.state(BEN) == "idle", "the good signal was not taken in"
    assert world.state(ANN) == {"idle": "idle", "waiting": "waiting", "prompt": "working"}[event], "a signal was lost"


def _spool(world: World, given: tuple[Thing, str]) -> None:
    thing, name = given
    place = world.town.run / "spool" / file_name(name).replace(".s.", f".{world.sessions[ANN]}.")
    with world.town.change() as change:
        change.execute("UPDATE sessions SET state = 'working'")
    thing.put(place)
    with world.look():
        assert world.hook("signal", "idle", stdin=b"{}", agent=BEN) == 0
        take_signals(world.town)
    assert list((world.town.run / "spool").iterdir()) == []
    assert world.state(BEN) == "idle", "the good signal was not taken in"
    if thing.kind not in ("file", "closed", "huge"):
        assert world.is_told(place.name), f"{place.name} is nowhere told of"
    for kept in (world.town.run / "aside").glob("*"):
        remove(kept)


def _door(world: World, given: tuple[Thing, str, str]) -> None:
    """Beside doors, in one, in its spool, or in the place of what belongs there."""
    thing, name, where = given
    door = world.town.doors / world.sessions[ANN]
    place = door / where.replace("x", file_name(name)) if where else world.town.doors / file_name(name)
    with world.town.change() as change:
        change.execute("UPDATE sessions SET state = 'working'")
    if place.name == "spool":
        remove(place)
    thing.put(place)
    with world.look():
        for agent in (ANN, BEN):
            assert world.hook("signal", "idle", stdin=b"{}", agent=agent) == 0
            assert world.hook("mail", "check", "--inject", stdin=b"{}", agent=agent) in (0, None)
        take_signals(world.town)
        keep_doors(world.town)
    assert world.state(BEN) == "idle", "the good signal was not taken in"
    assert world.state(ANN) == "idle" or where == "spool", "a signal was lost"
    assert list_doors(world.town) == set(world.sessions.values())
    assert where != "spool/x" or not os.path.lexists(place), f"{place.name} is still there"
    remove(door)
    for kept in (world.town.run / "aside").glob("*"):
        remove(kept)
    world.town.open_door(world.sessions[ANN], ANN)


def _transcript(world: World, thing: Thing) -> None:
    odd, good = world.folder / "odd.jsonl", world.folder / f"{world.fresh()}.jsonl"
    thing.put(odd)
    good.write_text(json.dumps({"message": {"usage": {"input": 5, "output": 2}}}) + "\n")
    with world.town.change() as change:
        rows.set_transcript(change, world.sessions[ANN], str(odd))
        rows.set_transcript(change, world.sessions[BEN], str(good))
    with world.look():
        Collector().collect(world.town)
    counted = world.town.db.row("SELECT input, output FROM spending WHERE transcript = ?", str(good))
    assert counted is not None and tuple(counted) == (5, 2), "the good transcript was not counted"
    remove(odd)


def _state(world: World, thing: Thing) -> None:
    place = world.town.hook(ANN) / "state.json"
    place.parent.mkdir(parents=True, exist_ok=True)
    thing.put(place)
    with world.look():
        assert world.hook("hook") in (0, None)
        assert world.hook("hook", "--json") in (0, None)
        found = list(doctor_checks.examine_hooks(world.town, False))
        assert not any("a fault in gt" in f"{finding.what} {finding.cause}" for finding in found), found
        recovery._recover_hooks(world.town, world.town.rig("demo"))
    remove(place)


def _screen(world: World, given: tuple[str, str]) -> None:
    screen, title = given
    with world.look():
        for provider in registry.list_all(world.town.settings()):
            judged = screens.judge(provider.screen, screen[:LARGEST_SCREEN], title)
            seconds = seconds_until_reset(judged.reset_at_text or screen, datetime(2026, 11, 27, 12))
            assert seconds is None or clock.to_epoch(clock.after(seconds)) > 0


_HEAD = b"From: me@example.com\nMessage-ID: <x@y>\nSubject: x\nX-Gastown-Type: task\n"
KNOWN_MAILS = (
    (Thing("file", _HEAD + b"X-Gastown-Expires: tomorrow\n\nhi\n"), "x", 0.0),
    (Thing("file", _HEAD + b"X-Gastown-Date: yesterday\n\nhi\n"), "x", 0.0),
)
KNOWN_PAYLOADS = ((b'{"session_id":"\\ud800"}', "idle"), (b"[" * 100_000, "idle"))
KNOWN_SIGNALS = ((Thing("nowhere"), "1.s.idle"), (Thing("folder"), "1.s.idle"))
KNOWN_DOORS = ((Thing("folder"), "x", "agent"),)

OF_AGENTS = (
    Rim("mail", st.tuples(things(mails()), words(), TIMES), _mail, KNOWN_MAILS),
    Rim("payload", st.tuples(documents(PAYLOAD), EVENTS), _payload, KNOWN_PAYLOADS),
    Rim("spool", st.tuples(things(documents(PAYLOAD)), NAMES), _spool, KNOWN_SIGNALS),
    Rim("door", st.tuples(things(documents(PAYLOAD)), NAMES, PLACES), _door, KNOWN_DOORS),
    Rim("transcript", things(documents(USED)), _transcript, (Thing("endless"), Thing("pipe"))),
    Rim("state", things(documents(STATE)), _state),
    Rim("screen", st.tuples(words() | mutated(LIMIT).map(repr), words()), _screen),
)
