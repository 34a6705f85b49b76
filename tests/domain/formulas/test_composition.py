"""What a formula is made of others: extends, expansions, aspects."""

from tests.domain.formulas.texts import AUDIT, SHELF, SHINY, ids, needs, read, sound

CHILD = 'formula = "it"\nextends = ["shiny"]\n'
EXPANDED = CHILD + '[[compose.expand]]\ntarget = "implement"\nwith = "five"\n'


def test_a_child_has_its_parents_steps_then_its_own() -> None:
    whole = sound(CHILD + '[[steps]]\nid = "tell"\ntitle = "Tell"\nneeds = ["submit"]\n')
    assert ids(whole) == ["design", "implement", "review", "test", "submit", "tell"]
    assert whole.type == "workflow"


def test_the_description_is_the_parents_where_it_has_none() -> None:
    assert sound(CHILD).description == "the way"
    assert sound(CHILD + 'description = "own"\n').description == "own"


def test_a_childs_step_takes_the_place_of_its_parents() -> None:
    whole = sound(CHILD + '[[steps]]\nid = "review"\ntitle = "Own review"\nneeds = ["implement"]\n')
    assert ids(whole) == ["design", "implement", "review", "test", "submit"]
    assert [step.title for step in whole.steps][2] == "Own review"


def test_the_first_parents_variables_win_and_the_childs_over_all() -> None:
    shelf = {
        "one": 'formula = "one"\n[vars]\na = "1"\nb = "1"\n[[steps]]\nid = "x"\ntitle = "X"\n',
        "two": 'formula = "two"\n[vars]\na = "2"\nb = "2"\nc = "2"\n[[steps]]\nid = "y"\ntitle = "Y"\n',
    }
    whole = sound('formula = "it"\nextends = ["one", "two"]\n[vars]\nb = "own"\n', shelf)
    assert {variable.name: variable.default for variable in whole.variables} == {"a": "1", "b": "own", "c": "2"}
    assert ids(whole) == ["x", "y"]


def test_a_parents_own_composition_comes_first() -> None:
    shelf = SHELF | {"mid": EXPANDED.replace('"it"', '"mid"')}
    whole = sound('formula = "it"\nextends = ["mid"]\n', shelf)
    assert len(ids(whole)) == 9


def test_a_circle_of_parents_is_named_whole() -> None:
    shelf = {"a": 'formula = "a"\nextends = ["b"]\n', "b": 'formula = "b"\nextends = ["it"]\n'}
    errors = [finding.text for finding in read('formula = "it"\nextends = ["a"]\n', shelf)[1]]
    assert errors == ["formulas extend one another in a circle: it → a → b → it"]


def test_a_diamond_is_no_circle() -> None:
    shelf = SHELF | {name: f'formula = "{name}"\nextends = ["shiny"]\n' for name in ("left", "right")}
    assert ids(sound('formula = "it"\nextends = ["left", "right"]\n', shelf)) == ids(sound(CHILD))


def test_an_expansion_stands_where_its_target_stood() -> None:
    whole = sound(EXPANDED)
    assert ids(whole) == [
        "design", "implement.draft", "implement.refine-1", "implement.refine-2", "implement.refine-3",
        "implement.refine-4", "review", "test", "submit",
    ]  # fmt: skip
    assert needs(whole)["implement.draft"] == ["design"]
    assert needs(whole)["implement.refine-1"] == ["implement.draft"]
    assert needs(whole)["review"] == ["implement.refine-4"]
    assert whole.steps[1].title == "Draft: Implement {{feature}}"


def test_who_needed_the_target_needs_every_template_that_no_other_needs() -> None:
    shelf = SHELF | {
        "two": 'formula = "two"\ntype = "expansion"\n'
        '[[template]]\nid = "{target}.a"\ntitle = "A"\ndescription = "{target.description}"\nacceptance = "{target}"\n'
        '[[template]]\nid = "{target}.b"\ntitle = "B {target.x}"\n'
    }
    whole, findings = read(CHILD + '[[compose.expand]]\ntarget = "implement"\nwith = "two"\n', shelf)
    assert needs(whole)["review"] == ["implement.a", "implement.b"]
    assert (whole.steps[1].description, whole.steps[1].acceptance) == ("Write {{feature}}", "implement")
    assert [finding.text for finding in findings] == ["{target.x} stands for nothing"]


def test_expansions_bring_their_variables() -> None:
    shelf = SHELF | {
        "v": 'formula = "v"\ntype = "expansion"\n[vars]\nfeature = "theirs"\nmore = "m"\n'
        '[[template]]\nid = "{target}.a"\ntitle = "A {{more}}"\n'
    }
    whole = sound(CHILD + '[[compose.expand]]\ntarget = "implement"\nwith = "v"\n', shelf)
    assert {variable.name: variable.default for variable in whole.variables} == {
        "assignee": None, "feature": None, "more": "m",
    }  # fmt: skip


def test_an_expansion_that_makes_an_id_twice() -> None:
    text = CHILD + '[[steps]]\nid = "implement.draft"\ntitle = "X"\n' + EXPANDED.removeprefix(CHILD)
    assert [finding.text for finding in read(text)[1]] == ["step 'implement.draft' is there twice"]


def test_an_aspect_stands_before_and_after() -> None:
    whole = sound(CHILD + '[compose]\naspects = ["audit"]\n')
    assert ids(whole) == [
        "design", "implement-prescan", "implement", "implement-postscan", "review", "test", "submit-prescan", "submit",
        "submit-postscan",
    ]  # fmt: skip
    assert needs(whole) == {
        "design": [],
        "implement-prescan": ["design"],
        "implement": ["implement-prescan"],
        "implement-postscan": ["implement"],
        "review": ["implement-postscan"],
        "test": ["review"],
        "submit-prescan": ["test"],
        "submit": ["submit-prescan"],
        "submit-postscan": ["submit"],
    }
    assert whole.steps[1].title == "Prescan for Implement {{feature}}"


def test_an_advice_fits_by_pattern_and_only_what_was_there_before() -> None:
    shelf = SHELF | {
        "all": 'formula = "all"\n[[advice]]\ntarget = "*"\n[advice.before]\nid = "{step.id}-b"\ntitle = "B"\n'
        '[[advice]]\ntarget = "*"\n[advice.after]\nid = "{step.id}-a"\ntitle = "A"\n'
    }
    whole = sound(CHILD + '[compose]\naspects = ["all"]\n', shelf)
    assert len(ids(whole)) == 15
    assert needs(whole)["implement-b"] == ["design-a"]


def test_pointcuts_limit_an_advice() -> None:
    some = AUDIT.split('[[advice]]\ntarget = "submit"')[0].replace('target = "implement"', 'target = "*"')
    shelf = SHELF | {"audit": some + '[[pointcuts]]\nglob = "te*"\n'}
    whole = sound(CHILD + '[compose]\naspects = ["audit"]\n', shelf)
    assert ids(whole) == ["design", "implement", "review", "test-prescan", "test", "test-postscan", "submit"]


def test_an_advice_that_fits_nothing_is_an_error_of_the_aspect() -> None:
    shelf = SHELF | {"audit": AUDIT.replace('target = "submit"', 'target = "submt"')}
    found = read(CHILD + '[compose]\naspects = ["audit"]\n', shelf)[1]
    assert [(error.text, error.hint, error.place.formula) for error in found] == [
        ("'submt' fits no step of it", "did you mean 'submit'?", "audit")
    ]


def test_aspects_come_after_expansions() -> None:
    text = CHILD + '[compose]\naspects = ["post"]\n[[compose.expand]]\ntarget = "implement"\nwith = "five"\n'
    post = 'formula = "post"\n[[advice]]\ntarget = "implement.*"\n[advice.after]\nid = "{step.id}-x"\ntitle = "X"\n'
    assert len(ids(sound(text, SHELF | {"post": post}))) == 14


def test_a_workflow_alone_is_as_its_file_has_it() -> None:
    assert ids(sound(SHINY.replace('"shiny"', '"it"'))) == ["design", "implement", "review", "test", "submit"]
