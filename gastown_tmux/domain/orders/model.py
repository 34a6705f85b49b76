"""What an order says: a formula or a command, and what has it begun."""

from collections.abc import Mapping
from datetime import time

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.ids import RigName

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Every:
    """So many seconds after it was begun last, or became known."""

    seconds: float
    words: str


@dataclass(frozen=True, slots=True)
class At:
    """At these times of day where we are, on these days of the week (0 is Monday), all of them unless said.

    ``late``: a time that was missed for longer than so many seconds is not made up for; None: once, however late.
    """

    times: tuple[time, ...]
    days: frozenset[int]
    late: float | None
    words: str


@dataclass(frozen=True, slots=True)
class On:
    """On each event of one of these types, or of a group of them (``bead``); several at once are one."""

    types: tuple[str, ...]
    words: str

    def is_meant(self, type: str) -> bool:
        return any(type == each or type.startswith(f"{each}.") for each in self.types)


@dataclass(frozen=True, slots=True)
class When:
    """While this command, asked so often, ends with status 0."""

    command: str
    seconds: float
    words: str


Trigger = Every | At | On | When


@dataclass(frozen=True, slots=True)
class Order:
    """``home`` is the rig in whose folder its file stands, None for the town's; ``rig`` is where a formula is run.

    Either ``formula`` or ``run`` is said. ``cooldown``: it is not begun sooner than so many seconds after it was begun
    last.
    """

    name: str
    home: RigName | None
    rig: RigName | None
    trigger: Trigger
    description: str
    formula: str | None
    run: str | None
    vars: Mapping[str, str]
    preset: str | None
    spread: bool
    cooldown: float
    timeout: float

    @property
    def id(self) -> str:
        return order_id(self.name, self.home)

    @property
    def does(self) -> str:
        return f"formula {self.formula}" if self.formula else f"run {self.run}"


def order_id(name: str, home: RigName | None) -> str:
    """
    >>> order_id("nightly", None), order_id("nightly", RigName("demo"))
    ('nightly', 'demo/nightly')
    """
    return f"{home}/{name}" if home else name
