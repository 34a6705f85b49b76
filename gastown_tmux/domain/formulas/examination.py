"""What can only be said of a formula that is whole: names that stand for nothing, needs, circles."""

from collections.abc import Iterator

from gastown_tmux.dataclass import replace
from gastown_tmux.domain.formulas.composition import Library, compose
from gastown_tmux.domain.formulas.go_templates import Shape, TemplateError, check_names, parse_template
from gastown_tmux.domain.formulas.keys import nearest
from gastown_tmux.domain.formulas.model import Finding, Formula, FormulaType, Step
from gastown_tmux.domain.formulas.order import find_circle, in_order
from gastown_tmux.domain.formulas.placeholders import placeholders

#: The name of a line where a step is there for each.
ITEM = "item"
#: Texts that a convoy's templates know beside its inputs.
CONTEXT = ("formula_name", "target_description", "review_id", "pr_number", "pr_title", "output_path")
_FILLED = ("title", "description", "acceptance", "check", "focus")


def make_whole(formula: Formula, library: Library) -> tuple[Formula, list[Finding]]:
    """The formula with all its steps, in the order of running, and what is wrong with it."""
    whole, findings = compose(formula, library)
    findings += _check_steps(whole)
    findings += _check_placeholders(whole)
    if whole.type is FormulaType.CONVOY:
        findings += _check_presets(whole)
        findings += _check_templates(whole)
    if whole.type is FormulaType.WORKFLOW:
        whole = replace(whole, steps=in_order(whole.steps))
    return whole, findings


def _check_steps(whole: Formula) -> Iterator[Finding]:
    seen: dict[str, Step] = {}
    for step in whole.whole_steps:
        if step.id and step.id in seen:
            text = f"{_word(whole)} {step.id!r} is there twice"
            yield Finding(step.place, text, "give one of them another id", other=seen[step.id].place)
        seen.setdefault(step.id, step)
    declared = {variable.name for variable in whole.variables}
    sound = True
    for step in whole.steps:
        for needed in step.needs:
            if needed not in seen:
                sound = False
                text = f"{_word(whole)} {step.id!r} needs {needed!r}, which is not there"
                yield Finding(step.place.at("needs"), text, nearest(needed, [id for id in seen if id != step.id]))
            sound = sound and needed != step.id
        if step.foreach is not None and step.foreach not in declared:
            text = f"foreach names {step.foreach!r}, which is no variable"
            yield Finding(step.place.at("foreach"), text, nearest(step.foreach, sorted(declared)))
    yield from _check_children(whole, seen)
    circle = find_circle({step.id: step.needs for step in whole.steps}) if sound else None
    if circle is not None:
        text = f"steps need one another in a circle: {' → '.join(circle)}"
        yield Finding(seen[circle[0]].place.at("needs"), text, "take one of the needs out")


def _check_children(whole: Formula, seen: dict[str, Step]) -> Iterator[Finding]:
    for step in whole.steps:
        for number, child in enumerate(step.children):
            if child in seen:
                text = f"a child has the id of the step {child!r}"
                place = step.place.at("children", number, "id")
                yield Finding(place, text, "give one of them another id", other=seen[child].place)


def _check_placeholders(whole: Formula) -> Iterator[Finding]:
    """An expansion or an aspect alone may lean on the variables of who uses it."""
    declared = {variable.name for variable in whole.variables}
    strict = whole.type in (FormulaType.WORKFLOW, FormulaType.CONVOY)
    texts = [(whole.place.at("description"), whole.description, False)]
    for step in (*whole.steps, *(step for advice in whole.advice for step in (*advice.before, *advice.after))):
        texts += [(step.place.at(field), getattr(step, field), step.foreach is not None) for field in _FILLED]
        if step.gate is not None:
            texts.append((step.place.at("gate", "condition"), step.gate.condition, step.foreach is not None))
    for place, text, is_each in texts:
        for name in dict.fromkeys(placeholders(text)):
            if name in declared or (is_each and name == ITEM):
                continue
            if strict:
                hint = nearest(name, sorted(declared)) or f"[vars.{name}]"
                yield Finding(place, f"{{{{{name}}}}} is no variable of {whole.name}", hint, words=f"{{{{{name}}}}}")
            else:
                text = f"{{{{{name}}}}} is left to whoever uses {whole.name}"
                yield Finding(place, text, error=False, words=f"{{{{{name}}}}}")


def _check_presets(whole: Formula) -> Iterator[Finding]:
    legs = [leg.id for leg in whole.steps]
    for preset in whole.presets:
        for id in preset.legs:
            if id not in legs:
                text = f"preset {preset.name} names {id!r}, which is no leg"
                yield Finding(preset.place.at("legs"), text, nearest(id, legs))


def _check_templates(whole: Formula) -> Iterator[Finding]:
    """Of the texts that Go's templates are for, and of the synthesis's own, which is written like one."""
    shape = _shape(whole)
    texts = [(whole.place.at("prompts", "base"), whole.prompt)]
    if whole.output is not None:
        texts.append((whole.place.at("output", "directory"), whole.output.directory))
        texts.append((whole.place.at("output", "leg_pattern"), whole.output.leg_pattern))
    if whole.synthesis is not None:
        texts.append((whole.synthesis.place.at("description"), whole.synthesis.description))
    for place, text in texts:
        try:
            errors = list(check_names(parse_template(text), shape))
        except TemplateError as wrong:
            errors = [wrong]
        for error in errors:
            yield Finding(place, error.text, "only fields, if … else, range and their end", words=error.words)


class _Names(dict[str, Shape]):
    """Any name that ends in ``_id`` is the run's id."""

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or (isinstance(name, str) and name.endswith("_id"))

    def __missing__(self, name: str) -> Shape:
        return None


def _shape(whole: Formula) -> Shape:
    texts = dict.fromkeys(("id", "title", "focus", "description"))
    return _Names(
        {
            **dict.fromkeys(variable.name for variable in whole.variables),
            **dict.fromkeys(CONTEXT),
            "leg": texts,
            "output": dict.fromkeys(("directory", "synthesis")),
            "changed_files": [dict.fromkeys(("path", "additions", "deletions"))],
            "files": [None],
        }
    )


def _word(whole: Formula) -> str:
    match whole.type:
        case FormulaType.CONVOY:
            return "leg"
        case FormulaType.EXPANSION:
            return "template"
        case FormulaType.ASPECT:
            return "aspect"
        case FormulaType.WORKFLOW:
            return "step"
