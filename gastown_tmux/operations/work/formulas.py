"""Formulas: workflows that are written down, to be run again and again."""

from collections.abc import Sequence
from pathlib import Path

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.formulas.model import Formula, FormulaType, Step
from gastown_tmux.domain.formulas.starters import starter
from gastown_tmux.domain.ids import RigName
from gastown_tmux.domain.rigs import Rig
from gastown_tmux.edges.configuration.formula_files import ENDING, Fault, FormulaFile, Shelf, folders
from gastown_tmux.edges.files.atomic import make_folder, write_atomic
from gastown_tmux.errors import GtError, RefusedError, UsageError
from gastown_tmux.operations.town.town import Answer, Town


@dataclass(frozen=True, slots=True)
class VariableView:
    """``required``: it must be given, for it has no default."""

    name: str
    required: bool
    default: str | None
    description: str
    type: str
    required_unless: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StepLine:
    id: str
    title: str
    needs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StepView(StepLine):
    """With all that is said of it."""

    description: str
    acceptance: str
    check: str
    retries: int
    agent: str | None
    gate: str | None
    foreach: str | None


@dataclass(frozen=True, slots=True)
class FormulaView:
    """``steps`` are in the order of running; ``source`` is its file, and ``problem`` what is wrong with it."""

    name: str
    type: str
    version: int
    description: str
    source: str
    origin: str
    vars: tuple[VariableView, ...]
    steps: tuple[StepLine, ...]
    problem: str | None

    @property
    def about(self) -> str:
        """Its first line."""
        return self.problem or next((line for line in self.description.splitlines() if line.strip()), "")

    @property
    def size(self) -> int:
        return len(self.steps)

    @property
    def outline(self) -> str:
        """What it is for, what it asks, what is done."""
        parts = [self.problem or "", self.description.strip()]
        if self.vars:
            parts.append("\n".join(_variable_line(variable) for variable in self.vars))
        parts.append("\n".join(_step_line(number, step) for number, step in enumerate(self.steps, 1)))
        return "\n\n".join(filter(None, parts))


@dataclass(frozen=True, slots=True)
class Check:
    """``level`` is error, or note for what is known and has no effect here."""

    level: str
    name: str
    file: str
    line: int
    text: str
    hint: str | None

    @property
    def where(self) -> str:
        return f"{self.file}:{self.line}"


class Checks(list[Check]):
    @property
    def complaint(self) -> GtError | None:
        broken = {check.file for check in self if check.level == "error"}
        return GtError(f"{len(broken)} formula{'s are' if len(broken) != 1 else ' is'} broken") if broken else None


def open_shelf(town: Town, rig: Rig | None = None) -> Shelf:
    """What can be reached in that rig, else in the rig of who asks."""
    return Shelf(_folders(town, rig))


def _folders(town: Town, rig: Rig | None) -> dict[str, Path]:
    own = town.actor.rig
    return folders(town.path, rig.name if rig else RigName(own) if own else None, town.environment)


def list_formulas(town: Town, rig: Rig | None = None) -> list[FormulaView]:
    """The nearest of each name; a broken one with what is wrong with it."""
    shelf = open_shelf(town, rig)
    return [_view(shelf, shelf.file(name), whole=False) for name in shelf.names()]


def show_formula(town: Town, name: str, rig: Rig | None = None) -> FormulaView:
    """Raises UsageError with file and line where it is broken."""
    shelf = open_shelf(town, rig)
    file = shelf.file(name)
    load_formula(shelf, name)
    return _view(shelf, file, whole=True)


def load_formula(shelf: Shelf, name: str) -> Formula:
    """One that has nothing wrong with it. Raises NotFoundError, and UsageError with file and line."""
    formula, faults = shelf.load(shelf.file(name))
    for fault in faults:
        if fault.error:
            raise UsageError(fault.message, hint=fault.hint)
    return formula


def check_formulas(town: Town, names: Sequence[str] = (), all: bool = False, rig: Rig | None = None) -> Checks:
    """What is wrong with those of people's own, or with these; with ``all``, with every file there is."""
    shelf = open_shelf(town, rig)
    if names:
        files = [shelf.file(name) for name in names]
    else:
        files = [file for file in shelf.files if all or file.origin != "shipped"]
    found = dict.fromkeys(_check(fault) for file in files for fault in shelf.load(file)[1])
    return Checks(sorted(found, key=lambda check: check.level))


def new_formula(
    town: Town, name: str, rig: Rig | None = None, type: str = "workflow", like: str | None = None
) -> Answer:
    """A file to begin with, among the town's own or the rig's; ``like`` another, as it is."""
    if not name.replace("-", "").replace(".", "").replace("_", "").isalnum() or not name[0].isalnum():
        raise UsageError(f"{name!r} is no name of a formula", hint="letters, digits, -, _ and .")
    places = folders(town.path, rig.name if rig else None, town.environment)
    path = places["rig" if rig else "town"] / f"{name}{ENDING}"
    if path.exists():
        raise RefusedError(f"{path} is there already", hint=f"gt formula show {name}")
    if like is None:
        text = starter(name, FormulaType(type))
    else:
        shelf = open_shelf(town, rig)
        load_formula(shelf, like)
        text = shelf.text(shelf.file(like)).replace(f'formula = "{like}"', f'formula = "{name}"', 1)
    make_folder(path.parent)
    write_atomic(path, text.encode())
    return Answer(
        _view(open_shelf(town, rig), FormulaFile(name, "rig" if rig else "town", path), whole=True), str(path)
    )


def _check(fault: Fault) -> Check:
    level = "error" if fault.error else "note"
    return Check(level, fault.name, str(fault.path), fault.line, fault.text, fault.hint)


def _view(shelf: Shelf, file: FormulaFile, *, whole: bool) -> FormulaView:
    formula, faults = shelf.load(file)
    return FormulaView(
        name=file.name,
        type=formula.type,
        version=formula.version,
        description=formula.description,
        source=str(file.path),
        origin=file.origin,
        vars=tuple(
            VariableView(
                name=variable.name,
                required=variable.must_be_given,
                default=variable.default,
                description=variable.description,
                type="number" if variable.number else "string",
                required_unless=variable.required_unless,
            )
            for variable in formula.variables
        ),
        steps=tuple(_step_view(step, whole) for step in formula.whole_steps),
        problem=next((fault.message for fault in faults if fault.error), None),
    )


def _step_view(step: Step, whole: bool) -> StepLine:
    if not whole:
        return StepLine(step.id, step.title, step.needs)
    gate = f"{step.gate.type}: {step.gate.condition}".rstrip(": ") if step.gate else None
    return StepView(
        step.id, step.title, step.needs, step.description, step.acceptance, step.check, step.retries, step.agent, gate,
        step.foreach,
    )  # fmt: skip


def _variable_line(variable: VariableView) -> str:
    if variable.required or variable.required_unless:
        unless = f" unless {' or '.join(variable.required_unless)} is" if variable.required_unless else ""
        asked = f"must be given{unless}"
    else:
        asked = f"{variable.default!r} unless given" if variable.default else "may be given"
    return f"  --var {variable.name}=…  {asked}{f': {variable.description}' if variable.description else ''}"


def _step_line(number: int, step: StepLine) -> str:
    lines = [f"{number:>3}  {step.id}  {step.title}" + (f"  (after {', '.join(step.needs)})" if step.needs else "")]
    if isinstance(step, StepView):
        lines += [f"     for each line of {step.foreach}"] if step.foreach else []
        lines += [f"     gate: {step.gate}"] if step.gate else []
        lines += [f"     check: {' && '.join(step.check.split(chr(10)))}"] if step.check.strip() else []
    return "\n".join(lines)
