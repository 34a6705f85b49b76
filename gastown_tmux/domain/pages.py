"""The first of a long list."""

from typing import Generic, TypeVar

from gastown_tmux.dataclass import dataclass
from gastown_tmux.errors import UsageError

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """``more`` is how many were left out."""

    items: list[Item]
    more: int


def most_of(limit: int) -> int:
    """How many a page holds at most, as SQL has it: -1 for all, which people ask for by 0. Raises UsageError.

    >>> most_of(0), most_of(20)
    (-1, 20)
    """
    if limit < 0:
        raise UsageError("a limit is a number of lines; 0 shows all")
    return limit or -1
