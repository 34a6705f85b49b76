"""``gt __complete WORD…``: what the last word may become, for the shells' own completion. Never an error."""

import contextlib
import os
import sys
from collections.abc import Sequence

from gastown_tmux.errors import GtError
from gastown_tmux.verbs.flags import Globals, take_globals
from gastown_tmux.verbs.suggest import Choice, suggest
from gastown_tmux.verbs.table import Kind

_FLAGS = (
    ("--json", "the answer as JSON"), ("--quiet", "no progress"), ("--help", "what the verb does"),
    ("--town", "the town's folder"), ("--as", "speak for another"), ("--host", "the town on another machine"),
)  # fmt: skip


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
        given, before = take_globals([other for other in before if other != "="])
        found = dict(suggest(before, word, lambda kind: _names(given, kind)))
        for name, meaning in (found | dict(_FLAGS) if word.startswith("-") else found).items():
            if name.startswith(word):
                sys.stdout.write(f"{head}{name}\t{' '.join(meaning.split())}\n")


def _names(given: Globals, kind: Kind) -> Sequence[Choice]:
    from gastown_tmux.edges.terminal import become  # 40 ms, all of it, that verbs and flags need not pay
    from gastown_tmux.verbs.names import NAMED, list_names
    from gastown_tmux.verbs.opening import open_town

    if kind not in NAMED:
        return ()
    try:
        return list_names(open_town(given, dict(os.environ), lambda line: None, become), kind)
    except GtError:
        return ()
