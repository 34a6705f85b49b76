"""The dialog in which an agent program asks a person, cut out of its screen as the program draws it.

Agents write on the same screen, and into the dialog too: a command, a reason. So a dialog counts only where it stands
at the bottom, is seen from its first line to its last, and every line is where the program puts it. Rather none than a
wrong one.
"""

import hashlib
import re
import textwrap
from collections.abc import Mapping

from gastown_tmux.dataclass import dataclass
from gastown_tmux.providers.screens import clean

_DRAWN = re.compile(r"[\s─╌╭╮╰╯│┃]*")
_BOXED = re.compile(r"^│ ?(.*?)\s*│$")
_BAR = re.compile(r"^ │ ?")
_OPTION = re.compile(r"^(\s*)[❯›●](\s+\d+\.\s)")
_NUMBER = re.compile(r"\d+\. ")
_SPINNER = re.compile(r"\s*[\u2801-\u28ff◐◓◑◒]")
_ELAPSED = re.compile(r"\s{2,}(?:\d+[hms] ?)+$")


@dataclass(frozen=True, slots=True)
class QuestionRule:
    """How a program draws one kind of dialog.

    It begins with the last line that matches ``begins``, which nothing inside it can draw, or without that with the
    screen; it ends with the screen, or above its last line where that matches ``ends``. Where there is ``line``, all
    but the first line match it, and say its group 1. ``beside`` matches the beginning of the screen's last line, up to
    the column from which something else is drawn.

    ``form`` matches the whole of it, and never one that hides a part of itself. Its groups: ``tool`` (else the rule's
    own), ``action`` is all of what the program is about to do (``prompted`` behind a ``$``, ``barred`` behind a bar,
    ``boxed`` in a frame), ``asks`` the program's words, ``options``. ``noise`` in it is no part of what is asked.
    ``approve`` and ``deny`` are keys, where they are not the program's usual ones.
    """

    form: re.Pattern[str]
    tool: str = ""
    begins: re.Pattern[str] | None = None
    ends: re.Pattern[str] | None = None
    line: re.Pattern[str] | None = None
    beside: re.Pattern[str] | None = None
    noise: re.Pattern[str] | None = None
    approve: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """``action`` keeps the line breaks of the screen; ``text`` is all of the dialog, for a person and for its digest.

    An agent gives reasons and descriptions, which are in ``text`` alone.
    """

    tool: str
    action: str
    asks: str
    options: tuple[str, ...]
    text: str
    approve: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()

    @property
    def stated(self) -> str:
        """What is asked, as rules see it: no word that the agent says about it."""
        return "\n".join(filter(None, (self.tool, self.action, self.asks)))

    @property
    def headline(self) -> str:
        """One line for a person."""
        said, *more = (self.action or self.asks).splitlines() or [""]
        words = f"{self.tool}: {said}" if self.tool else said
        return f"{words} …" if more else words


def find_question(rules: tuple[QuestionRule, ...], screen: str) -> Question | None:
    """The dialog at the bottom of this screen; None where none is, and where it is not seen whole."""
    lines = clean(screen)
    for rule in rules:
        dialog = _cut(rule, lines)
        match = rule.form.fullmatch(dialog) if dialog is not None else None
        if dialog is not None and match is not None:
            groups = match.groupdict("")
            return Question(
                tool=groups.get("tool", "") or rule.tool,
                action=_action(groups),
                asks=_plain(groups.get("asks", "")),
                options=_options(groups.get("options", "")),
                text=_legible(rule.noise.sub("", dialog) if rule.noise else dialog),
                approve=rule.approve,
                deny=rule.deny,
            )
    return None


def digest_of(question: Question | None, session: str, screen: str) -> str:
    """What tells this dialog of this session from any other. One that is not known is all of the screen, without what
    moves on it by itself.
    """
    text = question.text if question is not None else "\n".join(filter(None, map(_still, clean(screen))))
    return hashlib.sha256(f"{session}\n{text}".encode(errors="surrogatepass")).hexdigest()[:12]


def _cut(rule: QuestionRule, lines: tuple[str, ...]) -> str | None:
    if rule.beside is not None and lines and (match := rule.beside.search(lines[-1])) is not None:
        lines = tuple(line[: match.end()].rstrip() for line in lines)
    if rule.ends is not None:
        if not lines or not rule.ends.search(lines[-1]):
            return None
        lines = lines[:-1]
    inside = rule.line
    if inside is not None:
        first = next((n for n in range(len(lines) - 1, -1, -1) if not inside.search(lines[n])), None)
        if first is None or first == len(lines) - 1 or (rule.begins and not rule.begins.search(lines[first])):
            return None
        said = [(match[1] or "").rstrip() for line in lines[first + 1 :] if (match := inside.search(line))]
        found = [lines[first], *said]
    elif rule.begins is not None:
        begins = rule.begins
        first = next((n for n in range(len(lines) - 1, -1, -1) if begins.search(lines[n])), None)
        if first is None:
            return None
        found = list(lines[first:])
    else:
        found = list(lines)
    while found and not found[-1]:
        found.pop()
    return "\n".join(found) + "\n"


def _action(groups: Mapping[str, str]) -> str:
    """Without what the program draws before or around it."""
    if boxed := groups.get("boxed"):
        return "\n".join(_BOXED.sub(r"\1", line) for line in boxed.splitlines()).strip("\n")
    if barred := groups.get("barred"):
        return "\n".join(_BAR.sub("", line) for line in barred.splitlines()).strip("\n")
    return _plain(groups.get("action") or groups.get("prompted", "")).removeprefix(
        "$ " if groups.get("prompted") else ""
    )


def _plain(block: str) -> str:
    return textwrap.dedent(block).strip("\n")


def _options(block: str) -> tuple[str, ...]:
    """Each on one line, without the cursor; where they are numbered, what has no number goes on."""
    found: list[str] = []
    for line in block.splitlines():
        words = line.strip(" ❯›●")
        if found and _NUMBER.match(found[0]) and not _NUMBER.match(words):
            found[-1] += f" {words}"
        else:
            found.append(words)
    return tuple(found)


def _legible(dialog: str) -> str:
    lines = (_OPTION.sub(r"\1 \2", line) for line in dialog.splitlines())
    said = (_BOXED.sub(r"\1", line) for line in lines if not _DRAWN.fullmatch(line))
    return textwrap.dedent("\n".join(said))


def _still(line: str) -> str:
    return "" if _SPINNER.match(line) else _ELAPSED.sub("", line)
