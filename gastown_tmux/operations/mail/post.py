"""Mail that leaves the town, and mail that comes into it: from spool to spool, once into the box.

What is written to ``demo/toast@box`` lies in a Maildir of that name until the town there has it in toast's box. What
a host writes to an agent of another host goes by their home, which alone knows both. Both sides give away a mail only
when the other has said that it has it; whoever is killed in between gives it once more, and the Message-ID says that it
is there already.
"""

import base64
import binascii
import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gastown_tmux.dataclass import dataclass, replace, values_of
from gastown_tmux.domain.addresses import DEACON, Address
from gastown_tmux.domain.ids import is_name
from gastown_tmux.domain.mail import Message, is_short_id, short_id
from gastown_tmux.domain.post import Delivered, Letter, Names, localise
from gastown_tmux.edges.files import clock
from gastown_tmux.edges.files.faults import fault_point
from gastown_tmux.errors import GtError, NotFoundError, UsageError
from gastown_tmux.operations.mail.inbox import box
from gastown_tmux.operations.mail.sending import LARGEST_BODY, deliver, notify
from gastown_tmux.operations.town import lookup
from gastown_tmux.operations.town.isolation import isolated
from gastown_tmux.operations.town.town import Answer, Town
from gastown_tmux.reading import json_object
from gastown_tmux.store.beads import find_bead
from gastown_tmux.store.deliveries import insert_delivery, move_delivery
from gastown_tmux.store.homes import keep_home, list_homes
from gastown_tmux.store.hosts import get_host, list_hosts
from gastown_tmux.store.mailbox import Mailbox
from gastown_tmux.store.message import decode_own

#: So much in one go, in bytes; the rest is for the next.
LOAD = 4 * LARGEST_BODY
_LARGEST = 3 * LARGEST_BODY


@dataclass(frozen=True, slots=True)
class Bag:
    """What one town hands another: letters, and what became of those it was handed. ``home``: what the host calls the
    town that asks. ``more``: whether something is left for the next bag.
    """

    home: str
    letters: tuple[Letter, ...]
    delivered: tuple[Delivered, ...]
    more: bool = False


def pack(town: Town, place: str, *, others: bool = False) -> tuple[tuple[Letter, ...], bool]:
    """The letters that lie here for the town called ``place``, oldest first, as many as one load takes.

    ``others``: those for places that only that town can know are among them.
    """
    letters, size = list[Letter](), 0
    for address, mails in [*_spools(town, place), *(_list_others(town) if others else ())]:
        for entry in mails.list_new():
            with isolated(town, "mail on its way", f"{entry.key} to {address}"):
                data = mails.read(entry)
                if letters and size + len(data) > LOAD:
                    return tuple(letters), True
                size += len(data)
                to = address.there if address.host == place else address
                letters.append(Letter(mails.id_of(entry), to, base64.b64encode(data).decode()))
    return tuple(letters), False


def has_letters(town: Town, place: str) -> bool:
    return any(mails.list_new() for _, mails in _spools(town, place))


def take(town: Town, letters: Sequence[Letter], names: Names) -> list[Delivered]:
    """Each into its reader's box, once; whom there is not, or what is no mail of ours, is refused with the reason."""
    return [Delivered(letter.id, letter.to, _take(town, letter, names)) for letter in letters]


def _take(town: Town, letter: Letter, names: Names) -> str | None:
    try:
        data = base64.b64decode(letter.data, validate=True)
    except (binascii.Error, ValueError):
        return "it cannot be read"
    message = _read(data, letter.id) if len(data) <= _LARGEST and is_short_id(letter.id) else None
    if message is None:
        return "it is no mail that gt wrote"
    try:
        # From one host to another, and never further: two towns that are each other's home would send it round.
        reader = letter.to if letter.to.host and get_host(town.db, letter.to.host) else None
        reader = reader or lookup.resolve_address(town, letter.to)
    except GtError as error:
        return error.message
    found = localise(message, names)
    if found.bead is not None and find_bead(town.db, found.bead) is None:
        found = replace(found, bead=None)
    deliver(town, found, [reader])
    return None


def _read(data: bytes, id: str) -> Message | None:
    if (message := decode_own(data, id)) is not None:
        return message
    from gastown_tmux.store.message_parser import decode  # few have so many readers, or answer so many

    message = decode(data, "", clock.now())
    return message if not message.foreign and short_id(message.id) == id else None


def settle(town: Town, delivered: Sequence[Delivered], place: str) -> None:
    """What the other town says became of our letters: those it has are put away, of those refused the sender hears."""
    for each in delivered:
        address = each.to if each.to.host else each.to.at(place)
        with isolated(town, "mail on its way", f"{each.id} to {address}"):
            _settle(town, each, address)


def _settle(town: Town, each: Delivered, address: Address) -> None:
    mails = box(town, address)
    try:
        entry = mails.find(each.id)
    except NotFoundError:
        return
    message = mails.load(entry)
    if each.reason is not None:
        # Before it is put away: killed in between, this is done again, and the same mail comes once.
        subject = f"not delivered to {address}: {each.reason}"
        with contextlib.suppress(GtError):
            sender = lookup.resolve_address(town, message.sender)
            if not sender.is_daemon:
                notify(town, sender, subject, f"gt mail status {each.id}\n", f"refused {each.id} {address}", DEACON)
    with town.change() as change:
        insert_delivery(change, each.id, address, message.sender, message.priority, message.expires)
        move_delivery(change, each.id, address, "accept" if each.reason is None else "die", reason=each.reason)
    fault_point("post.settled")
    mails.archive(mails.mark_seen(entry))


def exchange(town: Town, bag: str) -> Answer:
    """What a host does when home comes with mail, and takes what lies here for it: the value is a Bag."""
    given = json_object(bag)
    key, ours = str(given.get("key", "")), str(given.get("host", ""))
    if not key or not is_name(ours):
        raise UsageError("this is no bag of mail", hint="home calls this: gt host show HOST")
    names = Names(ours=ours, theirs=_know_home(town, key))
    settle(town, read_delivered(given), names.theirs)
    delivered = take(town, read_letters(given), names)
    first = next(iter(list_homes(town.db).values()))
    letters, more = pack(town, names.theirs, others=names.theirs == first)
    value = Bag(names.theirs, letters, tuple(delivered), more)
    return Answer(value, f"{len(delivered)} mails came, {len(letters)} go")


def _know_home(town: Town, key: str) -> str:
    if (name := list_homes(town.db).get(key)) is not None:
        return name
    with town.change() as change:
        return keep_home(change, key)


def write_bag(key: str, host: str, letters: Sequence[Letter], delivered: Sequence[Delivered]) -> bytes:
    """What home brings to a host."""
    document = {
        "key": key,
        "host": host,
        "letters": [values_of(letter) for letter in letters],
        "delivered": [values_of(each) for each in delivered],
    }
    return json.dumps(document).encode()


def read_letters(document: Mapping[str, Any]) -> list[Letter]:
    """Of what another town wrote: what is no letter is left out."""
    found = _items(document, "letters", "data")
    return [Letter(str(each["id"]), Address(each["to"]), str(each["data"])) for each in found]


def read_delivered(document: Mapping[str, Any]) -> list[Delivered]:
    found = _items(document, "delivered", "reason")
    return [Delivered(str(each["id"]), Address(each["to"]), each["reason"] and str(each["reason"])) for each in found]


def _items(document: Mapping[str, Any], name: str, field: str) -> Iterator[Mapping[str, Any]]:
    items = document.get(name)
    for each in items if isinstance(items, list) else []:
        if isinstance(each, Mapping) and field in each and isinstance(each.get("to"), str):
            yield each


def _list_others(town: Town) -> Iterator[tuple[Address, Mailbox]]:
    """The spools for places that are neither a host nor a home of this town."""
    known = {*list_homes(town.db).values(), *(host.name for host in list_hosts(town.db))}
    return ((address, mails) for address, mails in _spools(town, "*") if address.host not in known)


def _spools(town: Town, place: str) -> Iterator[tuple[Address, Mailbox]]:
    for folder in sorted(town.mail.glob(f"*@{place}")):
        with contextlib.suppress(UsageError):
            yield Address.parse_elsewhere(folder.name.replace(".", "/", 1)), Mailbox(folder)
