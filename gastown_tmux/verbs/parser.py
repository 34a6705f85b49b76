"""The words behind a verb, parsed by its row in the table.

As getopt has it: flags may stand anywhere, the word after one is its value even where it begins with ``-``, and what
follows ``--`` is no flag.
"""

import contextlib
import io
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any

from gastown_tmux.domain.encodings import decode
from gastown_tmux.errors import GtError, NotFoundError, UsageError
from gastown_tmux.verbs.table import Kind, Parameter, Verb

_LARGEST = 64 << 20


#: Opens a file that a line names, and standard input for ``-``. Raises OSError.
Opener = Callable[[str], contextlib.AbstractContextManager[IO[bytes]]]


def open_file(name: str) -> contextlib.AbstractContextManager[IO[bytes]]:
    return contextlib.nullcontext(sys.stdin.buffer) if name == "-" else Path(name).open("rb")


def list_files(verb: Verb, words: Sequence[str]) -> list[str]:
    """The files whose text the words ask for. Raises UsageError; nothing is opened."""
    names = list[str]()

    def take(name: str) -> IO[bytes]:
        if name != "-":
            names.append(name)
        return io.BytesIO()

    _parse(verb, list(words), take)
    return names


def needs_writing(verb: Verb, words: Sequence[str]) -> bool:
    """Whether a person at a terminal is to write what the words do not say."""
    try:
        return bool(verb.written) and not _parse(verb, list(words), lambda name: io.BytesIO()).keys() & set(
            verb.written
        )
    except UsageError:
        return False


def parse(verb: Verb, words: Sequence[str], open_file: Opener = open_file) -> dict[str, Any]:
    """Keyword arguments, of the parameters that were given. Raises UsageError."""
    try:
        "".join(words).encode()
        given = _parse(verb, list(words), open_file)
    except UnicodeError:
        raise UsageError("an argument is not UTF-8 text", hint=verb.usage) from None
    except UsageError as error:
        raise UsageError(error.message, hint=error.hint or f"gt {verb.words} --help") from None
    for parameter in verb.parameters:
        if parameter.required and parameter.name not in given:
            raise UsageError(
                f"gt {verb.words} needs {parameter.flags[-1] if parameter.flags else parameter.metavar}",
                hint=verb.usage,
            )
    return given


def _parse(verb: Verb, rest: list[str], open_file: Opener) -> dict[str, Any]:
    given, alone, said = dict[str, Any](), list[str](), dict[str, Parameter]()
    takes_rest = any(parameter.rest for parameter in verb.parameters)
    while rest:
        word = rest.pop(0)
        if word == "--" or (takes_rest and alone):
            alone += rest if word == "--" else [word, *rest]
            break
        if (found := _find_flag(verb, word)) is None:
            alone.append(word)
            continue
        parameter, value = found
        if parameter.kind is Kind.FLAG:
            if value is not None:
                raise UsageError(f"{word.partition('=')[0]} takes no value")
            given[parameter.name] = True
            continue
        if (other := said.setdefault(parameter.name, parameter)) is not parameter:
            raise UsageError(f"{other.flags[-1]} and {parameter.flags[-1]} say the same: give one of them")
        values = [rest.pop(0) if value is None and rest else value]
        while parameter.many and value is None and rest and rest[0][:1] != "-":
            values.append(rest.pop(0))
        read = [_read(parameter, word, text, open_file) for text in values]
        given[parameter.name] = [*given.get(parameter.name, ()), *read] if parameter.many else read[0]
    for parameter in verb.parameters:
        if alone and not parameter.flags:
            many = alone if parameter.many else alone[:1]
            if parameter.kind is Kind.BODY and len(many) > 1:  # among others '-' is a word
                taken = list[Any](many)
            else:
                taken = [_read(parameter, parameter.metavar, word, open_file) for word in many]
            given[parameter.name] = taken if parameter.many else taken[0]
            alone = alone[len(taken) :]
    if alone:
        raise UsageError(f"gt {verb.words} does not take {' '.join(alone)!r}", hint=_quote(verb, given, alone))
    return given


def _quote(verb: Verb, given: dict[str, Any], alone: Sequence[str]) -> str | None:
    """What may have been meant where words are left over: those of one text, which a shell has parted."""
    texts = [each for each in verb.parameters if each.kind in (Kind.TEXT, Kind.BODY) and not each.many]
    for parameter in reversed(texts):
        if isinstance(value := given.get(parameter.name), str) and value and "\n" not in value:
            import shlex  # where something is wrong

            words = shlex.quote(" ".join((value, *alone)))
            return f"quote words that belong together: {' '.join((*parameter.flags[:1], words))}"
    return None


def _find_flag(verb: Verb, word: str) -> tuple[Parameter, str | None] | None:
    """The flag that a word is, also the unique beginning of a long one, and the value that is tied to it.

    None for what is no flag: a number, and what holds a space, unless it begins with a flag.
    """
    flags = {name: parameter for parameter in verb.parameters for name in parameter.flags}
    name, tied, value = word.partition("=")
    near = {name} & flags.keys() or {flag for flag in flags if word[:2] == "--" and flag.startswith(name)}
    if len(near) == 1:
        return flags[near.pop()], value if tied else None
    if word[:2] in flags:
        return flags[word[:2]], word[2:]
    if word[:1] != "-" or word == "-" or " " in name or word[1].isdigit():
        return None
    raise UsageError(f"gt {verb.words} has no flag {name}")


def _read(parameter: Parameter, name: str, word: str | None, open_file: Opener) -> Any:
    if word is None:
        raise UsageError(f"{name} needs a value")
    try:
        match parameter.kind:
            case Kind.INTEGER:
                return int(word)
            case Kind.DURATION:
                from gastown_tmux.domain.setting_values import parse_duration  # 2 ms, and few lines have one

                return parse_duration(word)
    except ValueError as error:
        wanted = error if parameter.kind is Kind.DURATION else "a number"
        raise UsageError(f"{name}: {word!r} is not {wanted}") from None
    if parameter.kind is Kind.PATH:
        return Path(word)
    if parameter.kind is Kind.FILE or (parameter.kind is Kind.BODY and word == "-"):
        return _read_text(word, open_file)
    return word


def _read_text(name: str, open_file: Opener) -> str:
    """The text of a file, or of standard input for ``-``. Raises NotFoundError, UsageError."""
    what = "standard input" if name == "-" else name
    try:
        # A pipe may be meant, as a shell's <(…) is; it may also have no end.
        with open_file(name) as file:
            data = file.read(_LARGEST + 1)
    except FileNotFoundError:
        raise NotFoundError(f"no file {name}") from None
    except OSError as error:
        raise GtError(f"{name} cannot be read: {error.strerror}") from None
    if len(data) > _LARGEST:
        raise UsageError(f"{what} is longer than {_LARGEST >> 20} MB")
    try:
        return decode(data)
    except ValueError as error:
        import shlex  # where something is wrong

        argument = "" if name == "-" else f" {shlex.quote(name)}"
        hint = f"iconv -f latin1 -t utf-8{argument}" if "UTF-8" in str(error) else None
        raise UsageError(f"{what} is {error}", hint) from None
