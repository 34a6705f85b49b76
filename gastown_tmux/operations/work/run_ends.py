"""The owner of a run gets one mail when it has come to its end."""

from gastown_tmux.domain.ids import RunId
from gastown_tmux.domain.runs import Run, RunState
from gastown_tmux.operations.mail import sending
from gastown_tmux.operations.town.isolation import each
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store import runs as rows
from gastown_tmux.store.beads import list_those
from gastown_tmux.store.events import list_events


def tell_ends(town: Town) -> None:
    """For the deacon: of runs that are over. Cut off anywhere, the same mail is not there twice. Who cancelled their
    own run knows.
    """

    def tell(id: RunId) -> None:
        run = rows.get_run(town.db, id)
        last = next(reversed(list_events(town.db, subject=id)), None)
        if run.state is not RunState.CANCELLED or last is None or last.actor != run.owner:
            subject = f"{run.title or run.formula} ({run.id}) is {run.state}"
            sending.notify(town, run.owner, subject, _describe(town, run), seed=f"{run.id} {run.state} {run.updated}")
        with town.change() as change:
            rows.mark_told(change, run)

    each(town, "telling of the end of", rows.list_untold(town.db), tell, str)


def _describe(town: Town, run: Run) -> str:
    lines = [f"{run.formula} in {run.rig}: {run.state}" + (f": {run.reason}" if run.reason else ""), ""]
    ids = [step.bead for step in run.steps if step.bead] + ([run.bead] if run.bead else [])
    beads = {bead.id: bead for bead in list_those(town.db, ids)}
    for step in run.steps:
        said = (step.result or step.reason or "").strip().partition("\n")[0]
        lines.append(f"{step.state:8} {step.id}  {step.title}" + (f": {said}" if said else ""))
        bead = beads.get(step.bead) if step.bead else None
        lines += [f"         {bead.id} is merged as {bead.merged_commit[:12]}"] if bead and bead.merged_commit else []
    whole = beads.get(run.bead) if run.bead else None
    if whole is not None:
        lines += [
            "",
            f"{whole.id} is {whole.state}" + (f" as {whole.merged_commit[:12]}" if whole.merged_commit else ""),
        ]
    return "\n".join([*lines, "", f"gt run show {run.id}", ""])
