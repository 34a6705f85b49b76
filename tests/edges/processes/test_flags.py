"""Orders to stand still, as files: on the disk, or in memory where that takes nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gastown_tmux.edges.files.memory import Memory
from gastown_tmux.edges.processes.flags import TOWN, lower_flag, raise_flag, raised, rig_flag, stopped_before
from gastown_tmux.edges.processes.processes import ProcessRef


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    (tmp_path / ".gt").mkdir(mode=0o700)
    memory = Memory(tmp_path)
    yield memory
    for name in memory.names():
        memory.remove(name)


def test_a_flag_is_raised_once_and_keeps_what_was_stopped_before(tmp_path: Path, memory: Memory) -> None:
    folder = tmp_path / "stopped"
    assert raised(folder, memory) == frozenset() and not lower_flag(folder, memory, TOWN)
    before = {ProcessRef(12, "boot:34")}
    assert raise_flag(folder, memory, TOWN, before)
    assert not raise_flag(folder, memory, TOWN, set())
    assert raise_flag(folder, memory, rig_flag("demo"), set())
    assert raised(folder, memory) == {"@town", "@rig.demo"} and not memory.names()
    assert stopped_before(folder, memory, TOWN) == before and stopped_before(folder, memory, "demo.ann") == set()
    assert lower_flag(folder, memory, TOWN) and raised(folder, memory) == {"@rig.demo"}


def test_a_flag_that_the_disk_does_not_take_stands_in_memory(tmp_path: Path, memory: Memory) -> None:
    folder = tmp_path / "stopped"
    folder.write_text("in the way")
    before = {ProcessRef(12, "boot:34")}
    assert raise_flag(folder, memory, TOWN, before) and not raise_flag(folder, memory, TOWN, set())
    # Another process, with another environment, finds it.
    assert raised(folder, Memory(tmp_path)) == {TOWN} and stopped_before(folder, Memory(tmp_path), TOWN) == before
    assert not memory.is_lasting(TOWN)  # it has words, which a full disk would lose
    memory.put("=down")
    assert memory.is_lasting("=down") and raised(folder, memory) == {TOWN}
    assert raised(folder, Memory(tmp_path / "elsewhere")) == frozenset()
    assert lower_flag(folder, memory, TOWN) and not lower_flag(folder, memory, TOWN)
    assert memory.names() == {"=down"}
    memory.remove("=down")
    assert not memory.names() and not (tmp_path / ".gt" / "unwritten").exists()
    (tmp_path / ".gt" / "unwritten").write_text("in the way")
    assert memory.put("=down") and not memory.is_lasting("=down") and Memory(tmp_path).names() == {"=down"}
