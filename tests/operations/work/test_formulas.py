"""gt formula: list, show, new, check."""

from pathlib import Path

import pytest

from gastown_tmux.edges.configuration import formula_files
from gastown_tmux.errors import NotFoundError, RefusedError, UsageError
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.work.formulas import (
    StepView,
    check_formulas,
    list_formulas,
    new_formula,
    open_shelf,
    show_formula,
)
from gastown_tmux.verbs.data import document

STEP = '[[steps]]\nid = "a"\ntitle = "A"\n'


def write(town: Town, name: str, text: str, folder: str = "formulas") -> Path:
    path = town.path / folder / f"{name}.formula.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_a_broken_one_is_listed_with_what_is_wrong(town: Town) -> None:
    path = write(town, "bad", 'formula = "bad"\nsteps [\n')
    listed = {view.name: view for view in list_formulas(town)}
    assert {"release", "feature", "bad"} <= set(listed)
    assert listed["bad"].about == f"{path}:2: expected '=' after a key in a key/value pair"
    with pytest.raises(UsageError, match=f"{path}:2: expected"):
        show_formula(town, "bad")


def test_what_is_shown(town: Town) -> None:
    write(
        town,
        "mine",
        'formula = "mine"\nversion = 2\ndescription = "for me"\n[vars]\nx = "1"\ny = { required = true }\n'
        '[[steps]]\nid = "b"\ntitle = "B"\nneeds = ["a"]\ncheck = "make"\n'
        'gate = { type = "command", condition = "test -e ok" }\n' + STEP + 'description = "do {{x}}"\nforeach = "x"\n',
    )
    shown = show_formula(town, "mine")
    data = document(shown)
    plain = {"description": "", "type": "string", "required_unless": []}
    assert data == {
        "name": "mine", "type": "workflow", "version": 2, "description": "for me", "origin": "town", "problem": None,
        "source": str(town.path / "formulas/mine.formula.toml"),
        "vars": [
            {"name": "x", "required": False, "default": "1", **plain},
            {"name": "y", "required": True, "default": None, **plain},
        ],
        "steps": [
            {"id": "a", "title": "A", "needs": [], "description": "do {{x}}", "acceptance": "", "check": "",
             "retries": 0, "agent": None, "gate": None, "foreach": "x"},
            {"id": "b", "title": "B", "needs": ["a"], "description": "", "acceptance": "", "check": "make",
             "retries": 0, "agent": None, "gate": "command: test -e ok", "foreach": None},
        ],
    }  # fmt: skip
    assert isinstance(shown.steps[0], StepView)
    listed = next(item for item in document(list_formulas(town))["items"] if item["name"] == "mine")
    assert listed["steps"][1] == {"id": "b", "title": "B", "needs": ["a"]}
    assert shown.outline == (
        "for me\n\n  --var x=…  '1' unless given\n  --var y=…  must be given\n\n  1  a  A\n     for each line of x\n"
        "  2  b  B  (after a)\n     gate: command: test -e ok\n     check: make"
    )


def test_the_rigs_own_is_for_the_rig(town: Town) -> None:
    write(town, "mine", f'formula = "mine"\ndescription = "the rig\'s"\n{STEP}', "rigs/demo/formulas")
    assert "mine" not in {view.name for view in list_formulas(town)}
    assert show_formula(town, "mine", town.rig("demo")).description == "the rig's"
    with pytest.raises(NotFoundError, match="no formula 'mine'"):
        show_formula(town, "mine")


def test_an_agent_has_its_rigs_own(town: Town, as_agent) -> None:  # type: ignore[no-untyped-def]
    write(town, "mine", f'formula = "mine"\n{STEP}', "rigs/demo/formulas")
    assert "mine" in open_shelf(as_agent("demo/ann")).names()


def test_never_from_a_worktree(town: Town) -> None:
    worktree = town.path / ".gt/hooks/demo.ann/work"
    write(town, "planted", f'formula = "planted"\n{STEP}', str(worktree.relative_to(town.path) / "formulas"))
    assert "planted" not in open_shelf(town, town.rig("demo")).names()


@pytest.mark.parametrize("type_", ["workflow", "convoy", "expansion", "aspect"])
def test_a_new_one_has_nothing_wrong_with_it(town: Town, type_: str) -> None:
    made = new_formula(town, "my-own", type=type_)
    assert made.text == str(town.path / "formulas/my-own.formula.toml")
    assert (made.value.name, made.value.type, made.value.problem) == ("my-own", type_, None)
    assert check_formulas(town, all=True) == []
    with pytest.raises(RefusedError, match="is there already"):
        new_formula(town, "my-own")


def test_a_new_one_like_another_in_the_rig(town: Town) -> None:
    made = new_formula(town, "careful", town.rig("demo"), like="feature")
    assert made.value.source == str(town.path / "rigs/demo/formulas/careful.formula.toml")
    assert [step.id for step in made.value.steps] == ["design", "implement", "test", "review"]


@pytest.mark.parametrize("name", ["a/b", "..", "", "-x", "a b", "a\n", "é" * 300 + "/"])
def test_names_that_are_none(town: Town, name: str) -> None:
    with pytest.raises(UsageError, match="is no name of a formula"):
        new_formula(town, name)


def test_check_names_what_is_wrong_and_what_has_no_effect(town: Town) -> None:
    write(town, "good", f'formula = "good"\n{STEP}')
    assert check_formulas(town) == [] and check_formulas(town).complaint is None
    note = write(town, "note", f'formula = "note"\npour = true\n{STEP}')
    assert [(check.level, check.where) for check in check_formulas(town)] == [("note", f"{note}:2")]
    assert check_formulas(town).complaint is None
    bad = write(town, "bad", f'formula = "bad"\n{STEP}titel = "x"\nretries = "x"\n')
    found = check_formulas(town, all=True)
    assert [(check.level, check.where) for check in found] == [
        ("error", f"{bad}:5"), ("error", f"{bad}:6"), ("note", f"{note}:2"),
    ]  # fmt: skip
    assert str(found.complaint) == "1 formula is broken"
    assert [check.level for check in check_formulas(town, ["note"])] == ["note"]
    with pytest.raises(NotFoundError, match="no formula 'nte'"):
        check_formulas(town, ["nte"])


def test_all_means_the_shipped_ones_too(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(town, "bad", 'formula = "bad"\n', "shipped")
    monkeypatch.setattr(formula_files, "shipped", lambda kind: path.parent)
    assert check_formulas(town) == []
    assert [check.file for check in check_formulas(town, all=True)] == [str(path)]


def test_all_means_the_hidden_ones_too(town: Town) -> None:
    write(town, "feature", f'formula = "feature"\n{STEP}', "rigs/demo/formulas")
    hidden = write(town, "feature", 'formula = "feature"\n')
    assert [check.file for check in check_formulas(town, all=True, rig=town.rig("demo"))] == [str(hidden)]
