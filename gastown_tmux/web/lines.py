"""Which lines of words a page may have carried out: what reads, and what the faces' own keys do. All else is told as
the command to type: a token that is stolen must not change settings, run a program or read a file.
"""

import io
import shlex
from enum import StrEnum
from typing import IO

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.rights import Right
from gastown_tmux.errors import GtError, UsageError
from gastown_tmux.faces.model import Model
from gastown_tmux.faces.palette import choices
from gastown_tmux.verbs.acts import VERBS_OF_ACTS
from gastown_tmux.verbs.index import find_verb
from gastown_tmux.verbs.parser import parse
from gastown_tmux.verbs.table import Kind, Verb

#: What writes no more than a row or a mail, and what stops everything and lets it go on: none of it is lost.
_DONE_TOO = (Right.TALK, Right.CREATE)
_EMERGENCY = ("estop", "thaw")
#: What reads, though it is carried out by whoever asks, for it may take long.
_SHOWN_TOO = ("log", "peek", "digest", "doctor", "snapshot diff", "waiting")
#: Of these, what has no end, or writes.
_NOT_SHOWN = frozenset(("follow", "mail", "fix", "save_sample", "watch"))
#: What is asked before, as the keys ask.
_CONFIRMS = {
    "respawn": "end the session and start it again?",
    "unsling": "take the bead off its hook?",
    "bead close": "close the bead?",
    "mq reject": "send it back?",
    "run cancel": "cancel the run, and close its beads?",
    "estop": "freeze every agent now?",
}


class Reach(StrEnum):
    SHOWN = "shown"
    DONE = "done"
    ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True)
class Line:
    """``words`` behind ``gt``; ``confirms`` is asked first."""

    words: tuple[str, ...]
    reach: Reach
    confirms: str = ""

    @property
    def command(self) -> str:
        return shlex.join(("gt", *self.words))


def read_line(text: str, read_only: bool = False) -> Line:
    """Raises UsageError where it is no line of the table, or not a whole one."""
    words = _split(text)
    if not words:
        raise UsageError("a verb, please: the list has all of them")
    verb, rest = find_verb(words)
    asks = any(word in ("-h", "--help") for word in rest)
    reach = Reach.ELSEWHERE if asks else _reach(verb, rest)
    if read_only and reach is Reach.DONE:
        reach = Reach.ELSEWHERE
    # By its whole words, however short they were typed.
    whole = (*verb.words.split(), *rest)
    return Line(whole, reach, _CONFIRMS.get(verb.words, "") if reach is Reach.DONE else "")


def suggest(model: Model, text: str, read_only: bool) -> dict[str, object]:
    """What the last word may become, each with its meaning and the whole line then; and what the line would be."""
    head = text[: len(text) - len(text.rpartition(" ")[2])]
    choosable = choices(Model(seen=model.seen, line=text))
    found = [{"word": word, "meaning": meaning, "line": f"{head}{word} "} for word, meaning in choosable]
    told: dict[str, object] = {"choices": found, "usage": "", "reach": "", "summary": ""}
    try:
        verb, _ = find_verb(_split(text))
    except GtError:
        return told
    told |= {"usage": verb.usage, "summary": verb.summary}
    try:
        told["reach"] = read_line(text, read_only).reach
    except GtError:
        told["reach"] = Reach.ELSEWHERE if _never(verb) else ""
    return told


def _split(text: str) -> list[str]:
    try:
        words = shlex.split(text)
    except ValueError:
        raise UsageError("a quote is open") from None
    return words[1:] if words[:1] == ["gt"] else words


def _never(verb: Verb) -> bool:
    return not (_may_be_shown(verb) or _may_be_done(verb))


def _may_be_shown(verb: Verb) -> bool:
    return verb.right is Right.READ and not verb.hidden and (verb.served or verb.words in _SHOWN_TOO)


def _may_be_done(verb: Verb) -> bool:
    if verb.terminal or verb.hidden:
        return False
    return verb.words in VERBS_OF_ACTS or verb.words in _EMERGENCY or (verb.served and verb.right in _DONE_TOO)


def _reach(verb: Verb, rest: list[str]) -> Reach:
    """Raises UsageError."""
    if _never(verb):
        return Reach.ELSEWHERE
    opened = list[str]()

    def note(name: str) -> IO[bytes]:
        opened.append(name)
        return io.BytesIO()

    given = parse(verb, rest, note)
    if opened:
        return Reach.ELSEWHERE  # a file of this machine, or standard input, of which there is none
    for parameter in verb.parameters:
        if parameter.name in given and (parameter.right or parameter.becomes or parameter.kind is Kind.PATH):
            return Reach.ELSEWHERE
    if _may_be_shown(verb):
        return Reach.ELSEWHERE if _NOT_SHOWN & given.keys() else Reach.SHOWN
    return Reach.DONE
