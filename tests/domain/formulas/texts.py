"""Formulas out of texts alone, as the files' reader puts them together."""

import tomllib
from collections.abc import Mapping

from gastown_tmux.domain.formulas.composition import Library
from gastown_tmux.domain.formulas.examination import make_whole
from gastown_tmux.domain.formulas.key_lines import find_line
from gastown_tmux.domain.formulas.model import Finding, Formula
from gastown_tmux.domain.formulas.parsing import parse_formula

#: The workflow that the published ones extend, in short.
SHINY = """\
formula = "shiny"
description = "the way"
[vars]
assignee = { description = "who" }
feature = { description = "what", required = true }
[[steps]]
id = "design"
title = "Design {{feature}}"
[[steps]]
id = "implement"
title = "Implement {{feature}}"
description = "Write {{feature}}"
needs = ["design"]
[[steps]]
id = "review"
title = "Review"
needs = ["implement"]
[[steps]]
id = "test"
title = "Test"
needs = ["review"]
[[steps]]
id = "submit"
title = "Submit"
needs = ["test"]
"""
FIVE = "\n".join(
    ['formula = "five"', 'type = "expansion"', '[[template]]\nid = "{target}.draft"\ntitle = "Draft: {target.title}"']
    + [
        f'[[template]]\nid = "{{target}}.refine-{n}"\ntitle = "Refine {n}"\nneeds = ["{{target}}.{before}"]'
        for n, before in enumerate(("draft", "refine-1", "refine-2", "refine-3"), 1)
    ]
)
AUDIT = """\
formula = "audit"
type = "aspect"
[[advice]]
target = "implement"
[advice.around]
[[advice.around.after]]
id = "{step.id}-postscan"
title = "Postscan for {step.id}"
[[advice.around.before]]
id = "{step.id}-prescan"
title = "Prescan for {step.title}"
[[advice]]
target = "submit"
[[advice.around.after]]
id = "{step.id}-postscan"
title = "Postscan for {step.id}"
[[advice.around.before]]
id = "{step.id}-prescan"
title = "Prescan for {step.id}"
[[pointcuts]]
glob = "implement"
[[pointcuts]]
glob = "submit"
"""
SHELF = {"shiny": SHINY, "five": FIVE, "audit": AUDIT}


def read(text: str, shelf: Mapping[str, str] = SHELF) -> tuple[Formula, list[Finding]]:
    """The formula ``it`` as a whole, with all findings."""
    own, findings = parse_formula("it", tomllib.loads(text))

    def find(name: str) -> Formula | None:
        if name == "it":
            return own
        return parse_formula(name, tomllib.loads(shelf[name]))[0] if name in shelf else None

    whole, later = make_whole(own, Library(find, lambda: [*shelf, "it"]))
    return whole, [*findings, *later]


def sound(text: str, shelf: Mapping[str, str] = SHELF) -> Formula:
    """One that has nothing wrong with it."""
    whole, findings = read(text, shelf)
    assert [finding for finding in findings if finding.error] == []
    return whole


def ids(formula: Formula) -> list[str]:
    return [step.id for step in formula.whole_steps]


def needs(formula: Formula) -> dict[str, list[str]]:
    return {step.id: list(step.needs) for step in formula.whole_steps}


def line_of(text: str, finding: Finding) -> int:
    return find_line(text, finding.place.path, finding.words) if finding.place.formula == "it" else 0
