"""A patch as it is read: its lines by file and hunk, and where in the file each stands."""

import re
from collections.abc import Sequence
from enum import StrEnum

from gastown_tmux.dataclass import dataclass

_HUNK = re.compile(r"@@+ -\d+(?:,\d+)? (?:-\d+(?:,\d+)? )*\+(\d+)(?:,\d+)? @@")


class Part(StrEnum):
    FILE = "file"
    HUNK = "hunk"
    ADDED = "added"
    REMOVED = "removed"
    SAME = "same"
    HEAD = "head"


@dataclass(frozen=True, slots=True)
class PatchLine:
    """``number`` is the line of the new file that it is, or before which it was removed; None outside of hunks."""

    part: Part
    text: str
    file: str = ""
    number: int | None = None

    @property
    def place(self) -> str:
        return f"{self.file}:{self.number}" if self.number is not None else self.file or self.text


def read_patch(lines: Sequence[str]) -> list[PatchLine]:
    """Whatever is no patch is a head.

    >>> [line.place for line in read_patch(["diff --git a/x b/x", "--- a/x", "+++ b/x", "@@ -1 +4,2 @@", " a", "+b"])]
    ['x', 'x', 'x', 'x:4', 'x:4', 'x:5']
    """
    found, file, number = list[PatchLine](), "", None
    for text in lines:
        part, here = Part.HEAD, None
        if text.startswith("diff --"):
            part, file, number = Part.FILE, _name(text), None
        elif (hunk := _HUNK.match(text)) is not None:
            part, number = Part.HUNK, int(hunk[1])
            here = number
        elif number is None and text.startswith("+++ ") and text[4:6] == "b/":
            file = text[6:].rstrip("\t")
        elif number is not None and text[:1] in ("+", "-", " ", ""):
            part = {"+": Part.ADDED, "-": Part.REMOVED}.get(text[:1], Part.SAME)
            here = number
            number += part is not Part.REMOVED
        found.append(PatchLine(part, text, file, here))
    return found


def _name(head: str) -> str:
    return head.rpartition(" b/")[2] or head
