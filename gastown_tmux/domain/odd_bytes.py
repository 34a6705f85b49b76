"""Names and texts of which some bytes are no UTF-8, as people and JSON are shown them.

Inside, such a byte is what Python makes of it (a lone surrogate), so that the file is still found by its name.
"""

import re

_SURROGATE = "[\ud800-\udfff]"
_ESCAPED = '[\x00-\x1f\x7f"\\\\\ud800-\udfff]'
_SHORT = {"\a": "a", "\b": "b", "\t": "t", "\n": "n", "\v": "v", "\f": "f", "\r": "r", '"': '"', "\\": "\\"}


def printable(text: str) -> str:
    """Each such byte as git writes it in a name.

    >>> printable("caf\\udce9 ☕")
    'caf\\\\351 ☕'
    """
    return text if text.isascii() else re.sub(_SURROGATE, _escape, text)


def quoted_name(name: str) -> str:
    """A path as git shows it: between quotes where it holds what a line cannot show, as it is otherwise.

    >>> print(quoted_name("caf\\udce9"), quoted_name("a b"), quoted_name("a\\nb"))
    "caf\\351" a b "a\\nb"
    """
    return f'"{re.sub(_ESCAPED, _escape, name)}"' if re.search(_ESCAPED, name) else name


def _escape(found: re.Match[str]) -> str:
    letter = found[0]
    if letter in _SHORT:
        return f"\\{_SHORT[letter]}"
    code = ord(letter)
    if code < 0x80:
        return f"\\{code:03o}"
    return f"\\{code - 0xDC00:03o}" if 0xDC80 <= code <= 0xDCFF else "\ufffd"
