"""A TOML document as a formula, with all that is wrong with its keys; what it is made of is looked up elsewhere."""

from collections.abc import Mapping
from typing import Any

from gastown_tmux.domain.formulas import parts
from gastown_tmux.domain.formulas.keys import Reader, nearest
from gastown_tmux.domain.formulas.model import (
    Advice,
    Expand,
    Finding,
    Formula,
    FormulaType,
    Output,
    Place,
    Preset,
    Step,
)

#: Keys by which a formula that does not say its type is known, in the order in which they are asked for.
_SIGNS = {
    FormulaType.WORKFLOW: ("extends", "steps"),
    FormulaType.CONVOY: ("legs",),
    FormulaType.EXPANSION: ("template",),
    FormulaType.ASPECT: ("advice", "aspects"),
}
#: Keys that one type alone has a use for.
_OWN = {
    **dict.fromkeys(("steps", "compose", "spread"), FormulaType.WORKFLOW),
    **dict.fromkeys(("legs", "prompts", "synthesis", "output", "presets"), FormulaType.CONVOY),
    "template": FormulaType.EXPANSION,
    **dict.fromkeys(("advice", "pointcuts", "aspects"), FormulaType.ASPECT),
}
_NOTHING = {
    FormulaType.WORKFLOW: ("no step, and nothing that it extends", "[[steps]] with id and title"),
    FormulaType.CONVOY: ("no leg", "[[legs]] with id and description"),
    FormulaType.EXPANSION: ("no template", "[[template]] with id and title"),
    FormulaType.ASPECT: ("neither advice nor aspects", "[[advice]] with target, or [[aspects]]"),
}
_LISTS = {
    FormulaType.WORKFLOW: ("steps", "a step"),
    FormulaType.CONVOY: ("legs", "a leg"),
    FormulaType.EXPANSION: ("template", "a template"),
    FormulaType.ASPECT: ("aspects", "an aspect"),
}


def parse_formula(name: str, document: Mapping[str, Any]) -> tuple[Formula, list[Finding]]:
    """The formula in the file ``NAME.formula.toml``. Where a finding is an error, it is what could be understood."""
    reader, top = Reader(), Place(name)
    given = reader.read(document, "a formula", top)
    type_ = _find_type(reader, top, document, given)
    _check_top(reader, top, document, given, type_)
    key, kind = _LISTS[type_]
    steps = tuple(
        parts.parse_step(reader, table, kind, top.at(key, number)) for number, table in enumerate(given.get(key, []))
    )
    compose = reader.read(given["compose"], "compose", top.at("compose")) if "compose" in given else {}
    prompts = reader.read(given["prompts"], "prompts", top.at("prompts")) if "prompts" in given else {}
    formula = Formula(
        name=name,
        type=type_,
        version=max(given.get("version", 1), 1),
        description=given.get("description", ""),
        extends=tuple(given.get("extends", ())),
        variables=(
            *parts.parse_variables(reader, given.get("vars", {}), "a variable", top.at("vars")),
            *parts.parse_variables(reader, given.get("inputs", {}), "an input", top.at("inputs")),
        ),
        steps=steps,
        synthesis=_parse_synthesis(reader, given, top),
        prompt=prompts.get("base", ""),
        output=_parse_output(reader, given, top),
        presets=_parse_presets(reader, given.get("presets", {}), top.at("presets")),
        advice=tuple(_parse_advice(reader, given.get("advice", []), top.at("advice"))),
        pointcuts=_parse_pointcuts(reader, given.get("pointcuts", []), top.at("pointcuts")),
        expand=tuple(_parse_expand(reader, compose.get("expand", []), top.at("compose", "expand"))),
        aspects=tuple(compose.get("aspects", ())),
        agent=given.get("agent"),
        review_only=given.get("review_only", False),
        spread=given.get("spread", False),
    )
    return formula, reader.findings


def _find_type(reader: Reader, top: Place, document: Mapping[str, Any], given: Mapping[str, Any]) -> FormulaType:
    word = given.get("type")
    if word in list(FormulaType):
        return FormulaType(word)
    if word is not None:
        reader.fail(top.at("type"), f"unknown type {word!r}", nearest(word, list(FormulaType)))
    found = next((type_ for type_, signs in _SIGNS.items() if any(sign in document for sign in signs)), None)
    if found is None and "type" not in document:
        reader.fail(top, "no type, and nothing to know it by", "[[steps]] make it a workflow, [[legs]] a convoy")
    return found or FormulaType.WORKFLOW


def _check_top(
    reader: Reader, top: Place, document: Mapping[str, Any], given: Mapping[str, Any], type_: FormulaType
) -> None:
    if "formula" not in document:
        reader.fail(top, "formula, its name, is missing", f'formula = "{top.formula}"')
    elif given.get("formula", top.formula) != top.formula:
        called = given["formula"]
        reader.fail(
            top.at("formula"),
            f"it calls itself {called!r}, and its file {top.formula!r}",
            f'formula = "{top.formula}", or name the file {called}.formula.toml',
        )
    if given.get("version", 1) < 1:
        reader.fail(top.at("version"), "version must be a whole number from 1, not 0")
    if given.get("extends") and type_ is not FormulaType.WORKFLOW:
        reader.fail(top.at("extends"), f"only a workflow extends others; this is {_a(type_)}", "leave extends out")
    for key, owner in _OWN.items():
        if key in given and type_ is not owner:
            reader.note(top.at(key), f"{key} has no effect: only {_a(owner)} has it, and this is {_a(type_)}")
    signs = _SIGNS[type_]
    if ("type" in document or any(sign in document for sign in signs)) and not any(document.get(s) for s in signs):
        reader.fail(top, *_NOTHING[type_])


def _a(type_: FormulaType) -> str:
    return f"{'an' if type_[0] in 'ae' else 'a'} {type_}"


def _parse_synthesis(reader: Reader, given: Mapping[str, Any], top: Place) -> Step | None:
    if "synthesis" not in given:
        return None
    place = top.at("synthesis")
    said = reader.read(given["synthesis"], "a synthesis", place)
    legs = [leg["id"] for leg in given.get("legs", []) if isinstance(leg.get("id"), str)]
    needs = tuple(said.get("depends_on", legs))
    for number, needed in enumerate(needs):
        if needed not in legs:
            reader.fail(
                place.at("depends_on"), f"synthesis depends on {needed!r}, which is no leg", nearest(needed, legs)
            )
        elif needed in needs[:number]:
            reader.fail(place.at("depends_on"), f"synthesis depends on {needed!r} twice", "name it once")
    return Step(
        id="synthesis",
        title=said.get("title") or "Synthesis",
        place=place,
        description=said.get("description", ""),
        needs=needs,
        agent=said.get("agent"),
    )


def _parse_output(reader: Reader, given: Mapping[str, Any], top: Place) -> Output | None:
    if "output" not in given:
        return None
    said = reader.read(given["output"], "output", top.at("output"))
    for key in ("directory", "leg_pattern", "synthesis"):
        path = said.get(key, "")
        if path.startswith("/") or ".." in path.split("/"):
            reader.fail(top.at("output", key), f"{key} leads out of the worktree", "a path inside it")
    return Output(said.get("directory", ""), said.get("leg_pattern", ""), said.get("synthesis", ""))


def _parse_presets(reader: Reader, tables: Mapping[str, Any], place: Place) -> tuple[Preset, ...]:
    found = []
    for name, table in tables.items():
        where = place.at(name)
        if not isinstance(table, dict):
            reader.fail(where, f"preset {name} must be a table", f"[presets.{name}] with legs")
            continue
        said = reader.read(table, "a preset", where)
        if not table.get("legs"):
            reader.fail(where, f"preset {name} has no legs", 'legs = ["…"]')
        found.append(Preset(name, where, said.get("description", ""), tuple(said.get("legs", ()))))
    return tuple(found)


def _parse_advice(reader: Reader, tables: list[dict[str, Any]], place: Place) -> list[Advice]:
    found = []
    for number, table in enumerate(tables):
        where = place.at(number)
        said = reader.read(table, "an advice", where)
        if not said.get("target"):
            reader.fail(where, "an advice without target", 'target = "implement", or a pattern such as "test-*"')
        around = reader.read(said["around"], "around", where.at("around")) if "around" in said else {}
        sides = {}
        for side in ("before", "after"):
            single = [(said[side], where.at(side))] if side in said else []
            many = [(step, where.at("around", side, at)) for at, step in enumerate(around.get(side, []))]
            sides[side] = tuple(parts.parse_step(reader, step, "a step beside", at) for step, at in single + many)
        if set(table) == {"target"}:
            reader.fail(
                where, "an advice that puts nothing beside its step", "[advice.before], or [[advice.around.after]]"
            )
        found.append(Advice(said.get("target", ""), where, sides["before"], sides["after"]))
    return found


def _parse_pointcuts(reader: Reader, tables: list[dict[str, Any]], place: Place) -> tuple[str, ...]:
    said = [reader.read(table, "a pointcut", place.at(number)) for number, table in enumerate(tables)]
    return tuple(pointcut["glob"] for pointcut in said if "glob" in pointcut)


def _parse_expand(reader: Reader, tables: list[dict[str, Any]], place: Place) -> list[Expand]:
    found = []
    for number, table in enumerate(tables):
        where = place.at(number)
        said = reader.read(table, "an expansion", where)
        for key, hint in (("target", "the id of a step"), ("with", "the name of an expansion")):
            if not table.get(key):
                reader.fail(where, f"an expansion without {key}", f'{key} = "…", {hint}')
        found.append(Expand(said.get("target", ""), said.get("with", ""), where))
    return found
