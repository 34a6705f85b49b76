"""Addresses: who may be written to or put to work, and how a person types one."""

import re

from gastown_tmux.domain.ids import RigName, is_name
from gastown_tmux.errors import UsageError

TOWN_ADDRESSES = ("mayor", "deacon", "witness", "overseer")

_GROUP = r"@(town|rig/[a-z0-9-]+|crew/[a-z0-9-]+|polecats/[a-z0-9-]+)\Z"


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
        if len(parts) == 2 and is_name(parts[0]) and (parts[1] == "refinery" or is_name(parts[1])):
            return cls("/".join(parts))
        forms = "mayor, deacon, witness, overseer, RIG/NAME or RIG/refinery"
        raise UsageError(f"{text!r} is not an address", hint=forms)

    @classmethod
    def of(cls, rig: RigName, name: str) -> "Address":
        return cls(f"{rig}/{name}")

    @classmethod
    def parse_elsewhere(cls, text: str) -> "Address":
        """Somebody of another town: an address there, ``@``, and what that town is called here.

        >>> Address.parse_elsewhere("demo/polecats/toast@box")
        'demo/toast@box'
        """
        local, _, host = text.rpartition("@")
        if not is_name(host):
            raise UsageError(f"{text!r} is not an address", hint="RIG/NAME@HOST, or mayor@HOST")
        return cls.parse(local).at(host)

    def at(self, host: str) -> "Address":
        """The same, seen from another town that calls this one ``host``."""
        return Address(f"{self}@{host}")

    @property
    def host(self) -> str | None:
        """What the town is called whose it is; None for one of this town."""
        return self.partition("@")[2] or None

    @property
    def there(self) -> "Address":
        """What its own town calls it."""
        return Address(self.partition("@")[0])

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
    return bool(re.match(_GROUP, text))
