"""A folder of formulas that others wrote, each run to its end in a town without agents, or refused in one line."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.formulas.model import FormulaType
from gastown_tmux.domain.runs import OVER, Run, RunState
from gastown_tmux.errors import GtError
from gastown_tmux.operations.work.courses import go_on
from gastown_tmux.operations.work.formulas import load_formula, open_shelf, show_formula
from gastown_tmux.operations.work.runs import cancel_run, pour_run
from gastown_tmux.operations.work.steps import show_step, step_done
from gastown_tmux.store.agents import find_agent
from gastown_tmux.store.beads import get_bead, report_bead, sling_bead
from gastown_tmux.store.runs import get_run
from tests.operations.quiet_town import QuietTown

ENDING = ".formula.toml"


@dataclass(frozen=True)
class Outcome:
    """``words``: how many steps came to their end, or what it was refused for. Not ``well``: neither."""

    name: str
    well: bool
    words: str


def try_all(quiet: QuietTown, folder: Path) -> Iterator[Outcome]:
    """By name. All are there before the first is tried, for they name one another."""
    town = quiet.town
    town.environment = {**town.environment, "GT_PROVIDER_DEFAULT": "runbook"}
    town.reload_settings()
    files = sorted(folder.rglob(f"*{ENDING}"))
    for file in files:
        shutil.copy(file, town.path / "formulas")
    for file in files:
        yield _try(quiet, file.name.removesuffix(ENDING))


def _try(quiet: QuietTown, name: str) -> Outcome:
    town = quiet.town
    try:
        formula = load_formula(open_shelf(town, quiet.rig), name)
        if formula.type in (FormulaType.ASPECT, FormulaType.EXPANSION):
            return Outcome(name, True, f"{formula.type}: a part of others")
        values = {
            each.name: "7" if each.type == "number" else "sample"
            for each in show_formula(town, name, quiet.rig).vars
            if each.default is None
        }
        spread = formula.type is FormulaType.CONVOY
        run = pour_run(town, quiet.rig, name, values, None, spread, None, town.actor)
    except GtError as error:
        return Outcome(name, "\n" not in error.message, error.message)
    try:
        done = (_spread if run.spread else _one_after_another)(quiet, run)
    except GtError as error:
        cancel_run(town, get_run(town.db, run.id))
        return Outcome(name, False, f"stopped: {error.message}")
    well = done.state is RunState.DONE and done.done == done.total
    return Outcome(name, well, f"{done.done} of {done.total} steps, {done.state}")


def _worker(quiet: QuietTown) -> Address:
    address = Address("demo/ann")
    if find_agent(quiet.town.db, address) is None:
        quiet.crew("ann")
    return address


def _one_after_another(quiet: QuietTown, run: Run) -> Run:
    """On one worker's checklist, in the order that it is told."""
    town, address = quiet.town, _worker(quiet)
    assert run.bead is not None
    with town.change() as change:
        sling_bead(change, run.bead, address)
    worker = town.acting_as(address)
    try:
        for _ in run.steps:
            now = show_step(worker)
            step_done(worker, now.id, "done")
    finally:
        worker.close()
    with town.change() as change:
        report_bead(change, run.bead, "done")
    go_on(town)
    return get_run(town.db, run.id)


def _spread(quiet: QuietTown, run: Run) -> Run:
    """Each step that is ready is a bead, which somebody reports as done."""
    town, address = quiet.town, _worker(quiet)
    for _ in range(len(run.steps) + 1):
        go_on(town)
        run = get_run(town.db, run.id)
        if run.state in OVER:
            break
        for bead in [get_bead(town.db, step.bead) for step in run.steps if step.bead]:
            if bead.state == "open":
                with town.change() as change:
                    sling_bead(change, bead.id, address)
                    report_bead(change, bead.id, "done")
    return get_run(town.db, run.id)
