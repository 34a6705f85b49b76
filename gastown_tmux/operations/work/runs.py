"""gt formula run, gt run: a formula poured, and what a person says of the run after."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from gastown_tmux.dataclass import replace
from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.agents import Role
from gastown_tmux.domain.formulas.model import Formula, FormulaType
from gastown_tmux.domain.formulas.pouring import pour
from gastown_tmux.domain.formulas.values import parse_assignments, settle_values
from gastown_tmux.domain.ids import RunId
from gastown_tmux.domain.pages import Page, most_of
from gastown_tmux.domain.rigs import Rig
from gastown_tmux.domain.runs import (
    OVER,
    Run,
    RunState,
    RunStep,
    StepState,
    cancel,
    change_run,
    change_step,
    choose,
    open_gates,
    settle,
)
from gastown_tmux.domain.work import BeadState
from gastown_tmux.edges.files.faults import fault_point
from gastown_tmux.edges.files.text import read_text
from gastown_tmux.errors import RefusedError, UsageError
from gastown_tmux.operations.sessions.ending import stop_sessions
from gastown_tmux.operations.sessions.starting import resolve_provider
from gastown_tmux.operations.supervision.up import ensure_up
from gastown_tmux.operations.town.events import moment
from gastown_tmux.operations.town.lookup import guess_rig
from gastown_tmux.operations.town.town import Answer, Town
from gastown_tmux.operations.work.courses import PRIORITY, Course, follow, place
from gastown_tmux.operations.work.formulas import load_formula, open_shelf
from gastown_tmux.operations.work.run_gates import refuse_gate
from gastown_tmux.store import beads as bead_rows
from gastown_tmux.store import runs as rows
from gastown_tmux.store.agents import get_agent
from gastown_tmux.store.db import Change
from gastown_tmux.store.meta import once

#: What a worker is told where the results are text, and no branch lands.
_TEXT_ONLY = "The result is text: change no file, and end with gt done --report FILE, or - for standard input."


def run_formula(
    town: Town,
    name: str,
    rig: Rig | None = None,
    vars: Sequence[str] = (),
    preset: str | None = None,
    spread: bool = False,
    key: str | None = None,
) -> Answer:
    """Pours the formula in one transaction: from then on its file may change or go.

    One worker does the steps one after another, on one branch; with ``spread``, and in a convoy, each step that is
    ready is a bead of its own. Raises UsageError for values that do not fit, and for gates that nothing here opens.
    """
    run = pour_run(town, rig or guess_rig(town), name, parse_vars(vars), preset, spread, key, town.actor)
    if town.is_person:
        ensure_up(town)
    under = f"under {run.bead}" if run.bead else f"each of them a bead: {run.done} of {run.total} done"
    return Answer(run, f"{run.id}: {run.total} step{'s' * (run.total != 1)}, {under}")


def pour_run(
    town: Town, rig: Rig, name: str, vars: dict[str, str], preset: str | None, spread: bool, key: str | None,
    owner: Address,
) -> Run:  # fmt: skip
    """The run that the key was given for first, or a fresh one, which starts nothing by itself. Raises as
    ``run_formula`` does.
    """
    if rig.parked:
        raise RefusedError(f"rig {rig.name} is parked", hint=f"gt rig unpark {rig.name}")
    shelf = open_shelf(town, rig)
    formula = load_formula(shelf, name)
    values = settle_values(formula, vars)
    # What is wrong with it is said before anything is written.
    for step in pour(formula, values, "run-00000", preset).steps:
        if step.gate is not None:
            refuse_gate(town, rig, step.gate)
    for provider in {formula.agent, *(step.agent for step in formula.whole_steps)}:
        resolve_provider(town, rig.name, provider)
    text = shelf.text(shelf.file(name))
    spread = spread or formula.spread or formula.type is FormulaType.CONVOY
    with town.change() as change:
        made = once(
            change,
            "formula run",
            key,
            lambda: _pour(town, change, rig, formula, values, preset, spread, text, owner),
        )
    fault_point("run.poured")
    return rows.get_run(town.db, made)


def _pour(
    town: Town, change: Change, rig: Rig, formula: Formula, values: dict[str, str], preset: str | None, spread: bool,
    text: str, owner: Address,
) -> str:  # fmt: skip
    run = Run(
        id=RunId(""), formula=formula.name, rig=rig.name, state=RunState.RUNNING, vars=values,
        hash=hashlib.sha256(text.encode()).hexdigest(), spread=spread, title=formula.name, bead=None,
        agent=formula.agent, owner=owner, reason=None, steps=(), created=change.time, updated=change.time,
    )  # fmt: skip
    id = rows.insert_run(change, run, text)
    poured = pour(formula, values, id, preset)
    told = _TEXT_ONLY if formula.review_only else ""
    steps = tuple(
        RunStep(
            id=step.id, title=step.title, body=_with(step.description, told if spread else ""),
            needs=step.needs, retries=step.retries, timeout=step.timeout, check=step.check,
            agent=step.agent, gate=step.gate,
        )
        for step in poured.steps
    )  # fmt: skip
    rows.insert_steps(change, id, steps)
    was = replace(run, id=id, steps=steps)
    run = replace(was, title=poured.title)
    if not spread:
        run = replace(
            run,
            bead=bead_rows.insert_bead(
                change, rig.name, rig.prefix, title=poured.title, body=_checklist(poured.description, steps, told),
                priority=PRIORITY, labels=(id,), needs=(),
            ),
        )  # fmt: skip
    course = Course(change, settle(run, change.time))
    place(town, course)
    rows.save_run(change, was, course.run)
    return id


def _with(text: str, more: str) -> str:
    return "\n\n".join(filter(None, (text, more)))


def _checklist(description: str, steps: Sequence[RunStep], told: str) -> str:
    lines = [f"{number}. {step.title}" for number, step in enumerate(steps, 1)]
    how = "gt step tells the step that comes now, gt step done ends it; after the last, gt done."
    return "\n\n".join(filter(None, (description, "\n".join(lines), how, told))) + "\n"


def parse_vars(words: Sequence[str]) -> dict[str, str]:
    """``K=V`` each, ``K=@FILE`` the text of a file. Raises UsageError."""
    found = parse_assignments(words)
    for name, value in found.items():
        if not value.startswith("@"):
            continue
        try:
            found[name] = read_text(Path(value[1:]).expanduser()).removesuffix("\n")
        except OSError as error:
            raise UsageError(f"--var {name}: {value[1:]}: {error.strerror}") from None
        except ValueError as error:
            raise UsageError(f"--var {name}: {value[1:]}: {error}") from None
    return found


def list_runs(
    town: Town,
    rig: Rig | None = None,
    state: str | None = None,
    since: str | None = None,
    search: str | None = None,
    limit: int | None = None,
) -> list[Run] | Page[Run]:
    """Oldest first; with a limit those that go on and the newest come first."""
    only = rows.RunFilter(rig.name if rig else None, state, moment(since) if since else None, search)
    return rows.list_runs(town.db, only) if limit is None else rows.page_runs(town.db, only, most_of(limit))


def show_run(town: Town, run: Run) -> Run:
    return run


def pause_run(town: Town, run: Run) -> Answer:
    """What is at work goes on to the end of its step; nothing new begins."""
    with follow(town, run.id) as course:
        again = course.run.state is RunState.PAUSED
        if not again:
            course.move(lambda run: change_run(run, "pause"))
    return _answer(town, run.id, "is paused already" if again else "is paused: the step at work is the last")


def resume_run(town: Town, run: Run, step: str | None = None) -> Answer:
    """Goes on after a pause, and is a person's word for what waits for one: for that step alone, where it is named.

    Raises RefusedError for a step that waits for nobody's word.
    """
    with follow(town, run.id) as course:
        _refuse_over(course.run)
        was = course.run
        if step is not None and was.step(step) not in was.asked and not was.step(step).open:
            raise RefusedError(
                f"step {step} of {run.id} waits for nobody's word: it is {was.step(step).state}",
                hint=f"gt why {run.id}/{step}",
            )
        if step is None and was.state is RunState.PAUSED:
            course.move(lambda run: change_run(run, "resume"))
        else:
            course.move(lambda run: open_gates(run, course.change.time, step))
        same = course.run == was
        goes = f"has your word for step {step}, and is paused" if course.run.state is RunState.PAUSED else "goes on"
    return _answer(town, run.id, "has nothing to resume: gt run show tells why" if same else goes)


def retry_run(town: Town, run: Run, step: str | None = None) -> Answer:
    """Failed steps, or that one, are tried again, with all their tries."""
    with follow(town, run.id) as course:
        _refuse_over(course.run)
        for found in choose(course.run, step, lambda step: step.state is StepState.FAILED, "has failed"):
            course.run = change_step(course.run, found.id, "retry", course.change.time)
        course.run = settle(course.run, course.change.time)
    return _answer(town, run.id, "goes on")


def skip_step(town: Town, run: Run, step: str, reason: str | None = None) -> Answer:
    """What needs it goes on without it. Raises RefusedError while a worker has it as a bead of its own."""
    with follow(town, run.id) as course:
        _refuse_over(course.run)
        found = course.run.step(step)
        if found.is_finished:
            raise RefusedError(f"step {step} of {run.id} is {found.state} already", hint=f"gt run show {run.id}")
        _drop_bead(course, found)
        words = reason or f"skipped by {town.actor}"
        course.move(lambda run: change_step(run, step, "skip", course.change.time, reason=words))
    return _answer(town, run.id, f"goes on without {step}")


def _drop_bead(course: Course, step: RunStep) -> None:
    bead = bead_rows.find_bead(course.change, step.bead) if step.bead else None
    if bead is None or bead.state is BeadState.CLOSED:
        return
    if bead.state is not BeadState.OPEN:
        raise RefusedError(f"{bead.id} of step {step.id} is {bead.state}", hint=f"gt unsling {bead.id}")
    bead_rows.close_bead(course.change, bead.id, "wontdo")


def cancel_run(town: Town, run: Run) -> Answer:
    """What is at work is saved and ends; what is in the merge queue already stays there."""
    with follow(town, run.id) as course:
        again = course.run.state is RunState.CANCELLED
        if not again:
            _refuse_over(course.run)
            course.move(lambda run: cancel(run, course.change.time))
    polecats = [who for who in course.freed if get_agent(town.db, who).role is Role.POLECAT]
    stop_sessions(town, polecats, why="unslung", move="stop", unless_held=True)
    return _answer(town, run.id, "is cancelled already" if again else "is cancelled")


def _refuse_over(run: Run) -> None:
    if run.state in OVER:
        raise RefusedError(f"{run.id} is {run.state}", hint=f"gt run show {run.id}")


def _answer(town: Town, id: RunId, words: str) -> Answer:
    if town.is_person and rows.get_run(town.db, id).state is RunState.RUNNING:
        ensure_up(town)
    return Answer(rows.get_run(town.db, id), f"{id} {words}")
