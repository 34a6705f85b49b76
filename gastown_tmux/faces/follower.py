"""What a face shows of something that tells of no change, looked at again and again in a thread of its own."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Wanted = TypeVar("Wanted")


class Follower(Generic[Wanted]):
    """Calls ``look`` with what is wanted now, and whether that is new since the last look, from ``start`` until
    ``stop``. It returns the seconds until the next one; what is wanted anew is looked at without them. ``end`` is
    called last, in the same thread. Neither may raise.
    """

    def __init__(
        self,
        name: str,
        wanted: Wanted,
        look: Callable[[Wanted, bool], float],
        end: Callable[[], None] = lambda: None,
    ) -> None:
        self._wanted, self._look_at, self._end = wanted, look, end
        self._changed = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._follow, name=name, daemon=True)

    @property
    def wanted(self) -> Wanted:
        return self._wanted

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping = True
        self._changed.set()
        self._thread.join(2.0)

    def want(self, wanted: Wanted) -> None:
        if wanted != self._wanted:
            self._wanted = wanted
            self._changed.set()

    def _follow(self) -> None:
        while not self._stopping:
            new = self._changed.is_set()
            # Before it is read what is wanted: a change in between is then seen by the next look.
            self._changed.clear()
            self._changed.wait(self._look_at(self._wanted, new))
        self._end()
