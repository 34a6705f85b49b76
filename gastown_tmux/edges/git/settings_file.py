"""A settings file of git's as pairs of key and value: read by git itself, written in git's form."""

import os
from collections.abc import Iterable
from pathlib import Path

from gastown_tmux.edges.git.command import git

#: A key as git spells it in a list (`remote.origin.url`) and its value; None for a key without one.
Setting = tuple[str, str | None]

#: In a heading a backslash is lost before any other letter, and a tab is itself.
_IN_HEADING = str.maketrans({"\\": "\\\\", '"': '\\"'})
_IN_VALUE = _IN_HEADING | str.maketrans({"\n": "\\n", "\t": "\\t"})


def read_settings(path: Path) -> list[Setting] | None:
    """What the file itself says, in order; None where there is none, or none that git can read."""
    found = git("config", "--file", str(path), "--no-includes", "--list", "-z", cwd=Path("/"), ok=(0, 1, 3, 128))
    if found.code != 0:
        return None
    pairs = (record.partition("\n") for record in found.records)
    return [(key, value if has_value else None) for key, has_value, value in pairs]


def format_settings(settings: Iterable[Setting]) -> bytes:
    """A file that git reads as these settings, in this order."""
    lines: list[str] = []
    head = None
    for key, value in settings:
        section, _, rest = key.partition(".")
        inner, has_inner, name = rest.rpartition(".")
        above, head = head, f'[{section} "{inner.translate(_IN_HEADING)}"]' if has_inner else f"[{section}]"
        if head != above:
            lines.append(head)
        lines.append(f"\t{name}" if value is None else f'\t{name} = "{value.translate(_IN_VALUE)}"')
    return os.fsencode("".join(f"{line}\n" for line in lines))
