"""Bare ``gt`` on a terminal: the Mayor's REPL; and the questions that keys of the town's tmux open."""

import os
import sys

from gastown_tmux.cli import render
from gastown_tmux.cli.notices import say
from gastown_tmux.operations.town.inheriting import note_environment
from gastown_tmux.repl.shell import Shell
from gastown_tmux.verbs.flags import Globals
from gastown_tmux.verbs.opening import open_town


def converse(given: Globals) -> None:
    """Until the person leaves. Raises NotFoundError where there is no town."""
    _shell(given).run()


def pop_up(given: Globals, what: str) -> None:
    """One question, in a popup of the town's tmux."""
    _shell(given).pop_up(what)


def _shell(given: Globals) -> Shell:
    town = open_town(given, dict(os.environ), say)
    if sys.stdin.isatty():
        note_environment(town)
    return Shell(town, render.display())
