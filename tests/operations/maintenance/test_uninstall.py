"""The end of a town: nothing of it stays but what is told, and nothing goes without a person's word."""

import os
import sys
from pathlib import Path

import pytest

from gastown_tmux.domain.ids import Commit
from gastown_tmux.errors import RefusedError
from gastown_tmux.operations.maintenance.uninstall import uninstall
from gastown_tmux.operations.supervision.status import status
from gastown_tmux.operations.supervision.stopping import Stopped, down
from gastown_tmux.operations.town import skill
from gastown_tmux.store.meta import get_meta
from gastown_tmux.store.rigs import set_target
from tests.operations.quiet_town import QuietTown


@pytest.fixture
def home(quiet: QuietTown, short_tmp: Path) -> Path:
    """With completions, ours and somebody's, a start-up file and settings of the person's own."""
    home = short_tmp / "somebody"
    files = {
        ".local/share/bash-completion/completions/gt": "complete -F _gt gt # $(gt __complete)\n",
        ".zfunc/_gt": "#compdef another gt\n",
        ".bashrc": 'eval "$(gt completion bash)"\n',
        ".config/gt/config.yaml": "ui.keys: vi\n",
    }
    for path, text in files.items():
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_text(text)
    quiet.town.environment = {**quiet.town.environment, "HOME": str(home), "XDG_CONFIG_HOME": str(home / ".config")}
    return home


def test_without_a_persons_word_nothing_goes(quiet: QuietTown, home: Path) -> None:
    asked: list[str] = []
    quiet.bead("greet")
    quiet.town.ask = lambda question: asked.append(question)
    with pytest.raises(RefusedError, match="nobody said so"):
        uninstall(quiet.town)
    assert "1 bead that did not land" in asked[0]
    quiet.town.ask = lambda question: "yes"
    with pytest.raises(RefusedError):
        uninstall(quiet.town)
    assert (home / ".local/share/bash-completion/completions/gt").exists() and quiet.town.db_path.exists()


def test_all_of_it_goes_and_what_stays_is_told(quiet: QuietTown, home: Path) -> None:
    quiet.town.ask = lambda question: str(get_meta(quiet.town.db, "name"))
    said = uninstall(quiet.town).text
    assert not quiet.town.path.exists() and (quiet.project / ".git").exists()
    assert f"left: {quiet.project}: the project of demo" in said and f"{home / '.config/gt/config.yaml'}" in said
    assert (
        f"{home / '.bashrc'}: the line with 'gt completion'" in said and f"the program itself: in {sys.prefix}" in said
    )
    assert not (home / ".local/share/bash-completion/completions/gt").exists() and (home / ".zfunc/_gt").exists()


def test_what_has_landed_in_the_town_alone_is_said(quiet: QuietTown, home: Path) -> None:
    with quiet.town.change() as change:
        set_target(change, quiet.rig, "main", Commit("c" * 40), None)
    asked: list[str] = []
    quiet.town.ask = lambda question: asked.append(question)
    with pytest.raises(RefusedError):
        uninstall(quiet.town)
    assert "all that landed on main of demo, which is nowhere else" in asked[0]
    assert "the project of demo, without what landed here" in uninstall(quiet.town, yes=True).text


def test_data_is_kept_when_it_is_to_be(quiet: QuietTown, home: Path) -> None:
    bead = quiet.bead("greet")
    said = uninstall(quiet.town, keep_data=True).text
    assert not (quiet.town.path / ".gt" / "run").exists() and f"left: {quiet.town.path}: its beads" in said
    assert quiet.town.db.row("SELECT id FROM beads WHERE id = ?", bead) is not None


def test_status_and_down_work_where_tmux_is_not_installed(
    quiet: QuietTown, short_tmp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = short_tmp / "bare"
    bare.mkdir()
    for folder in os.environ["PATH"].split(":"):
        if (Path(folder) / "git").exists() and not (bare / "git").exists():
            (bare / "git").symlink_to(Path(folder) / "git")
    monkeypatch.setenv("PATH", str(bare))
    seen = status(quiet.town)
    assert not seen.tmux.alive and "tmux is not installed: install tmux 3.2 or newer, then: gt doctor" in seen.notes
    for agents in (False, True):
        ended = down(quiet.town, agents=agents)
        assert isinstance(ended, Stopped) and ended.complaint is None and ended.value["not_done"] == []


def test_skill_files_are_told_of(quiet: QuietTown, home: Path) -> None:
    put = skill.install(quiet.town, "claude").value
    assert f"left: {put.path}: gt skill remove takes it back" in uninstall(quiet.town, yes=True).text
