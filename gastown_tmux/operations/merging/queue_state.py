"""gt mq pause and resume: whether a rig's merge queue lands what is in it."""

from gastown_tmux.domain.escalation import EscalationState
from gastown_tmux.domain.ids import RigName
from gastown_tmux.domain.rigs import QueueState, Rig
from gastown_tmux.operations.town.town import Answer, Town
from gastown_tmux.store.escalations import list_escalations, move_escalation
from gastown_tmux.store.rigs import list_rigs, set_queue


def paused_words(rig: RigName) -> str:
    """How it is told that a queue was paused, and by which it is found again that this was asked about."""
    return f"the merge queue of {rig} is paused"


def pause_queue(town: Town, rig: Rig | None = None, message: str | None = None) -> Answer:
    """Nothing of the rig (none given: of any) lands from now on, not even what is being tested; submitting goes on."""
    return _set(town, rig, QueueState.PAUSED, message or f"by {town.actor}")


def resume_queue(town: Town, rig: Rig | None = None) -> Answer:
    """What was asked about the pause is answered by this."""
    return _set(town, rig, QueueState.RUNNING, None)


def _set(town: Town, rig: Rig | None, state: QueueState, reason: str | None) -> Answer:
    changed, rigs = list[RigName](), [rig] if rig else list_rigs(town.db)
    with town.change() as change:
        for one in rigs:
            changed += [one.name] if set_queue(change, one.name, state, reason) else []
            for asked in list_escalations(change) if state is QueueState.RUNNING else ():
                if asked.state != EscalationState.RESOLVED and asked.text.startswith(f"{paused_words(one.name)}: "):
                    move_escalation(change, asked.id, "resolve")
    names = ", ".join(changed or [one.name for one in rigs]) or "no rig"
    value = town.rig(rig.name) if rig else list_rigs(town.db)
    back = f"\nnext: gt mq resume{f' --rig {rig.name}' if rig else ''}" if state is QueueState.PAUSED else ""
    return Answer(value, f"the merge queue of {names} is {state}" + (back if changed else " already"))
