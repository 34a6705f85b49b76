"""What a formula becomes when it is poured."""

import pytest

from gastown_tmux.domain.formulas.pouring import Poured, pour
from gastown_tmux.domain.formulas.values import parse_assignments, settle_values
from gastown_tmux.errors import UsageError
from tests.domain.formulas.texts import AUDIT, SHINY, sound

HEAD = 'formula = "it"\n'


def poured(text: str, preset: str | None = None, **given: str) -> Poured:
    whole = sound(text)
    return pour(whole, settle_values(whole, given), "run-7", preset)


def texts(made: Poured) -> dict[str, str]:
    return {step.id: step.description for step in made.steps}


def test_values_stand_in_titles_and_texts_and_are_never_read_again() -> None:
    made = poured(
        HEAD + 'description = "For {{x}}"\n[vars]\nx = "{{y}}"\ny = "no"\n[[steps]]\nid = "a"\ntitle = "A {{x}}"\n'
        'description = "\\n{{x}} {{else}} {{ x }}\\n"\nacceptance = "{{y}} holds"\n'
    )
    assert (made.title, made.description) == ("it: For {{y}}", "For {{y}}")
    assert made.steps[0].title == "A {{y}}"
    assert made.steps[0].description == "{{y}} {{else}} {{ x }}\n\nAcceptance: no holds"


def test_a_value_is_one_word_of_a_command_unless_it_is_all_of_it() -> None:
    made = poured(
        HEAD
        + '[vars]\nx = "a b; rm -rf /"\nc = "make test"\n[[steps]]\nid = "a"\ntitle = "A"\ncheck = "grep {{x}} f"\n'
        '[[steps]]\nid = "b"\ntitle = "B"\ncheck = "{{c}}"\n'
    )
    assert [step.check for step in made.steps] == ["grep 'a b; rm -rf /' f", "make test"]


EACH = (
    HEAD + '[vars]\nfiles = { required = true }\n[[steps]]\nid = "a"\ntitle = "A"\n'
    '[[steps]]\nid = "f"\ntitle = "F {{item}}"\nforeach = "files"\nneeds = ["a"]\ndescription = "do {{item}}"\n'
    '[[steps]]\nid = "z"\ntitle = "Z"\nneeds = ["f"]\n'
)


def test_a_step_for_each_line() -> None:
    made = poured(EACH, files="one\n\n two {{x}} \n")
    assert [(step.id, step.title, step.needs) for step in made.steps] == [
        ("a", "A", ()),
        ("f.1", "F one", ("a",)),
        ("f.2", "F two {{x}}", ("a",)),
        ("z", "Z", ("f.1", "f.2")),
    ]
    assert texts(made)["f.2"] == "do two {{x}}"


def test_no_line_is_no_step_and_holds_nobody() -> None:
    made = poured(EACH, files=" \n")
    assert [(step.id, step.needs) for step in made.steps] == [("a", ()), ("z", ("a",))]
    only = HEAD + '[vars]\nfiles = ""\n[[steps]]\nid = "f"\ntitle = "F"\nforeach = "files"\n'
    with pytest.raises(UsageError, match="it has nothing to do with these values"):
        poured(only)


CONVOY = (
    HEAD + 'description = "Look"\n[inputs]\nproblem = { required = true }\ncontext = {}\nfiles = {}\n'
    '[prompts]\nbase = """\n{{.formula_name}} {{.problem}} {{.leg.focus}}{{if .context}} ({{.context}}){{end}}\n'
    '{{range .files}}- {{.}}\n{{end}}{{.leg.description}} -> {{.output_path}} {{.review_id}}{{.pr_number}}\n"""\n'
    '[output]\ndirectory = ".d/{{.design_id}}"\nleg_pattern = "{{.leg.id}}.md"\nsynthesis = "all.md"\n'
    '[[legs]]\nid = "x"\ntitle = "X"\nfocus = "fx"\ndescription = "dx {{problem}}"\n'
    '[[legs]]\nid = "y"\ntitle = "Y"\nfocus = "fy"\ndescription = "dy {{.no}}"\n'
    '[presets.few]\nlegs = ["y"]\n'
    '[synthesis]\ntitle = "S"\ndescription = "{{.output.directory}}/{{.output.synthesis}}"\n'
)


def test_a_convoys_prompt_goes_round_each_leg() -> None:
    made = poured(CONVOY, problem="P {{.x}}", files="a.py, b.py")
    assert texts(made) == {
        "x": "it P {{.x}} fx\n- a.py\n- b.py\ndx P {{.x}} -> .d/run-7/x.md run-7",
        "y": "it P {{.x}} fy\n- a.py\n- b.py\ndy {{.no}} -> .d/run-7/y.md run-7",
        "synthesis": ".d/run-7/all.md",
    }
    assert made.steps[-1].needs == ("x", "y")


def test_the_number_of_a_pull_request_is_the_input_of_that_name() -> None:
    text = HEAD + '[inputs.pr]\ntype = "number"\n[prompts]\nbase = "{{if .pr_number}}PR {{.pr_number}}{{end}}"\n'
    legs = '[[legs]]\nid = "x"\ntitle = "X"\n'
    assert [texts(poured(text + legs, **given))["x"] for given in ({"pr": "7"}, {})] == ["PR 7", ""]


def test_a_preset_chooses_legs_and_what_the_synthesis_waits_for() -> None:
    made = poured(CONVOY, "few", problem="P", context="C")
    assert [step.id for step in made.steps] == ["y", "synthesis"]
    assert made.steps[-1].needs == ("y",)
    assert made.steps[0].description.startswith("it P fy (C)\ndy")
    with pytest.raises(UsageError, match="has no preset 'fw'") as error:
        poured(CONVOY, "fw", problem="P")
    assert error.value.hint == "did you mean 'few'?"


def test_a_leg_without_prompt_is_its_focus_and_text() -> None:
    made = poured(HEAD + '[[legs]]\nid = "x"\nfocus = "f"\ndescription = "d"\n')
    assert texts(made) == {"x": "f\n\nd"}


@pytest.mark.parametrize(
    "text", [AUDIT.replace('"audit"', '"it"'), 'formula = "it"\n[[template]]\nid="a"\ntitle="A"\n']
)
def test_what_becomes_part_of_others_does_not_run(text: str) -> None:
    with pytest.raises(UsageError, match="it becomes part of workflows, and does not run"):
        poured(text)


def test_only_a_convoy_has_presets() -> None:
    with pytest.raises(UsageError, match="it has no presets"):
        poured(SHINY.replace('"shiny"', '"it"'), "few", feature="x")


INPUTS = (
    HEAD + "[inputs]\npr = { type = 'number', required_unless = ['files', 'branch'] }\n"
    "files = { required_unless = ['pr', 'branch'] }\nbranch = { required_unless = ['pr', 'files'] }\n"
    "kept = { required = true, default = 'd' }\nplain = {}\n[[legs]]\nid = 'x'\n"
)


def test_values_given_by_default_or_empty() -> None:
    values = settle_values(sound(INPUTS), {"files": "x"})
    assert values == {"pr": "", "files": "x", "branch": "", "kept": "d", "plain": ""}


@pytest.mark.parametrize(
    ("given", "message", "hint"),
    [
        ({}, "it needs a value for pr, or one of files, branch", "--var pr="),
        ({"pr": ""}, "it needs a value for pr", None),
        ({"pr": "x"}, "pr must be a number, not 'x'", "--var pr=1"),
        ({"pr": "1", "file": "x"}, "it has no variable 'file'", "did you mean 'files'?"),
    ],
)
def test_values_that_do_not_fit(given: dict[str, str], message: str, hint: str | None) -> None:
    with pytest.raises(UsageError, match=message) as error:
        settle_values(sound(INPUTS), given)
    assert hint is None or hint in (error.value.hint or "")


def test_a_required_one_that_is_not_given() -> None:
    with pytest.raises(UsageError, match="it needs a value for feature"):
        poured(SHINY.replace('"shiny"', '"it"'))


def test_assignments() -> None:
    assert parse_assignments(["a=b=c", "d=", "e=@f"]) == {"a": "b=c", "d": "", "e": "@f"}
    for words in (["a"], ["=b"], ["a=1", "a=2"]):
        with pytest.raises(UsageError, match="--var"):
            parse_assignments(words)
