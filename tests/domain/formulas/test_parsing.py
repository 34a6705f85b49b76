"""What a file of a formula means, key by key."""

import pytest

from tests.domain.formulas.texts import ids, read, sound

STEP = '[[steps]]\nid = "a"\ntitle = "A"\n'


@pytest.mark.parametrize(
    ("text", "type_"),
    [
        (STEP, "workflow"),
        ('extends = ["shiny"]\n', "workflow"),
        ('[[legs]]\nid = "a"\n', "convoy"),
        ('[[template]]\nid = "{target}.a"\ntitle = "A"\n', "expansion"),
        ('[[aspects]]\nid = "a"\n', "aspect"),
        ('[[advice]]\ntarget = "x"\n[advice.after]\nid = "x"\ntitle = "X"\n', "aspect"),
    ],
)
def test_a_type_that_is_not_said_is_the_first_that_fits(text: str, type_: str) -> None:
    assert sound(f'formula = "it"\n{text}').type == type_
    assert sound(f'formula = "it"\ntype = "{type_}"\n{text}').type == type_


def test_what_goes_without_saying() -> None:
    whole = sound(f'formula = "it"\n{STEP}')
    assert (whole.version, whole.description, whole.agent, whole.review_only, whole.spread) == (
        1,
        "",
        None,
        False,
        False,
    )
    step = whole.steps[0]
    assert (step.description, step.needs, step.acceptance, step.check) == ("", (), "", "")
    assert (step.retries, step.timeout, step.gate, step.agent, step.foreach) == (0, None, None, None, None)


def test_all_that_may_be_said() -> None:
    step = sound(
        'formula = "it"\nversion = 3\nagent = "codex"\nreview_only = true\nspread = true\n[vars]\nfiles = "x"\n' + STEP
        + 'check = "make"\nretries = 2\ntimeout = "5m"\nagent = "claude"\nforeach = "files"\nacceptance = "good"\n'
        + 'needs = ["b", "b"]\ndescription = "{{item}}"\ngate = { type = "human" }\n[[steps]]\nid = "b"\ntitle = "B"\n'
    ).steps[1]  # fmt: skip
    assert (step.check, step.retries, step.timeout, step.agent, step.foreach) == ("make", 2, 300.0, "claude", "files")
    assert (step.acceptance, step.needs, step.description) == ("good", ("b",), "{{item}}")
    assert step.gate is not None and step.gate.type == "human"


@pytest.mark.parametrize(
    "gate",
    [
        "type = 'timer'\ncondition = '30m'", "type = 'command'\ncondition = 'test -f x'", "type = 'human'",
        "type = 'gh:run'\ncondition = 'main'", "type = 'gh:pr'\ncondition = '7'", "type = 'mail'\ncondition = 'go'",
    ],
)  # fmt: skip
def test_gates_that_hold(gate: str) -> None:
    step = sound(f'formula = "it"\n{STEP}[steps.gate]\n{gate}\n').steps[0]
    assert step.gate is not None and step.gate.type in gate


def test_a_free_condition_holds_nothing() -> None:
    whole, findings = read(f'formula = "it"\n{STEP}[steps.gate]\ntype = "conditional"\ncondition = "spam > 3"\n')
    assert whole.steps[0].gate is None
    assert not any(finding.error for finding in findings)


def test_children_are_text_of_their_container() -> None:
    whole, findings = read(
        f'formula = "it"\n{STEP}type = "parallel"\ndescription = "both"\n'
        '[[steps.children]]\nid = "x"\ntitle = "X"\ndescription = "do x"\nneeds = ["q"]\n'
        '[[steps.children]]\nid = "y"\ndescription = "do y"\n'
    )
    assert ids(whole) == ["a"]
    assert whole.steps[0].description == "both\n\n## X\n\ndo x\n\n## y\n\ndo y"
    assert [finding.error for finding in findings] == [False]


def test_variables_of_all_kinds() -> None:
    whole = sound(
        'formula = "it"\n[vars]\na = "text"\nb = { description = "neither" }\nc = { required = true }\n'
        'd = { required = true, default = "x" }\n[inputs]\nn = { type = "number", default = "1.5" }\n'
        'm = { type = "string", required_unless = ["n"] }\n' + STEP
    )
    assert [(var.name, var.default, var.must_be_given, var.number) for var in whole.variables] == [
        ("a", "text", False, False),
        ("b", None, False, False),
        ("c", None, True, False),
        ("d", "x", False, False),
        ("n", "1.5", False, True),
        ("m", None, False, False),
    ]
    assert whole.variables[-1].required_unless == ("n",)


def test_a_convoy() -> None:
    whole = sound(
        'formula = "it"\n[inputs]\nproblem = { required = true }\n[prompts]\nbase = "{{.leg.focus}} {{.problem}}"\n'
        '[output]\ndirectory = ".d/{{.design_id}}"\nleg_pattern = "{{.leg.id}}.md"\nsynthesis = "all.md"\n'
        '[[legs]]\nid = "x"\ntitle = "X"\nfocus = "f"\ndescription = "d"\nagent = "codex"\n[[legs]]\nid = "y"\n'
        '[presets.p]\ndescription = "few"\nlegs = ["y"]\n'
        '[synthesis]\ntitle = "S"\ndescription = "{{.output.directory}}/{{.output.synthesis}} {{.problem}}"\n'
        'depends_on = ["x", "y"]\n'
    )
    assert ids(whole) == ["x", "y", "synthesis"]
    assert whole.synthesis is not None and whole.synthesis.needs == ("x", "y")
    assert (whole.steps[0].focus, whole.steps[0].agent, whole.steps[1].title) == ("f", "codex", "y")
    assert [(preset.name, preset.legs) for preset in whole.presets] == [("p", ("y",))]
    assert whole.output is not None and whole.output.synthesis == "all.md"


def test_a_synthesis_waits_for_all_legs_unless_it_says() -> None:
    whole = sound('formula = "it"\n[[legs]]\nid = "x"\n[[legs]]\nid = "y"\n[synthesis]\ntitle = "S"\n')
    assert whole.synthesis is not None and whole.synthesis.needs == ("x", "y")


def test_braces_that_are_an_agents_to_read_stay() -> None:
    text = "{{else}} {{end}} {{#if x}} {{#each y}} {{/if}} {{convoy.title}} {{issues/day}} {x} {{ x }} {target} {{.x}}"
    assert sound(f'formula = "it"\n{STEP}description = "{text}"\n').steps[0].description == text
