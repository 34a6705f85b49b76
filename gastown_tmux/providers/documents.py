"""A preset's YAML document, already parsed, made into a provider."""

import re
import shlex
from collections.abc import Mapping
from typing import cast

from gastown_tmux.domain.observation import ScreenState, Trouble
from gastown_tmux.providers.base import Exit, Instructions, PromptPassing, Provider, Typing, Verified, WhenBusy
from gastown_tmux.providers.hooks import Mechanism
from gastown_tmux.providers.questions import QuestionRule
from gastown_tmux.providers.screens import ComposerRule, ScreenRules, StateRule
from gastown_tmux.providers.skill_places import SkillPlaces
from gastown_tmux.providers.transcripts import Transcript

Document = Mapping[str, object]


def parse(name: str, document: Document) -> Provider:
    """A preset's document as a provider. Raises ValueError that names what is off."""
    fields = dict(document)
    verified = fields.pop("verified")
    prompt = _section(fields, "prompt", {"passing", "on_resume", "arguments"})
    hooks = _section(fields, "hooks", {"mechanism", "events"})
    typing = _section(fields, "typing", {"settle", "when_busy", "interrupt", "approve", "deny"})
    exit_ = _section(fields, "exit", {"line", "keys"})
    skills = _section(fields, "skills", {"project", "home"})
    screen = _section(fields, "screen", {"composer", "states", "questions"})
    provider = Provider(
        name=name,
        parent=None,
        summary=str(fields.pop("summary")),
        command=words(fields.pop("command")),
        verified=None if verified == "never" else Verified(**texts(verified)),
        install=cast("str | None", fields.pop("install", None)),
        environment=texts(fields.pop("environment", None)),
        pass_environment=words(fields.pop("pass_environment", [])),
        unattended=words(fields.pop("unattended", [])),
        arguments=words(fields.pop("arguments", [])),
        session=words(fields.pop("session", [])),
        resume=words(fields.pop("resume", [])),
        prompt=PromptPassing(str(prompt.get("passing", "none"))),
        prompt_on_resume=PromptPassing(str(prompt["on_resume"])) if "on_resume" in prompt else None,
        prompt_arguments=words(prompt.get("arguments", [])),
        instructions=Instructions(str(fields.pop("instructions", "none"))),
        files=texts(fields.pop("files", None)),
        leaves=words(fields.pop("leaves", [])),
        settings=cast(Document, fields.pop("settings", {})),
        mechanism=Mechanism(str(hooks.get("mechanism", "none"))),
        events=texts(hooks.get("events")),
        typing=Typing(
            settle=float(cast(float, typing.get("settle", 0.2))),
            when_busy=WhenBusy(str(typing.get("when_busy", "refuses"))),
            interrupt=words(typing.get("interrupt", [])),
            approve=words(typing.get("approve", [])),
            deny=words(typing.get("deny", [])),
        ),
        exit=Exit(line=cast("str | None", exit_.get("line")), keys=words(exit_.get("keys", []))),
        screen=_screen(screen),
        questions=tuple(_question(rule) for rule in cast("list[Document]", screen.get("questions", []))),
        transcript=Transcript(str(fields.pop("transcript", "none"))),
        skills=SkillPlaces(str(skills["project"]), words(skills["home"])) if skills else None,
        without=tuple(Trouble(str(one)) for one in cast("list[object]", fields.pop("without", []))),
    )
    if fields:
        raise ValueError(f"{name}: unknown keys " + ", ".join(sorted(fields)))
    return provider


def _screen(document: Document) -> ScreenRules:
    composer = document.get("composer")
    return ScreenRules(
        composer=None if composer is None else _composer(cast(Document, composer)),
        states=tuple(_state(rule) for rule in cast("list[Document]", document.get("states", []))),
    )


def _composer(document: Document) -> ComposerRule:
    fields = dict(document)
    numbers = {key: int(cast(int, fields.pop(key))) for key in ("footer_min", "footer_max") if key in fields}
    placeholders = tuple(re.compile(text) for text in words(fields.pop("placeholders", [])))
    patterns = {key: re.compile(str(value)) for key, value in fields.items()}
    return ComposerRule(placeholders=placeholders, **numbers, **patterns)  # type: ignore[arg-type]


def _state(document: Document) -> StateRule:
    fields = dict(document)
    rest = {key: fields.pop(key) for key in ("composer", "lines", "again") if key in fields}
    state = ScreenState(str(fields.pop("state")))
    cause = Trouble(str(fields.pop("cause"))) if "cause" in fields else None
    patterns = {key: re.compile(str(value), re.MULTILINE) for key, value in fields.items()}
    return StateRule(state, cause=cause, **rest, **patterns)  # type: ignore[arg-type]


def _question(document: Document) -> QuestionRule:
    fields = dict(document)
    tool = str(fields.pop("tool", ""))
    keys = {name: words(fields.pop(name)) for name in ("approve", "deny") if name in fields}
    form = re.compile(str(fields.pop("form")), re.VERBOSE)
    patterns = {name: re.compile(str(value), re.MULTILINE) for name, value in fields.items()}
    return QuestionRule(form, tool, **keys, **patterns)  # type: ignore[arg-type]


def _section(fields: dict[str, object], key: str, known: set[str]) -> Document:
    section = cast(Document, fields.pop(key, {}))
    if unknown := set(section) - known:
        raise ValueError(f"{key}: unknown keys " + ", ".join(sorted(unknown)))
    return section


def words(value: object) -> tuple[str, ...]:
    """A command or list of words: text is split as a shell would."""
    if isinstance(value, str):
        return tuple(shlex.split(value))
    return tuple(str(word) for word in cast("list[object]", value))


def texts(value: object) -> dict[str, str]:
    return {str(key): str(text) for key, text in cast(Document, value or {}).items()}
