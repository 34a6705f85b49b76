"""Tokens counted in what real programs wrote down, cut to what matters."""

import json
from typing import Any

import pytest

from gastown_tmux.domain.spending import Tokens
from gastown_tmux.providers.transcripts import Transcript, count


def claude(id: str, **usage: int) -> dict[str, Any]:
    return {"isSidechain": False, "message": {"id": id, "role": "assistant", "usage": {**usage, "speed": "standard"}}}


def codex(**total: int) -> dict[str, Any]:
    return {"type": "event_msg", "payload": {"type": "token_count", "info": {"total_token_usage": total}}}


def pi(**usage: int) -> dict[str, Any]:
    return {"type": "message", "message": {"role": "assistant", "usage": {**usage, "cost": {"total": 0}}}}


def gemini(id: str, **tokens: int) -> dict[str, Any]:
    return {"id": id, "type": "gemini", "tokens": {**tokens, "thoughts": 2}}


def qwen(prompt: int, cached: int, total: int) -> dict[str, Any]:
    counts = {"promptTokenCount": prompt, "cachedContentTokenCount": cached, "totalTokenCount": total}
    return {"type": "assistant", "usageMetadata": counts}


def opencode(id: str, input: int, output: int, reasoning: int, write: int, read: int) -> dict[str, Any]:
    cache = {"write": write, "read": read}
    total = input + output + reasoning + write + read
    tokens = {"total": total, "input": input, "output": output, "reasoning": reasoning, "cache": cache}
    return {"id": id, "tokens": tokens}


CASES = {
    Transcript.CLAUDE: (
        [
            {"type": "user", "message": {"content": "about usage"}},
            claude("a", input_tokens=10, cache_creation_input_tokens=5, cache_read_input_tokens=100, output_tokens=1),
            claude("a", input_tokens=10, cache_creation_input_tokens=5, cache_read_input_tokens=100, output_tokens=7),
            claude("b", input_tokens=2, output_tokens=3),
        ],
        Tokens(input=17, output=10, cached=100),
    ),
    Transcript.CODEX: (
        [
            codex(input_tokens=50, cached_input_tokens=20, output_tokens=4),
            {"type": "event_msg", "payload": {"type": "token_count", "info": None}},
            codex(input_tokens=90, cached_input_tokens=60, output_tokens=9),
        ],
        Tokens(input=30, output=9, cached=60),
    ),
    Transcript.PI: (
        [pi(input=10, output=2, cacheRead=5, cacheWrite=1), pi(input=3, output=4, cacheRead=0, cacheWrite=0)],
        Tokens(input=14, output=6, cached=5),
    ),
    Transcript.GEMINI: (
        [
            gemini("a", input=100, output=5, cached=40, total=107),
            gemini("a", input=100, output=5, cached=40, total=107),
            {"$set": {"messages": [gemini("a", input=100, output=5, cached=40, total=107)]}},
            gemini("b", input=10, output=1, cached=0, total=11),
        ],
        Tokens(input=70, output=8, cached=40),
    ),
    Transcript.QWEN: ([qwen(100, 40, 107), qwen(10, 0, 11)], Tokens(input=70, output=8, cached=40)),
    Transcript.COPILOT: (
        [
            {"type": "session.usage_record", "data": {"usage": {"inputTokens": 9, "outputTokens": 2}}},
            {"type": "session.usage_record", "data": {"usage": {"inputTokens": 6, "cacheReadTokens": 5}}},
        ],
        Tokens(input=10, output=2, cached=5),
    ),
    Transcript.OPENCODE: (
        [
            opencode("a", 100, 5, 0, 10, 0),
            opencode("a", 100, 5, 2, 10, 0),
            opencode("b", 10, 1, 0, 0, 40),
        ],
        Tokens(input=120, output=8, cached=40),
    ),
    Transcript.NONE: ([claude("a", input_tokens=10, output_tokens=1)], Tokens()),
}


@pytest.mark.parametrize("form", Transcript)
def test_tokens_of_a_conversation(form: Transcript) -> None:
    entries, tokens = CASES[form]
    lines = [json.dumps(entry).encode() for entry in entries]
    assert count(form, lines) == ({"": tokens} if tokens != Tokens() else {})
    strange = [b'{"usage": 1}', b'["usage", "token_count"]', b'{"token_count": {}}', lines[0][:-5], b"\xff"]
    strange += [b'{"message": "\\"usage\\"", "usage": 1}', b'{"tokens": 1}', b'{"usageMetadata": [1]}']
    strange += [b'{"payload": {"info": "token_count"}, "type": "token_count"}', b'{"id": [], "tokens": {}}']
    assert count(form, [*lines, *strange]) == count(form, lines)


def test_each_model_has_tokens_of_its_own() -> None:
    def told(entry: dict[str, Any], model: object) -> dict[str, Any]:
        return {**entry, "model": model, "message": {**entry.get("message", {}), "model": model}}

    def lines(*entries: dict[str, Any]) -> list[bytes]:
        return [json.dumps(entry).encode() for entry in entries]

    spoken = lines(told(claude("a", input_tokens=1), "opus"), told(claude("b", input_tokens=2), "haiku"))
    assert count(Transcript.CLAUDE, spoken) == {"opus": Tokens(1), "haiku": Tokens(2)}
    assert count(Transcript.PI, lines(told(pi(input=3), "a/b-1.5"))) == {"a/b-1.5": Tokens(3)}
    assert count(Transcript.GEMINI, lines(told(gemini("a", input=4, total=4), "g"))) == {"g": Tokens(4)}
    assert count(Transcript.OPENCODE, lines(told(opencode("a", 5, 0, 0, 0, 0), "o"))) == {"o": Tokens(5)}
    turn = {"type": "turn_context", "payload": {"model": "gpt-x"}}
    other = {"type": "turn_context", "payload": {"model": "gpt-y"}}
    spoken = lines(turn, codex(input_tokens=5, output_tokens=1), other, codex(input_tokens=9, output_tokens=2))
    assert count(Transcript.CODEX, spoken) == {"gpt-x": Tokens(5, 1), "gpt-y": Tokens(4, 1)}
    for strange in ("<synthetic>", "a b", "\x1b[31m", "x" * 200, 7, None, ["m"]):
        assert count(Transcript.CLAUDE, lines(told(claude("a", input_tokens=1), strange))) == {"": Tokens(1)}
