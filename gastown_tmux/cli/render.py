"""Where the command line writes, and what the screen there can do."""

import contextlib
import os
import sys
from collections.abc import Iterator

from gastown_tmux.verbs.show import PLAIN, Display


def write(text: str) -> None:
    sys.stdout.write(text + "\n")


def draw(screen: str) -> None:
    """The end of a screen in the place of what a terminal shows; it cuts longer lines."""
    if not sys.stdout.isatty():
        write(screen)
        return
    lines = screen.split("\n")[-_size().lines :]
    # No wrapping, home; each line and what is below the last cleared, where the screen before had more.
    sys.stdout.write("\033[?7l\033[H" + "\033[0m\033[K\r\n".join(lines) + "\033[0m\033[K\033[J\033[?7h")


def draw_top(screen: str) -> None:
    """The beginning of a text in the place of what a terminal shows."""
    draw("\n".join(screen.split("\n")[: _size().lines]))


def progress() -> contextlib.AbstractContextManager[None]:
    """Within, a person who sees what is printed and what is said beside it sees how far a transfer has come, and what
    gates print.
    """
    if not (sys.stdout.isatty() and sys.stderr.isatty()) or os.environ.get("TERM") == "dumb":
        return contextlib.nullcontext()
    from gastown_tmux.cli.progress import draw, quote  # nobody else pays for it
    from gastown_tmux.edges.git.transfers import watched
    from gastown_tmux.edges.processes.live_output import shown

    @contextlib.contextmanager
    def both() -> Iterator[None]:
        with watched(draw), shown(quote):
            yield

    return both()


def display() -> Display:
    """Elsewhere than on a terminal the text is plain and nothing is cut."""
    if not sys.stdout.isatty():
        return PLAIN
    return Display(
        width=_size().columns,
        colour=not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb",
        signs=sys.stdout.encoding.lower() in ("utf-8", "utf8"),
    )


def _size() -> os.terminal_size:
    import shutil  # its archives cost 1 ms

    return shutil.get_terminal_size()
