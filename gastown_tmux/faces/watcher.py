"""The one watcher of a town's rows and events, in a thread of its own, so that no key ever waits for a reading."""

import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.events import Event
from gastown_tmux.errors import GtError, NotFoundError, explain
from gastown_tmux.operations.town.isolation import set_aside
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store.events import last_seq, list_events

LOOK_SECONDS = 0.1
#: Read again at least so often (processes and mailboxes change without a row), at most so often under a flood.
STALE_SECONDS = 2.0
FRESH_SECONDS = 0.5
#: Nor more often than this many times the processor time of the last reading: the rest of it is the typist's.
COST_RATIO = 20.0

Seen = TypeVar("Seen")


@dataclass(frozen=True, slots=True)
class Listener(Generic[Seen]):
    """Called in the watcher's thread. ``changed`` gets what was read, where it is another; ``troubled`` why the town
    cannot be read now, and None when it can again; ``looked`` comes with each look.
    """

    happened: Callable[[Sequence[Event]], None] = lambda events: None
    changed: Callable[[Seen], None] = lambda seen: None
    troubled: Callable[[str | None], None] = lambda reason: None
    looked: Callable[[], None] = lambda: None


class Watcher(Generic[Seen]):
    """Reads the town with ``read`` when its rows have changed, and tells ``listeners``, until ``stop``: at the same
    cost for one of them or ten. ``seen`` is what was read last, ``first`` at the beginning. A town that cannot be read
    now keeps that.
    """

    def __init__(
        self,
        town: Town,
        read: Callable[[Town], Seen],
        first: Seen,
        listeners: Sequence[Listener[Seen]],
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self.seen = first
        self._town, self._read, self._listeners, self._look_seconds = town, read, listeners, look_seconds
        self._version: int | None = None
        self._seq: int | None = None
        self._was_read, self._rest = 0.0, FRESH_SECONDS
        self._trouble: str | None = None
        self._file: int | None = None
        self._asked = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watcher", daemon=True)

    def start(self, after: int | None) -> None:
        """Tells of what comes after that event; None, of what comes once it has looked."""
        self._seq = after
        self._thread.start()

    def refresh(self) -> None:
        """It is read again with the next look, whether anything has changed or not."""
        self._asked.set()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(2.0)

    def _watch(self) -> None:
        while not self._stopping.is_set():
            try:
                self._look()
                self._complain(None)
            except Exception as error:  # noqa: BLE001
                # A town being moved, restored or removed: it is looked at again, from a fresh connection. Whatever
                # else it is must not end the news, nor be printed over a face.
                if not isinstance(error, GtError | OSError):
                    set_aside(self._town, "news of the town", "", error)
                with contextlib.suppress(GtError, OSError):
                    self._town.close()
                self._complain(explain(error)[0])
                self._stopping.wait(1.0)
            for listener in self._listeners:
                listener.looked()
            self._stopping.wait(self._look_seconds)
        self._town.close()

    def _look(self) -> None:
        self._follow_file()
        db = self._town.db
        row = db.row("PRAGMA data_version")
        version = row[0] if row else None
        if self._seq is None:
            self._seq = last_seq(db)
        elif version != self._version and (events := list_events(db, after=self._seq, titled=True)):
            self._seq = events[-1].seq
            for listener in self._listeners:
                listener.happened(events)
        stale = time.monotonic() - self._was_read
        rest = self._rest if version != self._version else max(self._rest, STALE_SECONDS)
        if stale > rest or self._version is None or self._asked.is_set():
            self._asked.clear()
            start = time.thread_time()
            self._town.reload_settings()
            seen = self._read(self._town)
            self._rest = max(FRESH_SECONDS, COST_RATIO * (time.thread_time() - start))
            self._version, self._was_read = version, time.monotonic()
            changed, self.seen = seen != self.seen, seen
            if changed:
                for listener in self._listeners:
                    listener.changed(seen)

    def _follow_file(self) -> None:
        """What is open goes on to be read, though the town was moved away or its database restored."""
        try:
            file = self._town.db_path.stat().st_ino
        except FileNotFoundError:
            self._file = None
            raise NotFoundError("the town's folder is gone") from None
        if file != self._file:
            self._town.close()
            self._file, self._version = file, None

    def _complain(self, trouble: str | None) -> None:
        if trouble != self._trouble:
            self._trouble = trouble
            for listener in self._listeners:
                listener.troubled(trouble)
