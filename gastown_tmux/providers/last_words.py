"""What a program said last: out of what it writes down of a conversation, or off its screen."""

from collections.abc import Iterable, Mapping
from typing import Any, assert_never

from gastown_tmux.providers.screens import ScreenRules, find_above, solid
from gastown_tmux.providers.transcripts import Transcript
from gastown_tmux.reading import json_object

#: So many characters of what was typed are looked for, in so many lines: a program wraps, and may cut the rest off.
_KNOWN, _LINES = 40, 4
#: Characters of the sign that a program puts before what was said to it.
_SIGN = 2


def last_words(form: Transcript, lines: Iterable[bytes]) -> str | None:
    """The last text of the model's own in these lines; None where there is none. Strange lines say nothing."""
    found = None
    for line in lines:
        if b'"text"' in line or b'"content"' in line or b'"message"' in line:
            found = _text(form, json_object(line)).strip() or found
    return found


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


def _text(form: Transcript, entry: Mapping[str, Any]) -> str:
    match form:
        case Transcript.CLAUDE:
            message = _part(entry, "message")
            ours = entry.get("type") == "assistant" and not entry.get("isSidechain")
            return _join(message.get("content"), "text") if ours else ""
        case Transcript.CODEX:
            payload = _part(entry, "payload")
            ours = payload.get("type") == "message" and payload.get("role") == "assistant"
            return _join(payload.get("content"), "output_text") if ours else ""
        case Transcript.PI:
            message = _part(entry, "message")
            return _join(message.get("content"), "text") if message.get("role") == "assistant" else ""
        case Transcript.GEMINI:
            return _join(entry.get("content"), None) if entry.get("type") == "gemini" else ""
        case Transcript.QWEN:
            return _join(_part(entry, "message").get("parts"), None) if entry.get("type") == "assistant" else ""
        case Transcript.COPILOT:
            data = _part(entry, "data")
            return _join(data.get("content"), "text") if entry.get("type") == "assistant.message" else ""
        case Transcript.OPENCODE:
            text = entry.get("text")
            return text if isinstance(text, str) else ""
        case Transcript.NONE:
            return ""
        case _:
            assert_never(form)


def _join(content: object, type: str | None) -> str:
    """A text as it is; of a list the parts of that type, or where parts have no type those that are no thought."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    texts = [
        part["text"]
        for part in parts
        if isinstance(part, dict)
        and isinstance(part.get("text"), str)
        and not part.get("thought")
        and (type is None or part.get("type") == type)
    ]
    return "\n".join(texts)


def _part(entry: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = entry.get(key)
    return value if isinstance(value, dict) else {}
