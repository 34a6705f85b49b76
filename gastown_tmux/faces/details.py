"""What stands beside a list: all that is known of the chosen row, in plain lines."""

from collections.abc import Iterator, Mapping

from gastown_tmux.domain.ids import BeadId
from gastown_tmux.domain.signs import SIGNS
from gastown_tmux.domain.work import Bead, Convoy
from gastown_tmux.faces.model import Model
from gastown_tmux.faces.rows import Row
from gastown_tmux.faces.snapshot import Snapshot
from gastown_tmux.verbs.text import harmless


def describe(model: Model) -> tuple[str, ...]:
    """Nothing in it can harm a terminal; no line is wrapped."""
    row, seen = model.row, model.seen
    if row is None or seen is None:
        return ()
    more = [row.more] if row.more and not row.id.startswith("need ") else []
    lines = [row.title, *more, "", *_about(row, seen)]
    return tuple(harmless(line) for line in lines)


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
                    yield from _convoy(convoy, seen)
        case "run":
            for run in seen.runs:
                if run.id == rest:
                    yield from (f"{run.formula} in {run.rig}", "", *run.outline.splitlines())
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


def _convoy(convoy: Convoy, seen: Snapshot) -> Iterator[str]:
    members = {id: seen.members[id] for id in convoy.beads if id in seen.members}
    for number, wave in enumerate(find_waves(members), start=1):
        yield f"wave {number}"
        for bead in wave:
            waits = "; ".join(wait.reason for wait in seen.waits.get(bead.id, ()))
            yield f"  {SIGNS.get(bead.state, ' ')} {bead.id} {bead.title}" + (f" — {waits}" if waits else "")


def find_waves(beads: Mapping[BeadId, Bead]) -> list[list[Bead]]:
    """Those that may be done at the same time, in the order in which they may; a circle, which cannot be, is last."""
    waves, left, done = list[list[Bead]](), dict(beads), set[BeadId]()
    while left:
        wave = [bead for bead in left.values() if not any(need in left for need in bead.needs)]
        wave = wave or list(left.values())
        waves.append(wave)
        done |= {bead.id for bead in wave}
        left = {id: bead for id, bead in left.items() if id not in done}
    return waves
