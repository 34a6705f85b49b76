"""gt mail send and reply, and the daemons' own mail: into every box exactly once, then the rows that say so."""

import contextlib
import os
from collections.abc import Sequence

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.addresses import DEACON, OVERSEER, Address
from gastown_tmux.domain.delivery import PAIR_WINDOW, Limited, allow
from gastown_tmux.domain.events import EventType
from gastown_tmux.domain.ids import BeadId
from gastown_tmux.domain.mail import (
    Message,
    MessageType,
    Priority,
    fresh_message_id,
    message_id,
    reply_subject,
    short_id,
)
from gastown_tmux.domain.odd_bytes import printable
from gastown_tmux.domain.quoting import one_line
from gastown_tmux.domain.work import Bead
from gastown_tmux.edges.files import clock
from gastown_tmux.edges.files.faults import fault_point
from gastown_tmux.errors import NotFoundError, RefusedError, UsageError
from gastown_tmux.operations.mail.inbox import box, find, keep_read, view
from gastown_tmux.operations.town import lookup
from gastown_tmux.operations.town.town import Answer, Town
from gastown_tmux.operations.town.writing import kept, write
from gastown_tmux.store.agents import find_agent
from gastown_tmux.store.deliveries import count_pair, insert_delivery
from gastown_tmux.store.message import encode
from gastown_tmux.store.meta import find_result, get_meta, keep_result

LARGEST_BODY = 1 << 20
_VERB = "mail send"


def deliver(town: Town, message: Message, to: Sequence[Address], key: str | None = None) -> None:
    """Into each box exactly once, however often this is called with the same message; durable when it returns.

    Killed half-way, the same call completes it. ``key`` is kept with it as the key of this mail.
    """
    data, mail = encode(message), short_id(message.id)
    taken = [address for address in to if box(town, address).deliver(data, message.id)]
    fault_point("mail.delivered")
    # The mail is there, whatever becomes of its rows: where the database is locked, the courier makes them.
    with contextlib.suppress(RefusedError), town.change() as change:
        for address in to:
            if not address.is_daemon:
                insert_delivery(change, mail, address, message.sender, message.priority, message.expires)
        if taken:
            change.event(EventType.MAIL_SENT, mail, to=taken, about=one_line(message.subject), kind=message.type)
        if key is not None and find_result(change, _VERB, key) is None:
            keep_result(change, _VERB, key, mail)


def notify(
    town: Town, to: Address, subject: str, body: str, seed: str | None = None, sender: Address | None = None
) -> None:
    """A daemon's word to somebody, in the actor's name unless given; with the same ``seed`` it is the same mail.

    An agent that was removed meanwhile gets none: one of the same name is to find an empty box.
    """
    if to.rig is not None and to.host is None and not to.is_daemon and find_agent(town.db, to) is None:
        return
    message = Message(
        id=_new_id(town, seed),
        sender=sender or town.actor,
        to=(to,),
        subject=printable(subject),
        body=printable(body),
        date=clock.now(),
        type=MessageType.NOTIFICATION,
    )
    deliver(town, message, [to])


def send(
    town: Town,
    to: Sequence[str],
    subject: str | None = None,
    body: str | None = None,
    type: str | None = None,
    priority: str = Priority.NORMAL,
    reply_to: str | None = None,
    bead: Bead | None = None,
    expires: float | None = None,
    key: str | None = None,
    attach: Sequence[str] = (),
) -> Answer:
    """One mail, in the actor's name, to addresses and groups; the value is a MailView. Without ``body`` a person at a
    terminal writes it, the subject too where none is given.

    Raises NotFoundError for an unknown address, UsageError for a body over 1 MB, RefusedError for attachments and
    where two agents have written to each other without end.
    """
    if attach:
        raise RefusedError("mail carries no attachments", hint="commit the file, or name its path in the mail")
    original = find(town, reply_to).message if reply_to is not None else None
    recipients = lookup.resolve_recipients(town, to)
    written = None
    if body is None:
        written = write(town, "mail", head="" if subject is None else None, told=f"# a mail to {', '.join(to)}")
        head, body = written or ("", "")
        subject = head if subject is None else subject
    if not subject:
        raise UsageError("gt mail send needs --subject", hint="gt mail send TO… -s SUBJECT -m BODY")
    draft = _Draft(
        to=recipients,
        subject=subject,
        body=body,
        type=MessageType(type) if type else MessageType.REPLY if original else MessageType.TASK,
        priority=Priority(priority),
        original=original,
        bead=bead.id if bead else None,
        expires=expires,
    )
    with kept(written):
        return _send(town, draft, key)


def reply(
    town: Town,
    mail: str,
    body: str | None = None,
    priority: str | None = None,
    key: str | None = None,
) -> Answer:
    """An answer to the sender of a mail, which counts as read then; the value is a MailView. Without ``body`` a person
    at a terminal writes it. Raises UsageError for an empty one.
    """
    found = find(town, mail)
    original = found.message
    if original.foreign:
        raise RefusedError(
            f"{short_id(original.id)} came from outside the town, from {original.sender or 'nobody'}",
            hint="gt mail send ADDRESS",
        )
    sender, written = lookup.resolve_address(town, original.sender), None
    if body is None:
        told = "\n".join(
            f"> {line}" for line in (f"{original.sender}: {original.subject}", "", *original.body.splitlines())
        )
        written = write(town, "reply", told=told)
    text = written[1] if written else body or ""
    if not text.strip():
        raise UsageError("a reply needs words", hint=f"gt mail reply {short_id(original.id)} -m WORDS")
    draft = _Draft(
        to=[sender],
        subject=reply_subject(original.subject),
        body=text,
        type=MessageType.REPLY,
        priority=Priority(priority) if priority else original.priority,
        original=original,
    )
    with kept(written):
        answer = _send(town, draft, key)
    if found.address == town.actor:
        keep_read(town, found)
    return answer


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """What is to be sent; ``original`` is the mail it answers, ``expires`` in seconds from now."""

    to: Sequence[Address]
    subject: str
    body: str
    type: MessageType
    priority: Priority
    original: Message | None = None
    bead: BeadId | None = None
    expires: float | None = None


def _send(town: Town, draft: _Draft, key: str | None) -> Answer:
    if len(draft.body.encode("utf-8", "surrogatepass")) > LARGEST_BODY:
        raise UsageError("a mail's body may have 1 MB", hint="commit the text, or name its path in the mail")
    # A key is the sender's own: two agents that both say --key done mean two mails.
    own_key = key and f"{town.actor} {key}"
    before = find_result(town.db, _VERB, own_key)
    message = _compose(town, draft, own_key)
    if before is None:
        for address in draft.to:
            require_allowed(town, address, message.hops)
        deliver(town, message, draft.to, own_key)
    else:
        message = _find_sent(town, before, draft.to) or message
    names = ", ".join(message.to) if len(message.to) <= 3 else f"{len(message.to)} addresses"
    again = " already" if before is not None else ""
    where = "on its way to" if any(Address(to).host for to in message.to) else "in the box of"
    return Answer(view(town, message), f"{short_id(message.id)} is {where} {names}{again}")


def _compose(town: Town, draft: _Draft, key: str | None) -> Message:
    original = draft.original
    references = original.references or tuple(filter(None, [original.in_reply_to])) if original else ()
    return Message(
        id=_new_id(town, key),
        sender=town.actor,
        to=tuple(draft.to),
        subject=draft.subject,
        body=draft.body,
        date=clock.now(),
        type=draft.type,
        priority=draft.priority,
        in_reply_to=original.id if original else None,
        references=(*references, original.id) if original else (),
        bead=draft.bead or (original.bead if original else None),
        expires=clock.after(draft.expires) if draft.expires is not None else None,
        session=town.session,
        hops=original.hops + 1 if original and _is_agent(town, town.actor) else 0,
    )


def _new_id(town: Town, seed: str | None) -> str:
    """Random, or always the same for a seed, and no other town's."""
    name = get_meta(town.db, "name") or "town"
    if not seed:
        return fresh_message_id(os.urandom(8), name)
    return message_id(f"{seed} of {get_meta(town.db, 'id')}".encode(), name)


def _find_sent(town: Town, mail: str, to: Sequence[Address]) -> Message | None:
    """The mail as it was first sent, where a box still has it."""
    for address in to:
        try:
            return box(town, address).load(box(town, address).find(mail))
        except NotFoundError:
            continue
    return None


def _is_agent(town: Town, address: Address) -> bool:
    """One of another town counts as one by its address: rows tell of ours alone."""
    if address.host is not None:
        return address.rig is not None
    return find_agent(town.db, address) is not None


def require_allowed(town: Town, to: Address, hops: int = 0) -> None:
    """Raises RefusedError, and tells the overseer, where the actor and ``to`` are agents that write without end."""
    limited = _is_agent(town, town.actor) and _is_agent(town, to)
    sent = count_pair(town.db, town.actor, to, clock.after(-PAIR_WINDOW)) if limited else 0
    match allow(hops, sent, sender_is_agent=limited):
        case Limited(reason=reason):
            # One an hour: this mail must not become the flood that it tells of.
            hour = f"loop {town.actor} {to} {clock.now()[:13]}"
            words = f"gt mail to {to} was refused: {reason}.\n\nSee what they say: gt events --type mail\n"
            # Not in the name of the agent, which wrote nothing of it.
            notify(town, OVERSEER, f"{town.actor} and {to} write to each other without end", words, hour, DEACON)
            raise RefusedError(f"{town.actor} may not write to {to} now: {reason}", hint="gt escalate TEXT")
