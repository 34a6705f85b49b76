"""What stands beside a list: all that is known of the chosen row, in plain lines."""

from collections.abc import Iterator

from gastown_tmux.domain.columns import wrap
from gastown_tmux.domain.work import Bead
from gastown_tmux.faces.model import Model
from gastown_tmux.faces.rows import Row
from gastown_tmux.faces.snapshot import Snapshot
from gastown_tmux.faces.waves import convoy_waves, draw, run_waves
from gastown_tmux.verbs.text import harmless


def describe(model: Model, columns: int = 0) -> tuple[str, ...]:
    """Nothing in it can harm a terminal. Words are wrapped to so many columns, a graph is not; 0: nothing is."""
    row, seen = model.row, model.seen
    if row is None or seen is None:
        return ()
    more = [row.more] if row.more and not row.id.startswith("need ") else []
    lines = [row.title, *more, "", *_about(row, seen)]
    told = [harmless(line) for line in lines]
    return tuple(told if row.waves or not columns else (part for line in told for part in wrap(line, columns)))


def _about(row: Row, seen: Snapshot) -> Iterator[str]:
    kind, _, rest = row.id.partition(" ")
    match kind:
        case "need":
            for need in seen.needs:
                if f"{need.kind} {need.id}" == rest:
                    yield from (*need.reason.splitlines(), "", *need.next)
        case "bead":
            bead = next((bead for bead in (*seen.beads, *seen.landed) if bead.id == row.bead), None)
            if bead is not None:
                yield from _bead(bead, seen)
        case "convoy":
            for convoy in seen.convoys:
                if convoy.id == rest:
                    yield from draw(convoy_waves(convoy, seen))
        case "run":
            for run in seen.runs:
                if run.id == rest:
                    yield from (f"{run.formula} in {run.rig}", "", *draw(run_waves(run)))
        case "request":
            for request in seen.requests:
                if request.id == rest:
                    yield from (f"{request.branch} → {request.target}", f"head {request.head[:12]}", "")
                    yield from seen.gates.get(request.id, "").splitlines()
        case "mail":
            for mail in seen.mails:
                if mail.id == rest:
                    yield from (f"from {mail.from_}", f"to {', '.join(mail.to)}", "", *mail.body.splitlines())
        case "rig":
            yield from (note for note in seen.notes if rest in note)
        case _:
            pass


def _bead(bead: Bead, seen: Snapshot) -> Iterator[str]:
    yield f"{bead.state}, priority {bead.priority}, in {bead.rig}"
    if bead.convoy:
        yield f"in {bead.convoy}"
    for wait in seen.waits.get(bead.id, ()):
        yield f"waits: {wait.reason}"
        yield from (f"  {step}" for step in wait.next)
    yield from ("", *bead.body.splitlines())
    if bead.report:
        yield from ("", "report:", *bead.report.splitlines())
