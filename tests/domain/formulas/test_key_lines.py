"""Where a key stands in its text."""

import pytest

from gastown_tmux.domain.formulas.key_lines import find_line
from gastown_tmux.domain.formulas.model import Path

TEXT = '''\
# a comment
formula = "it"

[vars]
[vars.x]
description = "it's \\"quoted\\""
a."b.c" = 1

[[steps]]
id = "a"
description = """
[steps]
id = "no"

last {{x}}
"""
needs = [
  "b",
  "c",
]
[steps.gate]
type = "human"

[[steps.children]]
id = "c"
[[steps.children]]
id = "d"
[[steps]]
id = "b"
inline = { x = 1, y = [1, { z = 2 }] }
\'single\' = 1
text = \'\'\'
"""
\'\'\'
end = 1
'''


@pytest.mark.parametrize(
    ("path", "words", "line"),
    [
        (("formula",), "", 2),
        (("vars",), "", 4),
        (("vars", "x"), "", 5),
        (("vars", "x", "description"), "", 6),
        (("vars", "x", "a", "b.c"), "", 7),
        (("steps",), "", 9),
        (("steps", 0), "", 9),
        (("steps", 0, "id"), "", 10),
        (("steps", 0, "description"), "", 11),
        (("steps", 0, "description"), "{{x}}", 15),
        (("steps", 0, "needs"), "", 17),
        (("steps", 0, "gate", "type"), "", 22),
        (("steps", 0, "children", 0, "id"), "", 25),
        (("steps", 0, "children", 1, "id"), "", 27),
        (("steps", 1), "", 28),
        (("steps", 1, "id"), "", 29),
        (("steps", 1, "inline", "y", 1, "z"), "", 30),
        (("steps", 1, "single"), "", 31),
        (("steps", 1, "text"), "", 32),
        (("steps", 1, "end"), "", 35),
        (("steps", 1, "gone"), "", 28),
        (("gone",), "", 1),
        ((), "", 1),
    ],
)
def test_the_line_of_a_key(path: Path, words: str, line: int) -> None:
    assert find_line(TEXT, path, words) == line
