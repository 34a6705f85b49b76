"""A diff by file and hunk, as a page shows it; what is said of a line goes to its author."""

import secrets
from collections.abc import Mapping
from typing import Any

from gastown_tmux.dataclass import dataclass, field
from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.ids import BeadId
from gastown_tmux.errors import NotFoundError, UsageError
from gastown_tmux.faces.opening import MOST_LINES
from gastown_tmux.faces.patches import Part, read_patch
from gastown_tmux.operations.hooks.diff import Diff
from gastown_tmux.verbs.acts import Act, acts_on_line
from gastown_tmux.verbs.text import harmless
from gastown_tmux.web.offers import MOST_DOCUMENTS

_SIGNS = {Part.ADDED: "+", Part.REMOVED: "-", Part.SAME: " "}


@dataclass(slots=True)
class Shown:
    """What was shown last under an id: whose it is, and where words may be put."""

    author: Address | None
    bead: BeadId | None
    tree: str
    files: frozenset[str] = field(default_factory=frozenset)


class Diffs:
    """Those that were shown of late, by the id that a page got."""

    def __init__(self) -> None:
        self._shown: dict[str, Shown] = {}

    def add(self, found: Diff, files: list[dict[str, Any]]) -> str:
        id = secrets.token_hex(8)
        names = frozenset(str(file["name"]) for file in files)
        shown = {**self._shown, id: Shown(found.author, found.bead, found.head, names)}
        while len(shown) > MOST_DOCUMENTS:
            del shown[next(iter(shown))]
        self._shown = shown
        return id

    def comment(self, given: Mapping[str, Any]) -> Act:
        """The act that puts words on a line of one. Raises NotFoundError, UsageError."""
        shown = self._shown.get(str(given.get("diff") or ""))
        if shown is None:
            raise NotFoundError("this diff was shown too long ago", hint="look at it again")
        file, line = given.get("file"), given.get("line")
        if shown.author is None:
            raise UsageError("nobody is known who wrote this")
        if file not in shown.files or isinstance(line, bool) or not isinstance(line, int | None):
            raise UsageError("the diff has no such line")
        place = file if line is None else f"{file}:{line}"
        return acts_on_line(shown.author, shown.bead, str(place), shown.tree)


def split(text: str) -> tuple[list[str], list[dict[str, Any]], bool]:
    """The lines before the first file, the files, and whether it was too long."""
    lines = text.split("\n")
    head, files = list[str](), list[dict[str, Any]]()
    for line in read_patch([harmless(each.expandtabs()) for each in lines[:MOST_LINES]]):
        if line.part is Part.FILE:
            files.append({"name": line.file, "added": 0, "removed": 0, "notes": [], "hunks": []})
        elif not files:
            if line.text:
                head.append(line.text)
        elif line.part is Part.HEAD:
            if line.text:
                files[-1]["notes"].append(line.text)
            if line.file:
                files[-1]["name"] = line.file
        elif line.part is Part.HUNK:
            files[-1]["hunks"].append({"head": line.text, "lines": []})
        elif line.number is not None and files[-1]["hunks"]:
            sign = _SIGNS[line.part]
            files[-1]["added"] += sign == "+"
            files[-1]["removed"] += sign == "-"
            files[-1]["hunks"][-1]["lines"].append([sign, line.number, line.text[1:]])
    return head, files, len(lines) > MOST_LINES
