"""The flags that every verb takes, wherever they stand."""

from gastown_tmux.dataclass import dataclass, field
from gastown_tmux.errors import UsageError
from gastown_tmux.verbs.index import find_verb
from gastown_tmux.verbs.table import Parameter


@dataclass
class Globals:
    """The flags that every verb takes; ``settings`` are the texts of ``-c KEY=VALUE``."""

    town: str | None = None
    speaker: str | None = None
    json: bool = False
    quiet: bool = False
    help: bool = False
    version: bool = False
    settings: dict[str, str] = field(default_factory=dict)


def take_globals(arguments: list[str]) -> tuple[Globals, list[str]]:
    """Global flags may stand anywhere before ``--``; the rest keeps its order. Raises UsageError.

    A verb's own flag by the same name goes before them.
    """
    given, words = Globals(), list[str]()
    pending = list(arguments)
    while pending:
        word = pending.pop(0)
        name, equals, value = word.partition("=")
        if word == "--" or (words[:3] == ["config", "agent", "set"] and len(words) > 3):
            words += [word, *pending]
            break
        if own := _find_flag(words, name):
            words.append(word)
            if own.takes_value and not equals and pending:
                words.append(pending.pop(0))
        elif name in ("--town", "--as", "-c"):
            if not equals or name == "-c":
                if not pending:
                    raise UsageError(f"{name} needs a value", hint="gt help")
                value = pending.pop(0)
            if name == "--town":
                given.town = value
            elif name == "--as":
                given.speaker = value
            else:
                key, _, text = value.partition("=")
                given.settings[key] = text
        elif word in ("--json", "--quiet", "--help", "-h", "--version"):
            setattr(given, "help" if word == "-h" else word.lstrip("-"), True)
        else:
            words.append(word)
    return given, words


def take_host(arguments: list[str]) -> tuple[str | None, list[str]]:
    """The host whose town a line is about, and the line as that host is to have it. ``--host`` stands before the verb.

    >>> take_host(["--json", "--host", "me@box", "status", "--host", "x"])
    ('me@box', ['--json', 'status', '--host', 'x'])
    """
    place = 0
    while place < len(arguments) and arguments[place].startswith("-"):
        word = arguments[place]
        if word == "--host" and place + 1 < len(arguments):
            return arguments[place + 1], arguments[:place] + arguments[place + 2 :]
        if word.startswith("--host="):
            return word.partition("=")[2], arguments[:place] + arguments[place + 1 :]
        if word == "--host":
            raise UsageError("--host needs a value", hint="gt --host HOST VERB …, or user@box")
        place += 2 if word in ("--town", "--as", "-c") else 1
    return None, arguments


def take_all(arguments: list[str]) -> tuple[bool, list[str]]:
    """Whether the line is for the towns of all hosts too, and the line without that. ``--all`` stands before the verb.

    >>> take_all(["--json", "--all", "agents"]), take_all(["mail", "inbox", "--all"])
    ((True, ['--json', 'agents']), (False, ['mail', 'inbox', '--all']))
    """
    place = 0
    while place < len(arguments) and arguments[place].startswith("-"):
        if arguments[place] == "--all":
            return True, arguments[:place] + arguments[place + 1 :]
        place += 2 if arguments[place] in ("--town", "--as", "-c") else 1
    return False, arguments


def _find_flag(words: list[str], name: str) -> Parameter | None:
    """The verb's own flag by this name, where ``words`` begin with a verb."""
    if not words or not name.startswith("-"):
        return None
    try:
        verb, _ = find_verb(words)
    except UsageError:
        return None
    return next((parameter for parameter in verb.parameters if name in parameter.flags), None)
