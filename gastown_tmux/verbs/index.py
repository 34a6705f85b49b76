"""Every verb, and how the words of a command line become one of them."""

from collections.abc import Sequence

from gastown_tmux.errors import UsageError
from gastown_tmux.verbs.chapters import (
    agent,
    config,
    formula,
    hosts,
    layout,
    mayor,
    merge,
    review,
    skill,
    talk,
    work,
    workspace,
)
from gastown_tmux.verbs.table import Verb

_CHAPTERS = (workspace, hosts, config, skill, work, formula, talk, agent, mayor, layout, review, merge)
VERBS: tuple[Verb, ...] = tuple(verb for chapter in _CHAPTERS for verb in chapter.VERBS)
_BY_WORDS = {tuple(verb.words.split()): verb for verb in VERBS}


def children(path: Sequence[str]) -> list[str]:
    """The words that may follow ``path``, in the order of the table; hidden verbs too."""
    depth = len(path)
    return list(
        dict.fromkeys(words[depth] for words in _BY_WORDS if len(words) > depth and words[:depth] == tuple(path))
    )


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
        if word.startswith("-") or not nexts or (path in _BY_WORDS and word not in nexts):
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
    if path not in _BY_WORDS:
        nexts = [name for name in children(path) if not _is_hidden((*path, name))]
        raise UsageError(f"'gt {' '.join(path)}' needs one of: {', '.join(nexts)}", hint=f"gt help {' '.join(path)}")
    return _follow(_BY_WORDS[path], rest)


def _follow(verb: Verb, rest: list[str]) -> tuple[Verb, list[str]]:
    """The verb that one of the flags makes of it."""
    for parameter in verb.parameters:
        if parameter.becomes:
            left = [word for word in rest if word not in parameter.flags]
            if len(left) < len(rest):
                return _BY_WORDS[tuple(parameter.becomes.split())], left
    return verb, rest


def _is_hidden(path: tuple[str, ...]) -> bool:
    return path in _BY_WORDS and _BY_WORDS[path].hidden


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
