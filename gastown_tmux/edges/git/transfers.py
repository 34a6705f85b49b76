"""How far a clone, fetch or push has come, for a person who waits: git's words, read by GitPython's RemoteProgress.

The command stays the guarded one of ``command``; only what it says on the way is read here.
"""

import contextlib
import re
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from functools import partial

from gastown_tmux.dataclass import dataclass

#: Takes a part of what git says on standard error, and nothing at its end; gives back what is no progress of it.
Follow = Callable[[bytes], bytes]
#: Who follows the transfers of this thread, one `Follow` for each.
following: ContextVar[Callable[[], Follow] | None] = ContextVar("following", default=None)

#: Lines that git leaves out where it is to be quiet: they are no complaint.
_NEWS = re.compile(r"From |To |Cloning into | [ *+t=-] ")


@dataclass(frozen=True, slots=True)
class Progress:
    """A step of a transfer: what is done, how much of how much (None: nobody knows), and git's words on bytes."""

    step: str
    done: int
    total: int | None
    bytes: str


@contextlib.contextmanager
def watched(show: Callable[[Progress | None], None]) -> Iterator[None]:
    """Within, ``show`` is given each step of every transfer of this thread, and None at its end, however it ends."""
    token = following.set(partial(_follow, show))
    try:
        yield
    finally:
        following.reset(token)


def _follow(show: Callable[[Progress | None], None]) -> Follow:
    """Takes what git says part by part, nothing at the end; gives back what of it is left to be read as a complaint."""
    import git  # 80 ms that only who waits for the network anyway pays

    class Reader(git.RemoteProgress):
        def update(
            self, op_code: int, cur_count: str | float, max_count: str | float | None = None, message: str = ""
        ) -> None:
            step = _STEPS.get(op_code & self.OP_MASK)
            if step is not None:
                show(Progress(step, int(cur_count), int(max_count or 0) or None, message))

    reader, pending = Reader(), b""
    read = reader.new_message_handler()

    def take(line: bytes) -> bytes:
        text = line.decode("utf-8", "replace")
        known = len(reader.other_lines) + len(reader.error_lines)
        read(text)
        is_progress = known == len(reader.other_lines) + len(reader.error_lines)
        return b"" if is_progress or _NEWS.match(text) else line + b"\n"

    def follow(part: bytes) -> bytes:
        nonlocal pending
        if not part:
            show(None)
            return take(pending) if pending else b""
        *lines, pending = re.split(rb"[\r\n]", pending + part)
        return b"".join(map(take, lines))

    return follow


#: By the numbers of RemoteProgress, which cannot be named before it is imported.
_STEPS = {4: "counting", 8: "compressing", 16: "sending", 32: "receiving", 64: "resolving deltas"}
