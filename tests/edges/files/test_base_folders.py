"""A user's folders, where a variable names one and where it does not."""

from pathlib import Path

import pytest

from gastown_tmux.edges.files.base_folders import base_folder


@pytest.mark.parametrize(
    ("given", "found"), [("/there", "/there"), ("", "/home/ann/.config"), ("not/absolute", "/home/ann/.config")]
)
def test_a_path_that_is_not_absolute_names_no_folder(given: str, found: str) -> None:
    environment = {"HOME": "/home/ann", "XDG_CONFIG_HOME": given}
    assert base_folder(environment, "XDG_CONFIG_HOME", ".config") == Path(found)
