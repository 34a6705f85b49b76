"""What a long command writes to its log, shown while it runs to a person who looks on."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from pathlib import Path

from gastown_tmux.reading import read_end

Show = Callable[[str], None]

_showing: ContextVar[Show | None] = ContextVar("showing", default=None)
#: Seconds between two looks, and how much of what came meanwhile is shown.
_LOOK_SECONDS = 0.25
_LINES, _BYTES = 20, 2**16


@contextlib.contextmanager
def shown(show: Show) -> Iterator[None]:
    """Within, ``show`` is given the lines of each log that is followed, from a thread of its own."""
    token = _showing.set(show)
    try:
        yield
    finally:
        _showing.reset(token)


@contextlib.contextmanager
def followed(log: Path) -> Iterator[None]:
    """Within, whole lines that come to the log are shown, where anybody looks on; of very many at once the last."""
    show = _showing.get()
    if show is None:
        yield
        return
    over = threading.Event()
    thread = threading.Thread(target=_follow, args=(log, show, over), name=f"following {log.name}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _follow(log: Path, show: Show, over: threading.Event) -> None:
    seen = _size(log)
    ended = False
    while not ended:
        ended = over.wait(_LOOK_SECONDS)
        size = _size(log)
        if size == seen:
            continue
        with contextlib.suppress(OSError):
            found = read_end(log, _BYTES, seen)
            # Of a line that is not whole yet the beginning waits; a log that was made shorter is begun anew.
            whole = found if ended else found[: found.rfind(b"\n") + 1]
            seen = seen + len(whole) if seen + len(found) == size else size
            lines = whole.decode(errors="replace").splitlines()
            if len(lines) > _LINES:
                show(f"[... {len(lines) - _LINES} lines]")
            for line in lines[-_LINES:]:
                show(line)


def _size(log: Path) -> int:
    try:
        return log.stat().st_size
    except OSError:
        return 0
