"""A bar on the terminal for whoever waits for the network; elsewhere nothing."""

import shutil
import sys

from gastown_tmux.domain.columns import cut
from gastown_tmux.edges.git.transfers import Progress
from gastown_tmux.verbs.text import harmless

_BAR = 24


def draw(progress: Progress | None) -> None:
    """In the place of what was drawn before; None takes it away."""
    text = "" if progress is None else cut(line(progress), shutil.get_terminal_size().columns - 1)
    sys.stderr.write(f"\r{text}\033[K")
    sys.stderr.flush()


def quote(text: str) -> None:
    """A line that a command printed."""
    sys.stderr.write(cut(f"  | {harmless(text)}", shutil.get_terminal_size().columns - 1) + "\n")
    sys.stderr.flush()


def line(progress: Progress) -> str:
    """The step, and how far it is.

    >>> line(Progress("receiving", 3, 4, "1 MiB | 2 MiB/s")), line(Progress("counting", 3, None, ""))
    ('receiving  75% [##################......] 3/4  1 MiB | 2 MiB/s', 'counting 3')
    """
    if progress.total is None:
        return f"{progress.step} {progress.done}"
    share = min(progress.done / progress.total, 1.0)
    bar = "#" * int(share * _BAR)
    counts = f"{progress.done}/{progress.total}  {harmless(progress.bytes)}".rstrip()
    return f"{progress.step} {share:4.0%} [{bar:.<{_BAR}}] {counts}"
