"""Names and ids: strings become these at the rim, and below it none is a bare ``str``.

Every parser raises ``UsageError`` with the rule in its words; a value that exists is a value that is well formed.
"""

import re
from typing import NewType

from gastown_tmux.errors import UsageError

RigName = NewType("RigName", str)
BeadId = NewType("BeadId", str)
ConvoyId = NewType("ConvoyId", str)
MergeRequestId = NewType("MergeRequestId", str)
EscalationId = NewType("EscalationId", str)
SessionId = NewType("SessionId", str)
#: RFC 3339 in UTC with milliseconds, ``2026-11-22T10:02:08.123Z``: sorts as text in the order of time.
Time = NewType("Time", str)
#: A full hexadecimal object name.
Commit = NewType("Commit", str)

RESERVED = frozenset(("hq", "mayor", "deacon", "witness", "refinery", "overseer", "crew", "polecats", "lock"))
RESERVED_PREFIXES = frozenset(("cv", "mr", "run", "esc", "ses"))
TOWN_ADDRESSES = ("mayor", "deacon", "witness", "overseer")
ID_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"

_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}\Z")
_PREFIX = re.compile(r"[a-z]{2,4}\Z")
_GROUP = re.compile(r"@(town|rig/[a-z0-9-]+|crew/[a-z0-9-]+|polecats/[a-z0-9-]+)\Z")


def parse_name(text: str, what: str) -> str:
    """A rig's, agent's or town's name; ``what`` names the thing in the error."""
    if not _NAME.match(text):
        raise UsageError(f"{text!r} is no {what} name: a lower-case letter, then letters, digits or '-', 32 at most")
    if text in RESERVED:
        raise UsageError(
            f"{text!r} is a reserved name", hint="choose another; reserved: " + ", ".join(sorted(RESERVED))
        )
    return text


def parse_prefix(text: str) -> str:
    """A rig's bead prefix: two to four letters."""
    if not _PREFIX.match(text) or text in RESERVED_PREFIXES:
        raise UsageError(
            f"{text!r} is no bead prefix: two to four lower-case letters, none of "
            + ", ".join(sorted(RESERVED_PREFIXES))
        )
    return text


def suggest_prefix(rig: str, taken: frozenset[str]) -> str:
    """A free prefix that reminds of the rig's name.

    >>> suggest_prefix("gastown-tmux", frozenset())
    'gt'
    >>> suggest_prefix("demo", frozenset())
    'de'
    >>> suggest_prefix("demo", frozenset({"de"}))
    'dem'
    """
    letters = re.sub(r"[^a-z]", "", rig)
    initials = "".join(word[0] for word in rig.split("-") if word and word[0].isalpha())
    candidates = [initials[:4], letters[:2], letters[:3], letters[:4]]
    candidates += [letters[:1] + a + b for a in "abcdefghijklmnopqrstuvwxyz" for b in "abcdefghijklmnopqrstuvwxyz"]
    for candidate in candidates:
        if _PREFIX.match(candidate) and candidate not in taken | RESERVED_PREFIXES:
            return candidate
    raise UsageError(f"no bead prefix is free for {rig!r}", hint="gt rig add NAME URL --prefix P")


class Address(str):
    """Who may be written to or put to work: ``mayor``, ``<rig>/<name>``, ``<rig>/refinery`` …"""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Accepts the long forms ``mayor/``, ``<rig>/crew/<name>`` and ``<rig>/polecats/<name>`` too.

        >>> Address.parse("demo/polecats/toast"), Address.parse("mayor/")
        ('demo/toast', 'mayor')
        """
        parts = text.removesuffix("/").split("/")
        if len(parts) == 3 and parts[1] in ("crew", "polecats"):
            parts = [parts[0], parts[2]]
        if len(parts) == 1 and parts[0] in TOWN_ADDRESSES:
            return cls(parts[0])
        if len(parts) == 2 and _NAME.match(parts[0]) and parts[0] not in RESERVED:
            if parts[1] == "refinery":
                return cls("/".join(parts))
            if _NAME.match(parts[1]) and parts[1] not in RESERVED:
                return cls("/".join(parts))
        raise UsageError(f"{text!r} is no address", hint="mayor, deacon, witness, overseer, RIG/NAME or RIG/refinery")

    @classmethod
    def of(cls, rig: RigName, name: str) -> "Address":
        return cls(f"{rig}/{name}")

    @property
    def rig(self) -> RigName | None:
        """The rig's name; none for the town's own addresses."""
        return RigName(self.partition("/")[0]) if "/" in self else None

    @property
    def name(self) -> str:
        """The part that is unique within its rig, or the whole town address."""
        return self.rpartition("/")[2]

    @property
    def folder(self) -> str:
        """The address as one path component: its mailbox's, hook's and window's files."""
        return self.replace("/", ".")

    @property
    def is_person(self) -> bool:
        return self == OVERSEER

    @property
    def is_daemon(self) -> bool:
        """Plain code, that nobody need tell of its mail."""
        return self in (DEACON, WITNESS) or self.name == "refinery"


OVERSEER = Address("overseer")
MAYOR = Address("mayor")
DEACON = Address("deacon")
WITNESS = Address("witness")


def is_group(text: str) -> bool:
    return bool(_GROUP.match(text))
