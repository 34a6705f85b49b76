"""Where the command line writes, and what the screen there can do."""

import os
import shutil
import sys

from gastown_tmux.verbs.show import PLAIN, Look


def write(text: str) -> None:
    sys.stdout.write(text + "\n")


def say(line: str) -> None:
    """Progress: beside the output, never in it."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def look() -> Look:
    """Elsewhere than on a terminal the text is plain and nothing is cut."""
    if not sys.stdout.isatty():
        return PLAIN
    return Look(
        width=shutil.get_terminal_size().columns,
        colour=not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb",
        signs=sys.stdout.encoding.lower() in ("utf-8", "utf8"),
    )
