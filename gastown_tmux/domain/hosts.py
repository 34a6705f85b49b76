"""Hosts: other machines with a town of their own, to which beads are given."""

from enum import StrEnum

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.ids import Time

#: What two towns say to one another. It grows by one where an older gt would take it for something else.
PROTOCOL = 1


class HostState(StrEnum):
    """``away``: it did not answer when it was asked last. ``unfit``: its gt is of another version than ours can use,
    or the town there is another than the one that was added.
    """

    ON = "on"
    AWAY = "away"
    UNFIT = "unfit"
    PARKED = "parked"


@dataclass(frozen=True, slots=True)
class Host:
    """``prefix`` runs a command there, as a person gave it; ``target`` is what ssh takes, where that is the way.

    ``town`` and ``gt`` are paths there, ``key`` the town's own id, which a copy shares and no other has. ``capacity``:
    how many beads it may have at once, ``limit`` where a person set that. ``agents``, ``providers`` and ``version`` are
    as it said when it was last heard; ``allowed``: those providers that a person lets it have work for, where that is
    not all. ``trouble``: why it could not be reached, or does not fit, and since when.
    """

    name: str
    prefix: tuple[str, ...]
    target: str | None
    town: str
    gt: str
    key: str
    limit: int | None
    places: int
    providers: tuple[str, ...]
    labels: tuple[str, ...]
    parked: bool
    version: str
    agents: int
    last_heard: Time | None
    trouble: str | None
    trouble_since: Time | None
    is_unfit: bool
    created: Time
    allowed: tuple[str, ...] = ()

    @property
    def capacity(self) -> int:
        """Never more than it takes itself."""
        return self.places if self.limit is None else min(self.limit, self.places)

    @property
    def offers(self) -> tuple[str, ...]:
        """The providers that it may have work for, the one for beads that name none first."""
        return tuple(name for name in self.allowed if name in self.providers) if self.allowed else self.providers

    @property
    def state(self) -> HostState:
        if self.parked:
            return HostState.PARKED
        if self.is_unfit:
            return HostState.UNFIT
        return HostState.ON if self.trouble is None else HostState.AWAY


@dataclass(frozen=True, slots=True)
class Facts:
    """What a town says of itself to another. ``protocol`` 0: its gt knows nothing of all this."""

    protocol: int
    version: str
    key: str
    path: str
    agents: int
    places: int
    providers: tuple[str, ...]


def find_misfit(facts: Facts, ours: str, host: str) -> tuple[str, str] | None:
    """Why its gt cannot be used, and the remedy; None where it can.

    >>> find_misfit(Facts(0, "0.1", "", "", 0, 0, ()), "0.2", "box")
    ('gt 0.1 on box is older than what this gt 0.2 can use', 'upgrade gt there, or gt host check box --yes')
    """
    if facts.protocol < PROTOCOL:
        words = f"gt {facts.version} on {host} is older than what this gt {ours} can use"
        return words, f"upgrade gt there, or gt host check {host} --yes"
    if facts.protocol > PROTOCOL:
        return f"gt {facts.version} on {host} is newer than what this gt {ours} can use", "upgrade gt here"
    return None


def parse_place(word: str) -> tuple[str, str] | None:
    """``RIG@HOST`` as its two parts; None for what is no such word.

    >>> parse_place("demo@box"), parse_place("demo")
    (('demo', 'box'), None)
    """
    rig, found, host = word.partition("@")
    return (rig, host) if found and rig and host and "/" not in rig else None
