"""``gt __complete WORD…``: what the last word may become, for the shells' own completion. Never an error."""

import contextlib
import os
import sys
from collections.abc import Sequence

from gastown_tmux.errors import GtError
from gastown_tmux.verbs.flags import Globals, take_globals, take_host
from gastown_tmux.verbs.suggest import Choice, suggest
from gastown_tmux.verbs.table import Kind


def complete(words: Sequence[str]) -> None:
    """A line each: the word, a tab, what it means. ``--flag=VALUE`` may come in one word, or broken at the ``=``."""
    *before, word = words or [""]
    head = ""
    if word == "=":
        word = ""
    elif word.startswith("--") and "=" in word:
        flag, _, word = word.partition("=")
        before, head = [*before, flag], f"{flag}="
    with contextlib.suppress(GtError):
        host, before = take_host([other for other in before if other != "="])
        given, before = take_globals(before)
        # What there is on another host is not known here.
        choices = suggest(before, word, lambda kind: () if host else _names(given, kind))
        if not before:
            choices.append(("--host", "a host, or user@box: a town elsewhere"))
            choices.append(("--all", "this town and those of all hosts"))
        for name, meaning in choices:
            if name.startswith(word):
                sys.stdout.write(f"{head}{name}\t{' '.join(meaning.split())}\n")


def _names(given: Globals, kind: Kind) -> Sequence[Choice]:
    from gastown_tmux.verbs.names import NAMED, list_names  # 40 ms, all of it, that verbs and flags need not pay
    from gastown_tmux.verbs.opening import open_town

    if kind not in NAMED:
        return ()
    try:
        return list_names(open_town(given, dict(os.environ), lambda line: None), kind)
    except GtError:
        return ()
