"""Orders to stand still, as files."""

from pathlib import Path

import pytest

from gastown_tmux.edges.processes.flags import TOWN, lower_flag, raise_flag, raised, rig_flag, stopped_before
from gastown_tmux.edges.processes.processes import ProcessRef
from gastown_tmux.errors import GtError


def test_a_flag_is_raised_once_and_keeps_what_was_stopped_before(tmp_path: Path) -> None:
    folder = tmp_path / "stopped"
    assert raised(folder) == frozenset() and not lower_flag(folder, TOWN)
    before = {ProcessRef(12, "boot:34")}
    assert raise_flag(folder, TOWN, before)
    assert not raise_flag(folder, TOWN, set())
    assert raise_flag(folder, rig_flag("demo"), set())
    assert raised(folder) == {"@town", "@rig.demo"}
    assert stopped_before(folder, TOWN) == before and stopped_before(folder, "demo.ann") == set()
    assert lower_flag(folder, TOWN) and raised(folder) == {"@rig.demo"}


def test_a_flag_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "stopped").write_text("in the way")
    with pytest.raises(GtError):
        raise_flag(tmp_path / "stopped", TOWN, set())
