"""What stands for a formula's variables in one run: given, by default, or empty."""

import shlex
from collections.abc import Mapping, Sequence

from gastown_tmux.domain.formulas.keys import nearest
from gastown_tmux.domain.formulas.model import Formula, Variable
from gastown_tmux.domain.formulas.parts import is_number
from gastown_tmux.errors import UsageError


def settle_values(formula: Formula, given: Mapping[str, str]) -> dict[str, str]:
    """A value for each variable. Raises UsageError that names the variable, and the nearest to one that is none."""
    names = [variable.name for variable in formula.variables]
    for name in given:
        if name not in names:
            raise UsageError(f"{formula.name} has no variable {name!r}", hint=nearest(name, names) or "it asks nothing")
    for variable in formula.variables:
        if _is_missing(variable, given):
            unless = f", or one of {', '.join(variable.required_unless)}" if variable.required_unless else ""
            words = f"{formula.name} needs a value for {variable.name}{unless}"
            value = shlex.quote(variable.description) if variable.description else "…"
            raise UsageError(words, hint=f"--var {variable.name}={value}")
        found = given.get(variable.name)
        if variable.number and found and not is_number(found):
            raise UsageError(f"{variable.name} must be a number, not {found!r}", hint=f"--var {variable.name}=1")
    return {variable.name: given.get(variable.name, variable.default or "") for variable in formula.variables}


def _is_missing(variable: Variable, given: Mapping[str, str]) -> bool:
    if given.get(variable.name) or variable.default is not None:
        return False
    if variable.required:
        return True
    return bool(variable.required_unless) and not any(given.get(other) for other in variable.required_unless)


def parse_assignments(words: Sequence[str]) -> dict[str, str]:
    """``K=V`` each; a value that begins with ``@`` names a file, which is somebody else's to read."""
    found = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise UsageError(f"--var {word}: a name and a value are needed", hint="--var NAME=VALUE, or NAME=@FILE")
        if name in found:
            raise UsageError(f"--var {name} is given twice")
        found[name] = value
    return found
