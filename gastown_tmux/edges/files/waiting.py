"""Waiting for what no descriptor tells of: look, pause, look again, for so long and no longer."""

import select
import time
from collections.abc import Callable, Iterator


def wait(seconds: float) -> None:
    select.select([], [], [], seconds)


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
