"""What a person's line means, before any of it is carried out."""

import shlex
from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.addresses import is_group
from gastown_tmux.errors import UsageError
from gastown_tmux.verbs.index import children
from gastown_tmux.verbs.text import harmless

#: Words of the REPL itself, which no verb has.
LEAVE = ("exit", "quit")
CLEAR = "clear"
DECIDE = "decide"
#: So near to a verb (1: the same) is a slip of the finger; English words that begin sentences are further off.
_TYPO = 0.75


@dataclass(frozen=True, slots=True)
class Run:
    """A verb with its words, as behind ``gt`` in a shell."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shell:
    """A command for the shell."""

    command: str


@dataclass(frozen=True, slots=True)
class Say:
    """Words for an agent, or for a group."""

    to: str
    words: str


@dataclass(frozen=True, slots=True)
class Leave:
    """Out of the REPL."""


@dataclass(frozen=True, slots=True)
class Clear:
    """An empty screen."""


@dataclass(frozen=True, slots=True)
class Decide:
    """Through what waits for a person, a key each."""


Line = Run | Shell | Say | Leave | Clear | Decide


def is_open(text: str) -> bool:
    """Whether a quote is still to be closed; words for people and shells need none."""
    text = text.lstrip()
    if not text or text[0] in "!@" or not _begins_verb(text.split()[0]):
        return False
    try:
        shlex.split(text)
    except ValueError:
        return True
    return False


def split_lines(text: str) -> Iterator[str]:
    """The lines of what was pasted or typed, a quoted line feed within one; control characters are gone.

    Words for an agent go on to the end: what was pasted behind its name is no command.
    """
    held = ""
    for line in text.splitlines():
        held = f"{held}\n{line}" if held else line
        if not is_open(held) and not held.lstrip().startswith("@"):
            yield harmless(held)
            held = ""
    if held:
        yield harmless(held)


def read_line(text: str) -> Line | None:
    """None for a line with nothing in it. Raises UsageError for a quote that is not closed.

    >>> read_line("gt bead show de-1"), read_line("@toast look here"), read_line("!ls")
    (Run(words=('bead', 'show', 'de-1')), Say(to='toast', words='look here'), Shell(command='ls'))
    """
    text = text.strip()
    if text.startswith("!"):
        return Shell(text[1:].strip()) if text[1:].strip() else None
    if text.startswith("@"):
        name, _, said = text[1:].partition(" ")
        if not name or not said.strip():
            raise UsageError("words for whom, and which?", hint="@toast how far are you?")
        return Say(f"@{name}" if is_group(f"@{name}") else name, said.strip())
    if not text:
        return None
    try:
        words = shlex.split(text)
    except ValueError:
        if _begins_verb(text.split()[0]):
            raise UsageError("a quote is not closed", hint="close it, or write \\' for the letter") from None
        words = text.split()
    if words[:1] == ["gt"]:
        words = words[1:]
    if words == ["?"]:
        words = ["help"]
    if not words:
        return None
    if len(words) == 1 and words[0] in LEAVE:
        return Leave()
    if words == [CLEAR]:
        return Clear()
    if words == [DECIDE]:
        return Decide()
    return Run(tuple(words))


def is_speech(words: Sequence[str]) -> bool:
    """Whether words that are no verb are meant for somebody: several, of which the first is not a verb mistyped.

    >>> is_speech(["please", "look", "at", "toast"]), is_speech(["slnig", "de-1", "demo"]), is_speech(["hello"])
    (True, False, False)
    """
    return len(words) > 1 and not _begins_verb(words[0]) and not get_close_matches(words[0], children(()), 1, _TYPO)


def _begins_verb(word: str) -> bool:
    return word in ("gt", "help") or any(name.startswith(word) for name in children(()))
