"""Files of orders: where they are found, and what is said of one that is broken, with its line."""

from pathlib import Path

import pytest

from gastown_tmux.edges.configuration.order_files import OrderFile, OrderFolder


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def only(town: Path) -> OrderFile:
    (file,) = OrderFolder(town).list()
    return file


def test_the_towns_own_and_those_of_rigs(tmp_path: Path) -> None:
    write(tmp_path / "orders" / "nightly.yaml", "every: 1h\nrun: date\n")
    write(tmp_path / "rigs" / "demo" / "orders" / "nightly.yml", "every: 1h\nrun: date\n")
    write(tmp_path / "orders" / "notes.txt", "no order")
    write(tmp_path / "orders" / ".#nightly.yaml", "an editor's")
    assert [file.id for file in OrderFolder(tmp_path).list()] == ["demo/nightly", "nightly"]


def test_what_yaml_would_make_something_else_of(tmp_path: Path) -> None:
    """``on`` is no truth, 13:00 no number, 1.10 not 1.1."""
    write(tmp_path / "orders" / "it.yaml", "at: [13:00, 03:00]\nformula: release\nvars: {version: 1.10, day: no}\n")
    order = only(tmp_path).order
    assert order is not None
    assert order.vars == {"version": "1.10", "day": "no"}
    assert order.trigger.words == "at 13:00 03:00"
    write(tmp_path / "orders" / "it.yaml", "on: bead.merged\nrun: date\n")
    assert only(tmp_path).problem is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("every: 1h\nrun: date\nevry: 2h\n", "it.yaml:3: unknown key 'evry' in an order"),
        ("# words\nevery: soon\nrun: date\n", "it.yaml:2: every must be a duration such as 30s, 5m or 2h, not 'soon'"),
        ("formula: x\nevery: 1h\nvars:\n  a: [1]\n", "it.yaml:4: vars.a must be a text, not the list 1"),
        ("every: 1h\nevery: 2h\nrun: date\n", "it.yaml:2: it is not YAML: every stands twice"),
        ("every: [1h\nrun: date\n", "it.yaml:2: it is not YAML: did not find expected ',' or ']'"),
        ("", "it.yaml:1: an order is keys and values"),
        ("- every\n", "it.yaml:1: an order is keys and values"),
        ("a: &a [x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
         "d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e,*e]\n",
         "it.yaml:1: it is not YAML: it has more than 50000 values, or more than 100 inside each other"),
        ("? [a, b]\n: c\n", "it.yaml:1: it is not YAML: a key must be a text"),
        ("every: &a {b: *a}\n", "it.yaml:1: it is not YAML: "),
        ("every: 1h\nrun: \x01\n", "it.yaml:1: it is not YAML: "),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    write(tmp_path / "orders" / "it.yaml", text)
    assert str(only(tmp_path).problem).startswith(f"{tmp_path}/orders/{said}")


def test_what_is_no_file_is_said_and_others_are_read(tmp_path: Path) -> None:
    write(tmp_path / "orders" / "good.yaml", "every: 1h\nrun: date\n")
    (tmp_path / "orders" / "folder.yaml").mkdir()
    (tmp_path / "orders" / "gone.yaml").symlink_to(tmp_path / "nowhere")
    (tmp_path / "orders" / "round.yaml").symlink_to(tmp_path / "orders" / "round.yaml")
    (tmp_path / "orders" / "bytes.yaml").write_bytes(b"\xff\xfe\x00every")
    write(tmp_path / "orders" / "good.yml", "every: 2h\nrun: date\n")
    found = {file.path.name: file.problem for file in OrderFolder(tmp_path).list()}
    assert {name for name, problem in found.items() if problem} == {
        "folder.yaml",
        "gone.yaml",
        "round.yaml",
        "bytes.yaml",
        "good.yml",
    }


def test_never_from_a_worktree(tmp_path: Path) -> None:
    agents = write(tmp_path / ".gt" / "hooks" / "demo.ann" / "work" / "it.yaml", "every: 1h\nrun: date\n")
    (tmp_path / "orders").mkdir()
    (tmp_path / "orders" / "it.yaml").symlink_to(agents)
    assert "it leads into what agents write" in str(only(tmp_path).problem)


def test_a_file_is_read_again_when_it_has_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "orders" / "it.yaml", "every: 1h\nrun: date\n")
    folder = OrderFolder(tmp_path)
    first = folder.list()[0]
    assert folder.list()[0] is first
    path.write_text("every: 2h\nrun: date\n")
    assert folder.list()[0].order != first.order
    path.unlink()
    assert folder.list() == []
