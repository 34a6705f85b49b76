"""Every key that a formula may have, by the place where it stands: what it holds, and what it is worth here."""

import difflib
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.formulas.model import Finding, Place
from gastown_tmux.domain.setting_values import parse_interval


class Form(StrEnum):
    """What a key holds, in the words of an error."""

    TEXT = "a text"
    COUNT = "a whole number"
    FLAG = "true or false"
    TEXTS = "a list of texts"
    DURATION = "a duration above 0, such as 30s, 5m or 2h"
    TABLE = "a table"
    TABLES = "a list of tables"
    ANY = "anything"


@dataclass(frozen=True, slots=True)
class Key:
    """``without``: it is known, and why it has no effect here. ``instead``: it is refused, and what to write."""

    form: Form
    without: str = ""
    instead: str = ""


def _keys(form: Form, names: str) -> dict[str, Key]:
    return {name: Key(form) for name in names.split()}


def _of_beads(names: str, **instead: str) -> dict[str, Key]:
    plain = {
        name: Key(Form.ANY, instead="leave it out: Beads knows it, and nothing here does") for name in names.split()
    }
    return plain | {name: Key(Form.ANY, instead=hint) for name, hint in instead.items()}


_STEP = {
    **_keys(Form.TEXT, "id title description acceptance type agent check foreach"),
    **_keys(Form.TEXTS, "needs"),
    **_keys(Form.TABLE, "gate"),
    **_keys(Form.COUNT, "retries"),
    **_keys(Form.DURATION, "timeout"),
    **_keys(Form.TABLES, "children"),
    "parallel": Key(Form.FLAG, without="steps run side by side where none needs the other"),
    "target": Key(Form.TEXT, without="steps go to workers of the rig"),
    "interactive": Key(Form.FLAG, without="every step may be watched and spoken to"),
    **_of_beads(
        "condition expand expand_vars on_complete waits_for assignee labels priority metadata notes",
        depends_on="Beads' word for needs: write needs",
        loop="of Beads: write foreach with the name of a variable, a step for each of its lines",
        retry="of Gas City: write retries, how many more tries a failed check has",
    ),
}
_VARIABLE = {**_keys(Form.TEXT, "description default"), **_keys(Form.FLAG, "required")}
_BESIDE = {**_keys(Form.TEXT, "id title description")}
_LIST = {**_keys(Form.TEXT, "id title focus description")}

#: The keys of each place, which is named as in an error.
PLACES: Mapping[str, Mapping[str, Key]] = {
    "a formula": {
        **_keys(Form.TEXT, "formula type description agent"),
        **_keys(Form.COUNT, "version"),
        **_keys(Form.TEXTS, "extends"),
        **_keys(Form.TABLE, "vars inputs prompts synthesis output presets compose"),
        **_keys(Form.TABLES, "steps legs template advice pointcuts aspects"),
        **_keys(Form.FLAG, "review_only spread"),
        "pour": Key(Form.FLAG, without="every run is kept in rows"),
        "squash": Key(Form.TABLE, without="what is left of a run is its results"),
        **_of_beads("phase"),
    },
    "a step": _STEP,
    "a template": _STEP,
    "a child": {name: Key(key.form, "", key.instead) for name, key in _STEP.items()},
    "a leg": {
        **_LIST,
        **_keys(Form.TEXT, "agent check"),
        **_keys(Form.COUNT, "retries"),
        **_keys(Form.DURATION, "timeout"),
        "review_only": Key(Form.FLAG, without="it is said of the whole formula"),
    },
    "a variable": _VARIABLE,
    "an input": {**_VARIABLE, **_keys(Form.TEXT, "type"), **_keys(Form.TEXTS, "required_unless")},
    "a gate": {
        **_keys(Form.TEXT, "type condition"),
        **_of_beads("", id="write condition", await_id="write condition", timeout="write timeout beside the gate"),
    },
    "prompts": _keys(Form.TEXT, "base"),
    "a synthesis": {**_keys(Form.TEXT, "title description agent"), **_keys(Form.TEXTS, "depends_on")},
    "output": _keys(Form.TEXT, "directory leg_pattern synthesis"),
    "a preset": {**_keys(Form.TEXT, "description"), **_keys(Form.TEXTS, "legs")},
    "compose": {**_keys(Form.TABLES, "expand"), **_keys(Form.TEXTS, "aspects")},
    "an expansion": _keys(Form.TEXT, "target with"),
    "an advice": {
        **_keys(Form.TEXT, "target"),
        **_keys(Form.TABLE, "before after around"),
    },
    "around": _keys(Form.TABLES, "before after"),
    "a step beside": _BESIDE,
    "a pointcut": {
        **_keys(Form.TEXT, "glob"),
        "type": Key(Form.TEXT, without="a step is known by its id: write glob"),
        "label": Key(Form.TEXT, without="a step is known by its id: write glob"),
    },
    "an aspect": _LIST,
}


class Reader:
    """Takes a document apart, and finds all that is wrong with its keys."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def fail(self, place: Place, text: str, hint: str | None = None, *, words: str = "") -> None:
        self.findings.append(Finding(place, text, hint, words=words))

    def note(self, place: Place, text: str) -> None:
        self.findings.append(Finding(place, text, error=False))

    def read(self, table: Mapping[str, Any], kind: str, place: Place) -> dict[str, Any]:
        """The values that are what they must be, a duration in seconds; everything else is found."""
        known, good = PLACES[kind], dict[str, Any]()
        for name, value in table.items():
            where = place.at(name)
            key = known.get(name)
            if key is None:
                self.fail(where, f"unknown key {name!r} in {kind}", nearest(name, _allowed(known)))
            elif key.instead:
                self.fail(where, f"{name} is refused in {kind}", key.instead)
            elif not _fits(value, key.form):
                self.fail(where, f"{name} must be {key.form}, not {_shown(value)}")
            else:
                good[name] = parse_interval(value) if key.form is Form.DURATION else value
                if key.without:
                    self.note(where, f"{name} has no effect: {key.without}")
        return good


def nearest(word: str, among: list[str]) -> str | None:
    """The hint for a word that is none of these."""
    near = difflib.get_close_matches(word, among, n=1)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"there are {', '.join(among[:12])}{' …' if len(among) > 12 else ''}" if among else None


def _allowed(known: Mapping[str, Key]) -> list[str]:
    return [name for name, key in known.items() if not key.instead]


def _fits(value: object, form: Form) -> bool:
    match form:
        case Form.TEXT:
            return isinstance(value, str)
        case Form.COUNT:
            return isinstance(value, int) and not isinstance(value, bool) and value >= 0
        case Form.FLAG:
            return isinstance(value, bool)
        case Form.TEXTS:
            return isinstance(value, list) and all(isinstance(item, str) for item in value)
        case Form.DURATION:
            return _is_interval(value)
        case Form.TABLE:
            return isinstance(value, dict)
        case Form.TABLES:
            return isinstance(value, list) and all(isinstance(item, dict) for item in value)
        case Form.ANY:
            return True


def _is_interval(value: object) -> bool:
    try:
        parse_interval(value)
    except ValueError:
        return False
    return True


def _shown(value: object) -> str:
    match value:
        case dict():
            return "a table"
        case list():
            return "a list"
        case bool():
            return "true" if value else "false"
        case _:
            return f"{value!r:.60}"
