"""What may be typed next: verbs, flags and everything that exists, each with what it means; fuzzy, from memory."""

import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from gastown_tmux.errors import UsageError
from gastown_tmux.repl.lines import is_open
from gastown_tmux.repl.values import Choice, Values
from gastown_tmux.verbs.index import VERBS, children, find_verb
from gastown_tmux.verbs.table import Kind, Parameter, Verb
from gastown_tmux.verbs.text import cut

#: More nobody reads, and drawing them costs.
MOST = 60
_GROUPS = ("@town", "@rig/", "@crew/", "@polecats/")


def fuzzy(word: str, choices: Iterable[Choice], most: int = MOST) -> list[Choice]:
    """Choices that hold the letters of ``word`` in that order: those that begin with it first, then that hold it.

    What it means is looked through too, last, for a whole part.

    >>> fuzzy("to", [("demo/toast", ""), ("total", ""), ("tango", ""), ("nux", "toast's friend")])
    [('total', ''), ('demo/toast', ''), ('tango', ''), ('nux', "toast's friend")]
    """
    if not word:
        return list(_first(choices, most))
    lower = word.lower()
    pattern = re.compile(".*?".join(map(re.escape, lower)))
    ranks: tuple[list[Choice], ...] = ([], [], [], [])
    for choice in choices:
        text = choice[0].lower()
        if text.startswith(lower):
            ranks[0].append(choice)
            if len(ranks[0]) == most:
                break
        elif lower in text:
            ranks[1].append(choice)
        elif pattern.search(text):
            ranks[2].append(choice)
        elif len(lower) > 2 and lower in choice[1].lower():
            ranks[3].append(choice)
    return [choice for rank in ranks for choice in rank][:most]


def _first(choices: Iterable[Choice], most: int) -> Iterator[Choice]:
    for _, choice in zip(range(most), choices, strict=False):
        yield choice


def suggest(text: str, values: Values) -> tuple[str, list[Choice]]:
    """The word that is being typed at the end of ``text``, and what it may become."""
    if text.lstrip().startswith("!"):
        return "", []
    word, before = _split(text)
    if not before and word.startswith("@"):
        groups = [(group, "everybody there") for group in _GROUPS]
        return word, fuzzy(
            word, [(f"@{name}", meaning) for name, meaning in values.words.get(Kind.ADDRESS, ())] + groups
        )
    if before[:1] == ["gt"]:
        before = before[1:]
    try:
        verb, rest = find_verb(before) if before else (None, [])
    except UsageError:
        verb, rest = None, []
    path = _path(before)
    nexts = _verbs(path, word) if path is not None else []
    if verb is None:
        return word, fuzzy(word, [*nexts, ("help", "what there is")] if not before else nexts)
    return word, fuzzy(word, [*(nexts if not rest else []), *_words(verb, rest, word, values)])


def _split(text: str) -> tuple[str, list[str]]:
    """The last word, as far as it is typed, and the whole words before it."""
    head, last = (text, "") if not text or text[-1].isspace() else _cut_last(text)
    try:
        return last, shlex.split(head)
    except ValueError:
        return last, head.split()


def _cut_last(text: str) -> tuple[str, str]:
    place = max(text.rfind(" "), text.rfind("\n")) + 1
    return text[:place], text[place:]


def _path(before: Sequence[str]) -> tuple[str, ...] | None:
    """The words before as a whole path of the table; None where they are none, or more than one."""
    path: tuple[str, ...] = ()
    for word in before:
        nexts = children(path)
        fitting = [word] if word in nexts else [name for name in nexts if name.startswith(word)]
        if len(fitting) != 1:
            return None
        path += (fitting[0],)
    return path


def _verbs(path: tuple[str, ...], word: str) -> list[Choice]:
    found = []
    for name in children(path):
        below = [verb for verb in VERBS if tuple(verb.words.split()[: len(path) + 1]) == (*path, name)]
        seen = [verb for verb in below if not verb.hidden]
        if not seen:
            continue
        exact = next((verb for verb in seen if verb.words.split() == [*path, name]), None)
        parts = " · ".join(verb.words.split()[-1] for verb in seen)
        found.append((name, exact.summary if exact else parts))
    return found


def _words(verb: Verb, rest: Sequence[str], word: str, values: Values) -> Iterator[Choice]:
    flags = {flag: parameter for parameter in verb.parameters for flag in parameter.flags}
    last = flags.get(rest[-1]) if rest else None
    if last is not None and last.kind is not Kind.FLAG:
        yield from _values(last, values)
        return
    if word.startswith("-"):
        yield from ((flag, parameter.help) for flag, parameter in flags.items())
        yield ("--json", "the answer as JSON")
        return
    places = [parameter for parameter in verb.parameters if not parameter.flags]
    taken = sum(not given.startswith("-") for given in rest)
    if places:
        here = places[min(taken, len(places) - 1)]
        if taken < len(places) or here.many:
            yield from _values(here, values)
            if verb.words == "sling":
                yield from values.words.get(Kind.RIG, ())
                yield from values.words.get(Kind.AGENT, ())
    if not word:
        yield from ((parameter.flags[-1], parameter.help) for parameter in verb.parameters if parameter.flags)


def _values(parameter: Parameter, values: Values) -> Iterable[Choice]:
    if parameter.kind is Kind.CHOICE:
        return [(choice, "") for choice in parameter.choices]
    if parameter.name == "words":  # a sling's, which begin with beads
        return [choice for choice in values.words.get(Kind.BEAD, ()) if choice[1].startswith("open")]
    if parameter.name in ("who", "what"):
        return values.words.get(Kind.ADDRESS, ())
    return values.words.get(parameter.kind, ())


class TableCompleter(Completer):
    """Completions of the line before the cursor; ``values`` gives the newest snapshot, and never waits."""

    def __init__(self, values: Callable[[], Values]) -> None:
        self._values = values

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:
        before = document.text_before_cursor
        if "\n" in before and is_open(before):
            return  # the middle of a quoted text
        word, choices = suggest(before.rpartition("\n")[2], self._values())
        for text, meaning in choices:
            yield Completion(text, start_position=-len(word), display_meta=cut(meaning, 60))
