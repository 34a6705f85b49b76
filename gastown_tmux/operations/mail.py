"""gt mail: messages that must arrive."""

import os
from collections.abc import Sequence

from gastown_tmux.domain.ids import Address
from gastown_tmux.domain.mail import Message, MessageType, message_id
from gastown_tmux.edges import clock
from gastown_tmux.edges.wake import poke
from gastown_tmux.operations.town import Town
from gastown_tmux.store.mailbox import Mailbox
from gastown_tmux.store.message import encode
from gastown_tmux.store.meta import get_meta


def box(town: Town, address: Address) -> Mailbox:
    return Mailbox(town.mail / address.folder)


def deliver(town: Town, message: Message, to: Sequence[Address]) -> None:
    """Into each box exactly once, however often this is called with the same message."""
    data = encode(message)
    for address in to:
        box(town, address).deliver(data, message.id)
    poke(town.wake_fifo)


def notify(town: Town, to: Address, subject: str, body: str) -> None:
    """A daemon's word to somebody, in the actor's name."""
    message = Message(
        id=message_id(os.urandom(16), get_meta(town.db, "name") or "town"),
        sender=town.actor,
        to=(to,),
        subject=subject,
        body=body,
        date=clock.now(),
        type=MessageType.NOTIFICATION,
    )
    deliver(town, message, [to])
