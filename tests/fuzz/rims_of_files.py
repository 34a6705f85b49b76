"""What lies on the disk, in git and in restored rows: settings, roles, layouts, copies, .gt, ledger, events, refs."""

import contextlib
import json
import os
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from gastown_tmux.daemons.peer import Peer
from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.events import Event
from gastown_tmux.edges.configuration.order_files import OrderFolder
from gastown_tmux.edges.git import snapshot_history
from gastown_tmux.edges.git.snapshot import PREFIX
from gastown_tmux.edges.processes import flags, launch, locks
from gastown_tmux.errors import GtError
from gastown_tmux.faces.news import describe
from gastown_tmux.operations.hooks import worktrees
from gastown_tmux.operations.hooks.snapshots import list_snapshots
from gastown_tmux.operations.hooks.upkeep import clean
from gastown_tmux.operations.mail.inbox import status
from gastown_tmux.operations.maintenance import doctor_checks
from gastown_tmux.operations.sessions.layouts import list_layouts
from gastown_tmux.operations.supervision import patrol
from gastown_tmux.operations.supervision import status as town_status
from gastown_tmux.operations.town.ledger import folder_of, write_ledger
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.work.order_watch import Watch, find_due
from gastown_tmux.operations.work.orders import list_orders, show_order
from gastown_tmux.store.events import last_seq, list_events, put_back
from gastown_tmux.store.ledger import read_after
from gastown_tmux.verbs.data import document, to_json
from gastown_tmux.verbs.show import PLAIN
from tests.fuzz.garbage import Thing, documents, mutated, remove, things, values, words
from tests.fuzz.world import ANN, Rim, World

SETTINGS = b"""provider:
  default: runbook
mail.rescan: 2s
limits: {agents: 3}
merge.gates: [{run: true, timeout: 5m}]
"""
ROLE = b"---\nrestart: always\ndone: end\n---\nYou are {address}.\n"
LAYOUT = b"""summary: x
windows:
- window_name: grid
  for_each: rig
  layout: tiled
  panes: [{shell_command: gt status}]
"""
ORDER = b"""description: it
at: ["03:00", 13:00]
days: [mon, fri]
formula: code-review
rig: demo
vars: {what: all of it}
cooldown: 10m
"""
EVENT = {
    "seq": 5, "time": "2026-11-27T10:00:00.000Z", "type": "mail.sent", "actor": "overseer", "subject": "abcdefghijkl",
    "data": {"about": "x", "agent": "demo/ann", "state": "offered", "provider": "pi", "commit": "a" * 40},
}  # fmt: skip
REPORT = b"""2026-11-27T10:00:00.000Z started 12 abc:34
2026-11-27T10:00:01.000Z left 13 abc:35
2026-11-27T10:00:02.000Z ended status 0
"""
RUN_FILES = [
    "run/deacon.lock", "run/witness.lock", "run/deacon.beat", "run/witness.beat", "run/config.json", "run/guard.lock",
    "run/deaths.deacon", "run/deaths.demo.refinery", "run/sessions/SESSION.log", "run/troubles/x.json",
    "run/spool/.half", "run/unwatched.json", "run/refinery.demo.lock", "tmux.pid", "stopped/@rig.other",
    "stopped/demo.ben", "quiet/demo.ann", "unwritten", "unwritten/=off.demo.nobody", "logs/errors.log",
]  # fmt: skip
SNAPSHOT = {"time": "2026-11-27T10:00:00.000Z", "why": "x", "files": 1, "left_out": []}
ROWS = st.fixed_dictionaries(dict.fromkeys(("time", "actor", "subject"), words()) | {"data": values()})


def _settings(world: World, given: tuple[bytes, str, Thing]) -> None:
    """A file of one rig is no other's business; what daemons go on with is what was read last."""
    text, layer, thing = given
    place = world.town.path / ("town.yaml" if layer == "town" else "rigs/demo/settings/config.yaml")
    place.parent.mkdir(exist_ok=True)
    was = place.read_bytes() if place.exists() else None
    try:
        (Thing("file", text) if layer == "town" else thing).put(place)
        with world.look():
            for town in (world.town, Town(world.town.path, Address("overseer"), dict(os.environ))):
                town.reload_settings()
                for rig in (None, "demo", "other"):
                    with contextlib.suppress(GtError):
                        for setting in town.settings(rig).show():  # type: ignore[arg-type]
                            town.settings(rig).get(setting.key)  # type: ignore[arg-type]
                assert layer == "town" or (town.settings() and town.settings("other"))  # type: ignore[arg-type]
            assert world.town.settings().seconds("mail.rescan") > 0, "the deacon has no settings any more"
            status_ = town_status.status(world.town)
            to_json(document(status_))
    finally:
        remove(place) if was is None else Thing("file", was).put(place)
        world.town.reload_settings()


def _role(world: World, thing: Thing) -> None:
    place = world.town.path / "roles" / "crew.md"
    thing.put(place)
    try:
        with world.look():
            patrol.find_released(world.town)
            patrol.find_due(world.town)
    finally:
        remove(place)


def _layout(world: World, thing: Thing) -> None:
    place = world.town.path / "layouts" / "odd.yaml"
    thing.put(place)
    try:
        with world.look():
            assert {layout.name for layout in list_layouts(world.town)} >= {"grid"}
    finally:
        remove(place)


def _order(world: World, thing: Thing) -> None:
    """One that is broken is said, and the others are begun."""
    folder = world.town.path / "orders"
    folder.mkdir(exist_ok=True)
    (folder / "good.yaml").write_bytes(b"every: 1h\nrun: date\n")
    thing.put(folder / "odd.yaml")
    try:
        with world.look():
            for order in list_orders(world.town):
                show_order(world.town, order.name)
            find_due(world.town, Watch(OrderFolder(world.town.path)))
            # Waiting for a person's word, where an agent may have written it.
            assert {order.name: order.state for order in list_orders(world.town)}["good"] in ("on", "waiting")
    finally:
        remove(folder / "odd.yaml")


def _copies(world: World, given: tuple[Thing, str, list[str]]) -> None:
    thing, name, patterns = given
    if thing.kind == "huge":
        return  # it may be copied
    rig = world.town.rig("demo")
    source, place = Path(rig.source), world.folder / "copies"
    place.mkdir()
    thing.put(source / ".env")
    (source / "good.env").write_text("A=1\n")
    settings = {"worktree.copy": [name, ".env", *patterns, "*.env"]}
    town = Town(world.town.path, world.town.actor, world.town.environment, settings, world.said.append)
    try:
        with world.look():
            worktrees.copy_files(town, rig, place)
        assert (place / "good.env").read_text() == "A=1\n", "the good file was not copied"
        assert thing.kind not in ("pipe", "socket") or world.is_told(".env"), "what was left out is not told"
    finally:
        town.close()
        remove(source / ".env")
        remove(place)


def _run_files(world: World, given: tuple[Thing, str]) -> None:
    """Everything that others find in ``.gt`` beside rows."""
    thing, name = given
    town = world.town
    place = town.path / ".gt" / name.replace("SESSION", world.sessions[ANN])
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    was = place.read_bytes() if place.is_file() else None
    thing.put(place)
    try:
        with world.look():
            to_json(document(town_status.status(town)))
            locks.holder(town.run / "deacon.lock")
            locks.is_held(town.run / "deacon.lock")
            world.gt("log", "errors")
            world.gt("log", ANN)
            town.tmux.remembered()
            launch.read_report(town.run / "sessions" / f"{world.sessions[ANN]}.log")
            flags.stopped_before(town.flags_folder, town.memory, "demo.ben")
            town.is_frozen(ANN)
            town.reload_settings()
            town.settings()
            list(doctor_checks.examine_mail(town, False))
            Peer(town, None, "witness")._hangs(launch.ProcessRef(1, ""))  # type: ignore[arg-type]
    finally:
        remove(place) if was is None else Thing("file", was).put(place)


def _ledger(world: World, given: tuple[list[bytes], Thing]) -> None:
    lines, thing = given
    folder = folder_of(world.town)
    odd, other = folder / "2026-01-01.jsonl", folder / "2026-01-02.jsonl"
    odd.write_bytes(b"\n".join(lines) + b"\n" + json.dumps(EVENT | {"seq": 10**9}).encode() + b"\n")
    thing.put(other)
    try:
        with world.look():
            with contextlib.suppress(GtError):
                write_ledger(world.town)
            found = [] if thing.kind in ("endless", "huge") else read_after(folder, 10**9 - 1)
            with contextlib.suppress(_UndoError), world.town.change() as change:
                put_back(change, found)
                assert thing.kind != "folder" or last_seq(change) >= 10**9, "the good event was not put back"
                raise _UndoError
    finally:
        remove(odd)
        remove(other)


class _UndoError(Exception):
    """Takes a change back."""


def _events(world: World, event: dict[str, Any]) -> None:
    def told(database: Any) -> list[Event]:
        return list_events(database, since="2026")

    with contextlib.suppress(_UndoError), world.town.change() as change:
        types = ("mail.sent", "delivery.changed", "session.corrected", "bead.merged", "agent.changed")
        for type_ in types:
            change.execute(
                "INSERT OR IGNORE INTO events (time, type, actor, subject, data) VALUES (?, ?, ?, ?, ?)",
                str(event["time"]), type_, str(event["actor"]), str(event["subject"]),
                json.dumps(event["data"], ensure_ascii=True),
            )  # fmt: skip
        town = _Seen(world.town.path, Address("overseer"), world.town.environment)
        town.__dict__["db"] = change
        with world.look():
            for each in told(change):
                describe(each, PLAIN)
                to_json(document(each))
            list(doctor_checks.examine_screens(town, False))
            with contextlib.suppress(GtError):
                status(town, str(event["subject"]))
        raise _UndoError


class _Seen(Town):
    """A town whose rows are those of a change that is not committed."""


def _snapshots(world: World, given: tuple[str, bytes]) -> None:
    name, body = given
    repository = world.town.repository(world.town.rig("demo").name)
    tree = repository.run("rev-parse", "refs/remotes/origin/main^{tree}").text
    commit = repository.run("commit-tree", tree, data=b"snapshot 1\n\n" + body.replace(b"\0", b"")).text
    made = repository.run("update-ref", f"{PREFIX}/demo.ann/{name}", commit, ok=(0, 1, 128))
    try:
        with world.look():
            clean(world.town)
            worktrees.save_hook(world.town, world.town.rig("demo"), ANN, "fuzz")
            to_json(document(list_snapshots(world.town, ANN)))
            snapshot_history.find_work(repository, "main")
    finally:
        if made.code == 0:
            repository.run("update-ref", "-d", f"{PREFIX}/demo.ann/{name}")


KNOWN_SNAPSHOTS = (("1", json.dumps({**SNAPSHOT, "time": "0001-01-01"}).encode()),)
KNOWN_RUN_FILES = ((Thing("pipe"), "logs/errors.log"), (Thing("pipe"), "run/deacon.lock"))
KNOWN_COPIES = ((Thing("closed"), "x", []), (Thing("pipe"), "x", []), (Thing("file", b""), ".", []))

OF_FILES = (
    Rim(
        "settings", st.tuples(mutated(SETTINGS), st.sampled_from(["town", "rig"]), things(mutated(SETTINGS))), _settings
    ),
    Rim("role", things(mutated(ROLE)), _role),
    Rim("layout", things(mutated(LAYOUT)), _layout),
    Rim("order", things(mutated(ORDER)), _order),
    Rim(
        "copies",
        st.tuples(things(st.binary(max_size=9)), words(), st.lists(words(), max_size=2)),
        _copies,
        KNOWN_COPIES,
    ),
    Rim(
        "run files",
        st.tuples(things(mutated(REPORT) | documents({})), st.sampled_from(RUN_FILES)),
        _run_files,
        KNOWN_RUN_FILES,
    ),
    Rim("ledger", st.tuples(st.lists(documents(EVENT), max_size=3), things(documents(EVENT))), _ledger),
    Rim("events", ROWS, _events),
    Rim(
        "snapshots",
        st.tuples(st.sampled_from(["1", "7", "x", "9" * 40]), documents(SNAPSHOT)),
        _snapshots,
        KNOWN_SNAPSHOTS,
    ),
)
