"""Works that cannot be merged with one another are seen while they are done, in the queue and on hooks."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gastown_tmux.domain.ids import BeadId, RigName
from gastown_tmux.edges.git import clashes as edge
from gastown_tmux.edges.git.command import GitError
from gastown_tmux.edges.git.workbench import Workbench
from gastown_tmux.operations.hooks.worktrees import save_hook
from gastown_tmux.operations.merging import landing, queue, radar
from gastown_tmux.operations.merging.views import list_merge_requests
from gastown_tmux.operations.supervision.status import status
from gastown_tmux.operations.town.configuration import set_key
from gastown_tmux.store.clashes import list_clashes
from gastown_tmux.store.meta import get_meta
from tests.journeys.town_world import git
from tests.operations.merging.test_batches import Authors
from tests.operations.quiet_town import QuietTown

Seen = dict[RigName, radar.Seen]


@pytest.fixture
def authors(quiet: QuietTown) -> Authors:
    return Authors(quiet)


def mails(quiet: QuietTown, folder: str) -> list[str]:
    return [path.read_text() for path in Path(quiet.town.mail / folder).glob("new/*")]


def hooked(quiet: QuietTown, name: str, text: str) -> tuple[BeadId, Path]:
    """A bead at work, whose file ``file-0.txt`` is changed and not committed, and saved so."""
    bead = quiet.bead(name)
    address, place = quiet.hook(bead, name)
    (place / "file-0.txt").write_text(text)
    save_hook(quiet.town, quiet.rig, address, "test")
    return bead, place


def test_two_hooks_and_a_head_in_the_queue(authors: Authors) -> None:
    quiet, seen = authors.quiet, Seen()
    town = quiet.town
    request = authors.submit("queued", {"file-0.txt": "queued\n"})
    authors.submit("other")
    rust, _ = hooked(quiet, "rust", "rust\n")
    toast, _ = hooked(quiet, "toast", "toast\n")
    hooked(quiet, "calm", (quiet.project / "file-0.txt").read_text())
    queued = authors.show(request).bead
    for _ in range(2):
        radar.look_around(town, seen)
    found = list_clashes(town.db)
    assert [sorted((clash.one, clash.other)) for clash in found] == sorted(
        sorted(pair) for pair in ((queued, rust), (queued, toast), (rust, toast))
    )  # fmt: skip
    assert {clash.files for clash in found} == {("file-0.txt",)}
    # Each hears of each of the others once.
    for folder in ("demo.rust", "demo.toast"):
        subjects = [mail for mail in mails(quiet, folder) if "change the same: file-0.txt" in mail]
        assert len(subjects) == 2
    assert mails(quiet, "demo.calm") == []
    notes = [note for note in status(town).notes if "change the same: file-0.txt" in note]
    assert len(notes) == 3
    assert "conflicts with" in str(next(one.reason for one in list_merge_requests(town) if one.id == request))
    shown = queue.show_merge_request(town, authors.show(request))
    assert len(shown.clashes) == 2 and f"conflicts with {rust} in file-0.txt" in str(shown.changes)
    # What has landed clashes with nobody any more; the two on hooks still do, and are told nothing new.
    landing.run_refinery(town)
    radar.look_around(town, seen)
    assert [sorted((clash.one, clash.other)) for clash in list_clashes(town.db)] == [sorted((rust, toast))]
    assert len([mail for mail in mails(quiet, "demo.rust") if "change the same" in mail]) == 2


def test_a_look_at_what_has_not_changed_asks_git_nothing_but_refs(
    quiet: QuietTown, git_calls: Callable[[], list[str]]
) -> None:
    seen = Seen()
    _, place = hooked(quiet, "rust", "rust\n")
    hooked(quiet, "toast", "toast\n")
    radar.look_around(quiet.town, seen)
    git_calls()
    radar.look_around(quiet.town, seen)
    again = git_calls()
    assert len(again) <= 3 and not [call for call in again if "merge-tree" in call or "diff-tree" in call], again
    # A commit that no snapshot has yet is seen too.
    git(place, "checkout", "-q", "--", ".")
    git(place, "commit", "-q", "--allow-empty", "-m", "nothing")
    radar.look_around(quiet.town, seen)
    assert list_clashes(quiet.town.db) == []


def test_killed_while_it_tells_nobody_is_told_twice_and_a_new_memory_tells_nothing_anew(
    quiet: QuietTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    hooked(quiet, "rust", "rust\n")
    hooked(quiet, "toast", "toast\n")
    with monkeypatch.context() as patch:
        patch.setattr(radar, "fault_point", lambda name: (_ for _ in ()).throw(SystemExit(name)))
        with pytest.raises(SystemExit):
            radar.look_around(quiet.town, {})
    for _ in range(2):
        radar.look_around(quiet.town, {})
    assert len(mails(quiet, "demo.rust")) == len(mails(quiet, "demo.toast")) == 1


def test_what_was_seen_of_beads_that_are_over_or_in_a_rig_that_is_parked_is_not_shown(quiet: QuietTown) -> None:
    """Nobody looks while the town is down."""
    one, _ = hooked(quiet, "rust", "rust\n")
    hooked(quiet, "toast", "toast\n")
    radar.look_around(quiet.town, {})
    with quiet.town.change() as change:
        change.execute("UPDATE rigs SET parked = 1")
    assert list_clashes(quiet.town.db) == []
    with quiet.town.change() as change:
        change.execute("UPDATE rigs SET parked = 0")
        assert len(list_clashes(change)) == 1
        change.execute("UPDATE beads SET state = 'closed' WHERE id = ?", one)
    assert list_clashes(quiet.town.db) == []


def test_turned_off_it_shows_nothing(quiet: QuietTown) -> None:
    seen = Seen()
    hooked(quiet, "rust", "rust\n")
    hooked(quiet, "toast", "toast\n")
    radar.look_around(quiet.town, seen)
    set_key(quiet.town, "merge.radar", False)
    radar.look_around(quiet.town, seen)
    assert list_clashes(quiet.town.db) == []


def test_what_the_project_merges_by_its_own_rules_is_no_clash(authors: Authors) -> None:
    base = authors.quiet.project
    (base / ".gitattributes").write_text("file-0.txt merge=union\n")
    git(base, "add", "-A")
    git(base, "commit", "-qm", "rules")
    git(authors.place, "fetch", "-q")
    hooked(authors.quiet, "rust", "rust\n")
    hooked(authors.quiet, "toast", "toast\n")
    radar.look_around(authors.quiet.town, {})
    assert list_clashes(authors.quiet.town.db) == []


def test_a_git_that_merges_one_pair_at_a_time(quiet: QuietTown, monkeypatch: pytest.MonkeyPatch) -> None:
    hooked(quiet, "rust", "rust\n")
    hooked(quiet, "toast", "toast\n")
    run = Workbench.run

    def old(bench: Workbench, *args: str, **more: object) -> object:
        if "merge-tree" in args and "--stdin" in args:
            raise GitError("error: unknown option `stdin'")
        return run(bench, *args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(edge.Workbench, "run", old)
    radar.look_around(quiet.town, {})
    [clash] = list_clashes(quiet.town.db)
    assert clash.files == ("file-0.txt",) and get_meta(quiet.town.db, "name")
