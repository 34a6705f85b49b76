"""A rig's target that somebody rewrote is noticed, and people are told of it once."""

from gastown_tmux.domain.escalation import Severity
from gastown_tmux.domain.ids import Commit
from gastown_tmux.domain.rigs import Rig
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store.escalations import insert_escalation
from gastown_tmux.store.targets import find_tip, move_tip, replace_tip


def note_target(town: Town, rig: Rig, tip: Commit) -> None:
    """For whoever has just fetched the target, and found it at ``tip``."""
    repository = town.repository(rig.name)
    known = find_tip(town.db, rig.name, rig.target)
    if known == tip:
        return
    lost = known is not None and repository.resolve(known) is not None and not repository.is_ancestor(known, tip)
    if lost and known is not None:
        # Branches that were cut from it are compared with it: it must outlive a collection.
        repository.update_ref(f"refs/gastown/targets/{known}", known, None)
    with town.change() as change:
        # A slower one of two that fetched at once must not take the other's news back.
        if find_tip(change, rig.name, rig.target) != known or repository.resolve(_ref(rig)) != tip:
            return
        if lost and known is not None:
            replace_tip(change, rig.name, rig.target, known, tip)
            words = f"{rig.target} of {rig.name} was rewritten: it was at {known[:12]}, and is at {tip[:12]} without it"
            insert_escalation(change, severity=Severity.MEDIUM, text=words, bead=None, about=None)
        else:
            move_tip(change, rig.name, rig.target, tip)


def _ref(rig: Rig) -> str:
    return f"refs/remotes/origin/{rig.target}"
