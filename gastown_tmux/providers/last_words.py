"""What a program said last: out of what it writes down of a conversation, or off its screen."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, assert_never

from gastown_tmux.providers.screens import ScreenRules, find_above, solid
from gastown_tmux.providers.transcripts import Transcript
from gastown_tmux.reading import json_object

#: So many characters of what was typed are looked for, in so many lines: a program wraps, and may cut the rest off.
_KNOWN, _LINES = 40, 4
#: Who speaks, in all programs' words: the model, and whoever it works for.
_MODELS, _OTHERS = ("assistant", "gemini", "assistant.message"), ("user", "user.message")
#: What the types and roles of calls and of their results are named.
_CALL = re.compile(r"tool|\w+_call(?:_output)?$")
#: Characters of the sign that a program puts before what was said to it.
_SIGN = 2


def last_words(form: Transcript, lines: Iterable[bytes], typed: str = "") -> tuple[str | None, bool]:
    """The last text of the model's own in these lines, None where there is none; and whether its turn came to rest with
    it, as far as they go: a program may write down what it said only some seconds after it has said so.

    Where the program keeps what was said to it, nothing counts that stands before the ``typed`` words, for what was
    answered to others may be written as late. Strange lines say nothing.
    """
    wanted = solid(typed) if form is not Transcript.OPENCODE else ""
    found, rests, heard = None, False, not wanted
    for line in lines:
        entry = json_object(line)
        speaker, text = _speech(form, entry)
        if wanted and speaker in _OTHERS and wanted in solid(text):
            found, rests, heard = None, False, True
        elif heard and speaker in _MODELS and text.strip():
            found, rests = text.strip(), True
        if _calls(entry):
            rests = False
    return found, rests


def last_block(rules: ScreenRules, screen: str, typed: str) -> str:
    """What stands above the composer and below the words that were ``typed``; all above it where these are gone."""
    lines, whole = list(find_above(rules, screen)), solid(typed)
    for number in reversed(range(len(lines) if whole else 0)):
        first = _behind_prompt(rules, lines[number])
        begun = solid("".join((first, *lines[number + 1 : number + _LINES])))
        if 0 <= begun.find(whole[:_KNOWN]) <= _SIGN:
            shown = solid(first)
            del lines[: number + 1]
            while lines and len(shown) < len(whole) and solid(lines[0]) in whole:
                shown += solid(lines.pop(0))
            break
    return "\n".join(lines).strip("\n")


def _behind_prompt(rules: ScreenRules, line: str) -> str:
    """What was said in a line that is drawn as the composer is; else the line, before which may stand a short sign."""
    found = rules.composer.prompt.search(line) if rules.composer else None
    return found[1] or "" if found and found.re.groups else line


def _speech(form: Transcript, entry: Mapping[str, Any]) -> tuple[object, str]:
    """Who speaks, by the program's own word, and the text."""
    match form:
        case Transcript.CLAUDE:
            speaker = None if entry.get("isSidechain") else entry.get("type")
            return speaker, _join(_part(entry, "message").get("content"), "text")
        case Transcript.CODEX:
            payload = _part(entry, "payload")
            speaker = payload.get("role") if payload.get("type") == "message" else None
            return speaker, _join(payload.get("content"), None)
        case Transcript.PI:
            message = _part(entry, "message")
            return message.get("role"), _join(message.get("content"), "text")
        case Transcript.GEMINI:
            return entry.get("type"), _join(entry.get("content"), None)
        case Transcript.QWEN:
            return entry.get("type"), _join(_part(entry, "message").get("parts"), None)
        case Transcript.COPILOT:
            return entry.get("type"), _join(_part(entry, "data").get("content"), "text")
        case Transcript.OPENCODE:
            return "assistant", _join(entry.get("text"), None)
        case Transcript.NONE:
            return None, ""
        case _:
            assert_never(form)


def _calls(entry: Mapping[str, Any]) -> bool:
    """Whether it is about a call of a tool, after which the model speaks again."""
    inner = [entry, *(_part(entry, key) for key in ("payload", "message", "data"))]
    if any(one.get(key) for one in inner for key in ("toolCalls", "toolRequests")):
        return True
    parts = [part for one in inner for key in ("content", "parts") for part in _list(one.get(key))]
    names = [one.get(key) for one in (*inner, *parts) for key in ("type", "role")]
    return any(isinstance(name, str) and _CALL.match(name) for name in names) or any("functionCall" in p for p in parts)


def _list(value: object) -> list[dict[str, Any]]:
    return [part for part in value if isinstance(part, dict)] if isinstance(value, list) else []


def _join(content: object, type: str | None) -> str:
    """A text as it is; of a list the parts of that type, or where parts have no type those that are no thought."""
    if isinstance(content, str):
        return content
    texts = [
        part["text"]
        for part in _list(content)
        if isinstance(part.get("text"), str) and not part.get("thought") and (type is None or part.get("type") == type)
    ]
    return "\n".join(texts)


def _part(entry: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = entry.get(key)
    return value if isinstance(value, dict) else {}
