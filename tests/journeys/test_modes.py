"""What a town writes is nobody else's to read; what stands in worktrees and repositories is as git makes it."""

from pathlib import Path

from tests.journeys.town_world import TownWorld

GITS = ("repo.git", ".git", "work", "gate")


def test_after_a_bead_has_landed_nothing_of_it_is_open_to_others(town: TownWorld) -> None:
    town.gt("config", "set", "merge.gates", '["true"]', "--rig", "demo")
    bead = town.bead("a file", "echo 1 > one; chmod 644 one")
    town.gt("sling", bead, "demo", "--agent", "runbook")
    town.wait_state(bead, "merged")
    mine = [path for path in town.path.rglob("*") if not set(path.relative_to(town.path).parts) & set(GITS)]
    is_open = {path: oct(path.stat().st_mode) for path in mine if not path.is_symlink() and path.stat().st_mode & 0o077}
    folders = {"roles", "layouts", "formulas", "orders", "rigs", "demo", "settings"}
    assert [f"{path} {mode}" for path, mode in is_open.items() if not (path.is_dir() and path.name in folders)] == []
    [hook] = Path(town.path, ".gt", "hooks").glob("demo.*")
    assert (hook / "work" / "one").stat().st_mode & 0o777 == 0o644
