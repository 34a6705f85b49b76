"""Rights: what a verb needs of whoever asks, and who has it."""

from collections.abc import Collection, Mapping
from enum import StrEnum


class Right(StrEnum):
    """By the word that a role's ``may`` has, and that a refusal names."""

    READ = "read"
    WORK = "work"
    TALK = "talk"
    CREATE = "create"
    SLING = "sling"
    STOP = "stop"
    CONFIGURE = "configure"
    DECIDE = "decide"


#: What each is, behind "may not".
WORDS: Mapping[Right, str] = {
    Right.READ: "look at the town",
    Right.WORK: "do the work on a hook",
    Right.TALK: "write mail",
    Right.CREATE: "make beads",
    Right.SLING: "give out work or change what is another's",
    Right.STOP: "start, stop or act on other agents",
    Right.CONFIGURE: "change settings, rigs and daemons",
    Right.DECIDE: "do what is the overseer's own",
}
#: Every agent has these: for its own hook, mail and beads.
EVERYBODY = frozenset((Right.READ, Right.WORK, Right.TALK, Right.CREATE))
#: What a role may have beside them.
BY_ROLE = frozenset((Right.SLING, Right.STOP, Right.CONFIGURE))


def may(right: Right, given: Collection[Right]) -> bool:
    """Whether an agent may, whose role has been ``given`` these. What is the overseer's own no role can have.

    >>> may(Right.READ, ()), may(Right.SLING, (Right.SLING,)), may(Right.DECIDE, (Right.DECIDE,))
    (True, True, False)
    """
    return right in EVERYBODY or (right in BY_ROLE and right in given)


def parse_rights(value: object) -> frozenset[Right]:
    """What a role's ``may`` gives. Raises ValueError that says what it must be."""
    names = sorted(BY_ROLE)
    if not isinstance(value, list) or not all(name in names for name in value):
        raise ValueError(f"a list of {', '.join(names)}")
    return frozenset(map(Right, value))


def in_words(names: Collection[str]) -> str:
    """
    >>> in_words(["the overseer"]), in_words(["the overseer", "crew", "mayor"])
    ('the overseer', 'the overseer, crew and mayor')
    """
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
