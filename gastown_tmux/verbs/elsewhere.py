"""Lines about an agent of another town: ``gt peek toast@box`` is ``gt peek toast``, carried out there."""

from collections.abc import Sequence

from gastown_tmux.errors import UsageError
from gastown_tmux.verbs.table import AGENT_KINDS, Kind, Parameter, Verb

#: Parameters by which an agent is named though it may be something else.
_ALSO = frozenset((("nudge", "agent"), ("prompt", "agent"), ("log", "who")))
#: Of these this town has a copy, which is there while the host is away.
_KEPT_HERE = ("snapshot list", "snapshot show")


def find_place(verb: Verb, words: Sequence[str]) -> tuple[str, list[str]] | None:
    """The host whose agents the words name, and the words as that host is to have them; None where they name ours.

    Raises UsageError where they name agents of several towns.
    """
    if not any("@" in word for word in words) or verb.words in _KEPT_HERE:
        return None
    found = next((each for each in verb.parameters if not each.flags), None)
    if found is None or not _names_agents(verb, found):
        return None
    places = _positionals(verb, words)
    places = places if found.many else places[:1]
    named = {place: words[place].rpartition("@") for place in places}
    hosts = {host if at and local else None for local, at, host in named.values()}
    if hosts == {None} or not hosts:
        return None
    if len(hosts) > 1 or None in hosts:
        raise UsageError("these are agents of several towns", hint=f"gt {verb.words}, once for each town")
    there = [named[place][0] if place in named else word for place, word in enumerate(words)]
    return str(next(iter(hosts))), there


def _names_agents(verb: Verb, parameter: Parameter) -> bool:
    return parameter.kind in AGENT_KINDS or parameter.kind is Kind.ADDRESS or (verb.words, parameter.name) in _ALSO


def _positionals(verb: Verb, words: Sequence[str]) -> list[int]:
    found, place = list[int](), 0
    takes = {name: parameter.takes_value for parameter in verb.parameters for name in parameter.flags}
    while place < len(words):
        word = words[place]
        if word == "--":
            return [*found, *range(place + 1, len(words))]
        if not word.startswith("-") or word == "-":
            found.append(place)
        elif takes.get(word):
            place += 1
        place += 1
    return found
