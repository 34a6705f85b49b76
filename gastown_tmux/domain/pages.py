"""The first of a long list, and a list with a word below it."""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from gastown_tmux.dataclass import dataclass
from gastown_tmux.errors import UsageError

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """``more`` is how many were left out."""

    items: list[Item]
    more: int


@dataclass(frozen=True, slots=True)
class Noted(Generic[Item]):
    """``note`` is what a person is to know of all of them."""

    items: list[Item]
    note: str | None


def has_words(text: str, search: str | None) -> bool:
    """Whether it holds each word of a search, whatever its case.

    >>> has_words("Fix the Login", "login fix"), has_words("Fix", None), has_words("Fix", "login")
    (True, True, False)
    """
    known = text.casefold()
    return all(word in known for word in (search or "").casefold().split())


def first_of(found: Sequence[Item], limit: int | None, is_over: Callable[[Item], bool]) -> list[Item] | Page[Item]:
    """Of what is listed oldest first: all of it, or with a limit those that are not over, the newest before the others.

    >>> first_of([1, 2, 3, 4], 3, lambda number: number % 2 == 0)
    Page(items=[3, 1, 4], more=1)
    """
    if limit is None:
        return list(found)
    most = most_of(limit)
    newest = list(reversed(found))
    ordered = sorted(newest, key=is_over)
    shown = ordered if most < 0 else ordered[:most]
    return Page(shown, len(ordered) - len(shown))


def most_of(limit: int) -> int:
    """How many a page holds at most, as SQL has it: -1 for all, which people ask for by 0. Raises UsageError.

    >>> most_of(0), most_of(20)
    (-1, 20)
    """
    if limit < 0:
        raise UsageError("a limit is a number of lines; 0 shows all")
    return limit or -1
