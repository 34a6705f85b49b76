"""What a new formula begins with."""

from typing import assert_never

from gastown_tmux.domain.formulas.model import FormulaType

_WORKFLOW = """
[vars.what]
description = "What is to be done"
required = true

[[steps]]
id = "do"
title = "Do {{what}}"
description = "Do it, and commit."

[[steps]]
id = "verify"
title = "Verify {{what}}"
needs = ["do"]
description = "Run the tests. Mend what fails, and commit."
"""
_CONVOY = """
[inputs.what]
description = "What is to be looked at"
type = "string"
required = true

[prompts]
base = \"\"\"
Look at {{.what}}. Your focus: {{.leg.focus}}

{{.leg.description}}
\"\"\"

[[legs]]
id = "first"
title = "First look"
focus = "what is wrong"
description = "Say what is wrong, and why."

[[legs]]
id = "second"
title = "Second look"
focus = "what is missing"
description = "Say what is missing, and why."

[synthesis]
title = "Both looks"
description = "Join the findings: the most important first."
depends_on = ["first", "second"]
"""
_EXPANSION = """
[[template]]
id = "{target}.draft"
title = "Draft: {target.title}"
description = "{target.description}"

[[template]]
id = "{target}.refine"
title = "Refine: {target.title}"
needs = ["{target}.draft"]
description = "Read it again, and mend it."
"""
_ASPECT = """
[[advice]]
target = "implement"

[advice.after]
id = "{step.id}-look"
title = "A second look at {step.title}"
description = "Read what was changed, and mend it."
"""


def starter(name: str, type_: FormulaType) -> str:
    """The text of a file that has nothing wrong with it."""
    match type_:
        case FormulaType.WORKFLOW:
            text = _WORKFLOW
        case FormulaType.CONVOY:
            text = _CONVOY
        case FormulaType.EXPANSION:
            text = _EXPANSION
        case FormulaType.ASPECT:
            text = _ASPECT
        case _:
            assert_never(type_)
    return f'formula = "{name}"\ntype = "{type_}"\nversion = 1\ndescription = "What it is for"\n{text}'
