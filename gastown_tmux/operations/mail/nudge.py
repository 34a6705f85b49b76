"""gt nudge: words typed into an agent's window, at once or at its next pause; gt dnd."""

import contextlib
import os
from collections.abc import Sequence
from enum import StrEnum

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.delivery import Availability, DeliveryState
from gastown_tmux.domain.mail import Priority, fresh_message_id, short_id
from gastown_tmux.domain.quoting import one_line, shortened
from gastown_tmux.edges.files import clock
from gastown_tmux.edges.tmux.typing import Refused, Typed, Unsure, When
from gastown_tmux.errors import GtError, NotFoundError, RefusedError, UsageError
from gastown_tmux.operations.mail.delivering import deliver, find_provider, observe
from gastown_tmux.operations.mail.inbox import MailView, box
from gastown_tmux.operations.mail.sending import require_allowed, send
from gastown_tmux.operations.town import lookup
from gastown_tmux.operations.town.town import Answer, Town
from gastown_tmux.providers.base import WhenBusy
from gastown_tmux.store.agents import find_agent, find_live_session
from gastown_tmux.store.deliveries import find_delivery, insert_delivery, list_quiet, move_delivery, set_quiet

#: Agents' programs fold what is longer than this away, so that nobody can see whether it arrived.
LONGEST = 800
#: Words for now that found no pause within this time are not typed any more.
EXPIRES_SECONDS = 3600.0


class Mode(StrEnum):
    """``idle``: typed if the agent is idle, else queued. ``queue``: at its next pause. ``now``: into its turn too."""

    IDLE = "idle"
    QUEUE = "queue"
    NOW = "now"


@dataclass(frozen=True, slots=True)
class NudgeView:
    """``state`` is delivered, queued or refused; ``reason`` says why it is not delivered."""

    agent: Address
    state: str
    reason: str | None
    id: str


def nudge(town: Town, agent: str, text: Sequence[str], mode: str = Mode.IDLE) -> Answer:
    """A NudgeView, or for a group a list of them.

    Raises RefusedError where it is neither delivered nor queued to anybody, which only mode now can come to.
    """
    words = one_line(" ".join(text))
    if not words:
        raise UsageError("there are no words to type", hint="gt nudge AGENT TEXT")
    if len(words) > LONGEST:
        raise UsageError(f"words that are typed may have {LONGEST} characters", hint=f"gt prompt {agent} TEXT")
    # A person's words are typed as they are; others must not pass for them.
    line = words if town.is_person else f"gt: nudge from {town.actor}: {words}"
    addresses = _find_readers(town, agent)
    for address in addresses:
        require_allowed(town, address)
    return _answer([_nudge(town, address, line, Mode(mode)) for address in addresses], agent)


def point(town: Town, agent: str, text: str) -> Answer:
    """As ``nudge``, for words that are too many to be typed: they come as a mail, and what is typed points to it."""
    addresses = _find_readers(town, agent)
    mail = send(town, addresses, shortened(text) or "words", text).value
    assert isinstance(mail, MailView)
    return _answer([_tell(town, mail.id, address, Mode.IDLE) for address in addresses], agent)


def _find_readers(town: Town, agent: str) -> list[Address]:
    """An agent, or those of a group. Raises NotFoundError, RefusedError for one that has no window."""
    is_group = agent.startswith("@")
    addresses = [to for to in lookup.resolve_recipients(town, [agent]) if find_agent(town.db, to) or not is_group]
    for address in addresses:
        if find_agent(town.db, address) is None:
            raise RefusedError(f"{address} has no window to type into", hint=f"gt mail send {address}")
    if not addresses:
        raise NotFoundError(f"there is no agent in {agent}", hint="gt agents")
    return addresses


def _answer(views: list[NudgeView], agent: str) -> Answer:
    if all(view.state == "refused" for view in views):
        raise RefusedError(f"not typed to {views[0].agent}: {views[0].reason}", hint=f"gt peek {views[0].agent}")
    lines = [f"{view.agent}: {view.state}" + (f" ({view.reason})" if view.reason else "") for view in views]
    return Answer(views if agent.startswith("@") else views[0], "\n".join(lines))


def _nudge(town: Town, address: Address, line: str, mode: Mode) -> NudgeView:
    id = short_id(fresh_message_id(os.urandom(8), "nudge"))
    with town.change() as change:
        expires = clock.after(EXPIRES_SECONDS)
        insert_delivery(change, id, address, town.actor, Priority.NORMAL, expires, line)
    return _tell(town, id, address, mode)


def _tell(town: Town, id: str, address: Address, mode: Mode) -> NudgeView:
    reason: str | None = None
    if mode is not Mode.QUEUE:
        try:
            reason = _type(town, id, address, mode)
        except GtError as error:
            reason = error.message
    with town.change() as change:
        row = find_delivery(change, id, address)
        if row is not None and row.state is DeliveryState.ACCEPTED:
            return NudgeView(address, "delivered", None, id)
        if mode is Mode.NOW:
            move_delivery(change, id, address, "die", reason=reason)
            return NudgeView(address, "refused", reason, id)
    return NudgeView(address, "queued", reason, id)


def try_again(town: Town, view: NudgeView) -> str | None:
    """Types words that are still queued, where the agent is idle now: why not, or None."""
    try:
        return _type(town, view.id, view.agent, Mode.IDLE)
    except GtError as error:
        return error.message


def withdraw(town: Town, view: NudgeView, reason: str) -> None:
    """Words that were not told yet are not told any more; a mail that holds them is put away."""
    with town.change() as change:
        row = find_delivery(change, view.id, view.agent)
        if row is None or row.state is not DeliveryState.QUEUED:
            return
        move_delivery(change, view.id, view.agent, "die", reason=reason)
    if row.words is None:
        with contextlib.suppress(NotFoundError):
            box(town, view.agent).archive(box(town, view.agent).find(view.id))


def _type(town: Town, id: str, address: Address, mode: Mode) -> str | None:
    """Why it was not typed, or None."""
    agent, session = find_agent(town.db, address), find_live_session(town.db, address)
    if mode is Mode.IDLE and address in list_quiet(town.db):
        return "not to be disturbed"
    if session is None or agent is None:
        return "the agent is not running"
    seen, when = observe(town, agent, session), When.IDLE
    if seen.availability is Availability.WORKING and mode is Mode.NOW:
        refuses = find_provider(town, session, agent).typing.when_busy is WhenBusy.REFUSES
        when = When.INTERRUPT if refuses else When.TURN
    elif seen.availability is not Availability.IDLE:
        if seen.availability is Availability.UNKNOWN:
            return "what its program does is not known"
        return f"the agent is {seen.availability}"
    match deliver(town, id, address, when):
        case Refused(reason=reason) | Unsure(reason=reason):
            return reason
        case Typed():
            return None


def do_not_disturb(town: Town, agent: Address, switch: str = "status") -> Answer:
    """Whether an agent hears only what is urgent; ``switch`` is on, off or status."""
    changed = False
    mark = town.quiet_mark(agent)
    if switch == "on":
        mark.parent.mkdir(mode=0o700, exist_ok=True)
        mark.touch(mode=0o600)
    if switch != "status":
        with town.change() as change:
            changed = set_quiet(change, agent, switch == "on")
    if switch == "off":
        mark.unlink(missing_ok=True)
    quiet = agent in list_quiet(town.db)
    text = f"{agent} is {'not to be disturbed' if quiet else 'told of all its mail'}"
    again = "" if changed or switch == "status" else " already"
    return Answer({"agent": agent, "dnd": quiet}, text + again)
