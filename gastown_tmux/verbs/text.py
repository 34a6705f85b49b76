"""Text on a terminal: cut and padded by how wide it is there, and made harmless."""

import re

from gastown_tmux.domain.columns import cut, width
from gastown_tmux.domain.odd_bytes import printable

#: C0 and C1 but for the line feed: what an agent has put into a title must not reach the reader's terminal.
_CONTROL = r"[\x00-\x09\x0b-\x1f\x7f-\x9f]"
#: What changes the order of letters or is not seen, so that a line reads as what it is not. Joiners belong to scripts
#: and emoji: beside ASCII they only hide.
UNSEEN = (
    "[\u00ad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0"
    "\ufff9-\ufffb\U000e0000-\U000e007f]"
    "|(?<=[\x00-\x7f])[\u200c\u200d]|[\u200c\u200d](?=[\x00-\x7f]|\\Z)"
)


def harmless(text: str) -> str:
    """The text with control characters shown as ``?``, tabs as a space, bytes that are no letters as git does, and
    characters that reorder a line or are not seen as ``less`` does.

    >>> harmless("rm \\u202etxt.\\u202c -rf\\a")
    'rm <U+202E>txt.<U+202C> -rf?'
    """
    if text.isascii() and text.isprintable():
        return text
    text = re.sub(_CONTROL, lambda found: " " if found[0] == "\t" else "?", printable(text))
    return text if text.isascii() else re.sub(UNSEEN, lambda found: f"<U+{ord(found[0]):04X}>", text)


def pad(text: str, columns: int) -> str:
    """Exactly so many columns."""
    text = cut(text, columns)
    return text + " " * (columns - width(text))
