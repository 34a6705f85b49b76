"""What programs write down of a conversation: JSON lines, of which only the counts of tokens are looked at."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, assert_never

from gastown_tmux.domain.spending import Tokens
from gastown_tmux.reading import json_object

#: No message has so many tokens, and no row holds the sum of such.
_MOST = 2**40


class Transcript(StrEnum):
    """Whose form it has; NONE: the program tells of none that we can read."""

    CLAUDE = "claude"
    CODEX = "codex"
    PI = "pi"
    GEMINI = "gemini"
    QWEN = "qwen"
    COPILOT = "copilot"
    OPENCODE = "opencode"
    NONE = "none"


def count(form: Transcript, lines: Iterable[bytes]) -> Tokens:
    """The tokens of the whole conversation so far. Lines that are cut off or strange count nothing."""
    match form:
        case Transcript.CLAUDE:
            # A message stands in as many lines as it has parts, each with the usage of the whole.
            messages = (_part(entry, "message") for entry in _entries(lines, b'"usage"'))
            by_message = {str(message.get("id")): _part(message, "usage") for message in messages}
            return sum(map(_of_claude, by_message.values()), Tokens())
        case Transcript.CODEX:
            total: dict[str, Any] = {}
            for entry in _entries(lines, b'"token_count"'):
                total = _part(_part(_part(entry, "payload"), "info"), "total_token_usage") or total
            cached = _number(total, "cached_input_tokens")
            return Tokens(_number(total, "input_tokens") - cached, _number(total, "output_tokens"), cached)
        case Transcript.PI:
            usages = (_part(_part(entry, "message"), "usage") for entry in _entries(lines, b'"usage"'))
            return sum(map(_of_pi, usages), Tokens())
        case Transcript.GEMINI:
            # A message is written again with what became of its calls.
            by_message = {str(entry.get("id")): _part(entry, "tokens") for entry in _entries(lines, b'"tokens"')}
            return sum((_of_google(tokens, "input", "cached", "total") for tokens in by_message.values()), Tokens())
        case Transcript.QWEN:
            names = ("promptTokenCount", "cachedContentTokenCount", "totalTokenCount")
            found = (_part(entry, "usageMetadata") for entry in _entries(lines, b'"usageMetadata"'))
            return sum((_of_google(usage, *names) for usage in found), Tokens())
        case Transcript.COPILOT:
            records = _entries(lines, b'"session.usage_record"')
            return sum((_of_copilot(_part(_part(record, "data"), "usage")) for record in records), Tokens())
        case Transcript.OPENCODE:
            # Written by our own plugin, each time something of a finished message changes.
            by_message = {str(entry.get("id")): _part(entry, "tokens") for entry in _entries(lines, b'"tokens"')}
            return sum(map(_of_opencode, by_message.values()), Tokens())
        case Transcript.NONE:
            return Tokens()
        case _:
            assert_never(form)


def _entries(lines: Iterable[bytes], mark: bytes) -> Iterable[dict[str, Any]]:
    for line in lines:
        if mark in line:
            yield json_object(line)


def _part(entry: dict[str, Any], key: str) -> dict[str, Any]:
    value = entry.get(key)
    return value if isinstance(value, dict) else {}


def _of_claude(usage: dict[str, Any]) -> Tokens:
    fresh = _number(usage, "input_tokens") + _number(usage, "cache_creation_input_tokens")
    return Tokens(fresh, _number(usage, "output_tokens"), _number(usage, "cache_read_input_tokens"))


def _of_pi(usage: dict[str, Any]) -> Tokens:
    fresh = _number(usage, "input") + _number(usage, "cacheWrite")
    return Tokens(fresh, _number(usage, "output"), _number(usage, "cacheRead"))


def _of_copilot(usage: dict[str, Any]) -> Tokens:
    cached = _number(usage, "cacheReadTokens")
    return Tokens(_number(usage, "inputTokens") - cached, _number(usage, "outputTokens"), cached)


def _of_opencode(tokens: dict[str, Any]) -> Tokens:
    cache = _part(tokens, "cache")
    fresh = _number(tokens, "input") + _number(cache, "write")
    return Tokens(fresh, _number(tokens, "output") + _number(tokens, "reasoning"), _number(cache, "read"))


def _of_google(usage: dict[str, Any], read: str, cached: str, total: str) -> Tokens:
    """What was read includes what came from a cache; the rest of the total was written, thoughts among it."""
    every, known = _number(usage, read), _number(usage, cached)
    return Tokens(every - known, max(0, _number(usage, total) - every), known)


def _number(usage: dict[str, Any], key: str) -> int:
    value = usage.get(key)
    return value if isinstance(value, int) and 0 <= value < _MOST else 0
