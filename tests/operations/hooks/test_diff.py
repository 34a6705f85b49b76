"""gt diff, in every state of a bead."""

import shutil
import subprocess
from pathlib import Path

import pytest

from gastown_tmux.domain.addresses import Address
from gastown_tmux.errors import NotFoundError, RefusedError
from gastown_tmux.operations.hooks.diff import diff, find_diff
from gastown_tmux.operations.hooks.worktrees import find_base, prepare_hook
from gastown_tmux.operations.merging.landing import run_refinery
from gastown_tmux.operations.work.convoys import create_convoy
from gastown_tmux.operations.work.worker import done, submit
from gastown_tmux.store.beads import get_bead, return_bead, sling_bead
from tests.journeys.town_world import git
from tests.operations.quiet_town import QuietTown


def commit(place: Path, name: str) -> None:
    (place / name).write_text(f"{name}\n")
    git(place, "add", "-A")
    subprocess.run(["git", "-C", place, "commit", "-qm", name], check=True)


def changed(quiet: QuietTown, what: str) -> set[str]:
    """The files that the diff names."""
    return {line[6:] for line in diff(quiet.town, what).splitlines() if line.startswith("+++ b/")}


def test_work_is_shown_wherever_its_bead_is(quiet: QuietTown) -> None:
    first, second = quiet.bead("first"), quiet.bead("second")
    with pytest.raises(NotFoundError, match="no work to show yet"):
        diff(quiet.town, first)
    toast, work = quiet.hook(first)
    commit(work, "a.txt")
    (work / "draft.txt").write_text("draft\n")
    assert changed(quiet, first) == changed(quiet, "toast") == {"a.txt", "draft.txt"}
    # The target moves on; that is no change of this bead's.
    commit(quiet.project, "upstream.txt")
    with quiet.town.change() as change:
        return_bead(change, first, "deferred")
    assert changed(quiet, first) == {"a.txt", "draft.txt"}
    quiet.hook(second)
    commit(work, "b.txt")
    assert changed(quiet, second) == {"b.txt"}
    assert changed(quiet, first) == {"a.txt", "draft.txt"}
    # Back on the same hook, the first one goes on where it was left.
    with quiet.town.change() as change:
        return_bead(change, second, "deferred")
        sling_bead(change, first, toast)
    assert changed(quiet, first) == {"a.txt", "draft.txt"}
    prepare_hook(quiet.town, quiet.rig, toast, find_base(quiet.town, quiet.rig))
    assert (work / "draft.txt").exists() and not (work / "b.txt").exists()
    assert any("uncommitted work on bead/" in line for line in quiet.said)
    assert changed(quiet, first) == {"a.txt", "draft.txt"}
    commit(work, "draft.txt")
    submit(quiet.town, quiet.rig, toast, get_bead(quiet.town.db, first))
    assert changed(quiet, first) == {"a.txt", "draft.txt"}
    # What is said of it is said of just that commit, to its author.
    head = git(work, "rev-parse", "HEAD").strip()
    found = find_diff(quiet.town, first)
    assert (found.head, found.author, found.bead) == (head, toast, first)
    assert "2 files changed" in diff(quiet.town, first, stat=True)
    # By its request, and by the convoy it travels in.
    request = get_bead(quiet.town.db, first).merge_request
    assert request is not None and changed(quiet, request) == {"a.txt", "draft.txt"}
    beads = [get_bead(quiet.town.db, id) for id in (first, quiet.bead("third"))]
    convoy = create_convoy(quiet.town, "wagon", beads).value.id
    text = diff(quiet.town, convoy)
    assert changed(quiet, convoy) == {"a.txt", "draft.txt"}
    assert f"# {first} submitted first\n" in text and "has no work to show yet" in text


def test_that_nothing_was_changed_is_said(quiet: QuietTown) -> None:
    ann, _ = quiet.crew()
    assert diff(quiet.town, ann) == ""
    assert quiet.said[-1] == "demo/ann has changed nothing"


def test_without_a_worktree_the_last_snapshot_is_shown(quiet: QuietTown) -> None:
    bead = quiet.bead("one")
    toast, work = quiet.hook(bead)
    (work / "draft.txt").write_text("draft\n")
    diff(quiet.town, toast)
    shutil.rmtree(work)
    quiet.said.clear()
    assert changed(quiet, bead) == {"draft.txt"}
    assert "this is snapshot 1" in quiet.said[0]


def test_a_worktree_deleted_by_hand_comes_back_with_its_work(quiet: QuietTown) -> None:
    bead = quiet.bead("one")
    toast, work = quiet.hook(bead)
    commit(work, "a.txt")
    (work / "draft.txt").write_text("draft\n")
    diff(quiet.town, toast)
    shutil.rmtree(work)
    prepare_hook(quiet.town, quiet.rig, toast, find_base(quiet.town, quiet.rig))
    assert (work / "a.txt").exists() and (work / "draft.txt").read_text() == "draft\n"
    # Commits made after the snapshot are not undone by it.
    commit(work, "draft.txt")
    shutil.rmtree(work)
    prepare_hook(quiet.town, quiet.rig, toast, find_base(quiet.town, quiet.rig))
    assert git(work, "status", "--porcelain") == ""


def test_the_mayor_has_nothing_to_compare(quiet: QuietTown) -> None:
    with pytest.raises(NotFoundError):
        diff(quiet.town, Address("mayor"))


def test_what_has_landed_of_a_crew_members_branch_is_not_its_change_any_more(quiet: QuietTown) -> None:
    """Squashed, it is on the target by another name; what is built on it lands without a conflict."""
    ann, work = quiet.crew()
    town = quiet.town.acting_as(ann)
    for number, text in enumerate(("one", "two", "three")):
        bead = quiet.bead(text)
        with quiet.town.change() as change:
            sling_bead(change, bead, ann)
        prepare_hook(quiet.town, quiet.rig, ann, find_base(quiet.town, quiet.rig))
        if number:
            with pytest.raises(RefusedError, match="changes nothing"):
                done(town)
            (work / "a.txt").write_text(f"{text}\n")
            git(work, "commit", "-qam", text)
            assert "-one\n+two" in diff(quiet.town, bead) or "-two\n+three" in diff(quiet.town, "ann")
        else:
            (work / "a.txt").write_text(f"{text}\n")
            commit(work, "b.txt")
        commit(quiet.project, f"upstream-{number}.txt")
        done(town)
        run_refinery(quiet.town)
        assert get_bead(quiet.town.db, bead).state == "merged"
        assert (quiet.project / "a.txt").read_text() == f"{text}\n"
        assert changed(quiet, bead) == ({"a.txt"} if number else {"a.txt", "b.txt"})
    assert git(quiet.project, "rev-list", "--count", "HEAD") == "7"
    town.close()


def test_what_is_not_there_is_called_by_what_it_reads_as(quiet: QuietTown) -> None:
    for what, said in (("de-zzzzz", "no bead"), ("mr-zzzzz", "no merge request"), ("cv-zzzzz", "no convoy")):
        with pytest.raises(NotFoundError, match=f"{said} '{what}'"):
            diff(quiet.town, what)
    for what in ("nobody", "demo/some-body"):
        with pytest.raises(NotFoundError, match="no agent"):
            diff(quiet.town, what)
