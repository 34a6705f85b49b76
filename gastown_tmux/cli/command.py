"""A verb of the command line: the town opened, the operation called, its value on stdout."""

import atexit
import contextlib
import os
import sys

from gastown_tmux.cli import render
from gastown_tmux.cli.notices import say
from gastown_tmux.edges.processes.person import ask, hear, is_terminal
from gastown_tmux.operations.town.town import NOWHERE, Town
from gastown_tmux.verbs.answer import answer
from gastown_tmux.verbs.flags import Globals
from gastown_tmux.verbs.opening import open_town
from gastown_tmux.verbs.parser import Opener
from gastown_tmux.verbs.table import Special, Verb


def carry_out(verb: Verb, words: list[str], given: Globals, open_file: Opener) -> None:
    """Raises GtError of any kind; nothing where a provider's hook asks, which is never failed by us."""
    try:
        _carry_out(verb, words, given, open_file)
    except Exception:
        if not _is_for_hook(verb, words) or os.environ.get("GT_DEBUG"):
            raise


def _is_for_hook(verb: Verb, words: list[str]) -> bool:
    flag = "--inject"
    return flag in words and any(flag in parameter.flags for parameter in verb.parameters)


def _carry_out(verb: Verb, words: list[str], given: Globals, open_file: Opener) -> None:
    town = open_town(given, dict(os.environ), say, needed=verb.town, either=verb.either, remains=verb.emergency)
    atexit.register(town.close)  # the last one to close the rows brings them into one file; a server's child is none
    write = render.draw if verb.show is Special.SCREENS else render.write
    town.ask, town.hear = ask, hear
    if verb.town and town.path != NOWHERE and town.is_person and sys.stdin.isatty():
        from gastown_tmux.operations.town.inheriting import note_environment  # only a person at a terminal pays for it

        note_environment(town)
    town.edit = lambda text, ending: _edit(text, ending, town)
    with contextlib.nullcontext() if given.json or given.quiet else render.progress():
        for text in answer(verb, words, town, render.display(), given.json, open_file):
            if verb.show is Special.PATCH and not given.json and is_terminal() and _has_paged(text, town):
                continue
            write(text)
            sys.stdout.flush()


def _has_paged(text: str, town: Town) -> bool:
    from gastown_tmux.edges.processes.terminal import fits, page  # few show so much

    if fits(text):
        return False
    page(text, town.environment)
    return True


def _edit(text: str, ending: str, town: Town) -> str | None:
    from gastown_tmux.edges.processes.editor import edit  # few write so much

    return edit(text, ending, town.environment)
