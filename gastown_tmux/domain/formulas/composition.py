"""A formula made whole: what it extends, what takes a step's place, and what is woven around steps."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

from gastown_tmux.dataclass import dataclass, replace
from gastown_tmux.domain.formulas.keys import nearest
from gastown_tmux.domain.formulas.model import Advice, Expand, Finding, Formula, FormulaType, Place, Step, Variable
from gastown_tmux.domain.formulas.placeholders import unwoven, weave


@dataclass(frozen=True, slots=True)
class Library:
    """``find`` gives a formula as its file has it, or None; ``names`` all that there are."""

    find: Callable[[str], Formula | None]
    names: Callable[[], Iterable[str]]


def compose(formula: Formula, library: Library) -> tuple[Formula, list[Finding]]:
    """With all its steps and variables. What could not be found or woven in is left out, and told."""
    composer = _Composer(library)
    return composer.compose(formula, ()), composer.findings


class _Composer:
    def __init__(self, library: Library) -> None:
        self._library = library
        self.findings: list[Finding] = []

    def compose(self, formula: Formula, below: tuple[str, ...]) -> Formula:
        if formula.type is not FormulaType.WORKFLOW:
            return formula
        chain = (*below, formula.name)
        parents = []
        for name in formula.extends:
            if name in chain:
                circle = " → ".join((*chain[chain.index(name) :], name))
                self._fail(formula.place.at("extends"), f"formulas extend one another in a circle: {circle}",
                           "take one of them out")  # fmt: skip
            elif parent := self._find(name, FormulaType.WORKFLOW, formula.place.at("extends")):
                parents.append(self.compose(parent, chain))
        whole = replace(
            formula,
            description=next(filter(None, (each.description for each in (formula, *parents))), ""),
            variables=_join_variables(formula.variables, *(parent.variables for parent in parents)),
            steps=self._join_steps([*(parent.steps for parent in parents), formula.steps]),
            extends=(),
            expand=(),
            aspects=(),
        )
        for expand in formula.expand:
            whole = self._expand(whole, expand)
        place = formula.place.at("compose", "aspects")
        before = whole.steps
        for name in formula.aspects:
            if aspect := self._find(name, FormulaType.ASPECT, place):
                whole = self._weave(whole, aspect, before, place)
        return whole

    def _fail(self, place: Place, text: str, hint: str | None, *, other: Place | None = None) -> None:
        self.findings.append(Finding(place, text, hint, other=other))

    def _find(self, name: str, wanted: FormulaType, place: Place) -> Formula | None:
        found = self._library.find(name)
        if found is None:
            self._fail(place, f"no formula {name!r}", nearest(name, sorted(self._library.names())))
        elif found.type is not wanted:
            self._fail(place, f"{name} is of type {found.type}, not {wanted}", "gt formula list")
        return found if found is not None and found.type is wanted else None

    def _join_steps(self, lists: Sequence[Sequence[Step]]) -> tuple[Step, ...]:
        """One list after the other; a step takes the place of one of an earlier list that has its id."""
        found: dict[str, Step] = {}
        for steps in lists:
            own: dict[str, Step] = {}
            for step in steps:
                if step.id and step.id in own:
                    self._fail_twice(step, own[step.id])
                own[step.id] = found[step.id] = step
        return tuple(found.values())

    def _fail_twice(self, step: Step, other: Step) -> None:
        self._fail(step.place, f"step {step.id!r} is there twice", "give one of them another id", other=other.place)

    def _expand(self, whole: Formula, expand: Expand) -> Formula:
        target = next((step for step in whole.steps if step.id == expand.target), None)
        if target is None and expand.target:
            hint = nearest(expand.target, [step.id for step in whole.steps])
            self._fail(expand.place.at("target"), f"no step {expand.target!r} to expand", hint)
        expansion = self._find(expand.by, FormulaType.EXPANSION, expand.place.at("with")) if expand.by else None
        if target is None or expansion is None:
            return whole
        values = {"": target.id, "title": target.title, "description": target.description}
        made = [self._fill(template, "target", values) for template in expansion.steps]
        needed = {id for step in made for id in step.needs}
        last = [step.id for step in made if step.id not in needed]
        made = [step if step.needs else replace(step, needs=target.needs) for step in made]
        steps = list[Step]()
        for step in whole.steps:
            steps += made if step is target else [_renamed(step, {target.id: last})]
        return self._with(whole, steps, expansion)

    def _weave(self, whole: Formula, aspect: Formula, before: Sequence[Step], place: Place) -> Formula:
        """Only steps that stood there before any aspect are fitted."""
        ids = [step.id for step in before]
        for advice in aspect.advice:
            matched = [id for id in ids if fnmatchcase(id, advice.target) and _is_cut(id, aspect)]
            if not matched:
                self._fail(advice.place.at("target"), f"{advice.target!r} fits no step of {whole.name}",
                           nearest(advice.target, ids))  # fmt: skip
            for id in matched:
                whole = self._advise(whole, advice, id, aspect)
        return whole

    def _advise(self, whole: Formula, advice: Advice, id: str, aspect: Formula) -> Formula:
        target = next(step for step in whole.steps if step.id == id)
        values = {"id": target.id, "title": target.title}
        befores = _chain([self._fill(step, "step", values) for step in advice.before], target.needs)
        afters = _chain([self._fill(step, "step", values) for step in advice.after], (target.id,))
        if befores:
            target = replace(target, needs=(befores[-1].id,))
        steps = list[Step]()
        for step in whole.steps:
            if step.id == id:
                steps += [*befores, target, *afters]
            else:
                steps.append(_renamed(step, {id: [afters[-1].id]}) if afters else step)
        return self._with(whole, steps, aspect)

    def _fill(self, step: Step, word: str, values: Mapping[str, str]) -> Step:
        known = ", ".join(f"{{{word}{'.' * bool(name)}{name}}}" for name in values)
        for text in (step.id, step.title, step.description, step.acceptance):
            for odd in unwoven(text, word, values):
                if odd != "{step}":
                    self.findings.append(Finding(step.place, f"{odd} stands for nothing", known, words=odd))
        return replace(
            step,
            id=weave(step.id, word, values),
            title=weave(step.title, word, values),
            description=weave(step.description, word, values),
            acceptance=weave(step.acceptance, word, values),
            needs=tuple(weave(id, word, values) for id in step.needs),
        )

    def _with(self, whole: Formula, steps: Sequence[Step], other: Formula) -> Formula:
        seen: dict[str, Step] = {}
        for step in steps:
            if step.id in seen:
                self._fail_twice(step, seen[step.id])
            seen[step.id] = step
        variables = _join_variables(whole.variables, other.variables)
        return replace(whole, steps=tuple(seen.values()), variables=variables)


def _join_variables(*lists: Sequence[Variable]) -> tuple[Variable, ...]:
    """The first of a name counts."""
    found: dict[str, Variable] = {}
    for variables in lists:
        for variable in variables:
            found.setdefault(variable.name, variable)
    return tuple(found.values())


def _chain(steps: Sequence[Step], needs: tuple[str, ...]) -> list[Step]:
    made = []
    for step in steps:
        made.append(replace(step, needs=needs))
        needs = (step.id,)
    return made


def _renamed(step: Step, names: Mapping[str, Sequence[str]]) -> Step:
    needs = dict.fromkeys(new for id in step.needs for new in names.get(id, (id,)))
    return step if tuple(needs) == step.needs else replace(step, needs=tuple(needs))


def _is_cut(id: str, aspect: Formula) -> bool:
    return not aspect.pointcuts or any(fnmatchcase(id, glob) for glob in aspect.pointcuts)
