"""The command line: global flags, the verb, its value on stdout, errors in one line, exit statuses."""

import json
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gastown_tmux.cli import render
from gastown_tmux.domain.ids import OVERSEER, Address
from gastown_tmux.domain.settings import check_value
from gastown_tmux.edges.configuration import parse_value
from gastown_tmux.errors import GtError, RefusedError, UsageError
from gastown_tmux.operations.town import Town, find_town
from gastown_tmux.verbs import show
from gastown_tmux.verbs.call import call
from gastown_tmux.verbs.data import document
from gastown_tmux.verbs.help import help_text
from gastown_tmux.verbs.index import find_verb
from gastown_tmux.verbs.parser import parse
from gastown_tmux.verbs.table import Special, Verb

INTERRUPTED = 130


@dataclass
class _Globals:
    town: str | None = None
    speaker: str | None = None
    json: bool = False
    quiet: bool = False
    help: bool = False
    version: bool = False
    settings: dict[str, object] = field(default_factory=dict)


def run(arguments: list[str]) -> int:
    """The exit status of ``gt ARGUMENTS``. Never a traceback, unless ``GT_DEBUG`` asks for one."""
    try:
        return _run(arguments)
    except GtError as error:
        if os.environ.get("GT_DEBUG"):
            raise
        _complain(error.message, error.hint)
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read us has gone; Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        if os.environ.get("GT_DEBUG"):
            raise
        where = f"{error.filename}: " if error.filename else ""
        _complain(f"{where}{error.strerror or error}", None)
        return 1
    except Exception as error:
        if os.environ.get("GT_DEBUG"):
            raise
        _complain(f"this is a fault in gt: {type(error).__name__}: {error}", "GT_DEBUG=1 shows where")
        return 1


def _complain(message: str, hint: str | None) -> None:
    sys.stderr.write(f"gt: {' '.join(message.split())}\n")
    if hint:
        sys.stderr.write(f"hint: {hint}\n")


def _run(arguments: list[str]) -> int:
    given, words = _take_globals(arguments)
    if given.version:
        render.write(f"gt {render.version()}")
        return 0
    if words[:1] == ["help"]:
        given.help, words = True, words[1:]
    if not words or given.help:
        render.write(help_text(words))
        return 0
    verb, rest = find_verb(words)
    values = parse(verb, rest)
    town = _open(verb, given)
    value = call(verb, town, values)
    _show(verb, value, given)
    return 0


def _take_globals(arguments: list[str]) -> tuple[_Globals, list[str]]:
    """Global flags may stand anywhere before ``--``; the rest keeps its order."""
    given, words = _Globals(), list[str]()
    pending = list(arguments)
    while pending:
        word = pending.pop(0)
        name, _, inline = word.partition("=")
        if word == "--" or words[:3] == ["config", "agent", "set"]:
            words += [word, *pending]
            break
        if name in ("--town", "--as", "-c"):
            if not inline and not pending:
                raise UsageError(f"{name} needs a value", hint="gt help")
            value = inline if "=" in word and name != "-c" else pending.pop(0)
            if name == "--town":
                given.town = value
            elif name == "--as":
                given.speaker = value
            else:
                key, _, text = value.partition("=")
                setting = parse_value(text)
                check_value(key, setting, f"-c {key}")
                given.settings[key] = setting
        elif word in ("--json", "--quiet", "--help", "-h", "--version"):
            attribute = {"-h": "help"}.get(word, word.lstrip("-"))
            setattr(given, attribute, True)
        else:
            words.append(word)
    return given, words


def _open(verb: Verb, given: _Globals) -> Town:
    environment = dict(os.environ)
    here = Path.cwd() if verb.town and not (given.town or environment.get("GT_TOWN")) else Path("/")
    path = find_town(given.town, environment, here) if verb.town else Path("/")
    spawned = environment.get("GT_AGENT")
    actor = Address.parse(spawned) if spawned else OVERSEER
    if given.speaker is not None:
        speaker = Address.parse(given.speaker)
        if spawned and speaker != actor:
            raise RefusedError(f"{actor} cannot speak as {speaker}")
        actor = speaker
    say = (lambda line: None) if given.quiet else render.say
    return Town(path, actor, environment, given.settings, say)


def _show(verb: Verb, value: Any, given: _Globals) -> None:
    if verb.show is Special.LINES:
        _stream(value, given.json)
    elif given.json:
        render.write(json.dumps(document(value), ensure_ascii=False, indent=1))
    else:
        text = show.render(verb, value, render.look())
        if text:
            render.write(text)


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
        render.write(json.dumps(document(collected), ensure_ascii=False, indent=1))
