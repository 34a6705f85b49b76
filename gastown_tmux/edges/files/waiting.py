"""Waiting for what no descriptor tells of: look, pause, look again, for so long and no longer."""

import math
import select
import time
from collections.abc import Callable, Iterator
from typing import IO, Any


def wait(seconds: float) -> None:
    select.select([], [], [], seconds)


def is_readable(file: int | IO[Any], seconds: float | None) -> bool:
    """Whether there is something to read, or its other end is closed, before so many seconds are over; None:
    however long it takes. Of any descriptor; ``select.select`` knows those below 1,024.
    """
    return _is_ready(file, select.POLLIN, seconds)


def is_writable(file: int | IO[Any], seconds: float) -> bool:
    """Whether something can be written, or nobody reads it any more, before so many seconds are over."""
    return _is_ready(file, select.POLLOUT, seconds)


def _is_ready(file: int | IO[Any], event: int, seconds: float | None) -> bool:
    poll = select.poll()
    poll.register(file, event)
    return bool(poll.poll(None if seconds is None else math.ceil(max(0.0, seconds) * 1000)))


def looks(seconds: float, pause: float = 0.005, longest: float | None = None) -> Iterator[float]:
    """How many seconds have passed, for a look at once, one after each pause, and a last one when all have.

    Pauses get twice as long each time, up to ``longest`` where that is given.
    """
    start, passed = time.monotonic(), 0.0
    while True:
        yield passed
        left = seconds - (time.monotonic() - start)
        if left <= 0:
            return
        wait(min(pause, left))
        passed = time.monotonic() - start
        if longest is not None:
            pause = min(2 * pause, longest)


def wait_until(condition: Callable[[], bool], seconds: float, pause: float = 0.005) -> bool:
    """Whether it held within so many seconds; returns as soon as it does."""
    return any(condition() for _ in looks(seconds, pause))
