"""What landed goes after a time of grace, and nothing else does."""

import os
from pathlib import Path

import pytest

from gastown_tmux.domain.addresses import Address
from gastown_tmux.edges.git import snapshot
from gastown_tmux.edges.processes.locks import Lock
from gastown_tmux.operations.hooks.worktrees import find_base, prepare_hook
from gastown_tmux.operations.merging import clearing, landing
from gastown_tmux.operations.town.configuration import set_key
from gastown_tmux.operations.work import worker
from gastown_tmux.store.agents import get_agent
from gastown_tmux.store.beads import sling_bead
from tests.journeys.town_world import git
from tests.operations.quiet_town import QuietTown


def work(quiet: QuietTown, name: str) -> tuple[Address, Path, str]:
    """A polecat that has submitted a bead; its branch."""
    bead = quiet.bead(name)
    address, place = quiet.hook(bead, name)
    (place / name).touch()
    git(place, "add", "-A")
    git(place, "commit", "-qm", name)
    town = quiet.town.acting_as(address)
    worker.done(town)
    town.close()
    return address, place, f"refs/heads/bead/{bead}"


def refs(quiet: QuietTown, prefix: str) -> dict[str, str]:
    return quiet.town.repository(quiet.rig.name).list_refs(prefix)


@pytest.fixture
def no_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clearing, "GRACE_SECONDS", -1.0)


def test_within_the_time_of_grace_all_stays(quiet: QuietTown) -> None:
    _, place, branch = work(quiet, "one")
    landing.run_refinery(quiet.town)
    clearing.clear_landed(quiet.town)
    assert place.is_dir() and branch in refs(quiet, "refs/heads") and len(refs(quiet, worker.MERGE_REFS)) == 1


def test_branch_and_worktree_of_what_landed_go_and_the_next_bead_gets_a_fresh_one(
    quiet: QuietTown, no_grace: None
) -> None:
    town = quiet.town
    address, place, branch = work(quiet, "one")
    _, other_place, other = work(quiet, "two")
    (place / "loose").write_text("not committed\n")
    set_key(town, "merge.gates", [{"name": "g", "run": "test ! -e two"}])
    landing.run_refinery(town)
    for _ in range(2):
        clearing.clear_landed(town)
    assert not place.exists() and branch not in refs(quiet, "refs/heads")
    # The other came back, and is as it was.
    assert other_place.is_dir() and other in refs(quiet, "refs/heads")
    assert [ref.rpartition("/")[2].partition(".")[0] for ref in refs(quiet, worker.MERGE_REFS)] == [
        other.rpartition("/")[2]
    ]
    assert get_agent(town.db, address).hook == "empty"
    # What was loose in it was saved before, and is in the trash besides.
    newest = snapshot.history(town.repository(quiet.rig.name), address.folder)[-1]
    assert git(town.repository(quiet.rig.name).path, "show", f"{newest.commit}:work/loose") == "not committed"
    assert [path.read_text() for path in town.trash.glob("*/work/loose")] == ["not committed\n"]
    bead = quiet.bead("three")
    with town.change() as change:
        sling_bead(change, bead, address)
    assert prepare_hook(town, quiet.rig, address, find_base(town, quiet.rig)) == place and (place / "one").exists()


def test_commits_that_were_never_submitted_are_kept(quiet: QuietTown, no_grace: None) -> None:
    _, place, branch = work(quiet, "one")
    landing.run_refinery(quiet.town)
    git(place, "commit", "-q", "--allow-empty", "-m", "after that")
    clearing.clear_landed(quiet.town)
    assert not place.exists() and branch in refs(quiet, "refs/heads")


def test_a_branch_that_somebody_is_on_and_a_hook_that_is_being_prepared_are_left_alone(
    quiet: QuietTown, no_grace: None
) -> None:
    address, place, branch = work(quiet, "one")
    landing.run_refinery(quiet.town)
    with Lock(quiet.town.run / f"hook.{address.folder}.lock"):
        clearing.clear_landed(quiet.town)
    assert place.is_dir() and branch in refs(quiet, "refs/heads")


def test_old_logs_go(quiet: QuietTown) -> None:
    merge = quiet.town.logs / "merge"
    merge.mkdir(parents=True, exist_ok=True)
    for name, age in (("mr-old.log", clearing.LOG_SECONDS * 2), ("mr-new.log", 0.0)):
        (merge / name).touch()
        moment = (merge / name).stat().st_mtime - age
        os.utime(merge / name, (moment, moment))
    clearing.clear_landed(quiet.town)
    assert [path.name for path in merge.iterdir()] == ["mr-new.log"]
