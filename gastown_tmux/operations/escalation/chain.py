"""The escalation chain: the mayor is asked, then the human, and when nobody answers, what is safe is done."""

from gastown_tmux.domain.addresses import MAYOR, OVERSEER, Address
from gastown_tmux.domain.agents import AgentMove, AgentState, Role
from gastown_tmux.domain.columns import cut
from gastown_tmux.domain.escalation import (
    Escalation,
    EscalationState,
    Level,
    Severity,
    is_overdue,
    is_untold,
    next_level,
)
from gastown_tmux.domain.ids import Time
from gastown_tmux.domain.mail import Message, MessageType, Priority, message_id
from gastown_tmux.domain.quoting import one_line
from gastown_tmux.domain.work import Bead, Reason
from gastown_tmux.edges.files import clock
from gastown_tmux.edges.files.faults import fault_point
from gastown_tmux.operations.hooks.state import write_state
from gastown_tmux.operations.hooks.worktrees import save_hook
from gastown_tmux.operations.mail.sending import deliver
from gastown_tmux.operations.sessions.ending import stop_sessions
from gastown_tmux.operations.town.isolation import each
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store import escalations as rows
from gastown_tmux.store.agents import find_agent
from gastown_tmux.store.beads import find_held_bead, list_held_beads, return_bead
from gastown_tmux.store.meta import get_meta

#: A whole log may follow; the body has it.
_SUBJECT_COLUMNS = 120
_PRIORITY = {
    Severity.LOW: Priority.LOW,
    Severity.MEDIUM: Priority.NORMAL,
    Severity.HIGH: Priority.HIGH,
    Severity.CRITICAL: Priority.URGENT,
}


def find_pending(town: Town) -> list[Escalation]:
    """What ``climb`` has something to do for: the mayor's too, where no agent is the mayor any more."""
    return rows.list_pending(town.db, clock.now(), mayor=_has_mayor(town))


def climb(town: Town) -> None:
    """Asks whoever has not been asked yet, and goes a level up where a deadline has passed.

    Killed anywhere and run again, nobody gets a mail twice and nothing is done twice.
    """

    def look_at(escalation: Escalation) -> None:
        if is_overdue(escalation, clock.now()):
            _go_up(town, escalation)
        elif not _has_mayor(town):
            _pass_over_mayor(town, escalation)
        ask_next(town, rows.get_escalation(town.db, escalation.id))

    each(town, "escalation", find_pending(town), look_at, lambda escalation: escalation.id)


def ask_next(town: Town, escalation: Escalation) -> None:
    """Mails an escalation to its level, whose time begins to run with that; does nothing for one that was told."""
    if not is_untold(escalation):
        return
    if not _has_mayor(town):
        escalation = _pass_over_mayor(town, escalation)
    deadline = deadline_of(town, escalation.severity)
    to = MAYOR if escalation.level is Level.MAYOR else OVERSEER
    lines = [escalation.text.rstrip(), "", f"Until {deadline}: gt escalate ack {escalation.id}, and when it is done,"]
    lines += [f"gt escalate resolve {escalation.id}. After that, " + _describe_next(escalation) + "."]
    if escalation.bead is not None:
        lines.append(f"It is about {escalation.bead}: gt bead show {escalation.bead}")
    _mail(town, escalation, to, "\n".join(lines) + "\n")
    fault_point("escalation.told")
    with town.change() as change:
        if is_untold(rows.get_escalation(change, escalation.id)):
            rows.set_deadline(change, escalation.id, deadline)


def _has_mayor(town: Town) -> bool:
    """Whether an agent is the mayor, who reads what the mayor is asked; else a person must."""
    mayor = find_agent(town.db, MAYOR)
    return mayor is not None and mayor.state not in (AgentState.OFF, AgentState.FAILED)


def _pass_over_mayor(town: Town, escalation: Escalation) -> Escalation:
    """As it is then: what the mayor was to be asked, or did not answer, is the human's."""
    with town.change() as change:
        now = rows.get_escalation(change, escalation.id)
        if now.level is Level.MAYOR and now.state is EscalationState.OPEN:
            rows.move_escalation(change, escalation.id, "climb", level=Level.HUMAN)
    return rows.get_escalation(town.db, escalation.id)


def deadline_of(town: Town, severity: Severity) -> Time:
    return clock.after(town.settings().seconds(f"escalation.{severity}"))


def _describe_next(escalation: Escalation) -> str:
    if next_level(escalation.level) is Level.HUMAN:
        return "the human is asked"
    return "the agent is stopped, its work saved, and its bead open again"


def _go_up(town: Town, escalation: Escalation) -> None:
    level = next_level(escalation.level)
    if level is Level.DEFAULT:
        done = _do_what_is_safe(town, escalation)
        _mail(town, escalation, OVERSEER, f"{escalation.text.rstrip()}\n\nNobody answered in time. {done}\n")
    with town.change() as change:
        if is_overdue(rows.get_escalation(change, escalation.id), clock.now()):
            rows.move_escalation(change, escalation.id, "climb", level=level)


def _do_what_is_safe(town: Town, escalation: Escalation) -> str:
    """Saves and stops the agent whose work it is about, and opens its bead again; in words."""
    found = _find_held(town, escalation)
    if found is None:
        return "No agent has work on its hook that it is about, so nothing was stopped."
    address, bead = found
    agent = find_agent(town.db, address)
    move: AgentMove = "pause" if agent is not None and agent.role is Role.CREW else "stop"
    save_hook(town, town.rig(bead.rig), address, f"parked: {escalation.id}")
    stop_sessions(town, [address], why=f"parked: {escalation.id}", move=move)
    fault_point("escalation.stopped")
    with town.change() as change:
        held = find_held_bead(change, address)
        if held is not None and held.id == bead.id:
            return_bead(change, bead.id, Reason.PARKED)
    write_state(town, address)
    return f"{address} is stopped, its work is saved, and {bead.id} is open again: gt sling {bead.id} gives it out."


def _find_held(town: Town, escalation: Escalation) -> tuple[Address, Bead] | None:
    for address, bead in list_held_beads(town.db).items():
        if bead.id == escalation.bead or (escalation.bead is None and address == escalation.agent):
            return address, bead
    return None


def _mail(town: Town, escalation: Escalation, to: Address, body: str) -> None:
    """Always the same mail for one escalation at one level."""
    seed = f"{escalation.id} {escalation.level} {to} {escalation.deadline}"
    message = Message(
        id=message_id(seed.encode(), get_meta(town.db, "name") or "town"),
        sender=escalation.agent,
        to=(to,),
        subject=f"{escalation.id} ({escalation.severity}): {cut(one_line(escalation.text), _SUBJECT_COLUMNS)}",
        body=body,
        date=clock.now(),
        type=MessageType.ESCALATION,
        priority=_PRIORITY[escalation.severity],
        bead=escalation.bead,
    )
    deliver(town, message, [to])
