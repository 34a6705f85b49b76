"""The parts of a formula that every type has: steps of all kinds, and variables."""

import re
from collections.abc import Mapping
from typing import Any

from gastown_tmux.domain.forge_gates import PARSE_CONDITION
from gastown_tmux.domain.formulas.keys import Reader, nearest
from gastown_tmux.domain.formulas.model import Gate, Place, Step, Variable
from gastown_tmux.domain.formulas.placeholders import KEYWORDS, NAME

#: Gates that hold, each with what its condition is; a person's needs none.
GATES = {
    "timer": "how long, such as 30m",
    "command": "a command that succeeds when it opens",
    "gh:run": "the id of a workflow run, a branch, or FILE.yml@BRANCH",
    "gh:pr": "the number of a pull request",
    "mail": "words of a mail's subject",
    "human": "",
}
_FREE_GATE = "conditional"
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_TITLED = ("a step", "a template")


def parse_step(reader: Reader, table: Mapping[str, Any], kind: str, place: Place) -> Step:
    """A step of this kind. One that goes on without a title has its id for one."""
    said = reader.read(table, kind, place)
    id = said.get("id", "")
    if "id" not in table:
        reader.fail(place, f"{kind} without id", 'id = "…"')
    elif "id" in said and (not id or re.search(r"[\s,]", id)):
        reader.fail(place.at("id"), f"{id!r} is no id", "letters, digits, . and -")
    name = f"{kind.split()[-1]} {id!r}" if id else kind
    if kind in _TITLED and ("title" not in table or ("title" in said and not said["title"].strip())):
        reader.fail(place.at(*(["title"] if "title" in table else [])), f"{name} has no title", 'title = "…"')
    if kind == "a step beside" and not (said.get("title") or said.get("description")):
        reader.fail(place, f"{name} says neither title nor description", 'title = "…"')
    if said.get("type") not in (None, "parallel"):
        reader.note(place.at("type"), f"type {said['type']!r} has no effect: it is a step like others")
    return Step(
        id=id,
        title=said.get("title") or id,
        place=place,
        description=_with_children(reader, said, place),
        needs=_parse_needs(reader, said, id, place),
        acceptance=said.get("acceptance", ""),
        focus=said.get("focus", ""),
        gate=_parse_gate(reader, said["gate"], place.at("gate")) if "gate" in said else None,
        check=said.get("check", ""),
        retries=said.get("retries", 0),
        timeout=said.get("timeout"),
        agent=said.get("agent"),
        foreach=said.get("foreach"),
        children=tuple(child["id"] for child in said.get("children", []) if isinstance(child.get("id"), str)),
    )


def _parse_needs(reader: Reader, said: Mapping[str, Any], id: str, place: Place) -> tuple[str, ...]:
    needs = tuple(dict.fromkeys(said.get("needs", ())))
    if id and id in needs:
        reader.fail(place.at("needs"), f"step {id!r} needs itself", "leave it out")
    return needs


def _with_children(reader: Reader, said: Mapping[str, Any], place: Place) -> str:
    """Children are no steps: their words stand at the end of their container's."""
    if "children" not in said:
        return str(said.get("description", ""))
    reader.note(place.at("children"), "children are no steps: their text is added to the step's")
    texts = [said.get("description", "").strip("\n")]
    for number, table in enumerate(said["children"]):
        where = place.at("children", number)
        child = reader.read(table, "a child", where)
        title = child.get("title") or child.get("id")
        if not title:
            reader.fail(where, "a child without id and title", 'title = "…"')
        texts.append(f"## {title}\n\n{child.get('description', '')}".strip())
    return "\n\n".join(filter(None, texts))


def _parse_gate(reader: Reader, table: Mapping[str, Any], place: Place) -> Gate | None:
    said = reader.read(table, "a gate", place)
    type_, condition = said.get("type", ""), said.get("condition", "")
    if type_ == _FREE_GATE:
        reader.note(place, f"a gate of type {_FREE_GATE} holds nothing back: nobody knows its condition")
        return None
    if "type" not in table or ("type" in said and type_ not in GATES):
        text = f"unknown type of gate {type_!r}" if "type" in table else "a gate without type"
        reader.fail(place.at(*(["type"] if "type" in table else [])), text, nearest(type_, list(GATES)))
        return None
    if GATES[type_] and not condition.strip() and set(table) <= {"type", "condition"}:
        reader.fail(place, f"a gate of type {type_} without condition", f'condition = "…", {GATES[type_]}')
    if type_ == "timer" and condition and not Reader().read({"timeout": condition}, "a step", place):
        reader.fail(place.at("condition"), f"{condition!r} is no duration above 0", "such as 30s, 5m or 2h")
    if type_ in PARSE_CONDITION and condition.strip() and "{{" not in condition:
        try:
            PARSE_CONDITION[type_](condition)
        except ValueError as error:
            reader.fail(place.at("condition"), f"{condition!r} is not {error}")
    return Gate(type_, condition)


def parse_variables(reader: Reader, tables: Mapping[str, Any], kind: str, place: Place) -> list[Variable]:
    """Each is a table, or a text, which is its default."""
    found = []
    for name, value in tables.items():
        where = place.at(name)
        if NAME.fullmatch(name) is None or name in KEYWORDS:
            reader.note(where, f"{name} can stand in no text: a name has letters, digits and _, and is no keyword")
        if isinstance(value, str):
            found.append(Variable(name, where, default=value))
        elif isinstance(value, dict):
            found.append(_parse_variable(reader, name, value, kind, where, list(tables)))
        else:
            reader.fail(where, f"{name} must be a table or a text", f'{name} = "the default"')
    return found


def _parse_variable(
    reader: Reader, name: str, table: Mapping[str, Any], kind: str, place: Place, names: list[str]
) -> Variable:
    said = reader.read(table, kind, place)
    type_ = said.get("type", "string")
    if type_ not in ("string", "number"):
        reader.fail(place.at("type"), f"unknown type {type_!r} of {name}", "string or number")
    default = said.get("default")
    if type_ == "number" and default and not is_number(default):
        reader.fail(place.at("default"), f"the default of {name} is no number: {default!r}", 'default = "0"')
    for other in said.get("required_unless", []):
        if other not in names or other == name:
            others = [known for known in names if known != name]
            text = f"{name} is required unless {other!r}, which is none of the others"
            reader.fail(place.at("required_unless"), text, nearest(other, others))
    return Variable(
        name=name,
        place=place,
        description=said.get("description", ""),
        default=default,
        required=said.get("required", False),
        number=type_ == "number",
        required_unless=tuple(said.get("required_unless", ())),
    )


def is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text.strip()) is not None
