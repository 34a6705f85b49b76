"""YAML that people write, as values that JSON could say too: the one place where it is parsed."""

import datetime
import re
from typing import Any

#: The way from a document's top to a key, as ``("vars", "name")``.
Path = tuple[str | int, ...]

#: No file of settings, layout or role comes near; a few aliases of aliases in a small file go far beyond.
MOST_VALUES = 50_000
DEEPEST = 100

_WORD = "[a-z][a-z-]*"
_PLAIN_LINE = rf"([a-z]+): (?:({_WORD})|\[((?:{_WORD}(?:, {_WORD})*)?)\])"
#: Words that are no texts in YAML.
_NO_TEXTS = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null"))


def parse_plain(text: str) -> dict[str, object] | None:
    """What YAML would make of lines that are a key and a word, or a list of words in one line; None of all else.

    >>> parse_plain("restart: always\\nmay: [sling, stop]\\n")
    {'restart': 'always', 'may': ['sling', 'stop']}
    """
    found = dict[str, object]()
    for line in text.splitlines():
        if (parts := re.fullmatch(_PLAIN_LINE, line)) is None:
            return None
        key, word, words = parts.groups()
        values = [word] if word else words.split(", ") if words else []
        if key in found or not _NO_TEXTS.isdisjoint((key, *values)):
            return None
        found[key] = word or values
    return found or None


def parse_yaml(text: str) -> object:
    """The document. Raises ValueError in one line where it is none, or is too large or too deep to be meant."""
    import yaml  # 20 ms, spent only when a file changed

    try:
        value = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        words = " ".join(str(error).split()).replace(' in "<unicode string>",', " at")
        raise ValueError(words) from None
    except (ValueError, LookupError, AttributeError, TypeError, RecursionError) as error:
        # Of a scalar that is none of its kind, as 2026-99-99 is no date.
        raise ValueError(f"a value in it cannot be read: {error}") from None
    return _Plain().make(value)


class _Plain:
    def __init__(self) -> None:
        self._left = MOST_VALUES

    def make(self, value: object, depth: int = 0) -> object:
        self._left -= 1
        if self._left < 0 or depth > DEEPEST:
            raise ValueError(f"it has more than {MOST_VALUES} values, or more than {DEEPEST} inside each other")
        match value:
            case dict():
                return {str(key): self.make(inner, depth + 1) for key, inner in value.items()}
            case list():
                return [self.make(inner, depth + 1) for inner in value]
            case None | bool() | int() | float():
                return value
            case str():
                return value.encode("utf-8", "replace").decode()
            case datetime.date() | datetime.datetime():
                return value.isoformat()
        raise ValueError(f"a {type(value).__name__} in it is not understood")


def parse_texts(text: str) -> tuple[object, dict[Path, int]]:
    """The document with every scalar as the text that it is (``on`` and ``13:00`` are nothing else), and the line, from
    1, of each key. Raises UnreadableError; a key that stands twice is one too.
    """
    import yaml

    try:
        node = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise UnreadableError(" ".join(str(error.problem or error).split()), mark.line + 1 if mark else 1) from None
    except (yaml.YAMLError, ValueError, LookupError, AttributeError, TypeError, RecursionError) as error:
        raise UnreadableError(" ".join(str(error).split()) or "it cannot be read", 1) from None
    texts = _Texts()
    return texts.make(node, (), 0) if node is not None else None, texts.lines


class UnreadableError(ValueError):
    """What is wrong, and on which ``line``."""

    def __init__(self, words: str, line: int) -> None:
        super().__init__(words)
        self.line = line


class _Texts:
    def __init__(self) -> None:
        self.lines: dict[Path, int] = {}
        self._left = MOST_VALUES

    def make(self, node: Any, path: Path, depth: int) -> object:
        import yaml

        self._left -= 1
        line = node.start_mark.line + 1
        self.lines.setdefault(path, line)
        if self._left < 0 or depth > DEEPEST:
            words = f"it has more than {MOST_VALUES} values, or more than {DEEPEST} inside each other"
            raise UnreadableError(words, line)
        match node:
            case yaml.ScalarNode():
                return str(node.value).encode("utf-8", "replace").decode()
            case yaml.SequenceNode():
                return [self.make(inner, (*path, at), depth + 1) for at, inner in enumerate(node.value)]
            case _:
                return self._table(node, path, depth)

    def _table(self, node: Any, path: Path, depth: int) -> dict[str, object]:
        found = dict[str, object]()
        for key, inner in node.value:
            name, line = key.value, key.start_mark.line + 1
            if not isinstance(name, str):
                raise UnreadableError("a key must be a text", line)
            if name in found:
                raise UnreadableError(f"{name} stands twice", line)
            self.lines[(*path, name)] = line
            found[name] = self.make(inner, (*path, name), depth + 1)
        return found
