"""Text on a terminal: cut and padded by how wide it is there, and made harmless."""

import re

from gastown_tmux.domain.columns import fit, width
from gastown_tmux.domain.odd_bytes import printable

#: C0 and C1 but for the line feed: what an agent has put into a title must not reach the reader's terminal.
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")


def harmless(text: str) -> str:
    """The text with control characters shown as ``?``, tabs as a space, bytes that are no letters as git does."""
    return _CONTROL.sub(lambda found: " " if found[0] == "\t" else "?", printable(text))


def cut(text: str, columns: int) -> str:
    """The text in at most so many columns, with ``…`` at its end where it was longer.

    >>> cut("日本語", 5), cut("short", 5), cut("longer", 5)
    ('日本…', 'short', 'long…')
    """
    if width(text) <= columns:
        return text
    return fit(text, columns - 1) + "…"


def pad(text: str, columns: int) -> str:
    """Exactly so many columns."""
    text = cut(text, columns)
    return text + " " * (columns - width(text))
