"""Rows that a newer gt wrote, or somebody by hand: words in them that this one does not know."""

from hypothesis import strategies as st

from gastown_tmux.domain.addresses import OVERSEER
from gastown_tmux.domain.escalation import Severity
from gastown_tmux.domain.ids import Commit, RigName, RunId
from gastown_tmux.domain.mail import Priority
from gastown_tmux.domain.runs import Run, RunState, RunStep, StepState
from gastown_tmux.operations.mail.courier import Courier
from gastown_tmux.operations.maintenance import doctor_checks
from gastown_tmux.operations.supervision import patrol, pausing
from gastown_tmux.operations.work import courses
from gastown_tmux.store.beads import insert_bead
from gastown_tmux.store.convoys import insert_convoy
from gastown_tmux.store.db import Change
from gastown_tmux.store.deliveries import insert_delivery
from gastown_tmux.store.escalations import insert_escalation
from gastown_tmux.store.merging import insert_merge_request
from gastown_tmux.store.runs import insert_run, insert_steps
from gastown_tmux.store.unknown_words import COLUMNS, list_unknown_words
from tests.fuzz.garbage import words
from tests.fuzz.world import ANN, BEN, Rim, World

WORDS = [(table, name, column) for table, name, columns in COLUMNS for column in columns]
LISTS = (
    "status",
    "agents",
    "bead list",
    "bead ready",
    "mq list",
    "convoy list",
    "escalate list",
    "rig list",
    "review",
    "run list",
)


def _row_words(world: World, given: tuple[tuple[str, str, str], str]) -> None:
    """All can still be listed, judged and paused; doctor tells, and makes it what it has counted as."""
    (table, name, column), word = given
    with world.town.change() as change:
        _fill(change)
        key, was = change.rows(f"SELECT {name}, {column} FROM {table} ORDER BY {name} LIMIT 1")[0]
        change.execute(f"UPDATE {table} SET {column} = ? WHERE {name} = ?", f"x{word}".replace("\0", ""), key)
    try:
        with world.look():
            for verb in LISTS:
                world.gt(*verb.split())
            Courier(world.town).look()
            courses.go_on(world.town)
            patrol.find_released(world.town)
            patrol.find_due(world.town)
            pausing.pause(world.town, BEN)
            pausing.release(world.town, BEN)
            [unknown] = list_unknown_words(world.town.db)
            told = [finding for finding in doctor_checks.examine_rows(world.town, True) if str(key) in finding.what]
            assert any(finding.fixed for finding in told), told
        found = world.town.db.row(f"SELECT {column} FROM {table} WHERE {name} = ?", key)
        assert found and found[0] == unknown.instead and not list_unknown_words(world.town.db)
    finally:
        with world.town.change() as change:
            change.execute(f"UPDATE {table} SET {column} = ? WHERE {name} = ?", was, key)
            change.execute("UPDATE agents SET state = 'on'")
            for filled in ("deliveries", "merge_requests", "convoys", "escalations", "run_steps", "runs", "beads"):
                change.execute(f"DELETE FROM {filled}")


def _fill(change: Change) -> None:
    rig, nothing = RigName("demo"), Commit("0" * 40)
    bead = insert_bead(change, rig, "de", title="x", body="", priority=2, labels=(), needs=())
    insert_convoy(change, "all", [])
    insert_delivery(change, "x@y", ANN, "overseer", Priority.NORMAL)
    insert_escalation(change, severity=Severity.LOW, text="x", bead=None, about=None)
    insert_merge_request(change, bead=bead, rig=rig, author=ANN, branch="b", head=nothing, base=nothing, target="main")
    run = Run(
        id=RunId(""), formula="f", rig=rig, state=RunState.PAUSED, vars={}, hash="", spread=True, title="f", bead=None,
        agent=None, owner=OVERSEER, reason=None, steps=(), created=change.time, updated=change.time,
    )  # fmt: skip
    insert_steps(change, insert_run(change, run, ""), [RunStep("a", "A", "", StepState.FAILED)])


OF_ROWS = (
    Rim(
        "row words",
        st.tuples(st.sampled_from(WORDS), words()),
        _row_words,
        tuple((place, "napping") for place in WORDS),
    ),
)
