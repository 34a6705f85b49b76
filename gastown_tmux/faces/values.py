"""What the town holds now, as a prompt needs it: read by a thread of its own, so that no key ever waits for it."""

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence

from gastown_tmux.dataclass import dataclass, field
from gastown_tmux.domain.addresses import MAYOR
from gastown_tmux.domain.events import Event
from gastown_tmux.errors import GtError
from gastown_tmux.operations.supervision.status import count_waiting, describe_frozen
from gastown_tmux.operations.supervision.views import list_agents
from gastown_tmux.operations.town.isolation import set_aside
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store.agents import find_live_session
from gastown_tmux.store.events import last_seq, list_events
from gastown_tmux.verbs.names import NAMED, list_names
from gastown_tmux.verbs.suggest import Choice
from gastown_tmux.verbs.table import Kind

LOOK_SECONDS = 0.1
#: Read again at least so often (processes and mailboxes change without a row), at most so often under a flood.
STALE_SECONDS = 2.0
FRESH_SECONDS = 0.5
#: Nor more often than this many times what the last reading took: the rest of the time is the typist's.
COST_RATIO = 20.0


@dataclass(frozen=True, slots=True)
class Values:
    """Words that exist, by kind; agents by state; what waits for a person, and what stands still."""

    words: dict[Kind, Sequence[Choice]] = field(default_factory=dict)
    agents: Counter[str] = field(default_factory=Counter)
    mail: int = 0
    queue: int = 0
    held: int = 0
    escalations: int = 0
    has_mayor: bool = False
    frozen: str = ""


def read_values(town: Town) -> Values:
    """Everything, by a handful of queries."""
    agents = list_agents(town)
    return Values(
        words={kind: list_names(town, kind) for kind in NAMED},
        agents=Counter(agent.state for agent in agents),
        **count_waiting(town),
        frozen=describe_frozen(town),
        has_mayor=find_live_session(town.db, MAYOR) is not None,
    )


class Watcher:
    """Keeps ``values`` fresh and hands on new events, in a thread, until ``stop``.

    ``on_events``, ``on_change`` and ``on_look`` (ten times a second) are called in that thread. A town that cannot
    be read now keeps its last values.
    """

    def __init__(
        self,
        town: Town,
        on_events: Callable[[list[Event]], None],
        on_change: Callable[[], None],
        on_look: Callable[[], None],
    ) -> None:
        self.values = Values()
        self._on_change = on_change
        self._on_look = on_look
        self._town = town
        self._on_events = on_events
        self._seq: int | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watcher", daemon=True)

    def start(self, after: int | None) -> None:
        """Tells of what comes after that event; None, of what comes once it has looked."""
        self._seq = after
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(2.0)

    def _watch(self) -> None:
        version, seq, read, rest = None, self._seq, 0.0, FRESH_SECONDS
        while not self._stopping.is_set():
            try:
                db = self._town.db
                row = db.row("PRAGMA data_version")
                seen = row[0] if row else None
                if seq is None:
                    seq = last_seq(db)
                elif seen != version:
                    events = list_events(db, after=seq, titled=True)
                    seq = events[-1].seq if events else seq
                    if events:
                        self._on_events(events)
                stale = time.monotonic() - read
                if stale > (rest if seen != version else max(rest, STALE_SECONDS)) or version is None:
                    start = time.monotonic()
                    self._town.reload_settings()
                    values = read_values(self._town)
                    rest = max(FRESH_SECONDS, COST_RATIO * (time.monotonic() - start))
                    changed, self.values = values != self.values, values
                    version, read = seen, time.monotonic()
                    if changed:
                        self._on_change()
            except Exception as error:  # noqa: BLE001
                # A town being moved, restored or removed: it is looked at again, from a fresh connection. Whatever
                # else it is must not end the news, nor be printed over the prompt.
                if not isinstance(error, GtError | OSError):
                    set_aside(self._town, "news of the town", "", error)
                with contextlib.suppress(GtError, OSError):
                    self._town.close()
                self._stopping.wait(1.0)
            self._on_look()
            self._stopping.wait(LOOK_SECONDS)
        self._town.close()
