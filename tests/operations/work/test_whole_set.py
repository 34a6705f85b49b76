"""Of a set of formulas each is run to its end, or refused in one line that says what it is."""

from pathlib import Path

from tests.domain.formulas.texts import AUDIT, FIVE, SHINY
from tests.operations.quiet_town import make_quiet_town
from tests.operations.work.whole_set import try_all

SECURE = 'formula = "secure"\ntype = "workflow"\nextends = ["shiny"]\n[compose]\naspects = ["audit"]\n'
CONVOY = """\
formula = "design"
type = "convoy"
[inputs.problem]
type = "string"
required = true
[[legs]]
id = "api"
title = "API of {{.problem}}"
description = "x"
[[legs]]
id = "data"
title = "Data"
description = "x"
[synthesis]
title = "Together"
description = "x"
depends_on = ["api", "data"]
"""
BEADS = 'formula = "beads"\n[[steps]]\nid = "a"\ntitle = "A"\nwaits_for = "children"\n'


def test_each_of_a_set_ends_or_is_refused_in_one_line(short_tmp: Path, tmp_path: Path) -> None:
    texts = {"shiny": SHINY, "five": FIVE, "audit": AUDIT, "secure": SECURE, "design": CONVOY, "beads": BEADS}
    for name, text in texts.items():
        (tmp_path / f"{name}.formula.toml").write_text(text)
    quiet = make_quiet_town(short_tmp)
    found = {each.name: each for each in try_all(quiet, tmp_path)}
    quiet.town.close()
    assert all(each.well for each in found.values()), found
    assert found["shiny"].words == "5 of 5 steps, done" and found["secure"].words == "9 of 9 steps, done"
    assert found["design"].words == "3 of 3 steps, done" and found["five"].words.startswith("expansion")
    assert "beads.formula.toml:5" in found["beads"].words and "waits_for" in found["beads"].words
