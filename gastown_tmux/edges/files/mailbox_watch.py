"""Mailboxes watched by watchdog, so that mail is seen the moment it comes.

An event only says "look into this box again". Events get lost (a queue that overflows, a folder made anew),
so whoever uses this also looks into every box now and then; watching only makes it instant.
"""

import logging
import os
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from gastown_tmux.dataclass import dataclass

if TYPE_CHECKING:
    from watchdog.events import FileSystemEvent
    from watchdog.observers.api import BaseObserver, ObservedWatch

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Health:
    """Which boxes are watched, and which are not, with the reason."""

    alive: frozenset[Path]
    dead: dict[Path, str]


@dataclass(frozen=True, slots=True)
class _Watched:
    watch: "ObservedWatch"
    # A folder removed and made again under the same name is another folder, and nobody watches it.
    inode: tuple[int, int]

    def is_among(self, alive: "frozenset[ObservedWatch]", inode: tuple[int, int]) -> bool:
        """Whether it is one of those that live, and still watches the folder that is there now."""
        return self.watch in alive and self.inode == inode


class BoxWatcher:
    """One observer with a watch on the ``new/`` of each box, or on another folder: ``inside`` says which, and with
    ``changes`` what happens to its files counts too, not only that one comes.

    ``wake`` is called from the observer's thread each time a box has something new; it must be quick and must
    not call the watcher back, except for ``take``. All other methods belong to one thread, the owner's. No
    method raises for what the system refuses (no more watches, no such folder): ``health`` tells it.
    """

    def __init__(self, wake: Callable[[], None], inside: str = "new", *, changes: bool = False) -> None:
        self._wake = wake
        self._inside = inside
        self._changes = changes
        self._observer: BaseObserver | None = None
        self._watched: dict[Path, _Watched] = {}
        self._refused: dict[Path, str] = {}
        self._boxes: tuple[Path, ...] = ()
        self._changed: set[Path] = set()
        self._lock = threading.Lock()

    def refresh(self, boxes: Iterable[Path]) -> None:
        """Watch exactly these boxes. What is newly watched is also reported as changed, since mail may have
        come before the watch. Call it often: it repairs watches whose folder was replaced or that died."""
        self._boxes = tuple(boxes)
        self._refused = {}
        try:
            observer = self._running_observer()
        except (OSError, RuntimeError) as error:  # no inotify instance or no thread to be had
            self._refused = dict.fromkeys(self._boxes, str(error))
            return
        boxes, alive = set(self._boxes), _alive(observer)
        for box in [box for box in self._watched if box not in boxes]:
            self._unwatch(observer, box)
        for box in self._boxes:
            try:
                inode = _inode(f"{box}/{self._inside}")
                if box in self._watched and not self._watched[box].is_among(alive, inode):
                    self._unwatch(observer, box)
                if box not in self._watched:
                    self._watch(observer, box, inode)
            except (OSError, RuntimeError) as error:
                self._refused[box] = str(error)

    def take(self) -> frozenset[Path]:
        """The boxes to look into since the last call. Any thread may ask."""
        with self._lock:
            changed, self._changed = frozenset(self._changed), set()
        return changed

    def health(self) -> Health:
        """Which boxes are watched at this moment; empty before the first ``refresh``."""
        dead: dict[Path, str] = {}
        runs = self._observer is not None and self._observer.is_alive()
        alive = _alive(self._observer) if self._observer is not None else frozenset()
        for box in self._boxes:
            watched = self._watched.get(box)
            try:
                if watched is None or not runs:
                    dead[box] = self._refused.get(box, "the observer ended")
                elif not watched.is_among(alive, _inode(f"{box}/{self._inside}")):
                    dead[box] = "the watch ended or the folder was replaced"
            except OSError as error:
                dead[box] = str(error)
        return Health(frozenset(self._boxes) - dead.keys(), dead)

    def restart(self) -> None:
        """A new observer with new watches on the same boxes."""
        self.stop()
        self.refresh(self._boxes)

    def stop(self) -> None:
        """End the observer and its threads."""
        observer, self._observer = self._observer, None
        self._watched = {}
        if observer is not None and observer.is_alive():
            observer.stop()
            observer.join(5.0)

    def _running_observer(self) -> "BaseObserver":
        # 41 ms to import, and only the deacon watches.
        from watchdog.observers import Observer

        if self._observer is not None and not self._observer.is_alive():
            self.stop()
        if self._observer is None:
            observer = Observer()
            observer.start()
            self._observer = observer
        return self._observer

    def _watch(self, observer: "BaseObserver", box: Path, inode: tuple[int, int]) -> None:
        from watchdog import events

        report = self._report

        class Rescan(events.FileSystemEventHandler):
            def on_any_event(self, event: "FileSystemEvent") -> None:
                report(box)

        kinds: list[type[FileSystemEvent]] = [events.FileCreatedEvent]
        if self._changes:
            kinds += [events.FileModifiedEvent, events.FileMovedEvent, events.FileDeletedEvent]
        watch = observer.schedule(Rescan(), str(box / self._inside), event_filter=kinds)
        self._watched[box] = _Watched(watch, inode)
        report(box)

    def _unwatch(self, observer: "BaseObserver", box: Path) -> None:
        observer.unschedule(self._watched.pop(box).watch)

    def _report(self, box: Path) -> None:
        with self._lock:
            self._changed.add(box)
        try:
            self._wake()
        except Exception:
            # An exception here would end the observer's thread, and with it every watch.
            logger.exception("waking for %s failed", box)


def _alive(observer: "BaseObserver") -> "frozenset[ObservedWatch]":
    return frozenset(emitter.watch for emitter in observer.emitters if emitter.is_alive())


def _inode(path: str) -> tuple[int, int]:
    status = os.stat(path)  # noqa: PTH116 - as cheap as it gets, once a second for each box
    return status.st_dev, status.st_ino
