"""A verb of the command line: the town opened, the operation called, its value on stdout."""

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from gastown_tmux.cli import render
from gastown_tmux.cli.flags import Globals
from gastown_tmux.domain.ids import OVERSEER, Address
from gastown_tmux.domain.settings import check_value
from gastown_tmux.edges.configuration import parse_value
from gastown_tmux.errors import RefusedError
from gastown_tmux.operations.town import Town, find_town
from gastown_tmux.verbs import show
from gastown_tmux.verbs.call import call
from gastown_tmux.verbs.data import document, to_json
from gastown_tmux.verbs.parser import parse
from gastown_tmux.verbs.table import Special, Verb


def carry_out(verb: Verb, words: list[str], given: Globals) -> None:
    """Raises GtError of any kind."""
    values = parse(verb, words)
    value = call(verb, open_town(verb, given), values)
    if verb.show is Special.LINES or isinstance(value, Iterator):
        _stream(value, given.json)
    elif given.json:
        render.write(to_json(document(value)))
    else:
        text = show.render(verb, value, render.look())
        if text:
            render.write(text)


def open_town(verb: Verb, given: Globals) -> Town:
    """The town a verb is about, asked by whoever this process belongs to."""
    environment = dict(os.environ)
    path = find_town(given.town, environment, _here()) if verb.town else Path("/")
    spawned = environment.get("GT_AGENT")
    actor = Address.parse(spawned) if spawned else OVERSEER
    if given.speaker is not None:
        speaker = Address.parse(given.speaker)
        if spawned and speaker != actor:
            raise RefusedError(f"{actor} cannot speak as {speaker}")
        actor = speaker
    flags = {}
    for key, text in given.settings.items():
        flags[key] = parse_value(text)
        check_value(key, flags[key], f"-c {key}")
    return Town(path, actor, environment, flags, (lambda line: None) if given.quiet else render.say)


def _here() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError:
        return Path("/")


def _stream(values: Iterable[Any], as_json: bool) -> None:
    """Prints what comes as it comes; as JSON, one document at the end."""
    collected = []
    for value in values:
        if as_json:
            collected.append(value)
        else:
            render.write(show.line(value, render.look()))
            sys.stdout.flush()
    if as_json:
        render.write(to_json(document(collected)))
