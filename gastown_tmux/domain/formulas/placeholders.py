"""What stands for a value in a text: ``{{name}}``, and in what is woven in, ``{target…}`` and ``{step.…}``."""

import re
from collections.abc import Callable, Iterator, Mapping

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
#: Words of templates, which agents may be shown: they are never variables.
KEYWORDS = frozenset(
    (
        *("else", "end", "this", "root", "index", "key", "first", "last"),
        *("range", "with", "block", "define", "template", "nil"),
    )
)
_PLACEHOLDER = re.compile(r"\{\{([A-Za-z_][A-Za-z0-9_]*)\}\}")


def placeholders(text: str) -> Iterator[str]:
    """The names of variables in it; other double braces are an agent's to read.

    >>> list(placeholders("{{a}} {{ b }} {{end}} {{#if c}} {{.d}} {e}"))
    ['a']
    """
    return (match[1] for match in _PLACEHOLDER.finditer(text) if match[1] not in KEYWORDS)


def fill(text: str, values: Mapping[str, str], form: Callable[[str], str] = str) -> str:
    """With the values in their places; what a value holds is no placeholder.

    >>> fill("{{a}} {{b}}", {"a": "{{b}}", "b": "1"})
    '{{b}} 1'
    """

    def value(match: re.Match[str]) -> str:
        return form(values[match[1]]) if match[1] in values and match[1] not in KEYWORDS else match[0]

    return _PLACEHOLDER.sub(value, text)


def weave(text: str, word: str, values: Mapping[str, str]) -> str:
    """``{word}`` and ``{word.field}`` by their values; fields that have none stay.

    >>> weave("{step.id}-scan {step} {other}", "step", {"id": "a"})
    'a-scan {step} {other}'
    """
    return re.sub(rf"\{{{word}(?:\.([a-z_]+))?\}}", lambda match: values.get(match[1] or "", match[0]), text)


def unwoven(text: str, word: str, values: Mapping[str, str]) -> list[str]:
    """What of ``{word.field}`` has no value."""
    return [match[0] for match in re.finditer(rf"\{{{word}(?:\.([a-z_]+))?\}}", text) if (match[1] or "") not in values]
