"""The side of a host: beads of another town made, told of and ended, each as often as a broken line may ask."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gastown_tmux.domain.delegations import Outcome
from gastown_tmux.domain.work import BeadState, Reason
from gastown_tmux.errors import NotFoundError, RefusedError, UsageError
from gastown_tmux.operations.merging import errands
from gastown_tmux.operations.merging.landing import run_refinery
from gastown_tmux.operations.sessions.daemon_control import list_rigs_to_land
from gastown_tmux.operations.work import worker
from gastown_tmux.operations.work.waiting import explain_bead
from gastown_tmux.store import beads
from gastown_tmux.store import delegations as rows
from gastown_tmux.store.merging import get_merge_request
from gastown_tmux.store.meta import get_meta
from tests.journeys.town_world import git
from tests.operations.quiet_town import QuietTown, make_quiet_town

HOME = "home-1"


@pytest.fixture
def quiet(short_tmp: Path) -> QuietTown:
    quiet = make_quiet_town(short_tmp)
    with quiet.town.change() as change:
        rows.set_home(change, "demo", HOME, pushed=False)
    return quiet


def take(quiet: QuietTown, delegation: str = "dg-1", **more: object) -> errands.ErrandView:
    told = {"home": HOME, "delegation": delegation, "bead": "de-theirs", "rig": "demo", "title": "far", **more}
    return errands.take(quiet.town, json.dumps(told))


def tell(quiet: QuietTown, outcome: str, delegation: str = "dg-1", **more: object) -> errands.ErrandView:
    told = {"home": HOME, "delegation": delegation, "outcome": outcome, **more}
    return errands.answer(quiet.town, json.dumps(told))


def submit(quiet: QuietTown) -> tuple[errands.ErrandView, str]:
    """A bead of the other town that was worked at here; and its head."""
    view = take(quiet)
    address, place = quiet.hook(beads.get_bead(quiet.town.db, view.bead).id)
    (place / "far.txt").write_text("far\n")
    git(place, "add", "-A")
    git(place, "commit", "-qm", "far")
    worker.done(quiet.town.acting_as(address))
    return view, git(place, "rev-parse", "HEAD")


def test_what_is_for_a_town_that_lay_here_before_is_refused(quiet: QuietTown) -> None:
    """Else a box that was made anew would tell that it has none of the beads, and be given all of them again."""
    assert take(quiet, to=get_meta(quiet.town.db, "id")).state == "open"
    with pytest.raises(RefusedError, match="is another town than the one that was added"):
        take(quiet, "dg-2", to="another")
    with pytest.raises(RefusedError, match="is another town than the one that was added"):
        errands.list_errands(quiet.town, json.dumps({"home": HOME, "to": "another"}))
    assert len(beads.list_beads(quiet.town.db)) == 1


def test_the_same_delegation_is_the_same_bead(quiet: QuietTown) -> None:
    first = take(quiet, body="words", labels=["one"], priority=1)
    assert take(quiet).bead == first.bead
    assert take(quiet, "dg-2").bead != first.bead
    made = beads.get_bead(quiet.town.db, first.bead)
    assert (made.title, made.body, made.labels, made.priority, made.target) == ("far", "words", ("one",), 1, None)
    listed = errands.list_errands(quiet.town, json.dumps({"home": HOME}))
    assert [view.delegation for view in listed] == ["dg-1", "dg-2"]
    assert errands.list_errands(quiet.town, json.dumps({"home": "another"})) == []


def test_what_is_no_errand_is_refused_in_a_line(quiet: QuietTown) -> None:
    for text in ("", "[]", "{", '{"home": 7}'):
        with pytest.raises(UsageError, match="the errand does not say"):
            errands.take(quiet.town, text)
    with pytest.raises(RefusedError, match="is not that town's here"):
        errands.take(quiet.town, json.dumps(
            {"home": "another", "delegation": "d", "bead": "b", "rig": "demo", "title": "t"}
        ))  # fmt: skip
    with pytest.raises(NotFoundError, match="no delegation dg-9 here"):
        tell(quiet, "landed", "dg-9")


def test_a_rig_is_made_for_its_home_and_for_no_other(quiet: QuietTown, short_tmp: Path) -> None:
    told = {"home": HOME, "rig": "far", "prefix": "fa", "target": "main", "remote": None}
    asked = errands.prepare_rig(quiet.town, json.dumps(told))
    assert (asked.ready, asked.pushed_to) == (False, str(quiet.town.path / ".gt" / "homes" / "far.git"))
    git(quiet.project, "push", "-q", str(asked.pushed_to), "HEAD:refs/heads/main")
    for _ in range(2):
        made = errands.prepare_rig(quiet.town, json.dumps(told | {"pushed": True}))
        assert made.ready
        assert quiet.town.settings(quiet.town.rig("far").name).get("merge.publish") == "home"
    with pytest.raises(RefusedError, match="rig far there is another town's"):
        errands.prepare_rig(quiet.town, json.dumps(told | {"home": "another"}))
    with quiet.town.change() as change:
        change.execute("DELETE FROM rigs_of_homes WHERE rig = 'demo'")
    with pytest.raises(RefusedError, match="rig demo there is its own"):
        errands.prepare_rig(quiet.town, json.dumps(told | {"rig": "demo", "prefix": "de"}))
    # What the host can fetch by itself need not be pushed to it.
    reached = told | {"rig": "near", "prefix": "ne", "remote": f"file://{quiet.project}"}
    assert errands.prepare_rig(quiet.town, json.dumps(reached)).pushed_to is None
    assert quiet.town.rig("near").remote == str(quiet.project)


def test_submitted_work_is_told_and_lands_at_home(quiet: QuietTown) -> None:
    view, head = submit(quiet)
    [told] = errands.list_errands(quiet.town, json.dumps({"home": HOME}))
    assert (told.state, told.head, told.worker) == ("submitted", head, "demo/toast")
    commit = "c" * 40
    for _ in range(2):
        landed = tell(quiet, Outcome.LANDED, commit=commit, head=head)
        assert (landed.state, landed.commit) == ("merged", commit)
    # It is over, and is told of only where it is asked for.
    assert errands.list_errands(quiet.town, json.dumps({"home": HOME})) == []
    [asked] = errands.list_errands(quiet.town, json.dumps({"home": HOME, "delegations": ["dg-1"]}))
    assert asked.bead == view.bead


def test_an_older_head_that_landed_is_not_told_of_a_newer_one(quiet: QuietTown) -> None:
    view, _ = submit(quiet)
    assert tell(quiet, Outcome.LANDED, commit="c" * 40, head="b" * 40).state == "closed"
    assert beads.get_bead(quiet.town.db, view.bead).merged_commit is None


def test_what_was_refused_at_home_goes_back_to_its_author_with_the_log_once(quiet: QuietTown) -> None:
    view, head = submit(quiet)
    old = tell(quiet, "refused", reason="rejected", words="a gate failed", log="red\n", head="b" * 40)
    assert old.state == "submitted", "that was of another head"
    for _ in range(2):
        told = tell(quiet, "refused", reason="rejected", words="a gate failed", log="red line\n", head=head)
        assert (told.state, told.reason) == ("open", "rejected")
    bead = beads.get_bead(quiet.town.db, view.bead)
    request = get_merge_request(quiet.town.db, str(bead.merge_request))
    assert bead.target == "demo/toast"
    assert request.log is not None
    assert Path(request.log).read_text() == "red line\n"
    box = quiet.town.path / ".gt" / "mail" / "demo.toast" / "new"
    [mail] = box.iterdir()
    assert "demo/refinery" in mail.read_text().partition("\n\n")[0]


@pytest.mark.parametrize("state", [BeadState.OPEN, BeadState.HOOKED, BeadState.SUBMITTED])
def test_taken_back_it_is_given_to_nobody_here_and_its_work_is_told(quiet: QuietTown, state: BeadState) -> None:
    head = None
    if state is BeadState.SUBMITTED:
        view, head = submit(quiet)
    else:
        view = take(quiet)
    if state is BeadState.HOOKED:
        _, place = quiet.hook(beads.get_bead(quiet.town.db, view.bead).id)
        (place / "half.txt").write_text("half\n")
        git(place, "add", "-A")
        git(place, "commit", "-qm", "half")
        head = git(place, "rev-parse", "HEAD")
    for _ in range(2):
        told = tell(quiet, Outcome.REVOKED)
        assert (told.state, told.reason, told.head) == ("closed", Reason.WONTDO, head)


def test_killed_after_it_was_made_it_is_the_same_bead(quiet: QuietTown, run_gt: Callable[..., Any]) -> None:
    told = {"home": HOME, "delegation": "dg-1", "bead": "de-theirs", "rig": "demo", "title": "far"}
    words = ["--town", quiet.town.path, "errand", "take", "-", "--json"]
    assert run_gt(*words, stdin=json.dumps(told), env={"GT_FAULT": "errand.taken"}).code == -9
    [made] = errands.list_errands(quiet.town, json.dumps({"home": HOME}))
    assert run_gt(*words, stdin=json.dumps(told)).json["bead"] == made.bead


def test_what_is_another_towns_is_landed_by_nobody_here_whatever_is_set(quiet: QuietTown) -> None:
    view, _ = submit(quiet)
    assert quiet.town.settings(quiet.rig.name).get("merge.publish") == "push"
    run_refinery(quiet.town)
    assert list_rigs_to_land(quiet.town) == []
    assert beads.get_bead(quiet.town.db, view.bead).state is BeadState.SUBMITTED
    [wait] = explain_bead(quiet.town, beads.get_bead(quiet.town.db, view.bead))
    assert wait.reason.endswith("is queued: the town that gave it lands it")
    assert "far.txt" not in git(quiet.project, "ls-tree", "--name-only", "main")
