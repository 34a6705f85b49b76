"""Text on a terminal: how wide it is there, cut and padded by that, and made harmless."""

import re

from gastown_tmux.domain.odd_bytes import printable

#: C0 and C1 but for the line feed: what an agent has put into a title must not reach the reader's terminal.
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")
_ZERO = frozenset(("Mn", "Me", "Cf"))


def harmless(text: str) -> str:
    """The text with control characters shown as ``?``, tabs as a space, bytes that are no letters as git does."""
    return _CONTROL.sub(lambda found: " " if found[0] == "\t" else "?", printable(text))


def width(text: str) -> int:
    """Columns on a terminal: two for a wide letter, none for a combining one."""
    if text.isascii():
        return len(text)
    return sum(map(_letter_width, text))


def cut(text: str, columns: int) -> str:
    """The text in at most so many columns, with ``…`` at its end where it was longer.

    >>> cut("日本語", 5), cut("short", 5), cut("longer", 5)
    ('日本…', 'short', 'long…')
    """
    if width(text) <= columns:
        return text
    kept, used = [], 1
    for letter in text:
        used += _letter_width(letter)
        if used > columns:
            break
        kept.append(letter)
    return "".join(kept) + "…"


def pad(text: str, columns: int) -> str:
    """Exactly so many columns."""
    text = cut(text, columns)
    return text + " " * (columns - width(text))


def _letter_width(letter: str) -> int:
    if letter.isascii():
        return 1
    # Only who shows such a letter pays for the tables (2 ms; the library wcwidth takes 39).
    import unicodedata

    if unicodedata.category(letter) in _ZERO:
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1
