"""As much of GraphQL as a stand-in needs: a query is read and answered from plain values; an unknown field is an error.

Values are dictionaries whose entries are values, lists, or functions of the field's arguments.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

_TOKEN = re.compile(r'\.\.\.|"(?:[^"\\]|\\.)*"|\$?[A-Za-z_]\w*|-?\d+|[{}()\[\]:,!=]')


class QueryError(Exception):
    """What a forge would say of such a query."""


class Reader:
    def __init__(self, text: str) -> None:
        self.tokens = [token for token in _TOKEN.findall(text) if token != ","]
        self.at = 0

    def take(self, wanted: str | None = None) -> str:
        token = self.tokens[self.at]
        assert wanted in (None, token), f"{wanted} expected, {token} found"
        self.at += 1
        return str(token)

    def next_is(self, token: str) -> bool:
        return self.tokens[self.at] == token

    def operation(self) -> list[Any]:
        while not self.next_is("{"):
            if self.next_is("("):
                while self.take() != ")":
                    pass
            else:
                self.take()
        return self.selection()

    def selection(self) -> list[Any]:
        found = []
        self.take("{")
        while not self.next_is("}"):
            if self.next_is("..."):
                self.take()
                self.take("on")
                found.append(("on", self.take(), {}, self.selection()))
                continue
            name = alias = self.take()
            if self.next_is(":"):
                self.take()
                name = self.take()
            arguments = {}
            if self.next_is("("):
                self.take()
                while not self.next_is(")"):
                    key = self.take()
                    self.take(":")
                    arguments[key] = self.value()
                self.take(")")
            found.append((alias, name, arguments, self.selection() if self.next_is("{") else []))
        self.take("}")
        return found

    def value(self) -> Any:
        token = self.take()
        if token == "{":
            found = {}
            while not self.next_is("}"):
                key = self.take()
                self.take(":")
                found[key] = self.value()
            self.take()
            return found
        if token.startswith("$"):
            return token
        return token.strip('"') if not token.lstrip("-").isdigit() else int(token)


def answer(text: str, variables: Mapping[str, Any], root: Mapping[str, Any]) -> Any:
    return _resolve(Reader(text).operation(), root, variables)


def _resolve(selection: list[Any], value: Any, variables: Mapping[str, Any]) -> Any:
    if value is None or not selection:
        return value
    if isinstance(value, list):
        return [_resolve(selection, one, variables) for one in value]
    return dict(_fields(selection, value, variables))


def _fields(selection: list[Any], value: Any, variables: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for alias, name, arguments, below in selection:
        if alias == "on":
            if value["__typename"] == name:
                yield from _fields(below, value, variables)
            continue
        if name not in value:
            raise QueryError(f"Field '{name}' doesn't exist on type '{value.get('__typename', 'here')}'")
        found = value[name]
        if callable(found):
            found = found(**{key: _put_in(given, variables) for key, given in arguments.items()})
        yield alias, _resolve(below, found, variables)


def _put_in(given: Any, variables: Mapping[str, Any]) -> Any:
    if isinstance(given, dict):
        return {key: _put_in(one, variables) for key, one in given.items()}
    if isinstance(given, str) and given.startswith("$"):
        return variables[given[1:]]
    return given
