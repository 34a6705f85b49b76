"""Rows of runs and their steps."""

import json
from collections.abc import Iterable, Sequence

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.events import EventType
from gastown_tmux.domain.formulas.model import Gate
from gastown_tmux.domain.ids import BeadId, Commit, RigName, RunId, Time
from gastown_tmux.domain.pages import Page
from gastown_tmux.domain.runs import OVER, Run, RunState, RunStep, StepState, change_run
from gastown_tmux.errors import NotFoundError
from gastown_tmux.store.db import Change, Row, placeholders
from gastown_tmux.store.rows import Reader, word_of


def _run(row: Row, steps: tuple[RunStep, ...]) -> Run:
    return Run(
        id=RunId(row["id"]),
        formula=row["formula"],
        rig=RigName(row["rig"]),
        state=word_of(row["state"], RunState.PAUSED),
        vars=json.loads(row["vars"]),
        hash=row["hash"],
        spread=bool(row["spread"]),
        title=row["title"],
        bead=row["bead"] and BeadId(row["bead"]),
        agent=row["agent"],
        owner=Address(row["owner"]),
        reason=row["reason"],
        steps=steps,
        created=Time(row["created"]),
        updated=Time(row["updated"]),
    )


def _step(row: Row) -> RunStep:
    return RunStep(
        id=row["id"],
        title=row["title"],
        body=row["body"],
        state=word_of(row["state"], StepState.FAILED),
        needs=tuple(json.loads(row["needs"])),
        bead=row["bead"] and BeadId(row["bead"]),
        tries=row["tries"],
        retries=row["retries"],
        timeout=row["timeout"],
        check=row["command"],
        agent=row["agent"],
        gate=Gate(row["gate"], row["condition"]) if row["gate"] else None,
        open=bool(row["open"]),
        result=row["result"],
        commit=row["head"] and Commit(row["head"]),
        reason=row["reason"],
        freed=row["freed"] and Time(row["freed"]),
        started=row["started"] and Time(row["started"]),
        ended=row["ended"] and Time(row["ended"]),
    )


def find_run(reader: Reader, run: str) -> Run | None:
    row = reader.row("SELECT * FROM runs WHERE id = ?", run)
    steps = reader.rows("SELECT * FROM run_steps WHERE run = ? ORDER BY place", run) if row else []
    return _run(row, tuple(map(_step, steps))) if row else None


def get_run(reader: Reader, run: str) -> Run:
    found = find_run(reader, run)
    if found is None:
        raise NotFoundError(f"no run {run}", hint="gt run list")
    return found


@dataclass(frozen=True, slots=True)
class RunFilter:
    """``since``: changed then or later; ``search``: words of which id, title and formula have each."""

    rig: str | None = None
    state: str | None = None
    since: str | None = None
    search: str | None = None

    def where(self) -> tuple[str, list[object]]:
        """A condition on ``runs``, and its values."""
        terms = (
            ("rig = ?", self.rig),
            ("state = ?", self.state),
            ("updated >= ?", self.since),
            ("has_words(id || char(10) || title || char(10) || formula, ?)", self.search),
        )
        given = [(sql, value) for sql, value in terms if value]
        return " AND ".join(["1", *(sql for sql, _ in given)]), [value for _, value in given]


_ALL = RunFilter()


def list_runs(reader: Reader, only: RunFilter = _ALL) -> list[Run]:
    """Oldest first."""
    where, values = only.where()
    return _with_steps(reader, reader.rows(f"SELECT * FROM runs WHERE {where} ORDER BY created, id", *values))


def page_runs(reader: Reader, only: RunFilter, most: int) -> Page[Run]:
    """Those that go on first, the newest before the others; -1 for all."""
    where, values = only.where()
    first = f"state IN ({placeholders(OVER)}), created DESC, id DESC LIMIT ?"
    rows = reader.rows(f"SELECT * FROM runs WHERE {where} ORDER BY {first}", *values, *OVER, most)
    total = reader.row(f"SELECT count(*) FROM runs WHERE {where}", *values)
    return Page(_with_steps(reader, rows), total[0] - len(rows) if total else 0)


def list_latest_runs(reader: Reader, most: int) -> list[Run]:
    """Those that go on first, what changed last before the others."""
    sql = f"SELECT * FROM runs ORDER BY state IN ({placeholders(OVER)}), updated DESC, created, id LIMIT ?"
    return _with_steps(reader, reader.rows(sql, *OVER, most))


def _with_steps(reader: Reader, found: Sequence[Row]) -> list[Run]:
    steps: dict[str, list[RunStep]] = {}
    sql = "SELECT * FROM run_steps WHERE run IN (SELECT value FROM json_each(?)) ORDER BY run, place"
    for row in reader.rows(sql, json.dumps([run["id"] for run in found])):
        steps.setdefault(row["run"], []).append(_step(row))
    return [_run(row, tuple(steps.get(row["id"], ()))) for row in found]


def list_open_runs(reader: Reader) -> list[RunId]:
    """Those that are not over, the oldest first."""
    # Word for word the condition of the index, or SQLite would not take it.
    sql = "SELECT id FROM runs WHERE state NOT IN ('done', 'failed', 'cancelled') ORDER BY created, id"
    return [RunId(row["id"]) for row in reader.rows(sql)]


def list_untold(reader: Reader) -> list[RunId]:
    """Those that are over, of which their owner was not told."""
    # The condition of the index, as above.
    sql = "SELECT id FROM runs WHERE state IN ('done', 'failed', 'cancelled') AND told = 0"
    return [RunId(row["id"]) for row in reader.rows(sql)]


def mark_told(change: Change, run: Run) -> None:
    change.execute("UPDATE runs SET told = 1 WHERE id = ? AND state = ?", run.id, run.state)


def fail_runs_of(change: Change, rig: str, reason: str) -> None:
    """What became of those that go on in a rig which is no more."""
    for id in list_open_runs(change):
        run = get_run(change, id)
        if run.rig == rig:
            save_run(change, run, change_run(run, "fail", reason))


def list_gated_runs(reader: Reader, gates: Sequence[str]) -> list[RunId]:
    """Open runs with a step that only a gate of these types holds."""
    sql = (
        "SELECT DISTINCT s.run FROM run_steps s JOIN runs r ON r.id = s.run WHERE s.state = 'blocked'"
        f" AND s.open = 0 AND s.gate IS NOT NULL AND s.freed IS NOT NULL AND s.gate IN ({placeholders(gates)})"
        f" AND r.state NOT IN ({placeholders(OVER)})"
    )
    return [RunId(row["run"]) for row in reader.rows(sql, *gates, *OVER)]


def list_run_titles(reader: Reader) -> list[tuple[RunId, str, str]]:
    rows = reader.rows("SELECT id, state, title FROM runs ORDER BY updated DESC")
    return [(RunId(row["id"]), row["state"], row["title"]) for row in rows]


def find_run_of(reader: Reader, bead: str) -> RunId | None:
    """The run whose steps are all done under that bead."""
    row = reader.row("SELECT id FROM runs WHERE bead = ?", bead)
    return RunId(row["id"]) if row else None


def list_beads_of_open_runs(reader: Reader) -> dict[BeadId, RunId]:
    """Of those whose steps are all done under one bead."""
    # The condition of the index, as in ``list_open_runs``.
    sql = "SELECT bead, id FROM runs WHERE state NOT IN ('done', 'failed', 'cancelled') AND bead IS NOT NULL"
    return {BeadId(row["bead"]): RunId(row["id"]) for row in reader.rows(sql)}


def find_step_of(reader: Reader, bead: str) -> tuple[RunId, str] | None:
    """The run and the step that the bead stands for."""
    row = reader.row("SELECT run, id FROM run_steps WHERE bead = ?", bead)
    return (RunId(row["run"]), row["id"]) if row else None


def count_tries(reader: Reader, bead: str) -> int:
    """How often the step that the bead stands for was begun; 0 for any other bead."""
    row = reader.row("SELECT tries FROM run_steps WHERE bead = ?", bead)
    return int(row["tries"]) if row else 0


def insert_run(change: Change, run: Run, text: str) -> RunId:
    """Without steps, under a fresh id. ``text`` is the formula's file."""
    made = change.insert_with_id(
        "run",
        lambda fresh: change.execute(
            "INSERT INTO runs (id, formula, rig, state, vars, hash, text, spread, title, bead, agent, owner, reason,"
            " created, updated) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, ?, ?, NULL, ?, ?)",
            fresh, run.formula, run.rig, run.state, json.dumps(dict(run.vars), ensure_ascii=False), run.hash, text,
            run.spread, run.title, run.agent, run.owner, change.time, change.time,
        ),
    )  # fmt: skip
    change.event(EventType.RUN_POURED, made, formula=run.formula, rig=run.rig)
    return RunId(made)


def insert_steps(change: Change, run: RunId, steps: Iterable[RunStep]) -> None:
    for place, step in enumerate(steps):
        change.execute(
            "INSERT INTO run_steps (run, place, id, title, body, state, needs, tries, retries, timeout, command,"
            " agent, gate, condition, open) VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, 0)",
            run, place, step.id, step.title, step.body, step.state, json.dumps(step.needs), step.retries, step.timeout,
            step.check, step.agent, step.gate and step.gate.type, step.gate and step.gate.condition,
        )  # fmt: skip


def save_run(change: Change, was: Run, now: Run) -> bool:
    """Writes what is another than it was; whether anything is."""
    before = {step.id: step for step in was.steps}
    changed = [step for step in now.steps if step != before[step.id]]
    for step in changed:
        change.execute(
            "UPDATE run_steps SET state = ?, bead = ?, tries = ?, open = ?, result = ?, head = ?, reason = ?,"
            " freed = ?, started = ?, ended = ? WHERE run = ? AND id = ?",
            step.state, step.bead, step.tries, step.open, step.result, step.commit, step.reason, step.freed,
            step.started, step.ended, now.id, step.id,
        )  # fmt: skip
        if step.state is not before[step.id].state:
            change.event(EventType.RUN_STEP, now.id, step=step.id, state=step.state, reason=step.reason)
    if not changed and (was.state, was.reason, was.bead) == (now.state, now.reason, now.bead):
        return False
    change.execute(
        "UPDATE runs SET told = iif(state = ?, told, 0), state = ?, reason = ?, bead = ?, title = ?, updated = ?"
        " WHERE id = ?",
        now.state, now.state, now.reason, now.bead, now.title, change.time, now.id,
    )  # fmt: skip
    if was.state is not now.state:
        change.event(EventType.RUN_CHANGED, now.id, state=now.state, reason=now.reason)
    return True
