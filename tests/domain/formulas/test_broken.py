"""Formulas with one fault each: the line, what is wrong, and the way out."""

import pytest

from tests.domain.formulas.texts import line_of, read

HEAD = 'formula = "it"\n'
STEP = '[[steps]]\nid = "a"\ntitle = "A"\n'
B = '[[steps]]\nid = "b"\ntitle = "B"\n'
CONVOY = 'formula = "it"\n[[legs]]\nid = "a"\n[[legs]]\nid = "b"\n'
EXPANSION = 'formula = "it"\n[[template]]\nid = "{target}.a"\ntitle = "A"\n'
ASPECT = 'formula = "it"\n[[advice]]\ntarget = "implement"\n'
SHINY = 'formula = "it"\nextends = ["shiny"]\n'

BROKEN = {
    # the top
    "no name": (STEP, 1, "formula, its name, is missing", 'formula = "it"'),
    "another name": ('formula = "is"\n' + STEP, 1, "calls itself 'is'", "is.formula.toml"),
    "name no text": ("formula = 7\n" + STEP, 1, "formula must be a text, not 7", None),
    "unknown key": (HEAD + 'descripton = "x"\n' + STEP, 2, "unknown key 'descripton' in a formula", "'description'"),
    "unknown key far off": (HEAD + "zzz = 1\n" + STEP, 2, "unknown key 'zzz'", "there are formula"),
    "version no number": (HEAD + 'version = "1"\n' + STEP, 2, "version must be a whole number, not '1'", None),
    "version a truth": (HEAD + "version = true\n" + STEP, 2, "version must be a whole number, not true", None),
    "version zero": (HEAD + "version = 0\n" + STEP, 2, "version must be a whole number from 1", None),
    "version negative": (HEAD + "version = -1\n" + STEP, 2, "version must be a whole number, not -1", None),
    "unknown type": (HEAD + 'type = "workflw"\n' + STEP, 2, "unknown type 'workflw'", "'workflow'"),
    "no type fits": (HEAD + 'description = "x"\n', 1, "no type, and nothing to know it by", "[[steps]]"),
    "description no text": (HEAD + "description = ['x']\n" + STEP, 2, "description must be a text, not a list", None),
    "phase": (HEAD + 'phase = "liquid"\n' + STEP, 2, "phase is refused in a formula", "Beads"),
    "no step": (HEAD + 'type = "workflow"\n', 1, "no step, and nothing that it extends", "[[steps]]"),
    "empty steps": (HEAD + "steps = []\n", 1, "no step", "[[steps]]"),
    "no leg": (HEAD + 'type = "convoy"\n', 1, "no leg", "[[legs]]"),
    "no template": (HEAD + 'type = "expansion"\n', 1, "no template", "[[template]]"),
    "no advice": (HEAD + 'type = "aspect"\n', 1, "neither advice nor aspects", "[[advice]]"),
    "steps no list": (HEAD + 'steps = "a"\n', 2, "steps must be a list of tables, not 'a'", None),
    "steps of texts": (HEAD + 'steps = ["a"]\n', 2, "steps must be a list of tables, not a list", None),
    "extends a text": (HEAD + 'extends = "shiny"\n', 2, "extends must be a list of texts, not 'shiny'", None),
    "extends unknown": (HEAD + 'extends = ["shinny"]\n', 2, "no formula 'shinny'", "'shiny'"),
    "extends itself": (HEAD + 'extends = ["it"]\n', 2, "in a circle: it → it", "take one"),
    "extends an aspect": (HEAD + 'extends = ["audit"]\n', 2, "audit is of type aspect, not workflow", None),
    "a convoy extends": ('type = "convoy"\nextends = ["shiny"]\n' + CONVOY, 2, "only a workflow extends", "leave"),
    # steps
    "no id": (HEAD + '[[steps]]\ntitle = "A"\n', 2, "a step without id", 'id = "…"'),
    "empty id": (HEAD + '[[steps]]\nid = ""\ntitle = "A"\n', 3, "'' is no id", "letters"),
    "id with a space": (HEAD + '[[steps]]\nid = "a b"\ntitle = "A"\n', 3, "'a b' is no id", "letters"),
    "id no text": (HEAD + '[[steps]]\nid = 1\ntitle = "A"\n', 3, "id must be a text, not 1", None),
    "id twice": (HEAD + STEP + STEP, 5, "step 'a' is there twice", "another id"),
    "no title": (HEAD + '[[steps]]\nid = "a"\n', 2, "step 'a' has no title", 'title = "…"'),
    "blank title": (HEAD + '[[steps]]\nid = "a"\ntitle = " "\n', 4, "step 'a' has no title", 'title = "…"'),
    "key of a step": (HEAD + STEP + 'titel = "x"\n', 5, "unknown key 'titel' in a step", "'title'"),
    "needs a text": (HEAD + STEP + B + 'needs = "a"\n', 8, "needs must be a list of texts, not 'a'", None),
    "needs unknown": (HEAD + STEP + B + 'needs = ["aa"]\n', 8, "step 'b' needs 'aa', which is not there", "'a'"),
    "needs itself": (HEAD + STEP + 'needs = ["a"]\n', 5, "step 'a' needs itself", "leave"),
    "circle": (
        HEAD + STEP + 'needs = ["b"]\n' + B + 'needs = ["a"]\n', 5, "in a circle: a → b → a", "take one of the needs",
    ),
    "acceptance a list": (HEAD + STEP + 'acceptance = ["x"]\n', 5, "acceptance must be a text", None),
    "depends_on": (HEAD + STEP + B + 'depends_on = ["a"]\n', 8, "depends_on is refused in a step", "write needs"),
    "condition": (HEAD + STEP + 'condition = "x"\n', 5, "condition is refused in a step", "Beads"),
    "loop": (HEAD + STEP + "loop = { count = 3 }\n", 5, "loop is refused in a step", "foreach"),
    "retry": (HEAD + STEP + "[steps.retry]\nmax_attempts = 2\n", 5, "retry is refused in a step", "retries"),
    "check a table": (HEAD + STEP + "[steps.check]\nmax_attempts = 2\n", 5, "check must be a text, not a table", None),
    "retries negative": (HEAD + STEP + "retries = -1\n", 5, "retries must be a whole number, not -1", None),
    "timeout a number": (HEAD + STEP + "timeout = 5\n", 5, "timeout must be a duration above 0", None),
    "timeout nothing": (HEAD + STEP + 'timeout = "0s"\n', 5, "timeout must be a duration above 0", None),
    "foreach unknown": (
        HEAD + '[vars]\nfiles = ""\n' + STEP + 'foreach = "file"\n', 7, "foreach names 'file'", "'files'",
    ),
    "gate no table": (HEAD + STEP + 'gate = "human"\n', 5, "gate must be a table, not 'human'", None),
    "gate without type": (HEAD + STEP + "[steps.gate]\n", 5, "a gate without type", "timer"),
    "gate unknown": (HEAD + STEP + '[steps.gate]\ntype = "humn"\n', 6, "unknown type of gate 'humn'", "'human'"),
    "gate without condition": (HEAD + STEP + '[steps.gate]\ntype = "timer"\n', 5, "without condition", "30m"),
    "gate that never ends": (
        HEAD + STEP + '[steps.gate]\ntype = "timer"\ncondition = "soon"\n', 7, "'soon' is no duration", "30s",
    ),
    "gate of no pull request": (
        HEAD + STEP + '[steps.gate]\ntype = "gh:pr"\ncondition = "soon"\n', 7, "'soon' is not the number", None,
    ),
    "gate of no workflow run": (
        HEAD + STEP + '[steps.gate]\ntype = "gh:run"\ncondition = "a b"\n', 7, "'a b' is not the id of", None,
    ),
    "key of a gate": (HEAD + STEP + '[steps.gate]\ntype = "gh:pr"\nid = "7"\n', 7, "id is refused", "condition"),
    "child with a step's id": (
        HEAD + STEP + '[[steps.children]]\nid = "b"\n' + B, 6, "a child has the id of the step 'b'", "another id",
    ),
    "child of nothing": (HEAD + STEP + "[[steps.children]]\ndescription = 'x'\n", 5, "a child without id and", "title"),
    "key of a child": (HEAD + STEP + "[[steps.children]]\nid = 'c'\ntitel = 'C'\n", 7, "'titel' in a child", "'title'"),
    # variables
    "variable a number": (HEAD + "[vars]\nx = 3\n" + STEP, 3, "x must be a table or a text", 'x = "the default"'),
    "default a number": (HEAD + "[vars.x]\ndefault = 3\n" + STEP, 3, "default must be a text, not 3", None),
    "required a text": (HEAD + "[vars.x]\nrequired = 'yes'\n" + STEP, 3, "required must be true or false", None),
    "key of a variable": (HEAD + "[vars.x]\nrequird = true\n" + STEP, 3, "'requird' in a variable", "'required'"),
    "type of an input": (CONVOY + "[inputs.n]\ntype = 'int'\n", 7, "unknown type 'int' of n", "string or number"),
    "default no number": (CONVOY + "[inputs.n]\ntype = 'number'\ndefault = 'x'\n", 8, "of n is no number", "0"),
    "unless nobody": (
        CONVOY + "[inputs.n]\nrequired_unless = ['m']\n[inputs.mm]\n", 7, "n is required unless 'm'", "'mm'",
    ),
    "unless itself": (CONVOY + "[inputs.n]\nrequired_unless = ['n']\n", 7, "n is required unless 'n'", None),
    # placeholders
    "undeclared": (
        HEAD + "[vars]\nname = ''\n" + STEP + 'description = """\none\ntwo {{nam}}\n"""\n', 9,
        "{{nam}} is no variable of it", "'name'",
    ),
    "undeclared in a title": (HEAD + '[[steps]]\nid = "a"\ntitle = "A {{x}}"\n', 4, "{{x}} is no variable", "[vars.x]"),
    "undeclared at the top": (HEAD + 'description = "{{x}}"\n' + STEP, 2, "{{x}} is no variable", None),
    "undeclared in a check": (HEAD + STEP + 'check = "{{x}}"\n', 5, "{{x}} is no variable", None),
    "item without foreach": (HEAD + STEP + 'description = "{{item}}"\n', 5, "{{item}} is no variable", None),
    # convoys
    "leg twice": (CONVOY + '[[legs]]\nid = "a"\n', 6, "leg 'a' is there twice", "another id"),
    "leg without id": (CONVOY + '[[legs]]\ntitle = "a"\n', 6, "a leg without id", 'id = "…"'),
    "key of a leg": (CONVOY + 'focs = "x"\n', 6, "unknown key 'focs' in a leg", "'focus'"),
    "leg called synthesis": (
        CONVOY + '[[legs]]\nid = "synthesis"\n[synthesis]\ndepends_on = ["a"]\n', 8, "'synthesis' is there twice", None,
    ),
    "synthesis of no leg": (CONVOY + "[synthesis]\ndepends_on = ['c']\n", 7, "depends on 'c', which is no leg", None),
    "synthesis twice": (CONVOY + "[synthesis]\ndepends_on = ['a', 'a']\n", 7, "depends on 'a' twice", "once"),
    "preset of no leg": (CONVOY + "[presets.p]\nlegs = ['c']\n", 7, "preset p names 'c', which is no leg", None),
    "preset of nothing": (CONVOY + "[presets.p]\ndescription = 'x'\n", 6, "preset p has no legs", 'legs = ["…"]'),
    "preset no table": (CONVOY + "[presets]\np = 1\n", 7, "preset p must be a table", "legs"),
    "output away": (CONVOY + "[output]\ndirectory = '../x'\n", 7, "directory leads out of the worktree", "inside"),
    "key of prompts": (CONVOY + "[prompts]\nbas = 'x'\n", 7, "unknown key 'bas' in prompts", "'base'"),
    "template: a function": (CONVOY + "[prompts]\nbase = '{{len .a}}'\n", 7, "{{len .a}} is not understood", "fields"),
    "template: a bare name": (CONVOY + "[prompts]\nbase = '{{leg}}'\n", 7, "write {{.leg}}", "fields"),
    "template: with": (CONVOY + '[prompts]\nbase = """\n\n{{with .leg}}{{end}}"""\n', 9, "{{with .leg}} is not", None),
    "template: else if": (CONVOY + "[prompts]\nbase = '{{if .a}}{{else if .b}}{{end}}'\n", 7, "{{else if .b}}", None),
    "template: no end": (CONVOY + "[prompts]\nbase = '{{if .leg}}'\n", 7, "{{if .leg}} needs an {{end}}", None),
    "template: end alone": (CONVOY + "[prompts]\nbase = 'x{{end}}'\n", 7, "{{end}} without an opening", None),
    "template: open": (CONVOY + "[prompts]\nbase = 'x{{.leg'\n", 7, "{{ is never closed", None),
    "template: unknown": (CONVOY + "[prompts]\nbase = '{{.prblem}}'\n", 7, ".prblem has no value here", None),
    "template: unknown of a leg": (CONVOY + "[prompts]\nbase = '{{.leg.x}}'\n", 7, ".leg.x has no value here", None),
    "template: range of a text": (CONVOY + "[prompts]\nbase = '{{range .leg.id}}{{end}}'\n", 7, "it is no list", None),
    "template: in the synthesis": (CONVOY + "[synthesis]\ndescription = '{{.x}}'\n", 7, ".x has no value here", None),
    # expansions
    "key of a template": (EXPANSION + 'need = ["x"]\n', 5, "unknown key 'need' in a template", "'needs'"),
    "template needs unknown": (EXPANSION + "needs = ['{target}.b']\n", 5, "needs '{target}.b', which is not", None),
    "template twice": (EXPANSION + '[[template]]\nid = "{target}.a"\ntitle = "B"\n', 5, "is there twice", "another"),
    "expand no step": (
        SHINY + "[[compose.expand]]\ntarget = 'implment'\nwith = 'five'\n", 4, "no step 'implment'", "'implement'",
    ),
    "expand with unknown": (
        SHINY + "[[compose.expand]]\ntarget = 'implement'\nwith = 'fiv'\n", 5, "no formula 'fiv'", "'five'",
    ),
    "expand with a workflow": (
        SHINY + "[[compose.expand]]\ntarget = 'implement'\nwith = 'shiny'\n", 5, "workflow, not expansion", None,
    ),
    "expand nothing": (SHINY + "[[compose.expand]]\nwith = 'five'\n", 3, "an expansion without target", "id of a step"),
    "expand with nothing": (SHINY + "[[compose.expand]]\ntarget = 'test'\n", 3, "an expansion without with", None),
    "key of compose": (SHINY + "[compose]\naspect = ['audit']\n", 4, "unknown key 'aspect' in compose", "'aspects'"),
    # aspects
    "aspect unknown": (SHINY + "[compose]\naspects = ['audi']\n", 4, "no formula 'audi'", "'audit'"),
    "aspect an expansion": (SHINY + "[compose]\naspects = ['five']\n", 4, "expansion, not aspect", None),
    "aspects no texts": (SHINY + "[[compose.aspects]]\nname = 'audit'\n", 3, "aspects must be a list of texts", None),
    "advice on nothing": (ASPECT.replace('target = "implement"\n', "[advice.after]\nid = 'x'\ntitle = 'X'\n"), 2,
                          "an advice without target", "target"),
    "advice of nothing": (ASPECT, 2, "an advice that puts nothing beside", "[advice.before]"),
    "advice without id": (ASPECT + "[advice.after]\ntitle = 'X'\n", 4, "a step beside without id", 'id = "…"'),
    "advice without words": (ASPECT + "[advice.after]\nid = 'x'\n", 4, "neither title nor description", 'title = "…"'),
    "key of an advice": (ASPECT + "[advice.afterr]\nid = 'x'\n", 4, "unknown key 'afterr' in an advice", "'after'"),
    "key beside": (ASPECT + "[advice.after]\nid = 'x'\ntitle = 'X'\nneeds = []\n", 7, "unknown key 'needs'", "id"),
    "aspect twice": (HEAD + "[[aspects]]\nid = 'x'\n[[aspects]]\nid = 'x'\n", 4, "'x' is there twice", "another"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "line", "message", "hint"), BROKEN.values(), ids=BROKEN.keys())
def test_a_fault_is_told_with_its_line_and_the_way_out(text: str, line: int, message: str, hint: str | None) -> None:
    errors = [finding for finding in read(text)[1] if finding.error]
    told = [(line_of(text, error), error.text) for error in errors]
    assert len(told) == 1, told
    assert (told[0][0], message in told[0][1]) == (line, True), told
    assert hint is None or hint in (errors[0].hint or ""), errors[0].hint


def test_there_are_enough_of_them() -> None:
    assert len(BROKEN) >= 60


def test_all_faults_of_a_file_are_told_at_once() -> None:
    text = HEAD + "version = 0\n" + STEP + 'titel = "x"\nretries = "x"\n'
    assert sorted(line_of(text, finding) for finding in read(text)[1]) == [2, 6, 7]


def test_both_places_of_an_id_that_is_there_twice() -> None:
    text = HEAD + STEP + STEP
    other = read(text)[1][0].other
    assert other is not None and other.path == ("steps", 0)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (HEAD + "pour = true\n" + STEP, 2, "pour has no effect"),
        (HEAD + STEP + "[squash]\ntrigger = 'x'\n", 5, "squash has no effect"),
        (HEAD + STEP + "parallel = true\n", 5, "parallel has no effect"),
        (HEAD + STEP + "interactive = true\n", 5, "interactive has no effect"),
        (HEAD + STEP + 'target = "mayor"\n', 5, "target has no effect: steps go to workers"),
        (HEAD + STEP + "type = 'epic'\n", 5, "type 'epic' has no effect"),
        (HEAD + STEP + "[steps.gate]\ntype = 'conditional'\ncondition = 'x'\n", 5, "holds nothing back"),
        (HEAD + STEP + "[[steps.children]]\nid = 'c'\n", 5, "children are no steps"),
        (HEAD + STEP + "[[legs]]\nid = 'c'\n", 5, "legs has no effect: only a convoy has it, and this is a workflow"),
        (HEAD + "[vars]\nend = ''\n" + STEP, 3, "end can stand in no text"),
        (HEAD + "[vars]\na-b = ''\n" + STEP, 3, "a-b can stand in no text"),
        (CONVOY + "review_only = true\n", 6, "review_only has no effect"),
        (ASPECT + "[advice.after]\nid = 'x'\ntitle = 'X'\n[[pointcuts]]\nlabel = 'x'\n", 8, "label has no effect"),
        (EXPANSION + "description = 'x {{y}}'\n", 5, "{{y}} is left to whoever uses it"),
    ],
)  # fmt: skip
def test_what_is_known_and_has_no_effect_is_named(text: str, line: int, message: str) -> None:
    found = read(text)[1]
    assert [finding.error for finding in found] == [False]
    assert line_of(text, found[0]) == line
    assert message in found[0].text
