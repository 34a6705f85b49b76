"""A verb's answer drawn again whenever the town has changed: what the panes of layouts show."""

import os
import threading

from gastown_tmux.cli import render
from gastown_tmux.errors import GtError, explain
from gastown_tmux.verbs.answer import answer
from gastown_tmux.verbs.flags import Globals
from gastown_tmux.verbs.index import find_verb
from gastown_tmux.verbs.opening import open_town

#: How often it is asked whether something was committed, and how often it is drawn although nothing was: ages change.
LOOK_SECONDS, AGAIN_SECONDS = 0.5, 15.0


def watch(given: Globals, words: list[str]) -> None:
    """Until it is interrupted. What is wrong with the town is shown, and it is asked again."""
    verb, rest = find_verb(words)
    town = open_town(given, dict(os.environ), lambda line: None)
    pause = threading.Event()
    while True:
        mark: object = None
        try:
            mark = town.db.mark()
            town.reload_settings()
            render.draw_top("\n".join(answer(verb, rest, town, render.display(), False)))
        except (GtError, OSError) as error:
            town.close()
            render.draw_top(f"gt: {explain(error)[0]}")
        for _ in range(int(AGAIN_SECONDS / LOOK_SECONDS)):
            pause.wait(LOOK_SECONDS)
            try:
                if town.db.mark() != mark:
                    break
            except (GtError, OSError):
                town.close()
