"""What may be typed next: verbs, flags and everything that exists, each with what it means."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from gastown_tmux.errors import UsageError
from gastown_tmux.verbs.index import VERBS, children, find_verb
from gastown_tmux.verbs.table import Kind, Parameter, Verb

#: A word, and what it means.
Choice = tuple[str, str]
#: What there is of a kind, now.
Names = Callable[[Kind], Iterable[Choice]]

#: More nobody reads, and drawing them costs.
MOST = 60
#: What may stand in any line.
GLOBALS = (
    ("--json", "the answer as JSON"),
    ("--quiet", "no progress"),
    ("--town", "the town, by its path"),
    ("--as", "an address, to speak as it"),
    ("-c", "KEY=VALUE, for this line only"),
    ("--help", "what it does"),
)


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


def suggest(before: Sequence[str], word: str, names: Names) -> list[Choice]:
    """What ``word``, the last on a line without ``gt``, may become behind the whole words ``before`` it."""
    if not before and word.startswith("@"):
        people = [(f"@{name}", meaning) for name, meaning in names(Kind.ADDRESS)]
        return fuzzy(word, [*people, *_groups(names)])
    if before[:1] == ["help"]:
        before, names = before[1:], lambda kind: ()
    try:
        verb, rest = find_verb(before) if before else (None, [])
    except UsageError:
        verb, rest = None, []
    path = _path(before)
    nexts = [*GLOBALS] if word.startswith("-") else _verbs(path, word) if path is not None else []
    if verb is None:
        return fuzzy(word, [*nexts, ("help", "what there is")] if not before else nexts)
    return fuzzy(word, [*_words(verb, rest, word, names), *(nexts if not rest or word.startswith("-") else [])])


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


def _words(verb: Verb, rest: Sequence[str], word: str, names: Names) -> Iterator[Choice]:
    flags = {flag: parameter for parameter in verb.parameters for flag in parameter.flags}
    last = flags.get(rest[-1]) if rest else None
    if last is not None and last.kind is not Kind.FLAG:
        yield from _values(last, names)
        return
    if word.startswith("-"):
        yield from ((flag, parameter.help) for flag, parameter in flags.items())
        return
    places = [parameter for parameter in verb.parameters if not parameter.flags]
    taken = sum(not given.startswith("-") for given in rest)
    if places:
        here = places[min(taken, len(places) - 1)]
        if taken < len(places) or here.many:
            yield from _values(here, names)
            if verb.words == "sling":
                yield from names(Kind.RIG)
                yield from names(Kind.AGENT)
                hosts = names(Kind.HOST)
                yield from ((f"{rig}@{host}", state) for rig, _ in names(Kind.RIG) for host, state in hosts)
    if not word:
        yield from ((parameter.flags[-1], parameter.help) for parameter in verb.parameters if parameter.flags)


def _values(parameter: Parameter, names: Names) -> Iterable[Choice]:
    if parameter.kind is Kind.CHOICE:
        return [(choice, "") for choice in parameter.choices]
    if parameter.name == "words":  # a sling's, which begin with beads
        return [choice for choice in names(Kind.BEAD) if choice[1].startswith("open")]
    if parameter.name == "source":  # a URL, or a path
        return names(Kind.PATH)
    if parameter.kind is Kind.TEXT and parameter.name in ("who", "what"):
        return names(Kind.ADDRESS)
    if parameter.kind is Kind.TEXT and parameter.name in ("to", "agent"):
        return [*names(Kind.ADDRESS), *_groups(names)]
    return names(parameter.kind)


def _groups(names: Names) -> Iterator[Choice]:
    yield ("@town", "everybody")
    for rig, _ in names(Kind.RIG):
        yield from ((f"@{kind}/{rig}", "everybody there") for kind in ("rig", "crew", "polecats"))
