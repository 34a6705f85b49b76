"""On which line of a TOML text a key stands. Asked only where something is wrong.

tomllib tells no lines. But a TOML statement (a key with its value, or the head of a table) ends with its line, and
means the same alone: the shortest run of lines that can be read is one.
"""

import tomllib
from collections.abc import Iterator

from gastown_tmux.domain.formulas.model import Path

_LONG = ('"""', "'''")
_ENDS = (*_LONG, "]", "}")


def find_line(text: str, path: Path, words: str = "") -> int:
    """From 1; of ``words`` in the key's value, where they are given. A key that is not there has the line of what it
    would be in, or the first.

    >>> find_line('a = 1\\n[[steps]]\\nid = "x"\\n', ("steps", 0, "id"))
    3
    """
    lines = _key_lines(text)
    line = next((lines[path[:size]] for size in range(len(path), 0, -1) if path[:size] in lines), 1)
    if words:
        below = enumerate(text.split("\n")[line - 1 :], line)
        line = next((number for number, content in below if words in content), line)
    return line


def _key_lines(text: str) -> dict[Path, int]:
    found: dict[Path, int] = {}
    counts: dict[Path, int] = {}
    table: Path = ()
    for line, statement, is_head in _statements(text):
        if not is_head:
            for path in _paths(statement):
                found.setdefault(table + path, line)
            continue
        table = ()
        inner: object = statement
        while isinstance(inner, dict) and inner:
            word, inner = next(iter(inner.items()))
            table += (word,)
            if isinstance(inner, list):
                found.setdefault(table, line)
                counts[table] = counts.get(table, 0) + 1
                table, inner = (*table, counts[table] - 1), {}
            elif table in counts:
                table += (counts[table] - 1,)
        found.setdefault(table, line)
    return found


def _statements(text: str) -> Iterator[tuple[int, dict[str, object], bool]]:
    """The line of each, what it says, and whether it is the head of a table."""
    start, gathered = 0, ""
    for number, line in enumerate(text.split("\n"), 1):
        if not gathered and (not line.strip() or line.lstrip().startswith("#")):
            continue
        start = start if gathered else number
        first, gathered = not gathered, f"{gathered}{line}\n"
        if not first and any(mark in gathered for mark in _LONG) and not any(mark in line for mark in _ENDS):
            continue  # still inside of a text: to read it again and again would take long
        try:
            statement = tomllib.loads(gathered)
        except ValueError:
            continue
        yield start, statement, gathered.lstrip().startswith("[")
        gathered = ""


def _paths(value: object, above: Path = ()) -> Iterator[Path]:
    if above:
        yield above
    if isinstance(value, dict):
        for word, inner in value.items():
            yield from _paths(inner, (*above, word))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _paths(inner, (*above, number))
