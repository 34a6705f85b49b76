"""Gates of runs that are asked for: a command that succeeds, a mail that comes, a pull request that is merged, a
workflow that ends well. Clock and people open the others.
"""

import shutil
import time
from collections.abc import Callable
from datetime import datetime

from gastown_tmux.dataclass import dataclass, field
from gastown_tmux.domain.forge_gates import (
    PARSE_CONDITION,
    Opinion,
    Said,
    Target,
    judge_pull,
    judge_run,
    judge_runs,
)
from gastown_tmux.domain.formulas.model import Gate
from gastown_tmux.domain.ids import RunId
from gastown_tmux.domain.rigs import Rig
from gastown_tmux.domain.runs import Run, RunState, RunStep, note_gate, open_gate, tell_of
from gastown_tmux.edges.hosts.forge import Forge, LimitedError
from gastown_tmux.edges.processes.commands import run_logged
from gastown_tmux.errors import GtError, MissingError, UsageError
from gastown_tmux.operations.escalation.escalations import raise_escalation
from gastown_tmux.operations.town.forge import forge_of
from gastown_tmux.operations.town.isolation import each
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.work.courses import follow
from gastown_tmux.store.mailbox import Mailbox
from gastown_tmux.store.runs import get_run, list_gated_runs

#: A command that takes longer has not succeeded.
COMMAND_SECONDS = 60.0


#: Between two questions of one gate to a forge.
FORGE_SECONDS = 60.0


@dataclass
class Resting:
    """Until when, on the monotonic clock, a gate or a host is not asked again; by one process."""

    until: dict[str, float] = field(default_factory=dict)

    def is_over(self, name: str) -> bool:
        return time.monotonic() >= self.until.get(name, 0.0)

    def rest(self, name: str, seconds: float) -> None:
        self.until[name] = time.monotonic() + seconds


def list_gated(town: Town) -> list[RunId]:
    """Runs with a step that only its gate holds, one of these."""
    return list_gated_runs(town.db, tuple(ASKED))


def open_gates(town: Town, resting: Resting) -> None:
    """Asks for each of them, and opens those whose time has come. It takes as long as the commands take."""

    def look(id: RunId) -> None:
        run = get_run(town.db, id)
        troubles = [_look_at(town, run, step, resting) for step in run.gated if run.state is not RunState.PAUSED]
        for trouble in filter(None, troubles):
            raise trouble

    each(town, "asking at the gates of", list_gated(town), look, str)


def _look_at(town: Town, run: Run, step: RunStep, resting: Resting) -> GtError | None:
    """What kept it from being asked: other gates of the run are asked all the same."""
    type_ = step.gate.type if step.gate else ""
    name = f"{run.id}/{step.id}"
    try:
        if type_ in PARSE_CONDITION:
            if not resting.is_over(name):
                return None
            resting.rest(name, FORGE_SECONDS)
            is_open = _ask_forge(town, run, step, resting)
        else:
            is_open = type_ in _ASK and _ASK[type_](town, run, step)
    except GtError as error:
        return error
    if is_open:
        with follow(town, run.id) as course:
            course.move(lambda run: open_gate(run, step.id))
    return None


def refuse_gate(town: Town, rig: Rig, gate: Gate) -> None:
    """Raises UsageError for one whose condition is none, RefusedError or MissingError where nobody could be asked."""
    if gate.type not in PARSE_CONDITION:
        return
    target = _parse(gate)
    forge_of(town, rig, str(target.repository) if target.repository else None)
    if shutil.which("gh", path=town.environment.get("PATH")) is None:
        raise MissingError(
            f"a gate of type {gate.type} needs gh, GitHub's program", hint="install gh (https://cli.github.com)"
        )


def _parse(gate: Gate) -> Target:
    try:
        return PARSE_CONDITION[gate.type](gate.condition)
    except ValueError as error:
        raise UsageError(
            f"the condition of a gate of type {gate.type} must be {error}, not {gate.condition!r}"
        ) from None


def _ask_forge(town: Town, run: Run, step: RunStep, resting: Resting) -> bool:
    gate = step.gate
    assert gate is not None
    target = _parse(gate)
    forge, repository = forge_of(town, town.rig(run.rig), str(target.repository) if target.repository else None)
    if not resting.is_over(forge.host):
        return False
    try:
        opinion = _judge(forge, repository.path, gate, target, run)
    except LimitedError as error:
        resting.rest(forge.host, error.seconds)
        raise
    if opinion.said is Said.OPEN:
        return True
    reason = opinion.words if opinion.said is Said.STUCK else None
    if step.reason != reason:
        _tell(town, run, step, reason)
    return False


def _judge(forge: Forge, path: str, gate: Gate, target: Target, run: Run) -> Opinion:
    if gate.type == "gh:pr":
        return judge_pull(target.number or 0, forge.ask(f"{path}/pulls/{target.number}"))
    if target.number is not None:
        return judge_run(forge.ask(f"{path}/actions/runs/{target.number}"))
    where = f"{path}/actions/workflows/{target.workflow}/runs" if target.workflow else f"{path}/actions/runs"
    branch = target.branch or ""
    return judge_runs(branch, forge.ask(where, parameters={"branch": branch, "per_page": "50"}), run.created)


def _tell(town: Town, run: Run, step: RunStep, reason: str | None) -> None:
    """A gate that does not open by itself any more: a person is asked, once."""
    with follow(town, run.id) as course:
        course.move(lambda now: note_gate(now, step.id, reason))
        if reason is not None:
            words = f"{tell_of(run, step)}waits at a gate that does not open: {reason}; gt why {run.id}/{step.id}"
            raise_escalation(course.change, "medium", words)


def _command(town: Town, run: Run, step: RunStep) -> bool:
    """In the town's folder, as nobody's session: a formula is written by people, and no worktree has a part in it."""
    log = town.logs / "runs" / f"{run.id}.gates.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    kept = {name: value for name, value in town.environment.items() if not name.startswith(("GT_", "TMUX"))}
    environment = {**kept, "GT_TOWN": str(town.path), "GT_RIG": run.rig, "GT_RUN": run.id, "GT_STEP": step.id}
    command = step.gate.condition if step.gate else "false"
    mark = town.mark(f"gate.{run.id}")
    return run_logged(["sh", "-c", command], town.path, environment, log, COMMAND_SECONDS, mark, town.log_size()) == 0


def _mail(town: Town, run: Run, step: RunStep) -> bool:
    """One to whoever began the run, with these words in its subject, since the gate is all that holds the step."""
    box, words = Mailbox(town.mail / run.owner.folder), (step.gate.condition if step.gate else "").lower().split()
    since = datetime.fromisoformat(step.freed).timestamp() if step.freed else 0.0
    fresh = (entry for entry in box.list_all(archived=True) if entry.delivered >= since)
    return any(all(word in box.load(entry).subject.lower() for word in words) for entry in fresh)


_ASK: dict[str, Callable[[Town, Run, RunStep], bool]] = {"command": _command, "mail": _mail}
#: The types that somebody here asks for.
ASKED = (*_ASK, *PARSE_CONDITION)
