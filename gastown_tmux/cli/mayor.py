"""Bare ``gt`` on a terminal: the Mayor's REPL."""

import os

from gastown_tmux.cli import render
from gastown_tmux.edges.terminal import lend
from gastown_tmux.repl.shell import Shell
from gastown_tmux.verbs.flags import Globals
from gastown_tmux.verbs.opening import open_town


def converse(given: Globals) -> None:
    """Until the person leaves. Raises NotFoundError where there is no town."""
    Shell(open_town(given, dict(os.environ), render.say, lend), render.look()).run()
