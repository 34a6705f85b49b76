"""How many columns of a terminal a text takes, letter by letter as tmux counts them; a text in so many columns.

``unicodedata`` costs 2 ms, and only whoever has a letter beyond ASCII pays them; the library ``wcwidth`` costs 35, and
every list with a sign before its states would.
"""

from collections.abc import Iterator

_ZERO = frozenset(("Mn", "Me", "Cf"))


def letter_width(letter: str) -> int:
    """Two for a wide letter, none for a combining or formatting one."""
    if letter.isascii():
        return 1
    import unicodedata

    if unicodedata.category(letter) in _ZERO:
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def width(text: str) -> int:
    return len(text) if text.isascii() else sum(map(letter_width, text))


def fit(text: str, columns: int) -> str:
    """The longest beginning of the text that is shown in that many columns, and no heap of accents.

    >>> fit("日本語", 5), fit("short", 5), fit("longer", 5)
    ('日本', 'short', 'longe')
    """
    if text.isascii():
        return text[: max(columns, 0)]
    left = columns
    for end, letter in enumerate(text):
        left -= letter_width(letter)
        if left < 0 or end >= 4 * columns:
            return text[:end]
    return text


def cut(text: str, columns: int) -> str:
    """The text in at most so many columns, with ``…`` at its end where it was longer.

    >>> cut("日本語", 5), cut("short", 5), cut("longer", 5)
    ('日本…', 'short', 'long…')
    """
    if width(text) <= columns:
        return text
    return fit(text, columns - 1) + "…"


def wrap(line: str, columns: int, most: int = 4) -> Iterator[str]:
    """The line in at most ``most`` lines of so many columns, broken at spaces where there are; what is left is cut.

    >>> list(wrap("the first of these", 10)), list(wrap("日本語", 4)), list(wrap("", 4)), list(wrap("x" * 99, 5))
    (['the first', 'of these'], ['日本', '語'], [''], ['xxxxx', 'xxxxx', 'xxxxx', 'xxxx…'])
    """
    for _ in range(most - 1):
        if width(line) <= columns:
            break
        part = fit(line, columns)
        end = part.rfind(" ") if line[len(part) : len(part) + 1] != " " else len(part)
        part = part[:end] if end > len(part) // 2 else part or line[:1]
        yield part
        line = line[len(part) :].lstrip(" ")
    yield cut(line, columns)
