"""Values as JSON has them: one shape for the command line, the REPL and whatever comes after."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gastown_tmux.dataclass import is_dataclass, values_of
from gastown_tmux.domain.odd_bytes import printable
from gastown_tmux.operations.town.town import Answer


def to_data(value: Any) -> Any:
    """Dataclasses as objects of their fields (``from_`` as ``from``), lists and mappings through and through."""
    # The most frequent first: of ten thousand beads in a list two hundred thousand values are such.
    if isinstance(value, str):
        return printable(value)
    if value is None or isinstance(value, int | float):
        return value
    if is_dataclass(value):
        return {name.rstrip("_"): to_data(inner) for name, inner in values_of(value).items()}
    if isinstance(value, list | tuple | frozenset | set):
        return [to_data(inner) for inner in value]
    if isinstance(value, Mapping):
        return {printable(str(key)): to_data(inner) for key, inner in value.items()}
    if isinstance(value, Path):
        return printable(str(value))
    return value


def document(value: Any) -> Any:
    """The one JSON document of a verb: a list as ``{"items": […]}``, a text as ``{"text": …}``, a thing as its object.

    An answer is what it is about.
    """
    if isinstance(value, Answer):
        value = value.value
    data = to_data(value)
    if isinstance(data, list):
        return {"items": data}
    return {"text": data} if isinstance(data, str) else data


def to_json(data: Any, indent: int | None = 1) -> str:
    return json.dumps(data, ensure_ascii=False, indent=indent)
