"""Mail between two towns: what stands in one town's spool, as the other town calls those it names."""

from gastown_tmux.dataclass import dataclass, replace
from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.mail import Message

#: What a host calls the town that gives it work.
HOME = "home"


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail on its way: ``data`` as its sender's town wrote it, ``to`` whom, as that one calls them without the host.

    ``id`` is its short id, the same in both towns.
    """

    id: str
    to: Address
    data: str


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of a letter at the other town: in the box there, or refused for a ``reason``."""

    id: str
    to: Address
    reason: str | None


@dataclass(frozen=True, slots=True)
class Names:
    """``ours``: what the other town calls this one; ``theirs``: what this one calls it."""

    ours: str
    theirs: str


def localise(message: Message, names: Names) -> Message:
    """A mail of the other town's as this one reads it: its people are ``@theirs``, ours are nobody's ``@ours``.

    The Message-ID stays, so that it comes once however often it is brought. Its session is one of the other town's.

    >>> localise(Message(id="<a@b>", sender="mayor", to=("demo/nux@box", "overseer"), subject="", body="",
    ...     date="2026-01-01T00:00:00.000Z"), Names(ours="box", theirs="home")).to
    ('demo/nux', 'overseer@home')
    """
    return replace(
        message,
        sender=_localise(message.sender, names),
        to=tuple(_localise(each, names) for each in message.to),
        session=None,
    )


def _localise(word: str, names: Names) -> str:
    if word.startswith("@"):
        return word  # a group, which only says whom it went to
    address = Address(word)
    if address.host is None:
        return address.at(names.theirs)
    return address.there if address.host == names.ours else address


def is_home_name(name: str) -> bool:
    """Whether a host may call the town so that gives it work; nobody else is to be called so.

    >>> is_home_name("home"), is_home_name("home-2"), is_home_name("homer")
    (True, True, False)
    """
    return name == HOME or (name.startswith(f"{HOME}-") and name.removeprefix(f"{HOME}-").isdigit())


def name_home(known: dict[str, str], key: str) -> str:
    """What a host calls the town with that key: ``home``, and where others came before it ``home-2`` and so on.

    >>> name_home({}, "k"), name_home({"j": "home"}, "k"), name_home({"j": "home", "k": "home-2"}, "k")
    ('home', 'home-2', 'home-2')
    """
    if key in known:
        return known[key]
    taken = set(known.values())
    return next(
        name for name in (HOME, *(f"{HOME}-{number}" for number in range(2, len(taken) + 3))) if name not in taken
    )
