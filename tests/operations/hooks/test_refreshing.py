"""A branch that comes back finds the target as it is by now, and nothing of its author's is touched for that."""

from pathlib import Path

import pytest

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.ids import BeadId
from gastown_tmux.operations.hooks.refreshing import refresh_branch
from gastown_tmux.operations.hooks.worktrees import find_base
from gastown_tmux.operations.merging import landing
from gastown_tmux.operations.town.configuration import set_key
from gastown_tmux.operations.work import worker
from gastown_tmux.store.beads import get_bead, sling_bead
from gastown_tmux.store.merging import list_merge_requests
from tests.journeys.town_world import git
from tests.operations.quiet_town import QuietTown


class Returned:
    """A bead that came back from a red gate, while the target went on with ``theirs``; on its author's hook again."""

    def __init__(self, quiet: QuietTown, theirs: dict[str, str]) -> None:
        self.quiet, town = quiet, quiet.town
        self.bead: BeadId = quiet.bead("work")
        self.address, self.place = quiet.hook(self.bead)
        self.change("own", "own\n")
        set_key(town, "merge.gates", [{"name": "g", "run": "! test -e own -a ! -e mended"}])
        self.done()
        landing.run_refinery(town)
        assert get_bead(town.db, self.bead).reason == "rejected"
        for name, text in theirs.items():
            (quiet.project / name).write_text(text)
        git(quiet.project, "add", "-A")
        git(quiet.project, "commit", "-qm", "theirs")
        quiet.hook_again(self.bead, self.address)

    def change(self, name: str, text: str) -> None:
        (self.place / name).write_text(text)
        git(self.place, "add", "-A")
        git(self.place, "commit", "-qm", name)

    def done(self) -> None:
        own = self.quiet.town.acting_as(Address(self.address))
        worker.done(own)
        own.close()

    def refresh(self) -> bool:
        town = self.quiet.town
        return refresh_branch(town, self.quiet.rig, self.address, find_base(town, self.quiet.rig))


def test_it_merges_cleanly_and_lands_as_its_authors_work_alone(quiet: QuietTown) -> None:
    back = Returned(quiet, {"their-file": "theirs\n"})
    own = git(back.place, "rev-parse", "HEAD")
    assert back.refresh() and not back.refresh()
    assert (back.place / "their-file").read_text() == "theirs\n" and git(back.place, "status", "--porcelain") == ""
    assert git(back.place, "rev-parse", "HEAD^1", "HEAD^2").split() == [own, git(quiet.project, "rev-parse", "main")]
    back.change("mended", "")
    back.done()
    landing.run_refinery(quiet.town)
    assert list_merge_requests(quiet.town.db)[-1].state == "merged"
    assert git(quiet.project, "show", "--format=", "--name-only", "main").split() == ["mended", "own"]


@pytest.mark.parametrize("how", ["conflict", "loose", "rebase"])
def test_what_is_its_authors_is_left_alone(quiet: QuietTown, how: str) -> None:
    back = Returned(quiet, {"own" if how == "conflict" else "other": "theirs\n"})
    if how == "loose":
        (back.place / "loose").touch()
    if how == "rebase":
        git(back.place, "config", "user.name", "n")
        back.change("two", "2\n")
        git(back.place, "-c", "sequence.editor=sed -i 1s/pick/edit/", "rebase", "-q", "-i", "HEAD~1")
    before = git(back.place, "rev-parse", "HEAD"), _files(back.place)
    assert not back.refresh()
    assert before == (git(back.place, "rev-parse", "HEAD"), _files(back.place))


def test_a_fresh_bead_has_nothing_to_be_refreshed(quiet: QuietTown) -> None:
    bead = quiet.bead("fresh")
    address, place = quiet.hook(bead)
    git(quiet.project, "commit", "-q", "--allow-empty", "-m", "theirs")
    with quiet.town.change() as change:
        change.execute("UPDATE beads SET state = 'open' WHERE id = ?", bead)
        sling_bead(change, bead, address)
    head = git(place, "rev-parse", "HEAD")
    assert not refresh_branch(quiet.town, quiet.rig, address, find_base(quiet.town, quiet.rig))
    assert git(place, "rev-parse", "HEAD") == head


def _files(place: Path) -> list[str]:
    return sorted(path.name for path in place.iterdir())
