from pathlib import Path

import pytest

from gastown_tmux.domain.addresses import Address
from gastown_tmux.edges.configuration.shipped import AfterDone, Restart, find_resource, list_resources, load_role
from gastown_tmux.errors import NotFoundError, UsageError


@pytest.mark.parametrize(
    ("name", "restart", "done"),
    [
        ("mayor", Restart.ALWAYS, AfterDone.IDLE),
        ("crew", Restart.ALWAYS, AfterDone.IDLE),
        ("polecat", Restart.WHILE_WORK, AfterDone.END),
    ],
)
def test_the_shipped_roles(name: str, restart: Restart, done: AfterDone, tmp_path: Path) -> None:
    role = load_role(name, tmp_path)
    assert (role.restart, role.done, role.provider) == (restart, done, None)
    text = role.text_for(Address("demo/toast"))
    assert "`demo/toast`" in text
    assert "{" not in text
    assert not text.startswith("---")


def test_the_towns_own_role_stands_over_the_shipped(tmp_path: Path) -> None:
    (tmp_path / "roles").mkdir()
    (tmp_path / "roles/polecat.md").write_text(
        "---\nrestart: always\nprovider: codex\n---\n\nYou are {address}: {rig} {x} {}.\n"
    )
    role = load_role("polecat", tmp_path)
    assert (role.restart, role.done, role.provider) == (Restart.ALWAYS, AfterDone.END, "codex")
    assert role.text_for(Address("demo/toast")) == "You are demo/toast: demo {x} {}.\n"
    assert find_resource("roles", "polecat.md", tmp_path) == tmp_path / "roles/polecat.md"
    assert {"mayor.md", "polecat.md"} <= set(list_resources("roles", tmp_path))


def test_without_front_matter_all_is_text(tmp_path: Path) -> None:
    (tmp_path / "roles").mkdir()
    (tmp_path / "roles/reviewer.md").write_text("You review.\n---\nReally.\n")
    role = load_role("reviewer", tmp_path)
    assert (role.text, role.restart, role.done) == ("You review.\n---\nReally.\n", Restart.WHILE_WORK, AfterDone.END)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("---\nrestart: sometimes\n---\nx", "restart must be one of always, while-work, not 'sometimes'"),
        ("---\nrestrat: always\n---\nx", "unknown keys restrat"),
        ("---\n- a\n---\nx", "front matter"),
        ("---\nrestart: always\nx", "front matter"),
        ("---\na: [\n---\nx", "expected"),
    ],
)
def test_front_matter_that_is_off_names_the_file(content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "roles").mkdir()
    (tmp_path / "roles/x.md").write_text(content)
    with pytest.raises(UsageError, match=message) as error:
        load_role("x", tmp_path)
    assert "roles/x.md" in error.value.message


def test_an_unknown_role_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError) as error:
        load_role("pole-cat", tmp_path)
    assert error.value.hint == "did you mean polecat?"
