from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gastown_tmux.edges.git.settings_file import Setting, format_settings, read_settings

_WORDS = st.text(st.characters(exclude_characters="\0\r", exclude_categories=["Cs"]), max_size=12)
_KEYS = st.builds(
    "{}.{}{}".format,
    st.sampled_from(["core", "a-1"]),
    st.just("") | _WORDS.map(lambda word: word.replace("\n", "") + "."),
    st.sampled_from(["name", "x-2"]),
)
_SETTINGS = st.lists(st.tuples(_KEYS, st.none() | _WORDS), max_size=6)


@given(_SETTINGS)
def test_git_reads_what_is_written(tmp_path_factory: pytest.TempPathFactory, settings: list[Setting]) -> None:
    path = tmp_path_factory.mktemp("settings") / "config"
    path.write_bytes(format_settings(settings))
    assert read_settings(path) == settings


def test_letters_that_mean_something_to_git(tmp_path: Path) -> None:
    letters = """\t"\\'#;=[] \x0b\x7fn"""
    settings = [(f"filter.{letters}.clean", letters + "\n"), (f"filter.{letters}..smudge", None)]
    (tmp_path / "config").write_bytes(format_settings(settings))
    assert read_settings(tmp_path / "config") == settings


def test_what_git_cannot_read_is_nothing(tmp_path: Path) -> None:
    assert read_settings(tmp_path / "missing") is None
    (tmp_path / "broken").write_text("[core\n")
    assert read_settings(tmp_path / "broken") is None
    (tmp_path / "empty").touch()
    assert read_settings(tmp_path / "empty") == []
    (tmp_path / "more").write_text("[a]\nb = c\n[include]\npath = empty\n")
    assert read_settings(tmp_path / "more") == [("a.b", "c"), ("include.path", "empty")]
