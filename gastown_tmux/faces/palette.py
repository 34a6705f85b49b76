"""Any verb from any face: what its line may become, from what is shown."""

import shlex

from gastown_tmux.faces.model import Model
from gastown_tmux.verbs.suggest import Choice, suggest
from gastown_tmux.verbs.table import AGENT_KINDS, Kind

MOST_SHOWN = 12


def choices(model: Model) -> list[Choice]:
    """What the last word of the line may become, the likeliest first."""
    before, word = _split(model.line)
    return suggest(before, word, lambda kind: _names(model, kind))[:MOST_SHOWN]


def complete(model: Model) -> str:
    """The line with the chosen one."""
    found = choices(model)
    if not found:
        return model.line
    head = model.line[: len(model.line) - len(_split(model.line)[1])]
    return f"{head}{found[min(model.choice, len(found) - 1)][0]} "


def _split(line: str) -> tuple[list[str], str]:
    head, _, word = line.rpartition(" ")
    try:
        before = shlex.split(head)
    except ValueError:
        before = head.split()
    return before[1:] if before[:1] == ["gt"] else before, word


def _names(model: Model, kind: Kind) -> list[Choice]:
    seen = model.seen
    if seen is None:
        return []
    if kind in AGENT_KINDS or kind is Kind.ADDRESS:
        return [(worker.view.address, worker.view.state) for worker in seen.workers]
    match kind:
        case Kind.BEAD:
            return [(bead.id, f"{bead.state} {bead.title}") for bead in seen.beads]
        case Kind.CONVOY:
            return [(convoy.id, convoy.name) for convoy in seen.convoys]
        case Kind.RUN:
            return [(run.id, run.title) for run in seen.runs]
        case Kind.MERGE_REQUEST:
            return [(request.id, request.title) for request in seen.requests]
        case Kind.RIG:
            return [(rig.rig, rig.target) for rig in seen.refineries]
        case Kind.MAIL:
            return [(mail.id, mail.subject) for mail in seen.mails]
        case _:
            return []
