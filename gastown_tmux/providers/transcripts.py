"""What programs write down of a conversation: JSON lines, of which only the counts of tokens are looked at."""

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Any, assert_never

from gastown_tmux.domain.spending import Tokens
from gastown_tmux.reading import json_object

#: No message has so many tokens, and no row holds the sum of such.
_MOST = 2**40
_NAME = re.compile(r"[A-Za-z0-9][\w.:@/+-]{0,99}")


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


def count(form: Transcript, lines: Iterable[bytes]) -> dict[str, Tokens]:
    """The tokens of the whole conversation so far, by model; an empty name is a model that was not told.

    Lines that are cut off or strange count nothing.
    """
    total = dict[str, Tokens]()
    for model, tokens in _count(form, lines):
        total[model] = total.get(model, Tokens()) + tokens
    return {model: tokens for model, tokens in total.items() if tokens != Tokens()}


def _count(form: Transcript, lines: Iterable[bytes]) -> Iterable[tuple[str, Tokens]]:
    match form:
        case Transcript.CLAUDE:
            # A message stands in as many lines as it has parts, each with the usage of the whole.
            messages = (_part(entry, "message") for entry in _entries(lines, b'"usage"'))
            by_message = {str(message.get("id")): message for message in messages}
            return [(_model(message), _of_claude(_part(message, "usage"))) for message in by_message.values()]
        case Transcript.CODEX:
            return _of_codex(_entries(lines, b'"token_count"', b'"turn_context"'))
        case Transcript.PI:
            messages = (_part(entry, "message") for entry in _entries(lines, b'"usage"'))
            return [(_model(message), _of_pi(_part(message, "usage"))) for message in messages]
        case Transcript.GEMINI:
            # A message is written again with what became of its calls.
            told = {str(entry.get("id")): entry for entry in _entries(lines, b'"tokens"')}
            return [
                (_model(entry), _of_google(_part(entry, "tokens"), "input", "cached", "total"))
                for entry in told.values()
            ]
        case Transcript.QWEN:
            names = ("promptTokenCount", "cachedContentTokenCount", "totalTokenCount")
            found = _entries(lines, b'"usageMetadata"')
            return [(_model(entry), _of_google(_part(entry, "usageMetadata"), *names)) for entry in found]
        case Transcript.COPILOT:
            records = (_part(record, "data") for record in _entries(lines, b'"session.usage_record"'))
            return [(_model(data), _of_copilot(_part(data, "usage"))) for data in records]
        case Transcript.OPENCODE:
            # Written by our own plugin, each time something of a finished message changes.
            told = {str(entry.get("id")): entry for entry in _entries(lines, b'"tokens"')}
            return [(_model(entry), _of_opencode(_part(entry, "tokens"))) for entry in told.values()]
        case Transcript.NONE:
            return []
        case _:
            assert_never(form)


def _model(entry: dict[str, Any]) -> str:
    """A word, or nothing: it becomes a name in rows and lists."""
    name = entry.get("model")
    # In brackets stands how much of a conversation it keeps, which costs the same.
    name = name.partition("[")[0] if isinstance(name, str) else None
    return name if isinstance(name, str) and _NAME.fullmatch(name) else ""


def _of_codex(entries: Iterable[dict[str, Any]]) -> Iterable[tuple[str, Tokens]]:
    """What was told last is all of it; what came since the time before is of the model that spoke then."""
    before, model = Tokens(), ""
    for entry in entries:
        payload = _part(entry, "payload")
        model = _model(payload) or model
        total = _part(_part(payload, "info"), "total_token_usage")
        if total:
            cached = _number(total, "cached_input_tokens")
            now = Tokens(_number(total, "input_tokens") - cached, _number(total, "output_tokens"), cached)
            yield model, now - before
            before = now


def _entries(lines: Iterable[bytes], *marks: bytes) -> Iterable[dict[str, Any]]:
    for line in lines:
        if any(mark in line for mark in marks):
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
