"""The words behind a verb, parsed by its row in the table."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from gastown_tmux.domain.settings import parse_duration
from gastown_tmux.errors import GtError, NotFoundError, UsageError
from gastown_tmux.verbs.table import Kind, Parameter, Verb


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(message, hint=f"{self.prog} --help")


def parse(verb: Verb, words: Sequence[str]) -> dict[str, Any]:
    """Keyword arguments, of the parameters that were given. Raises UsageError."""
    parser = _Parser(prog=f"gt {verb.words}", add_help=False, argument_default=argparse.SUPPRESS)
    for parameter in verb.parameters:
        _add(parser, parameter)
    has_rest = any(parameter.rest for parameter in verb.parameters)
    try:
        "".join(words).encode()
    except UnicodeError:
        raise UsageError("an argument is no UTF-8 text", hint=verb.usage) from None
    parsed = parser.parse_args(words) if has_rest else parser.parse_intermixed_args(words)
    given = {name: value for name, value in vars(parsed).items() if value is not None and value != []}
    for parameter in verb.parameters:
        if parameter.required and parameter.name not in given:
            raise UsageError(
                f"gt {verb.words} needs {parameter.flags[-1] if parameter.flags else parameter.metavar}",
                hint=verb.usage,
            )
    return given


def _add(parser: argparse.ArgumentParser, parameter: Parameter) -> None:
    options: dict[str, Any] = {"metavar": parameter.metavar}
    if parameter.kind is Kind.INTEGER:
        options["type"] = int
    elif parameter.kind is Kind.PATH:
        options["type"] = Path
    elif parameter.kind is Kind.DURATION:
        options["type"] = _duration
    elif parameter.kind is Kind.FILE:
        options["type"] = read_text
    elif parameter.kind is Kind.BODY:
        options["type"] = lambda word: read_text(word) if word == "-" else word
    if parameter.kind is Kind.CHOICE:
        options["choices"] = parameter.choices
    if not parameter.flags:
        # Suppressed, argparse would convert its own marker for "suppressed" to the type.
        options["default"] = None
        if parameter.rest:
            options["nargs"] = argparse.REMAINDER
        elif parameter.many:
            options["nargs"] = "*"
            options.pop("choices", None)
        else:
            options |= {"nargs": "?", "default": None}
            options.pop("choices", None)
        parser.add_argument(parameter.name, **options)
    elif parameter.kind is Kind.FLAG:
        parser.add_argument(*parameter.flags, dest=parameter.name, action="store_true")
    elif parameter.many:
        parser.add_argument(*parameter.flags, dest=parameter.name, action="extend", nargs="+", **options)
    else:
        parser.add_argument(*parameter.flags, dest=parameter.name, **options)


def _duration(text: str) -> float:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not {error}") from None


def read_text(name: str) -> str:
    """The text of a file, or of standard input for ``-``. Raises NotFoundError, UsageError."""
    try:
        data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except FileNotFoundError:
        raise NotFoundError(f"no file {name}") from None
    except OSError as error:
        raise GtError(f"{name} cannot be read: {error.strerror}") from None
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise UsageError(f"{name} is no UTF-8 text") from None
