"""Gates of runs that are asked for: a command that succeeds, a mail that comes. Clock and people open the others."""

from collections.abc import Callable
from datetime import datetime

from gastown_tmux.domain.ids import RunId
from gastown_tmux.domain.runs import Run, RunState, RunStep, open_gate
from gastown_tmux.edges.processes.commands import run_logged
from gastown_tmux.operations.town.isolation import each
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.work.courses import follow
from gastown_tmux.store.mailbox import Mailbox
from gastown_tmux.store.runs import get_run, list_gated_runs

#: A command that takes longer has not succeeded.
COMMAND_SECONDS = 60.0


def list_gated(town: Town) -> list[RunId]:
    """Runs with a step that only its gate holds, one of these."""
    return list_gated_runs(town.db, tuple(_ASK))


def open_gates(town: Town) -> None:
    """Asks for each of them, and opens those whose time has come. It takes as long as the commands take."""

    def look(id: RunId) -> None:
        run = get_run(town.db, id)
        for step in run.gated:
            ask = _ASK.get(step.gate.type) if step.gate else None
            if run.state is not RunState.PAUSED and ask is not None and ask(town, run, step):
                with follow(town, id) as course:
                    course.move(lambda run, id=step.id: open_gate(run, id))  # type: ignore[misc]

    each(town, "asking at the gates of", list_gated(town), look, str)


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
