"""What programs write down of a conversation: JSON lines, of which only the counts of tokens are looked at."""

import json
from collections.abc import Iterable
from enum import StrEnum
from typing import Any, assert_never

from gastown_tmux.domain.spending import Tokens


class Transcript(StrEnum):
    """Whose form it has; NONE: the program tells of none that we can read."""

    CLAUDE = "claude"
    CODEX = "codex"
    PI = "pi"
    NONE = "none"


def count(form: Transcript, lines: Iterable[bytes]) -> Tokens:
    """The tokens of the whole conversation so far. Lines that are cut off or strange count nothing."""
    match form:
        case Transcript.CLAUDE:
            # A message stands in as many lines as it has parts, each with the usage of the whole.
            by_message = {
                entry["message"].get("id"): entry["message"]["usage"]
                for entry in _entries(lines, b'"usage"')
                if isinstance(entry.get("message"), dict) and isinstance(entry["message"].get("usage"), dict)
            }
            return sum(map(_of_claude, by_message.values()), Tokens())
        case Transcript.CODEX:
            total: dict[str, Any] = {}
            for entry in _entries(lines, b'"token_count"'):
                info = (entry.get("payload") or {}).get("info") or {}
                total = info.get("total_token_usage") or total
            cached = _number(total, "cached_input_tokens")
            return Tokens(_number(total, "input_tokens") - cached, _number(total, "output_tokens"), cached)
        case Transcript.PI:
            usages = ((entry.get("message") or {}).get("usage") or {} for entry in _entries(lines, b'"usage"'))
            return sum(map(_of_pi, usages), Tokens())
        case Transcript.NONE:
            return Tokens()
        case _:
            assert_never(form)


def _entries(lines: Iterable[bytes], mark: bytes) -> Iterable[dict[str, Any]]:
    for line in lines:
        if mark in line:
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if isinstance(entry, dict):
                yield entry


def _of_claude(usage: dict[str, Any]) -> Tokens:
    fresh = _number(usage, "input_tokens") + _number(usage, "cache_creation_input_tokens")
    return Tokens(fresh, _number(usage, "output_tokens"), _number(usage, "cache_read_input_tokens"))


def _of_pi(usage: dict[str, Any]) -> Tokens:
    fresh = _number(usage, "input") + _number(usage, "cacheWrite")
    return Tokens(fresh, _number(usage, "output"), _number(usage, "cacheRead"))


def _number(usage: dict[str, Any], key: str) -> int:
    value = usage.get(key)
    return value if isinstance(value, int) else 0
