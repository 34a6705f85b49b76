"""Every verb, and how the words of a command line become one of them."""

import sys
from collections.abc import Mapping, Sequence
from functools import cache

from gastown_tmux.errors import UsageError
from gastown_tmux.verbs.table import Verb

#: The chapters in the order of the table, and the first words of their verbs: a line pays for its own chapter alone,
#: which is 3 ms less.
FIRST_WORDS = {
    "workspace": (
        "install", "up", "down", "status", "feed", "dashboard", "agents", "doctor", "completion", "uninstall", "demo",
        "rig", "crew", "polecat", "config",
    ),
    "hosts": ("host", "errand"),
    "config": ("config",),
    "skill": ("skill",),
    "work": ("bead", "sling", "scheduler", "unsling", "diff", "convoy"),
    "formula": ("formula", "run", "order", "step"),
    "talk": ("mail", "nudge", "prompt", "dnd"),
    "agent": (
        "prime", "hook", "done", "escalate", "signal", "attach", "jump", "detach", "stop", "respawn", "handoff",
        "pause", "resume", "estop", "thaw", "peek", "mirror", "log", "costs", "events", "snapshot",
    ),
    "mayor": ("mayor",),
    "layout": ("layout",),
    "review": ("review", "why", "digest", "waiting", "approve", "deny", "notify"),
    "merge": ("mq", "refinery", "daemon", "service"),
}  # fmt: skip
_FIRST = tuple(dict.fromkeys(word for words in FIRST_WORDS.values() for word in words))


def __getattr__(name: str) -> tuple[Verb, ...]:
    """``VERBS``: all of them, for whoever wants every chapter."""
    if name != "VERBS":
        raise AttributeError(name)
    return tuple(verb for chapter in FIRST_WORDS for verb in read_chapter(chapter))


def read_chapter(name: str) -> tuple[Verb, ...]:
    """Its verbs, in the order of the table."""
    module = f"gastown_tmux.verbs.chapters.{name}"
    __import__(module)
    verbs: tuple[Verb, ...] = sys.modules[module].VERBS
    return verbs


@cache
def _below(first: str) -> Mapping[tuple[str, ...], Verb]:
    """The verbs that begin with this word, by their words."""
    chapters = [chapter for chapter, words in FIRST_WORDS.items() if first in words]
    found = {tuple(verb.words.split()): verb for chapter in chapters for verb in read_chapter(chapter)}
    return {words: verb for words, verb in found.items() if words[0] == first}


def _find(path: tuple[str, ...]) -> Verb | None:
    return _below(path[0]).get(path) if path else None


def children(path: Sequence[str]) -> list[str]:
    """The words that may follow ``path``, in the order of the table; hidden verbs too."""
    if not path:
        return list(_FIRST)
    depth = len(path)
    below = _below(path[0])
    return list(dict.fromkeys(words[depth] for words in below if len(words) > depth and words[:depth] == tuple(path)))


def find_path(words: Sequence[str]) -> tuple[tuple[str, ...], list[str]]:
    """The whole words of a verb, or of a group of them, and the words behind it.

    Each word may be shortened while only one fits. Raises UsageError.
    """
    path: tuple[str, ...] = ()
    rest = list(words)
    while rest:
        nexts = children(path)
        word = rest[0]
        fitting = [word] if word in nexts else [name for name in nexts if name.startswith(word)]
        if word.startswith("-") or not nexts or (_find(path) is not None and word not in nexts):
            break
        if len(fitting) != 1:
            raise _unknown(path, word, nexts, fitting)
        path += (fitting[0],)
        rest.pop(0)
    return path, rest


def find_verb(words: Sequence[str]) -> tuple[Verb, list[str]]:
    """The verb and the words behind it. Each word may be shortened while only one fits. Raises UsageError."""
    path, rest = find_path(words)
    if not path and rest:
        raise UsageError(f"unknown flag {rest[0]}", hint="gt help")
    if (verb := _find(path)) is None:
        nexts = [name for name in children(path) if not _is_hidden((*path, name))]
        raise UsageError(f"'gt {' '.join(path)}' needs one of: {', '.join(nexts)}", hint=f"gt help {' '.join(path)}")
    return _follow(verb, rest)


def _follow(verb: Verb, rest: list[str]) -> tuple[Verb, list[str]]:
    """The verb that one of the flags makes of it."""
    for parameter in verb.parameters:
        if parameter.becomes:
            left = [word for word in rest if word not in parameter.flags]
            if len(left) < len(rest):
                return find_verb(parameter.becomes.split())[0], left
    return verb, rest


def _is_hidden(path: tuple[str, ...]) -> bool:
    verb = _find(path)
    return verb is not None and verb.hidden


def _unknown(path: tuple[str, ...], word: str, nexts: list[str], fitting: list[str]) -> UsageError:
    given = " ".join((*path, word))
    nexts = [name for name in nexts if not _is_hidden((*path, name))]
    if fitting:
        return UsageError(f"'gt {given}' may be {', '.join(fitting)}", hint="type more of it")
    import difflib  # where nothing is found

    near = difflib.get_close_matches(word, nexts, n=2)
    if near:
        return UsageError(
            f"unknown verb 'gt {given}'",
            hint="did you mean " + " or ".join(f"'gt {' '.join((*path, name))}'" for name in near) + "?",
        )
    return UsageError(f"unknown verb 'gt {given}'", hint=" ".join(("gt help", *path)))
