"""gt step: what an agent says of the steps of the run on its hook."""

from gastown_tmux.dataclass import dataclass, replace
from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.ids import Commit, RunId
from gastown_tmux.domain.runs import OVER, Run, RunState, RunStep, StepState, change_step, end_try
from gastown_tmux.domain.work import Bead
from gastown_tmux.edges.files.faults import fault_point
from gastown_tmux.edges.processes.commands import last_words, run_logged
from gastown_tmux.errors import GtError, RefusedError, UsageError
from gastown_tmux.operations.town.town import Answer, Town
from gastown_tmux.operations.work.courses import body_of, follow
from gastown_tmux.operations.work.prime import own_address
from gastown_tmux.store import beads as bead_rows
from gastown_tmux.store import runs as rows

#: A check's exit status that is no verdict: it costs no try.
NO_VERDICT = 75
CHECK_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class StepNow:
    """What is to be done now; no ``id``: nothing, because ``all_done``, or because the run ``waits``."""

    run: RunId
    formula: str
    id: str | None
    title: str
    body: str
    number: int
    total: int
    tries: int
    check: str
    reason: str | None
    all_done: bool
    waits: str | None

    @property
    def text(self) -> str:
        if self.all_done:
            return f"{self.run}: every step is done; now gt done"
        if self.id is None:
            return f"{self.run}: nothing to do now: {self.waits}"
        lines = [f"step {self.number} of {self.total} of {self.run}: {self.id}  {self.title}"]
        lines += [f"again: {self.reason}"] if self.reason else []
        lines += ["", self.body.rstrip(), ""]
        lines += [f"It is checked by: {self.check}"] if self.check else []
        return "\n".join([*lines, f"When it is done: gt step done {self.id} --result 'what came of it'"])


def show_step(town: Town) -> StepNow:
    """The step that comes now, which is begun by this."""
    _, _, id = _own(town)
    with follow(town, id) as course:
        current = course.run.current
        if course.run.wants_worker and current is not None and current.state is StepState.READY:
            course.move(lambda run: change_step(run, current.id, "start", course.change.time))
        run = course.run
    return _now(run)


def step_done(town: Town, step: str | None = None, result: str | None = None) -> Answer:
    """Ends the step at work, once its check has passed; ``step`` says which one is meant, so that twice is no harm.

    Raises RefusedError for one that was never begun. A check that fails gives another try, or the run to a person.
    """
    address, _, id = _own(town)
    run = rows.get_run(town.db, id)
    current = _at_work(run, step)
    if current is None:
        return Answer(_now(run), f"step {step} of {id} is done already")
    failure = _check(town, address, run, current)
    fault_point("step.checked")
    commit = _head(town, run, address)
    with follow(town, id) as course:
        found = course.run.step(current.id)
        is_same = found.state is StepState.WORKING and found.tries == current.tries
        if is_same and failure is None:
            done = {"result": result, "commit": commit}
            course.move(lambda run: change_step(run, current.id, "finish", course.change.time, **done))
        elif is_same and failure is not None:
            course.move(lambda run: end_try(run, current.id, course.change.time, failure))
    if not is_same:
        raise RefusedError(f"step {current.id} of {id} is {found.state} now", hint="gt step")
    fault_point("step.done")
    now = rows.get_run(town.db, id)
    if failure is not None:
        left = now.step(current.id).state is StepState.READY
        words = f"step {current.id} is not done: {failure}"
        raise GtError(words, hint="mend it, then gt step" if left else f"a person decides: gt run show {id}")
    return Answer(_now(now), f"step {current.id} is done; {_next(now)}")


def step_fail(town: Town, reason: str) -> Answer:
    """The step cannot be done: the run waits for a person, who is told, and the hook is free."""
    return _give_up(town, reason, "fail")


def step_skip(town: Town, reason: str) -> Answer:
    """The step need not be done: what needs it goes on."""
    return _give_up(town, reason, "skip")


def _give_up(town: Town, reason: str, move: str) -> Answer:
    if not reason.strip():
        raise UsageError("a reason is needed", hint=f"gt step {move} REASON")
    _, _, id = _own(town)
    with follow(town, id) as course:
        current = course.run.current
        if current is None:
            raise RefusedError(f"{id} has no step to {move} now", hint=f"gt run show {id}")
        course.move(
            lambda run: change_step(
                run, current.id, "fail" if move == "fail" else "skip", course.change.time, reason=reason
            )
        )
    now = rows.get_run(town.db, id)
    said = "failed: a person is asked" if move == "fail" else f"skipped; {_next(now)}"
    return Answer(_now(now), f"step {current.id} is {said}" if move == "skip" else f"step {current.id} {said}")


def refuse_unfinished(town: Town, bead: Bead) -> None:
    """Raises RefusedError where the bead is a run with steps that are not finished."""
    id = rows.find_run_of(town.db, bead.id)
    run = rows.get_run(town.db, id) if id else None
    if run is not None and run.state not in OVER and not run.all_finished:
        left = run.total - run.done
        raise RefusedError(f"{left} of {run.total} steps of {run.id} are not done", hint="gt step")


def check_bead(town: Town, address: Address, bead: Bead) -> None:
    """The check of the step that the bead stands for. Raises GtError where it does not pass."""
    found = rows.find_step_of(town.db, bead.id)
    if found is None:
        return
    run = rows.get_run(town.db, found[0])
    step = run.step(found[1])
    failure = _check(town, address, run, step)
    if failure is None or step.state is not StepState.WORKING:
        return
    with follow(town, run.id) as course:
        again = course.run.step(step.id)
        if again.state is StepState.WORKING:
            left = again.tries <= again.retries
            # It stays on the hook: the next try is begun at once.
            if left:
                course.move(lambda run: replace(run, steps=tuple(
                    replace(each, tries=each.tries + 1, reason=failure) if each.id == step.id else each
                    for each in run.steps
                )))  # fmt: skip
            else:
                course.move(lambda run: end_try(run, step.id, course.change.time, failure))
    words = f"step {step.id} is not done: {failure}"
    raise GtError(words, hint="mend it, then gt done" if left else f"a person decides: gt run show {run.id}")


def _own(town: Town) -> tuple[Address, Bead, RunId]:
    address = own_address(town)
    bead = bead_rows.find_held_bead(town.db, address)
    if bead is None:
        raise RefusedError("nothing is on your hook", hint="gt hook")
    id = rows.find_run_of(town.db, bead.id)
    if id is None and rows.find_step_of(town.db, bead.id) is not None:
        raise RefusedError(f"{bead.id} is a whole step of its own", hint="gt done")
    if id is None:
        raise RefusedError(f"{bead.id} is no run, and has no steps", hint="gt done")
    return address, bead, id


def _at_work(run: Run, asked: str | None) -> RunStep | None:
    """The step at work; None where the one that is asked for is done already."""
    if asked is not None:
        step = run.step(asked)
        if step.state is StepState.DONE:
            return None
        if step.state is not StepState.WORKING:
            raise RefusedError(f"step {asked} of {run.id} is {step.state}", hint="gt step")
        return step
    current = run.current
    if current is None or current.state is not StepState.WORKING:
        raise RefusedError(f"no step of {run.id} was begun", hint="gt step")
    return current


def _check(town: Town, address: Address, run: Run, step: RunStep) -> str | None:
    """What is wrong, or None. Raises GtError where there is no verdict."""
    if not step.check.strip():
        return None
    log = town.logs / "runs" / f"{run.id}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    since = log.stat().st_size if log.exists() else 0
    environment = {**town.environment, "GT_RUN": run.id, "GT_STEP": step.id}
    status = run_logged(
        ["sh", "-c", step.check], town.worktree(address), environment, log, step.timeout or CHECK_SECONDS,
        town.environment.get("GT_SESSION") or town.mark(f"check.{run.id}"), town.log_size(run.rig),
    )  # fmt: skip
    if status == NO_VERDICT:
        words = f"the check of step {step.id} came to no verdict{last_words(log, since)}"
        raise GtError(words, hint=f"try again later: gt step done {step.id}")
    if status is None:
        return f"its check took longer than {step.timeout or CHECK_SECONDS:.0f}s"
    return f"its check failed with status {status}{last_words(log, since)}; see {log}" if status else None


def _head(town: Town, run: Run, address: Address) -> Commit | None:
    bead = bead_rows.find_held_bead(town.db, address)
    head = town.repository(run.rig).resolve(f"refs/heads/{bead.branch}") if bead and bead.branch else None
    return Commit(head) if head and bead and head != bead.base else None


def _now(run: Run) -> StepNow:
    current = run.current if run.wants_worker or run.is_at_work else None
    number = next((at for at, step in enumerate(run.steps, 1) if current and step.id == current.id), 0)
    return StepNow(
        run=run.id,
        formula=run.formula,
        id=current.id if current else None,
        title=current.title if current else "",
        body=body_of(run, current) if current else "",
        number=number,
        total=run.total,
        tries=current.tries if current else 0,
        check=current.check if current else "",
        reason=current.reason if current else None,
        all_done=run.all_finished,
        waits=None if current or run.all_finished else _why(run),
    )


def _why(run: Run) -> str:
    match run.state:
        case RunState.PAUSED:
            return f"{run.id} is paused"
        case RunState.WAITING:
            return run.reason or "a person is asked"
        case RunState.RUNNING:
            return "what comes next is not ready yet"
        case RunState.DONE | RunState.FAILED | RunState.CANCELLED:
            return f"{run.id} is {run.state}"


def _next(run: Run) -> str:
    now = _now(run)
    if now.all_done:
        return "that was the last: gt done"
    return f"next is {now.id}, {now.title}: gt step" if now.id else f"nothing more now: {now.waits}"
