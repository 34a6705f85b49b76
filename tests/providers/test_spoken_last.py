"""What a program said last, in its own notes and on its screen."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gastown_tmux.domain.layers import Settings
from gastown_tmux.providers import registry
from gastown_tmux.providers.last_words import last_block, last_words
from gastown_tmux.providers.transcripts import Transcript

SCREENS = Path(__file__).parent / "screens"


def claude(role: str, *content: dict[str, Any], **more: object) -> dict[str, Any]:
    return {"type": role, "message": {"role": role, "content": list(content)}, **more}


def codex(role: str, text: str) -> dict[str, Any]:
    kind = "output_text" if role == "assistant" else "input_text"
    return {
        "type": "response_item",
        "payload": {"type": "message", "role": role, "content": [{"type": kind, "text": text}]},
    }


CASES = {
    Transcript.CLAUDE: [
        claude("user", {"type": "text", "text": "hello"}),
        claude("assistant", {"type": "text", "text": "I look."}, {"type": "tool_use", "text": "no", "input": {}}),
        claude("assistant", {"type": "text", "text": "Both\ndone."}),
        claude("assistant", {"type": "thinking", "text": "hm"}),
        claude("assistant", {"type": "text", "text": "of a helper"}, isSidechain=True),
        {"type": "user", "message": {"role": "user", "content": "text of a person"}},
        {"type": "system", "content": "text"},
    ],
    Transcript.CODEX: [
        codex("user", "hello"),
        codex("assistant", "Both\ndone."),
        {"type": "response_item", "payload": {"type": "reasoning", "content": [{"type": "text", "text": "hm"}]}},
        codex("developer", "be good"),
    ],
    Transcript.PI: [
        {"type": "message", "message": {"role": "assistant", "content": [{"type": "text", "text": "Both\ndone."}]}},
        {"type": "message", "message": {"role": "toolResult", "content": [{"type": "text", "text": "out"}]}},
        {"type": "message", "message": {"role": "assistant", "content": [{"type": "thinking", "text": "hm"}]}},
    ],
    Transcript.GEMINI: [
        {"type": "user", "content": [{"text": "hello"}]},
        {"type": "gemini", "content": "Both\ndone."},
        {"type": "gemini", "content": "", "toolCalls": []},
    ],
    Transcript.QWEN: [
        {"type": "assistant", "message": {"parts": [{"text": "hm", "thought": True}, {"text": "Both\ndone."}]}},
        {"type": "tool_result", "message": {"role": "user", "parts": [{"text": "out"}]}},
    ],
    Transcript.OPENCODE: [
        {"id": "a", "text": "I look."},
        {"id": "b", "text": "Both\ndone."},
        {"id": "c", "model": "text", "tokens": {"input": 1}},
    ],
    Transcript.COPILOT: [
        {"type": "user.message", "data": {"content": "hello"}},
        {"type": "assistant.message", "data": {"content": "Both\ndone."}},
    ],
}  # fmt: skip


@pytest.mark.parametrize("form", CASES)
def test_what_it_said_last(form: Transcript) -> None:
    lines = [json.dumps(entry).encode() for entry in CASES[form]]
    assert last_words(form, lines)[0] == "Both\ndone."
    cut, strange = (
        lines[1][:-7],
        [b'{"content": 3}', b'["text"]', b'\xff"text"', b'{"message": {"content": {"text": 1}}}'],
    )
    strange += [b'{"type": "assistant", "message": "text"}', b'{"type": "gemini", "content": {"text": "x"}}', cut]
    strange += [b'{"type": "assistant", "message": {"content": [{"type": "text", "text": 7}, 8, "text"], "parts": 9}}']
    assert last_words(form, [*lines, *strange])[0] == "Both\ndone."
    assert last_words(form, strange) == (None, False)


def test_programs_that_write_nothing_down_say_nothing() -> None:
    assert last_words(Transcript.NONE, [json.dumps(CASES[Transcript.GEMINI][1]).encode()]) == (None, False)


#: How each program writes down what it was told, what the model says, a call that it makes, and how that ended.
TURNS: dict[Transcript, Callable[[str, str], list[dict[str, Any]]]] = {
    Transcript.CLAUDE: lambda told, said: [
        {"type": "user", "message": {"role": "user", "content": told}},
        claude("assistant", {"type": "text", "text": "I look."}),
        claude("assistant", {"type": "tool_use", "id": "t", "input": {}}),
        claude("user", {"type": "tool_result", "tool_use_id": "t", "content": "out"}),
        claude("assistant", {"type": "text", "text": said}),
    ],
    Transcript.CODEX: lambda told, said: [
        codex("user", told),
        codex("assistant", "I look."),
        {"type": "response_item", "payload": {"type": "function_call", "name": "shell", "arguments": "{}"}},
        {"type": "response_item", "payload": {"type": "function_call_output", "output": "out"}},
        codex("assistant", said),
    ],
    Transcript.PI: lambda told, said: [
        {"message": {"role": "user", "content": [{"type": "text", "text": told}]}},
        {"message": {"role": "assistant", "content": [{"type": "text", "text": "I look."}, {"type": "toolCall"}]}},
        {"message": {"role": "toolResult", "content": [{"type": "text", "text": "out"}]}},
        {"message": {"role": "assistant", "content": [{"type": "text", "text": said}]}},
    ],
    Transcript.GEMINI: lambda told, said: [
        {"type": "user", "content": [{"text": told}]},
        {"type": "gemini", "content": "I look.", "toolCalls": [{"id": "t"}]},
        {"type": "gemini", "content": said},
    ],
    Transcript.QWEN: lambda told, said: [
        {"type": "user", "message": {"role": "user", "parts": [{"text": told}]}},
        {"type": "assistant", "message": {"role": "model", "parts": [{"text": "I look."}, {"functionCall": {}}]}},
        {"type": "tool_result", "message": {"role": "user", "parts": [{"functionResponse": {}}]}},
        {"type": "assistant", "message": {"role": "model", "parts": [{"text": said}]}},
    ],
    Transcript.COPILOT: lambda told, said: [
        {"type": "user.message", "data": {"content": told}},
        {"type": "assistant.message", "data": {"content": "I look.", "toolRequests": [{"id": "t"}]}},
        {"type": "tool.execution_complete", "data": {"content": "out"}},
        {"type": "assistant.message", "data": {"content": said}},
    ],
}


@pytest.mark.parametrize("form", TURNS)
def test_what_was_said_before_the_words_is_not_their_answer(form: Transcript) -> None:
    """However late it was written down; nor is what the model says before it calls a tool, while more may come."""
    typed = "How does it   go?"
    before, turn = TURNS[form]("begin", "I am here."), TURNS[form]("How does it go?", "Well.")
    lines = [json.dumps(entry).encode() for entry in before + turn]
    assert last_words(form, lines, typed) == ("Well.", True)
    assert last_words(form, lines[:-1], typed) == ("I look.", False)
    for number in range(1, len(before) + 2):
        assert last_words(form, lines[:number], typed) == (None, False)
    assert last_words(form, lines[: len(before)]) == ("I am here.", True)


_TYPED = "message m0 line one line two of it @@sh gt mail check m0 @@say finished m0"


@pytest.mark.parametrize(("name", "typed", "begin", "end"), [
    ("claude_2.1.330", _TYPED, "  Ran 1 shell", "/effort"),
    ("codex_0.169.0", _TYPED, "• Exited", "07:53"),
    ("aider_0.86.2", "hello there", '{"title"', "role.md"),
    ("claude_2.1.330", "words that scrolled away", "", "/effort"),
    ("claude_2.1.330", "", "", "/effort"),
])  # fmt: skip
def test_the_last_block_of_a_screen(name: str, typed: str, begin: str, end: str) -> None:
    screen = (SCREENS / f"idle_{name}_after-turn.txt").read_text().partition("\n")[2]
    rules = registry.find(name.partition("_")[0], Settings([])).screen
    block = last_block(rules, screen, typed)
    assert block.lstrip("\n").startswith(begin) and block.endswith(end)
    assert typed == "" or typed[:20] not in block


def test_an_answer_that_repeats_the_words_is_whole() -> None:
    rules = registry.find("runbook", Settings([])).screen
    screen = "> say done\nearlier\n> say done\ndone\nthey were: say done\n› \n"
    assert last_block(rules, screen, "say done") == "done\nthey were: say done"


def test_a_prompt_of_ones_own_stands_before_the_words() -> None:
    own = Settings([("town", {"providers.own": {"command": "x", "prompt": "^you there> "}})])
    rules = registry.find("own", own).screen
    assert last_block(rules, "you there> hello\nearlier\nyou there> hello\nheard hello\nyou there>\n", "hello") == (
        "heard hello"
    )
