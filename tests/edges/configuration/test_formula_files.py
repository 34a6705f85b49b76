"""Formulas as files: where they are found, and what is said of one that is broken."""

from pathlib import Path

import pytest

from gastown_tmux.agents.blocks import fences
from gastown_tmux.domain.formulas.pouring import pour
from gastown_tmux.domain.formulas.values import settle_values
from gastown_tmux.domain.ids import RigName
from gastown_tmux.edges.configuration.formula_files import FormulaFile, Shelf, folders, list_files
from gastown_tmux.edges.configuration.shipped import shipped
from gastown_tmux.errors import NotFoundError

STEP = '[[steps]]\nid = "a"\ntitle = "A"\n'
SHIPPED = {
    "bugfix": 3, "code-review": 6, "dependency-update": 3, "docs": 3, "feature": 4, "refactor": 3, "release": 4,
    "security-audit": 0,
}  # fmt: skip


def write(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.formula.toml"
    path.write_text(text)
    return path


def faults(folder: Path, name: str) -> list[str]:
    shelf = Shelf({"town": folder})
    return [f"{fault.path.name}:{fault.line}: {fault.text}" for fault in shelf.load(shelf.file(name))[1] if fault.error]


def test_the_shipped_ones_have_nothing_wrong_with_them() -> None:
    shelf = Shelf({"shipped": shipped("formulas")})
    loaded = {file.name: shelf.load(file) for file in shelf.files}
    assert {name: found for name, (_, found) in loaded.items() if found} == {}
    assert {name: len(formula.whole_steps) for name, (formula, _) in loaded.items()} == SHIPPED


@pytest.mark.parametrize("name", sorted(set(SHIPPED) - {"security-audit"}))
def test_the_shipped_ones_can_be_done_by_a_runbook_agent(name: str, tmp_path: Path) -> None:
    """Where what is asked for is a block, every step has one; with the shipped aspect woven in too."""
    chore = "```sh\ntrue\n```"
    woven = 'formula = "woven"\nextends = ["feature"]\n[compose]\naspects = ["security-audit"]\n'
    write(tmp_path, "woven", woven)
    shelf = Shelf({"town": tmp_path, "shipped": shipped("formulas")})
    for one in (name, "woven"):
        formula, found = shelf.load(shelf.file(one))
        assert found == []
        must = [variable.name for variable in formula.variables if variable.must_be_given]
        asked = {name: chore if name == "what" else "1" for name in must}
        poured = pour(formula, settle_values(formula, asked), "run-1")
        assert [step.id for step in poured.steps if not fences(step.description)] == []


def test_the_nearest_wins(tmp_path: Path) -> None:
    places = folders(tmp_path / "town", RigName("demo"), {"HOME": str(tmp_path / "home")})
    assert list(places) == ["rig", "town", "user", "shipped"]
    assert places["rig"] == tmp_path / "town/rigs/demo/formulas"
    assert places["user"] == tmp_path / "home/.config/gt/formulas"
    for origin in ("rig", "town", "user"):
        write(places[origin], "feature", f'formula = "feature"\ndescription = "{origin}"\n{STEP}')
    found = {file.origin for file in list_files(places) if file.name == "feature"}
    assert found == {"rig", "town", "user", "shipped"}
    for origin in ("rig", "town", "user", "shipped"):
        shelf = Shelf(places)
        assert shelf.file("feature").origin == origin
        if origin != "shipped":
            assert shelf.load(shelf.file("feature"))[0].description == origin
            shelf.file("feature").path.unlink()
    assert list(folders(tmp_path, None, {})) == ["town", "user", "shipped"]


def test_only_files_of_formulas_count(tmp_path: Path) -> None:
    write(tmp_path, "one", STEP)
    (tmp_path / "README.md").write_text("x")
    (tmp_path / ".formula.toml").write_text("x")
    assert list_files({"town": tmp_path, "user": tmp_path / "none"}) == [
        FormulaFile("one", "town", tmp_path / "one.formula.toml")
    ]


def test_an_unknown_name_names_the_nearest(tmp_path: Path) -> None:
    write(tmp_path, "release", STEP)
    shelf = Shelf({"town": tmp_path})
    for name, hint in (("relase", "did you mean 'release'?"), ("../release", "did you mean 'release'?")):
        with pytest.raises(NotFoundError) as error:
            shelf.file(name)
        assert error.value.hint == hint


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b'formula = "x"\nsteps = [\n', "x.formula.toml:2: "),
        (b'formula = "x"\nsteps [\n', "x.formula.toml:2: expected '='"),
        (b'formula = "x"\nformula = "x"\n', "x.formula.toml:2: cannot overwrite a value"),
        (b'formula = "\xff"\n', "x.formula.toml:1: not UTF-8 text"),
        (b"a = " + b"[" * 5000, "x.formula.toml:1: "),
    ],
)
def test_what_is_no_toml(content: bytes, told: str, tmp_path: Path) -> None:
    (tmp_path / "x.formula.toml").write_bytes(content)
    assert [fault[: len(told)] for fault in faults(tmp_path, "x")] == [told]


def test_a_mark_and_other_line_ends_are_no_matter(tmp_path: Path) -> None:
    text = f'formula = "x"\n{STEP}titel = "x"\n'
    (tmp_path / "x.formula.toml").write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert faults(tmp_path, "x") == ["x.formula.toml:5: unknown key 'titel' in a step"]


def test_a_fault_of_a_parent_has_the_parents_place(tmp_path: Path) -> None:
    write(tmp_path, "x", 'formula = "x"\nextends = ["p"]\n')
    write(tmp_path, "p", f'formula = "p"\n{STEP}needs = ["b"]\n')
    assert faults(tmp_path, "x") == ["p.formula.toml:5: step 'a' needs 'b', which is not there"]
    write(tmp_path, "p", f'formula = "p"\n{STEP}titel = "b"\n')
    assert faults(tmp_path, "x") == ["p.formula.toml:5: unknown key 'titel' in a step"]


def test_what_is_wrong_with_keys_hides_what_follows_from_it(tmp_path: Path) -> None:
    write(tmp_path, "x", f'formula = "x"\n{STEP}needs = ["b"]\n[[steps]]\nid = 1\ntitle = "B"\n')
    assert faults(tmp_path, "x") == ["x.formula.toml:7: id must be a text, not 1"]


def test_an_id_that_is_there_twice_has_both_places(tmp_path: Path) -> None:
    path = write(tmp_path, "x", f'formula = "x"\n{STEP}{STEP}')
    assert faults(tmp_path, "x") == ["x.formula.toml:5: step 'a' is there twice, the other on line 2"]
    write(tmp_path, "e", 'formula = "e"\n[[template]]\nid = "a"\ntitle = "A"\n')
    path.write_text(
        f'formula = "x"\n{STEP}[[steps]]\nid = "b"\ntitle = "B"\n[[compose.expand]]\ntarget = "b"\nwith = "e"\n'
    )
    assert faults(tmp_path, "x") == [f"e.formula.toml:2: step 'a' is there twice, the other on line 2 of {path}"]
