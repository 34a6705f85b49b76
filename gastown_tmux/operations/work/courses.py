"""How a run goes on: what its beads say becomes states of its steps, and its steps become beads on hooks."""

import contextlib
from collections.abc import Callable, Iterator

from gastown_tmux.dataclass import dataclass, field, replace
from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.ids import BeadId, RunId
from gastown_tmux.domain.runs import OVER, Run, RunState, RunStep, StepState, change_step, reconcile, settle, tell_of
from gastown_tmux.domain.work import RETRIED, Bead, BeadState, Reason
from gastown_tmux.edges.files import clock
from gastown_tmux.operations.escalation.escalations import raise_escalation
from gastown_tmux.operations.hooks.state import write_state
from gastown_tmux.operations.town.isolation import each
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store import beads as bead_rows
from gastown_tmux.store import runs as rows
from gastown_tmux.store.db import Change
from gastown_tmux.store.escalations import resolve_about, resolve_told
from gastown_tmux.store.rows import Reader

_HELD = (BeadState.HOOKED, BeadState.WORKING)
PRIORITY = 2


@dataclass
class Course:
    """A run within one transaction: it is as its beads have it, and what becomes of ``run`` is written at the end."""

    change: Change
    run: Run
    freed: list[Address] = field(default_factory=list)

    def move(self, act: Callable[[Run], Run]) -> None:
        self.run = settle(act(self.run), self.change.time)


@contextlib.contextmanager
def follow(town: Town, id: RunId) -> Iterator[Course]:
    """The one way a run changes. Hooks from which its beads were taken say so when this returns."""
    with town.change() as change:
        was = rows.get_run(change, id)
        course = Course(change, reconcile(was, _beads(change, was), change.time))
        yield course
        place(town, course)
        rows.save_run(change, was, course.run)
        _answer_asked(change, was, course.run)
    for address in course.freed:
        write_state(town, address)


def _answer_asked(change: Change, was: Run, now: Run) -> None:
    """A step that goes on, or is over, asks nobody any more: unanswered, it would have its worker stopped at last."""
    for step in was.steps:
        then = now.step(step.id)
        if (now.state in OVER or not _asks(then)) and _asks(step):
            resolve_told(change, tell_of(now, step))
            if step.state is StepState.FAILED and (bead := step.bead or was.bead):
                resolve_about(change, bead)


def _asks(step: RunStep) -> bool:
    return step.state is StepState.FAILED or (step.state is StepState.BLOCKED and step.reason is not None)


def go_on(town: Town) -> None:
    """For the deacon: every run that its beads or the clock have changed. Cut off anywhere, the next look does it."""

    def look(id: RunId) -> None:
        run = rows.get_run(town.db, id)
        if _is_behind(town, run):
            with follow(town, id):
                pass

    each(town, "going on of", rows.list_open_runs(town.db), look, str)


def _is_behind(town: Town, run: Run) -> bool:
    """Whether anything is to be written: a look at rows alone, for most looks find nothing."""
    beads = _beads(town.db, run)
    # Another moment would make another row of it, which is no news: this one is as good.
    if reconcile(run, beads, clock.now()) != run:
        return True
    if run.spread:
        return run.state in (RunState.RUNNING, RunState.WAITING) and any(
            step.state is StepState.READY for step in run.steps
        )
    bead = beads.get(run.bead) if run.bead else None
    return bead is not None and _is_idle(run, bead)


def _beads(reader: Reader, run: Run) -> dict[BeadId, Bead]:
    ids = {step.bead for step in run.steps if step.bead and not step.is_finished} | ({run.bead} if run.bead else set())
    found = (bead_rows.find_bead(reader, id) for id in ids)
    return {bead.id: bead for bead in found if bead is not None}


def place(town: Town, course: Course) -> None:
    """What the run's state makes of its beads."""
    run, change = course.run, course.change
    for step in run.steps:
        bead = bead_rows.find_bead(change, step.bead or run.bead or "") if step.state is StepState.FAILED else None
        if bead is not None and bead.state in _HELD and bead.assignee is not None:
            words = f"{tell_of(run, step)}failed: {step.reason}; gt run retry {run.id} {step.id}"
            bead_rows.return_bead(change, bead.id, Reason.ESCALATED)
            raise_escalation(change, "medium", words, bead=bead.id)
            course.freed.append(bead.assignee)
    if run.state in OVER:
        _close(course)
    elif run.spread:
        _spread(town, course)
    else:
        _place_one(course)


def _spread(town: Town, course: Course) -> None:
    """Each ready step becomes a bead that waits for a worker; one that was a bead before waits again."""
    change = course.change
    if course.run.state is RunState.PAUSED:
        return
    rig = town.rig(course.run.rig)
    for step in course.run.steps:
        if step.state is not StepState.READY:
            continue
        id = step.bead
        if id is None:
            id = bead_rows.insert_bead(
                change,
                rig.name,
                rig.prefix,
                title=f"{course.run.formula}: {step.title}"[:200],
                body=body_of(course.run, step),
                priority=PRIORITY,
                labels=(course.run.id,),
                needs=(),
            )
        bead = bead_rows.get_bead(change, id)
        if bead.state is BeadState.CLOSED:
            bead_rows.reopen_bead(change, id)
            bead = bead_rows.get_bead(change, id)
        if bead.state is BeadState.OPEN:
            bead_rows.note_target(change, id, bead.assignee or rig.name, step.agent or course.run.agent)
        course.run = change_step(course.run, step.id, "start", change.time, bead=id)


def _place_one(course: Course) -> None:
    run, change = course.run, course.change
    bead = bead_rows.find_bead(change, run.bead) if run.bead else None
    if bead is None:
        return
    if _is_idle(run, bead):
        bead_rows.note_target(change, bead.id, bead.assignee or run.rig, run.agent)
    elif bead.state is BeadState.OPEN and bead.target is not None and not run.wants_worker:
        bead_rows.hold_back(change, bead.id)
    elif bead.state in _HELD and bead.assignee is not None and not run.wants_worker and not run.is_at_work:
        bead_rows.return_bead(change, bead.id, Reason.UNSLUNG)
        course.freed.append(bead.assignee)


def _is_idle(run: Run, bead: Bead) -> bool:
    """Whether there is something to do under the bead, and nobody will."""
    given = bead.target is not None or bead.reason in RETRIED
    return run.wants_worker and bead.state is BeadState.OPEN and not given


def _close(course: Course) -> None:
    """Of a run that is over, nothing waits for a worker any more."""
    ids = [step.bead for step in course.run.steps if step.bead] + ([course.run.bead] if course.run.bead else [])
    for id in dict.fromkeys(ids):
        bead = bead_rows.find_bead(course.change, id)
        if bead is None or course.run.state is RunState.DONE:
            continue
        if bead.state in _HELD and bead.assignee is not None:
            bead_rows.return_bead(course.change, id, Reason.UNSLUNG)
            course.freed.append(bead.assignee)
            bead = replace(bead, state=BeadState.OPEN)
        if bead.state is BeadState.OPEN:
            bead_rows.close_bead(course.change, id, Reason.WONTDO)


def body_of(run: Run, step: RunStep) -> str:
    """What a worker is told of the step: its text, and the results of what came before."""
    parts = [step.body] + ([f"It is checked by: {step.check}"] if run.spread and step.check.strip() else [])
    for before in run.results_for(step).values():
        parts.append(f"## Result of {before.id}\n\n{(before.result or '').strip()}")
    return "\n\n".join(filter(None, (part.strip("\n") for part in parts))) + "\n"
