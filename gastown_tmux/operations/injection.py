"""gt mail check: what is new, for people and, with ``--inject``, for the hooks of agents' programs."""

import contextlib
import json
import sys
from collections.abc import Iterator, Sequence

from gastown_tmux.domain.delivery import DeliveryState
from gastown_tmux.domain.ids import Address, SessionId
from gastown_tmux.domain.mail import Message, Priority, injection, short_id
from gastown_tmux.edges import clock
from gastown_tmux.edges.locks import Lock
from gastown_tmux.errors import GtError, NotFoundError
from gastown_tmux.operations.inbox import MailView, box, view
from gastown_tmux.operations.town import Town
from gastown_tmux.store.agents import move_session
from gastown_tmux.store.deliveries import find_delivery, insert_delivery, list_quiet, move_delivery

#: How long a hook waits for a courier that is telling the same agent at this moment.
_LOCK_SECONDS = 5.0


def check(town: Town, inject: bool = False) -> list[MailView] | Iterator[str]:
    """The actor's unread mails, none of them marked by this.

    With ``inject``, text in the form that the calling hook wants (``GT_INJECT``) of mails that the agent was not told
    of yet. Those it shows are offered to this session once the text is out, the others come next time. Nothing is
    raised then, whatever is wrong.
    """
    if inject:
        return _inject(town)
    mails = box(town, town.actor)
    return [view(town, mails.load(entry), entry) for entry in mails.list_new()]


def tell_lock(town: Town, address: str, seconds: float = _LOCK_SECONDS) -> Lock:
    """Held by whoever tells an agent of its mail, until that is recorded: so that nobody else does it too."""
    return Lock(town.run / f"tell.{address.replace('/', '.')}.lock", seconds)


def _inject(town: Town) -> Iterator[str]:
    with contextlib.suppress(GtError), tell_lock(town, town.actor):
        new = injection(_untold(town))
        text = form(town, new.text) if new.told else ""
        if text:
            # Whoever prints this comes back only after it is written: nobody is told of it less than once.
            yield text
            _record(town, new.told)
        elif not new.told:
            _take_in(town)


def _untold(town: Town) -> list[Message]:
    now, quiet = clock.now(), town.actor in list_quiet(town.db)
    found = []
    for entry in box(town, town.actor).list_new():
        with contextlib.suppress(NotFoundError):
            message = box(town, town.actor).load(entry)
            row = find_delivery(town.db, short_id(message.id), town.actor)
            told = row is not None and row.state is not DeliveryState.QUEUED
            late = message.expires is not None and message.expires <= now
            if not told and not late and (not quiet or message.priority is Priority.URGENT):
                found.append(message)
    return found


def form(town: Town, text: str) -> str:
    """The text as the program that runs this hook takes it; empty where it must not be stopped again."""
    payload = _payload(town)
    match town.environment.get("GT_INJECT"):
        case "context":
            event = payload.get("hook_event_name")
            return json.dumps({"hookSpecificOutput": {"hookEventName": event, "additionalContext": text}})
        case "block":
            return "" if payload.get("stop_hook_active") else json.dumps({"decision": "block", "reason": text})
        case _:
            return text.rstrip("\n")


def _payload(town: Town) -> dict[str, object]:
    if "GT_HOOK" not in town.environment or sys.stdin.isatty():
        return {}
    try:
        payload = json.loads(sys.stdin.buffer.read() or b"{}")
    except ValueError:
        return {}
    return payload if isinstance(payload, dict) else {}


def _record(town: Town, messages: Sequence[Message]) -> None:
    session = town.environment.get("GT_SESSION") or None
    with town.change() as change:
        for message in messages:
            mail = short_id(message.id)
            insert_delivery(change, mail, Address(town.actor), message.sender, message.priority, message.expires)
            move_delivery(change, mail, town.actor, "offer", session=session)
        if session is not None and town.environment.get("GT_HOOK") == "idle":
            # The turn was about to end, and goes on with what it was told.
            move_session(change, SessionId(session), "work")
    _take_in(town)


def _take_in(town: Town) -> None:
    """Out of ``new/``, unread: the next hook need not start Python to find that there is nothing new."""
    for entry in box(town, town.actor).list_new():
        row = find_delivery(town.db, entry.key, town.actor)
        if entry.folder == "new" and row is not None and row.state is not DeliveryState.QUEUED:
            with contextlib.suppress(NotFoundError):
                box(town, town.actor).take_in(entry)
