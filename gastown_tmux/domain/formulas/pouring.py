"""A formula poured: its steps with all values in their places, as they will be done, whatever becomes of its file."""

import re
import shlex
from collections.abc import Mapping, Sequence

from gastown_tmux.dataclass import dataclass, replace
from gastown_tmux.domain.formulas.examination import ITEM
from gastown_tmux.domain.formulas.go_templates import parse_template, render
from gastown_tmux.domain.formulas.keys import nearest
from gastown_tmux.domain.formulas.model import Formula, FormulaType, Gate, Step
from gastown_tmux.domain.formulas.order import in_order
from gastown_tmux.domain.formulas.placeholders import fill
from gastown_tmux.errors import UsageError

_ALONE = re.compile(r"\s*\{\{\w+\}\}\s*")


@dataclass(frozen=True, slots=True)
class Poured:
    """``steps`` in the order of running, each with its whole text as its description."""

    title: str
    description: str
    steps: tuple[Step, ...]


class _Context(dict[str, object]):
    """Any name that ends in ``_id`` is the run's."""

    def __init__(self, run: str, values: Mapping[str, object]) -> None:
        super().__init__(values)
        self._run = run

    def get(self, name: str, default: object = None) -> object:
        return self[name] if name in self else self._run if name.endswith("_id") else default


def pour(formula: Formula, values: Mapping[str, str], run: str, preset: str | None = None) -> Poured:
    """``values`` has one for each variable. Raises UsageError where nothing runs, or for an unknown preset."""
    if formula.type not in (FormulaType.WORKFLOW, FormulaType.CONVOY):
        words = f"{formula.name} is of type {formula.type}: it becomes part of workflows, and does not run"
        raise UsageError(words, hint=f"gt formula show {formula.name}")
    if preset is not None and formula.type is not FormulaType.CONVOY:
        raise UsageError(f"{formula.name} has no presets: only a convoy has", hint=f"gt formula show {formula.name}")
    description = fill(formula.description, values).strip()
    steps = _legs(formula, values, run, preset) if formula.type is FormulaType.CONVOY else _steps(formula, values)
    if not steps:
        raise UsageError(f"{formula.name} has nothing to do with these values", hint=f"gt formula show {formula.name}")
    first = next((line for line in description.splitlines() if line.strip()), "")
    return Poured(f"{formula.name}: {first}"[:100] if first else formula.name, description, steps)


def _steps(formula: Formula, values: Mapping[str, str]) -> tuple[Step, ...]:
    made = list[Step]()
    stands_for: dict[str, list[str]] = {}
    for step in formula.steps:
        if step.foreach is None:
            made.append(_fill(step, values))
            continue
        lines = [line.strip() for line in values.get(step.foreach, "").splitlines() if line.strip()]
        each = [
            replace(_fill(step, {**values, ITEM: line}), id=f"{step.id}.{number}")
            for number, line in enumerate(lines, 1)
        ]
        # Where there is no line, whoever needed the step needs what that needed.
        stands_for[step.id] = [one.id for one in each] or list(step.needs)
        made += each
    return in_order([replace(step, needs=_resolve(step.needs, stands_for)) for step in made])


def _resolve(needs: Sequence[str], stands_for: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for id in needs:
        if id in stands_for:
            found |= dict.fromkeys(_resolve([other for other in stands_for[id] if other != id], stands_for))
        else:
            found[id] = None
    return tuple(found)


def _fill(step: Step, values: Mapping[str, str]) -> Step:
    description = fill(step.description, values).strip("\n")
    if step.acceptance:
        description += f"\n\nAcceptance: {fill(step.acceptance, values)}"
    gate = step.gate
    if gate is not None:
        condition = _command(gate.condition, values) if gate.type == "command" else fill(gate.condition, values)
        gate = Gate(gate.type, condition)
    return replace(
        step,
        title=" ".join(fill(step.title, values).split())[:200],
        description=description,
        check=_command(step.check, values),
        gate=gate,
    )


def _command(text: str, values: Mapping[str, str]) -> str:
    """A value that is the whole command is one; inside of a command it is a single word, whatever it holds."""
    return fill(text, values) if _ALONE.fullmatch(text) else fill(text, values, shlex.quote)


def _legs(formula: Formula, values: Mapping[str, str], run: str, preset: str | None) -> tuple[Step, ...]:
    chosen = [leg.id for leg in formula.steps]
    if preset is not None:
        known = {one.name: one.legs for one in formula.presets}
        if preset not in known:
            words = f"{formula.name} has no preset {preset!r}"
            raise UsageError(words, hint=nearest(preset, list(known)) or f"gt formula show {formula.name}")
        chosen = list(known[preset])
    context = _Context(
        run,
        {
            **values,
            "formula_name": formula.name,
            "pr_number": values.get("pr", ""),
            "target_description": fill(formula.description, values).strip(),
            "files": re.split(r"[\s,]+", values.get("files", "").strip()) if values.get("files", "").strip() else [],
        },
    )
    output = formula.output
    directory = render(parse_template(output.directory), context) if output else ""
    context["output"] = {"directory": directory, "synthesis": output.synthesis if output else ""}
    made = []
    for leg in formula.steps:
        if leg.id not in chosen:
            continue
        filled = _fill(leg, values)
        parts = {"id": leg.id, "title": filled.title, "focus": fill(leg.focus, values)}
        context["leg"] = {**parts, "description": filled.description}
        pattern = render(parse_template(output.leg_pattern), context) if output else ""
        context["output_path"] = "/".join(filter(None, (directory, pattern)))
        if formula.prompt:
            text = render(parse_template(formula.prompt), context).strip("\n")
        else:
            text = "\n\n".join(filter(None, (parts["focus"], filled.description)))
        made.append(replace(filled, description=text))
    if formula.synthesis is not None:
        context["output_path"] = "/".join(filter(None, (directory, output.synthesis if output else "")))
        context["leg"] = {}
        text = render(parse_template(formula.synthesis.description), context).strip("\n")
        needs = tuple(id for id in formula.synthesis.needs if id in chosen)
        made.append(replace(formula.synthesis, description=text, needs=needs))
    return tuple(made)
