"""A verb of the command line: the town opened, the operation called, its value on stdout."""

import os
import sys

from gastown_tmux.cli import render
from gastown_tmux.edges.terminal import ask
from gastown_tmux.verbs.answer import answer
from gastown_tmux.verbs.flags import Globals
from gastown_tmux.verbs.opening import open_town
from gastown_tmux.verbs.table import Special, Verb


def carry_out(verb: Verb, words: list[str], given: Globals) -> None:
    """Raises GtError of any kind."""
    town = open_town(given, dict(os.environ), render.say, needed=verb.town)
    write = render.draw if verb.show is Special.SCREENS else render.write
    town.ask = ask
    for text in answer(verb, words, town, render.look(), given.json):
        write(text)
        sys.stdout.flush()
