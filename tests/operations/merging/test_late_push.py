"""A refinery that is killed in the middle of a push: what it pushed may land after its request was given up."""

import pytest

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.merging import MergeRequest
from gastown_tmux.edges.files import clock
from gastown_tmux.operations.merging import landing, setting_aside
from gastown_tmux.operations.work import worker
from gastown_tmux.store import merging as rows
from gastown_tmux.store.beads import get_bead
from gastown_tmux.store.escalations import list_escalations
from tests.journeys.town_world import git
from tests.operations.quiet_town import QuietTown


def being_published(quiet: QuietTown) -> tuple[MergeRequest, str]:
    """A request whose refinery was killed while it pushed, for the first time; and what it pushed."""
    address, place = quiet.hook(quiet.bead("work"))
    (place / "work").write_text("x\n")
    git(place, "add", "-A")
    git(place, "commit", "-qm", "work")
    town = quiet.town.acting_as(address)
    worker.done(town)
    town.close()
    [request] = rows.list_merge_requests(quiet.town.db)
    base = git(quiet.project, "rev-parse", "main")
    candidate = git(place, "commit-tree", f"{request.head}^{{tree}}", "-p", base, "-m", "work")
    with quiet.town.change() as change:
        rows.move_merge_request(change, request.id, "test")
        rows.move_merge_request(change, request.id, "publish", candidate=candidate)  # type: ignore[arg-type]
    setting_aside.blame(quiet.town, quiet.rig.name)
    return rows.get_merge_request(quiet.town.db, request.id), candidate


def arrive(quiet: QuietTown, candidate: str) -> None:
    repository = quiet.town.repository("demo").path
    git(quiet.project, "fetch", "-q", str(repository), candidate)
    git(quiet.project, "reset", "-q", "--hard", candidate)


def set_aside(quiet: QuietTown, request: MergeRequest) -> None:
    town = quiet.town.acting_as(Address("demo/refinery"))
    setting_aside.set_aside(town, request, setting_aside.DIED_AGAIN)
    town.close()


def test_it_is_looked_for_on_the_target_before_it_is_given_up(quiet: QuietTown) -> None:
    request, candidate = being_published(quiet)
    # It was not there yet: tested again, and killed again, while the push arrives.
    with quiet.town.change() as change:
        rows.move_merge_request(change, request.id, "requeue", reason=request.reason)
        rows.move_merge_request(change, request.id, "test", reason=request.reason)
    setting_aside.blame(quiet.town, quiet.rig.name)
    arrive(quiet, candidate)
    landing.run_refinery(quiet.town)
    found = rows.get_merge_request(quiet.town.db, request.id)
    assert (found.state, found.merged_commit) == ("merged", candidate), found.reason
    assert list_escalations(quiet.town.db) == []


@pytest.mark.parametrize("held", [False, True])
def test_it_arrives_after_it_was_given_up(quiet: QuietTown, held: bool) -> None:
    request, candidate = being_published(quiet)
    set_aside(quiet, request)
    assert get_bead(quiet.town.db, request.bead).state == "open"
    assert rows.list_rigs_with_work(quiet.town.db, clock.now()) == []
    assert rows.list_rigs_with_work(quiet.town.db, clock.after(61)) == ["demo"]
    if held:
        quiet.hook_again(request.bead, request.author)
    arrive(quiet, candidate)
    with quiet.town.change() as change:
        change.execute("UPDATE merge_requests SET not_before = ? WHERE not_before IS NOT NULL", clock.now())
    landing.run_refinery(quiet.town)
    found, bead = rows.get_merge_request(quiet.town.db, request.id), get_bead(quiet.town.db, request.bead)
    if held:
        assert (found.state, bead.state) == ("rejected", "hooked")
    else:
        assert (found.state, found.merged_commit) == ("merged", candidate), found.reason
        assert (bead.state, bead.merged_commit, bead.reason) == ("merged", candidate, None)
        assert [one.state for one in list_escalations(quiet.town.db)] == ["resolved"]
    assert rows.list_rigs_with_work(quiet.town.db, clock.after(600)) == []


def test_while_the_target_cannot_be_read_it_is_looked_for_again(quiet: QuietTown) -> None:
    request, candidate = being_published(quiet)
    set_aside(quiet, request)
    arrive(quiet, candidate)
    away = quiet.project.with_name("away")
    quiet.project.rename(away)
    for there in (False, True):
        with quiet.town.change() as change:
            change.execute("UPDATE merge_requests SET not_before = ? WHERE not_before IS NOT NULL", clock.now())
        if there:
            away.rename(quiet.project)
        landing.run_refinery(quiet.town)
        assert rows.get_merge_request(quiet.town.db, request.id).state == ("merged" if there else "rejected")


def test_what_never_arrives_is_looked_for_once(quiet: QuietTown) -> None:
    request, _ = being_published(quiet)
    set_aside(quiet, request)
    with quiet.town.change() as change:
        change.execute("UPDATE merge_requests SET not_before = ?", clock.now())
    landing.run_refinery(quiet.town)
    assert rows.get_merge_request(quiet.town.db, request.id).state == "rejected"
    assert get_bead(quiet.town.db, request.bead).reason == "escalated"
    assert rows.list_rigs_with_work(quiet.town.db, clock.after(600)) == []
