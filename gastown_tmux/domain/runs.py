"""Runs: a formula poured into steps. Every change is a pure function from one run to the next, and whoever keeps runs
writes the difference in one transaction.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Literal

from gastown_tmux.dataclass import dataclass, replace
from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.formulas.model import Gate
from gastown_tmux.domain.ids import BeadId, Commit, RigName, RunId, Time, time_at
from gastown_tmux.domain.setting_values import parse_interval
from gastown_tmux.domain.state_machine import Machine
from gastown_tmux.domain.work import ATTEMPTS, RETRIED, Bead, BeadState, is_met
from gastown_tmux.errors import NotFoundError, RefusedError


class RunState(StrEnum):
    RUNNING = "running"
    PAUSED = "paused"
    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class StepState(StrEnum):
    BLOCKED = "blocked"
    READY = "ready"
    WORKING = "working"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"


#: What no later step waits for any more.
FINISHED = frozenset((StepState.DONE, StepState.SKIPPED))
OVER = frozenset((RunState.DONE, RunState.FAILED, RunState.CANCELLED))
_ALIVE = (RunState.RUNNING, RunState.PAUSED, RunState.WAITING)

RunMove = Literal["wait", "go on", "pause", "resume", "finish", "fail", "cancel"]
RUN: Machine[RunState, RunMove] = Machine(
    "run",
    RunState.RUNNING,
    {
        "wait": {RunState.RUNNING: RunState.WAITING},
        "go on": {RunState.WAITING: RunState.RUNNING},
        "pause": {RunState.RUNNING: RunState.PAUSED, RunState.WAITING: RunState.PAUSED},
        "resume": {RunState.PAUSED: RunState.RUNNING},
        "finish": dict.fromkeys(_ALIVE, RunState.DONE),
        "fail": dict.fromkeys(_ALIVE, RunState.FAILED),
        "cancel": dict.fromkeys(_ALIVE, RunState.CANCELLED),
    },
)
StepMove = Literal["free", "start", "finish", "try again", "fail", "retry", "skip"]
STEP: Machine[StepState, StepMove] = Machine(
    "step",
    StepState.BLOCKED,
    {
        "free": {StepState.BLOCKED: StepState.READY},
        "start": {StepState.READY: StepState.WORKING, StepState.FAILED: StepState.WORKING},
        "finish": {StepState.WORKING: StepState.DONE, StepState.FAILED: StepState.DONE},
        "try again": {StepState.WORKING: StepState.READY},
        "fail": {StepState.READY: StepState.FAILED, StepState.WORKING: StepState.FAILED},
        "retry": {StepState.FAILED: StepState.READY},
        "skip": dict.fromkeys(
            (StepState.BLOCKED, StepState.READY, StepState.WORKING, StepState.FAILED), StepState.SKIPPED
        ),
    },
)


@dataclass(frozen=True, slots=True)
class RunStep:
    """``tries`` is how often it was begun, ``freed`` when all that it needs was finished. ``open``: its gate is."""

    id: str
    title: str
    body: str
    state: StepState = StepState.BLOCKED
    needs: tuple[str, ...] = ()
    bead: BeadId | None = None
    tries: int = 0
    retries: int = 0
    timeout: float | None = None
    check: str = ""
    agent: str | None = None
    gate: Gate | None = None
    open: bool = False
    result: str | None = None
    commit: Commit | None = None
    reason: str | None = None
    freed: Time | None = None
    started: Time | None = None
    ended: Time | None = None

    @property
    def is_finished(self) -> bool:
        return self.state in FINISHED


@dataclass(frozen=True, slots=True)
class Run:
    """``spread``: each step is a bead of its own; else ``bead`` is the one under which a worker does them all."""

    id: RunId
    formula: str
    rig: RigName
    state: RunState
    vars: Mapping[str, str]
    hash: str
    spread: bool
    title: str
    bead: BeadId | None
    agent: str | None
    owner: Address
    reason: str | None
    steps: tuple[RunStep, ...]
    created: Time
    updated: Time

    @property
    def done(self) -> int:
        return sum(step.is_finished for step in self.steps)

    @property
    def total(self) -> int:
        return len(self.steps)

    @property
    def all_finished(self) -> bool:
        return all(step.is_finished for step in self.steps)

    @property
    def outline(self) -> str:
        """The graph, a line a step: how it is, what it waited for, how long it took, what came of it."""
        width = max((len(step.id) for step in self.steps), default=0)
        return "\n".join(_line(self, step, width) for step in self.steps)

    @property
    def current(self) -> RunStep | None:
        """What a single worker does now: the step at work, else the first that is ready."""
        for state in (StepState.WORKING, StepState.READY):
            for step in self.steps:
                if step.state is state:
                    return step
        return None

    @property
    def wants_worker(self) -> bool:
        """Whether there is something for a single worker: a step, or to submit when all are finished."""
        goes_on = self.state in (RunState.RUNNING, RunState.WAITING) and not self.has_failed
        return goes_on and (self.current is not None or self.all_finished)

    @property
    def has_failed(self) -> bool:
        return any(step.state is StepState.FAILED for step in self.steps)

    @property
    def gated(self) -> list[RunStep]:
        """What nothing but its gate holds."""
        return [step for step in self.steps if _is_gated(step)]

    @property
    def asked(self) -> list[RunStep]:
        """What nothing but a person's word holds."""
        return [step for step in self.steps if _is_asked(step)]

    @property
    def is_at_work(self) -> bool:
        return any(step.state is StepState.WORKING for step in self.steps)

    def step(self, id: str) -> RunStep:
        """Raises NotFoundError."""
        for step in self.steps:
            if step.id == id:
                return step
        raise NotFoundError(f"{self.id} has no step {id!r}", hint=f"gt run show {self.id}")

    def results_for(self, step: RunStep) -> dict[str, RunStep]:
        """Those before it that have a result, in their order."""
        before, pending = set[str](), list(step.needs)
        by_id = {each.id: each for each in self.steps}
        while pending:
            id = pending.pop()
            if id not in before and id in by_id:
                before.add(id)
                pending += by_id[id].needs
        return {each.id: each for each in self.steps if each.id in before and each.result}


def change_step(run: Run, id: str, move: StepMove, now: Time, **values: object) -> Run:
    """With that step moved. Raises IllegalMoveError, a RefusedError, where it cannot be."""
    was = run.step(id)
    state = STEP.next_state(was.state, move)
    match move:
        case "start":
            # Why it is tried again is for whoever does that.
            reason = None if was.state is StepState.FAILED else was.reason
            values |= {"tries": was.tries + 1, "started": now, "ended": None, "reason": reason}
        case "finish" | "fail" | "skip":
            values = {"ended": now, "reason": None, **values}
        case "retry":
            values |= {"tries": 0, "reason": None, "ended": None}
        case "free" | "try again":
            pass
    step = replace(was, state=state, **values)  # type: ignore[arg-type]
    return replace(run, steps=tuple(step if each.id == id else each for each in run.steps))


def change_run(run: Run, move: RunMove, reason: str | None = None) -> Run:
    return replace(run, state=RUN.next_state(run.state, move), reason=reason)


def reconcile(run: Run, beads: Mapping[BeadId, Bead], now: Time) -> Run:
    """The run as its beads and the clock have it."""
    if run.state in OVER:
        return run
    run = _follow_beads(run, beads, now) if run.spread else _follow_bead(run, beads, now)
    if run.state in OVER:
        return run
    for step in run.steps:
        late = step.timeout is not None and step.started is not None and now >= _after(step.started, step.timeout)
        if late and step.state is StepState.WORKING:
            run = change_step(run, step.id, "fail", now, reason=f"it took longer than {step.timeout:.0f}s")
    return settle(run, now)


def settle(run: Run, now: Time) -> Run:
    """Frees what waits for nothing any more, and says what that makes of the run."""
    if run.state in OVER:
        return run
    finished = {step.id for step in run.steps if step.is_finished}
    steps = tuple(
        _free(step, now) if step.state is StepState.BLOCKED and finished.issuperset(step.needs) else step
        for step in run.steps
    )
    run = run if steps == run.steps else replace(run, steps=steps)
    if run.spread and run.all_finished:
        return change_run(run, "finish")
    asks = [step for step in run.steps if _needs_person(step)]
    if run.state is RunState.RUNNING and asks:
        return change_run(run, "wait", _asks(asks[0]))
    if run.state is RunState.WAITING and not asks:
        return change_run(run, "go on")
    return run


def _free(step: RunStep, now: Time) -> RunStep:
    step = step if step.freed else replace(step, freed=now)
    if step.gate is not None and not step.open:
        seconds = parse_interval(step.gate.condition) if step.gate.type == "timer" else None
        if seconds is None or step.freed is None or now < _after(step.freed, seconds):
            return step
        step = replace(step, open=True)
    return replace(step, state=STEP.next_state(step.state, "free"))


def _is_gated(step: RunStep) -> bool:
    return step.state is StepState.BLOCKED and step.freed is not None and step.gate is not None and not step.open


def _is_asked(step: RunStep) -> bool:
    return step.gate is not None and step.gate.type == "human" and _is_gated(step)


def _needs_person(step: RunStep) -> bool:
    return step.state is StepState.FAILED or _is_asked(step)


def tell_of(run: Run, step: RunStep) -> str:
    """How words begin by which a person is asked about a step."""
    return f"{run.id}: step {step.id} "


def _asks(step: RunStep) -> str:
    if step.state is StepState.FAILED:
        return f"step {step.id} failed: {step.reason or 'no reason was given'}"
    asked = step.gate.condition if step.gate else ""
    return f"step {step.id} waits for a person's word" + (f": {asked}" if asked else "")


def open_gates(run: Run, now: Time, only: str | None = None) -> Run:
    """A person's word: all human gates that hold something back now are open, or that of the one step."""
    steps = tuple(
        replace(step, open=True) if _is_asked(step) and only in (None, step.id) else step for step in run.steps
    )
    return settle(replace(run, steps=steps), now)


def open_gate(run: Run, id: str) -> Run:
    return replace(
        run, steps=tuple(replace(step, open=True, reason=None) if step.id == id else step for step in run.steps)
    )


def note_gate(run: Run, id: str, reason: str | None) -> Run:
    """Why that step's gate does not open."""
    return replace(run, steps=tuple(replace(step, reason=reason) if step.id == id else step for step in run.steps))


def cancel(run: Run, now: Time) -> Run:
    run = change_run(run, "cancel")
    for step in run.steps:
        if not step.is_finished:
            run = change_step(run, step.id, "skip", now, reason="the run is cancelled")
    return run


def end_try(run: Run, id: str, now: Time, reason: str) -> Run:
    """A check failed: another try while there are some, else the step has failed."""
    step = run.step(id)
    move: StepMove = "try again" if step.tries <= step.retries else "fail"
    return change_step(run, id, move, now, reason=reason)


def _follow_beads(run: Run, beads: Mapping[BeadId, Bead], now: Time) -> Run:
    for step in run.steps:
        if step.bead is None or step.is_finished or step.state not in (StepState.WORKING, StepState.FAILED):
            continue
        bead = beads.get(step.bead)
        failure = _failure(bead)
        if bead is not None and is_met(bead.state, bead.reason):
            run = change_step(run, step.id, "finish", now, result=bead.report, commit=bead.merged_commit, reason=None)
        elif failure is None and step.state is StepState.FAILED:
            run = change_step(run, step.id, "start", now)
        elif failure is not None and step.state is StepState.WORKING:
            run = change_step(run, step.id, "fail", now, reason=failure)
    return run


def _follow_bead(run: Run, beads: Mapping[BeadId, Bead], now: Time) -> Run:
    bead = beads.get(run.bead) if run.bead else None
    if bead is None or (bead.state is BeadState.CLOSED and not is_met(bead.state, bead.reason)):
        return change_run(run, "fail", _failure(bead))
    if is_met(bead.state, bead.reason):
        for step in run.steps:
            if not step.is_finished:
                run = change_step(run, step.id, "skip", now, reason=f"{bead.id} is {bead.state} already")
        return change_run(run, "finish")
    failure, current = _failure(bead), run.current
    if failure is not None and current is not None and not run.has_failed and run.state is not RunState.PAUSED:
        return change_step(run, current.id, "fail", now, reason=failure)
    if bead.state in (BeadState.HOOKED, BeadState.WORKING):
        for step in run.steps:
            if step.state is StepState.FAILED:  # somebody gave it out again
                run = change_step(run, step.id, "retry", now)
    return run


def _failure(bead: Bead | None) -> str | None:
    """Why nobody works on it, and nobody will."""
    if bead is None:
        return "its bead is gone"
    if bead.state is BeadState.CLOSED and not is_met(bead.state, bead.reason):
        return f"{bead.id} is closed as {bead.reason}"
    goes_again = bead.target is not None or (bead.reason in RETRIED and bead.attempts < ATTEMPTS)
    if bead.state is BeadState.OPEN and not goes_again:
        return f"{bead.id} is {bead.reason or 'open, and given to nobody'}"
    return None


def _line(run: Run, step: RunStep, width: int) -> str:
    after = f"  (after {', '.join(step.needs)})" if step.needs else ""
    if step.started and step.ended:
        took = datetime.fromisoformat(step.ended) - datetime.fromisoformat(step.started)
        time = f"  {max(took.total_seconds(), 0):.0f}s"
    else:
        time = f"  since {step.started}" if step.started else ""
    bead = f"  {step.bead}" if step.bead else ""
    line = f"{step.state:<8} {step.id:<{width}}  {step.title}{after}{bead}{time}"
    told = (step.reason if step.state is not StepState.DONE else None) or step.result
    if _is_asked(step):
        asked = (step.gate.condition if step.gate else "") or "it waits for a person's word"
        told = f"{asked}  (yes: gt run resume {run.id} {step.id})"
    first = next((line.strip() for line in (told or "").splitlines() if line.strip()), "")
    return f"{line}\n{'':<8} {'':<{width}}  {first[:160]}" if first else line


def _after(time: Time, seconds: float) -> Time:
    return time_at(datetime.fromisoformat(time).timestamp() + seconds)


def choose(run: Run, word: str | None, fits: Callable[[RunStep], bool], what: str) -> list[RunStep]:
    """The step of that id, or all that fit. Raises RefusedError where none does."""
    steps = [run.step(word)] if word is not None else list(run.steps)
    found = [step for step in steps if fits(step)]
    if not found:
        named = f"step {word} of {run.id} is {steps[0].state}" if word is not None else f"no step of {run.id} {what}"
        raise RefusedError(named, hint=f"gt run show {run.id}")
    return found
