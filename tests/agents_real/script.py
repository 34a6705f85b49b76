"""What a scripted model does next: a pure function of the conversation it is sent.

Whatever the model is told may carry a script, each line of it one answer of the model::

    script NAME
    | run COMMAND             call the shell tool
    | say WORDS               end the turn with these words
    | slowly 2 say WORDS      the same, after two seconds
    | fail 429                refuse the request with this status, until there is a new prompt
    | limit EPOCH             refuse all requests until then, as the provider does whose limit is used up
    | outage EPOCH            refuse all requests until then, and do not say for how long
    | edit FILE WORDS         the same as run, for a program without a shell that is told how to edit: a new file
    end script

A script is taken up once, however often it is seen; a later one goes before what is left of an earlier one. A prompt
to run ``gt prime`` and a pointer to a mail are done as told. Nothing is remembered between two requests, so a
conversation that is resumed goes on where it was.
"""

import html
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

_TOLD = re.compile(
    r"^[ \t]*script (?P<script>\S+)\s*\n(?P<lines>(?:[ \t]*\|.*\n)*?)[ \t]*end script"
    r"|(?P<prime>Run `gt prime`)"
    r"|\bgt mail read (?P<mail>[a-z2-7]{12})\b",
    re.MULTILINE,
)
# Some programs escape for HTML what hooks tell the model.
_LINE = re.compile(r"\|\s*(?:slowly (?P<seconds>[\d.]+) )?(?P<kind>run|say|fail|limit|outage|edit) (?P<words>.*)")
NOTHING = "There is nothing left to do."


class Kind(StrEnum):
    """Who says an item of a conversation: ``call`` and ``said`` are the model's own."""

    SYSTEM = "system"
    USER = "user"
    RESULT = "result"
    CALL = "call"
    SAID = "said"


@dataclass(frozen=True, slots=True)
class Item:
    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class Step:
    """One answer: ``kind`` is run, say, fail, limit, outage or edit."""

    kind: str
    words: str
    seconds: float = 0.0


def next_step(items: Iterable[Item], *, shell: bool = True, now: float = 0.0) -> Step:
    """The answer to this conversation; without a shell, commands are passed over. ``now`` is since the epoch."""
    pending: list[Step] = []
    seen: set[str] = set()
    for item in items:
        match item.kind:
            case Kind.CALL:
                pending = _without_call(pending, item.text)
            case Kind.SAID:
                # An editor puts words into its model's mouth, which are no answer to a script.
                pending = _without_first(pending, "edit" if "SEARCH" in item.text else "say")
            case Kind.SYSTEM | Kind.USER | Kind.RESULT:
                if item.kind is Kind.USER:
                    pending = _without_first(pending, "fail")
                told = _told(item, seen)
                pending = [step for step in told if shell or step.kind != "run"] + pending
    while pending and pending[0].kind in ("limit", "outage") and float(pending[0].words) <= now:
        pending = pending[1:]
    return pending[0] if pending else Step("say", NOTHING)


def _without_first(pending: list[Step], kind: str) -> list[Step]:
    return pending[1:] if pending and pending[0].kind == kind else pending


def _without_call(pending: list[Step], arguments: str) -> list[Step]:
    """Without the step that this call was: programs shift what hooks told about in a conversation."""
    words = json.dumps(json.loads(arguments or "{}"))
    done = [place for place, step in enumerate(pending) if step.kind == "run" and json.dumps(step.words)[1:-1] in words]
    return pending[: done[0]] + pending[done[0] + 1 :] if done else pending


def _told(item: Item, seen: set[str]) -> list[Step]:
    steps: list[Step] = []
    for match in _TOLD.finditer(item.text):
        if match["prime"]:
            # Only a prompt asks for it; the role's text and what `gt prime` prints may speak of it.
            steps += [Step("run", "gt prime")] if item.kind is Kind.USER else []
            continue
        name = match["script"] or match["mail"]
        if name in seen:
            continue
        seen.add(name)
        if match["mail"]:
            steps.append(Step("run", f"gt mail read {name}"))
        else:
            steps += _parse(match["lines"])
    return steps


def _parse(lines: str) -> list[Step]:
    return [
        Step(found["kind"], html.unescape(found["words"].strip()), float(found["seconds"] or 0))
        for found in _LINE.finditer(lines)
    ]
