"""What a face holds, and what it is told and asks for: values only. ``update`` leads from one model to the next."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from gastown_tmux.dataclass import dataclass, field
from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.events import Event
from gastown_tmux.domain.ids import BeadId
from gastown_tmux.faces.rows import Panel, Row
from gastown_tmux.faces.snapshot import Snapshot
from gastown_tmux.verbs.acts import Act


class Mode(StrEnum):
    """What keys do now: move and act, narrow the list, write words for an act, answer a question, name a verb."""

    BROWSE = "browse"
    FILTER = "filter"
    WORDS = "words"
    CONFIRM = "confirm"
    PALETTE = "palette"


class Flow(StrEnum):
    TEXT = "text"
    DIFF = "diff"


@dataclass(frozen=True, slots=True)
class Document:
    """What is read alone on the screen. ``acts`` are for what it shows, and carry the digest of just that. ``tree`` is
    the commit that a diff leads to, ``author`` whose work it is.
    """

    title: str
    lines: tuple[str, ...]
    flow: Flow = Flow.TEXT
    acts: tuple[Act, ...] = ()
    author: Address | None = None
    bead: BeadId | None = None
    tree: str = ""


@dataclass(frozen=True, slots=True)
class Screen:
    """An agent's window as it was captured, with its escape sequences."""

    agent: Address
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Model:
    """``rows`` are always those of ``panel`` under ``filter``, ``selected`` the id of the chosen one in each panel.
    ``moved``: when what stands at the selection, or above it, last changed by itself. ``trouble``: why the town cannot
    be read now. ``page``: how many lines a page has. ``aside``: the side has the whole screen. ``busy``: what runs.
    ``fleeting``: it stands over something else, and escape leads back there.
    """

    seen: Snapshot | None = None
    events: tuple[Event, ...] = ()
    panel: Panel = Panel.TOWN
    rows: tuple[Row, ...] = ()
    selected: Mapping[Panel, str] = field(default_factory=dict)
    filter: str = ""
    mode: Mode = Mode.BROWSE
    line: str = ""
    choice: int = 0
    act: Act | None = None
    document: Document | None = None
    cursor: int = 0
    screen: Screen | None = None
    said: str = ""
    failed: bool = False
    moved: float = -1.0
    now: float = 0.0
    trouble: str | None = None
    page: int = 10
    aside: bool = False
    busy: tuple[str, ...] = ()
    fleeting: bool = False

    @property
    def index(self) -> int:
        """Where the selected row stands; 0 where there is none."""
        id = self.selected.get(self.panel)
        return next((place for place, row in enumerate(self.rows) if row.id == id), 0)

    @property
    def row(self) -> Row | None:
        return self.rows[self.index] if self.rows else None

    @property
    def acts(self) -> Sequence[Act]:
        """What one key each can do now."""
        if self.document is not None:
            return self.document.acts
        return self.row.acts if self.row else ()

    @property
    def watched(self) -> Address | None:
        """The agent whose screen stands beside the list."""
        agent = self.row.agent if self.row and self.document is None else None
        if agent is None or self.seen is None:
            return None
        live = any(worker.view.address == agent and worker.view.pane for worker in self.seen.workers)
        return agent if live and self.panel in (Panel.TOWN, Panel.AGENTS) and _is_about(self.row, agent) else None


def _is_about(row: Row | None, agent: Address) -> bool:
    return row is not None and (row.id == f"agent {agent}" or row.id.startswith("need "))


# What a face is told. ``at`` is the moment in seconds, of a clock that goes forward.


@dataclass(frozen=True, slots=True)
class Saw:
    seen: Snapshot
    at: float


@dataclass(frozen=True, slots=True)
class Happened:
    events: tuple[Event, ...]
    at: float


@dataclass(frozen=True, slots=True)
class Troubled:
    """``reason`` None: the town can be read again."""

    reason: str | None


@dataclass(frozen=True, slots=True)
class Pressed:
    """A letter, or the name of a key: up, down, home, end, pageup, pagedown, enter, escape, tab, backspace, ctrl+u …"""

    key: str
    at: float


@dataclass(frozen=True, slots=True)
class Pasted:
    text: str


@dataclass(frozen=True, slots=True)
class Pointed:
    """At a row of the list, by its id; ``twice``: to open it."""

    id: str
    at: float
    twice: bool = False


@dataclass(frozen=True, slots=True)
class Chose:
    panel: Panel


@dataclass(frozen=True, slots=True)
class Resized:
    page: int


@dataclass(frozen=True, slots=True)
class Captured:
    screen: Screen | None


@dataclass(frozen=True, slots=True)
class Began:
    line: str


@dataclass(frozen=True, slots=True)
class Ended:
    """A line was carried out, and said that; more than a line of it is opened."""

    line: str
    text: str
    failed: bool


@dataclass(frozen=True, slots=True)
class Opened:
    line: str
    document: Document


def name_line(line: tuple[str, ...]) -> str:
    """What a command that runs is called in ``busy``, ``Began`` and what follows."""
    return " ".join(line)[:80]


Message = Saw | Happened | Troubled | Pressed | Pasted | Pointed | Chose | Resized | Captured | Began | Ended | Opened


# What a face is asked for.


@dataclass(frozen=True, slots=True)
class Run:
    """Lines of words as behind ``gt``, one after the other to the first that fails."""

    lines: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Visit:
    """A line that takes the terminal, until it ends."""

    line: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Open:
    """What the line shows is to be read, with these acts for it."""

    line: tuple[str, ...]
    acts: tuple[Act, ...] = ()
    agent: Address | None = None
    bead: BeadId | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """The town is to be read again, now."""


@dataclass(frozen=True, slots=True)
class Leave:
    pass


Command = Run | Visit | Open | Look | Leave
