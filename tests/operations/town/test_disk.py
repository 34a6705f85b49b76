"""The disk budget of a town: a warning near it, no new agent beyond it."""

from pathlib import Path

import pytest

from gastown_tmux.edges.files import clock
from gastown_tmux.edges.files.usage import measure_folder
from gastown_tmux.operations.supervision.status import status
from gastown_tmux.operations.town import capacity, disk
from gastown_tmux.operations.town.configuration import set_key
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store.escalations import list_escalations


def fill(town: Town, size: int) -> Path:
    file = town.path / "filling"
    file.write_bytes(b"x" * size)
    return file


def test_without_a_budget_nothing_is_measured(town: Town) -> None:
    disk.measure(town)
    assert disk.find_use(town) is None and capacity.refusal(town) is None


def test_near_it_one_warning_beyond_it_no_start_and_below_it_all_is_well(town: Town) -> None:
    fill(town, 20 << 20)
    used = measure_folder(town.path)
    assert used is not None and used > 20 << 20
    set_key(town, "disk.budget", f"{(used >> 20) + 1}M")
    for _ in range(2):
        disk.measure(town)
    assert capacity.refusal(town) is None
    [asked] = list_escalations(town.db)
    assert asked.text.startswith("the town takes 2") and "beyond it no agent is started" in asked.text
    assert any("beyond it no agent is started" in note for note in status(town).notes)
    set_key(town, "disk.budget", "20M")
    disk.measure(town)
    refusal = capacity.refusal(town)
    assert refusal is not None and refusal.endswith("of disk, and disk.budget is 20M")
    assert f"no agent is started: {refusal}" in status(town).notes
    (town.path / "filling").unlink()
    disk.measure(town)
    assert capacity.refusal(town) is None and [one.state for one in list_escalations(town.db)] == ["resolved"]


def test_an_old_figure_keeps_nobody_from_starting(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    set_key(town, "disk.budget", "1M")
    fill(town, 2 << 20)
    disk.measure(town)
    assert capacity.refusal(town) is not None
    now = clock.epoch()
    monkeypatch.setattr(disk.clock, "epoch", lambda: now + 7200)
    assert capacity.refusal(town) is None


def test_a_folder_that_is_gone_or_cannot_be_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert measure_folder(tmp_path / "gone") is None
    monkeypatch.setenv("PATH", "/nowhere")
    assert measure_folder(tmp_path) is None
