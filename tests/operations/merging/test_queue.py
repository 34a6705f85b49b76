"""What is said of a merge request while the refinery works on it, and who may say it."""

import shlex
import sys
from pathlib import Path
from typing import Any, NoReturn

import pytest

from gastown_tmux.domain.addresses import MAYOR, Address
from gastown_tmux.edges.git.push import Pushed, push
from gastown_tmux.errors import GtError, RefusedError
from gastown_tmux.operations.merging import delays, landing, publishing, queue, verdicts
from gastown_tmux.operations.town.configuration import set_key
from gastown_tmux.operations.work import worker
from gastown_tmux.operations.workforce.workers import remove_agent
from gastown_tmux.store.beads import get_bead
from gastown_tmux.store.escalations import list_escalations
from gastown_tmux.store.merging import get_merge_request, list_merge_requests
from tests.journeys.town_world import git
from tests.operations.quiet_town import QuietTown


def submit(quiet: QuietTown, title: str) -> str:
    """A bead with a change of its own in the queue, as its merge request."""
    return submit_from(quiet, *quiet.hook(quiet.bead(title), title), title)


def submit_from(quiet: QuietTown, address: Address, place: Path, title: str) -> str:
    (place / title).write_text("done\n")
    git(place, "add", "-A")
    git(place, "commit", "-qm", title)
    town = quiet.town.acting_as(address)
    worker.done(town)
    town.close()
    return list_merge_requests(quiet.town.db)[-1].id


def test_rejected_while_its_gates_run_it_comes_back_and_does_not_land(quiet: QuietTown) -> None:
    request = submit(quiet, "one")
    reject = [
        "env",
        "-u",
        "GT_SESSION",
        sys.executable,
        "-m",
        "gastown_tmux",
        "--town",
        str(quiet.town.path),
        "mq",
        "reject",
        request,
    ]
    set_key(quiet.town, "merge.gates", [{"name": "no", "run": shlex.join(reject)}])
    landing.run_refinery(quiet.town)
    found = get_merge_request(quiet.town.db, request)
    assert (found.state, found.reason) == ("rejected", "rejected by overseer")
    assert get_bead(quiet.town.db, found.bead).state == "open"
    assert git(quiet.project, "rev-list", "--count", "main") == "1"


def test_a_target_that_an_agent_made_is_not_believed(quiet: QuietTown) -> None:
    """Kept in repo.git alone it is a branch like others, and `git checkout main` in a worktree makes it."""
    set_key(quiet.town, "merge.publish", "local")
    _, place = quiet.crew("ann")
    git(place, "checkout", "-q", "main")
    (place / "mine.txt").touch()
    git(place, "add", "-A")
    git(place, "commit", "-qm", "mine")
    tip = git(place, "rev-parse", "main")
    request = submit(quiet, "one")
    landing.run_refinery(quiet.town)
    found = get_merge_request(quiet.town.db, request)
    assert found.state == "queued" and "commits that the town did not put there" in str(found.reason)
    assert git(place, "rev-parse", "main") == tip
    git(place, "checkout", "-q", "crew/ann")
    git(place, "branch", "-f", "main", "origin/main")
    queue.retry(quiet.town, found)
    landing.run_refinery(quiet.town)
    assert get_merge_request(quiet.town.db, request).state == "merged"
    assert git(place, "ls-tree", "--name-only", "main").split()[-1] == "one"


def test_what_only_a_person_lets_land_does_not_land_by_trying_again(quiet: QuietTown) -> None:
    set_key(quiet.town, "merge.review", True)
    request = get_merge_request(quiet.town.db, submit(quiet, "one"))
    author, mayor = quiet.town.acting_as(request.author), quiet.town.acting_as(MAYOR)
    landing.run_refinery(quiet.town)
    request = get_merge_request(quiet.town.db, request.id)
    assert request.state == "held"
    with pytest.raises(RefusedError, match="waits for a person"):
        queue.retry(mayor, request)
    queue.reject(quiet.town, request)
    # Whose word it is makes the difference.
    again = queue.retry(author, get_merge_request(quiet.town.db, request.id)).value
    assert (again.state, again.approved) == ("queued", False)
    queue.reject(quiet.town, again)
    again = queue.retry(mayor, get_merge_request(quiet.town.db, again.id)).value
    landing.run_refinery(quiet.town)
    again = get_merge_request(quiet.town.db, again.id)
    assert again.state == "held"
    queue.reject(quiet.town, again)
    again = queue.retry(quiet.town, get_merge_request(quiet.town.db, again.id)).value
    landing.run_refinery(quiet.town)
    assert get_merge_request(quiet.town.db, again.id).state == "merged"
    author.close()
    mayor.close()


def test_what_is_tried_again_is_the_branch_as_it_is_now(quiet: QuietTown) -> None:
    """And a person's word for what came back is none for what was never shown."""
    set_key(quiet.town, "merge.review", True)
    request = get_merge_request(quiet.town.db, submit(quiet, "one"))
    queue.reject(quiet.town, request)
    place = quiet.town.worktree(request.author)
    (place / "better").write_text("1\n")
    git(place, "add", "-A")
    git(place, "commit", "-qm", "better")
    head = git(place, "rev-parse", "HEAD")
    answer = queue.retry(quiet.town, get_merge_request(quiet.town.db, request.id))
    assert (answer.value.head, answer.value.approved) == (head, False) and "which is newer" in answer.text
    git(place, "update-ref", "--no-deref", "HEAD", "HEAD~1")
    landing.run_refinery(quiet.town)
    assert get_merge_request(quiet.town.db, answer.value.id).state == "held"
    queue.approve(quiet.town, get_merge_request(quiet.town.db, answer.value.id))
    landing.run_refinery(quiet.town)
    assert get_merge_request(quiet.town.db, answer.value.id).state == "merged"
    assert {"one", "better"} <= set(git(quiet.project, "ls-tree", "--name-only", "main").split())


def test_a_branch_that_shares_nothing_with_the_target_comes_back_and_a_removed_author_gets_no_mail(
    quiet: QuietTown,
) -> None:
    bead = quiet.bead("one")
    address, place = quiet.hook(bead, "one")
    git(place, "checkout", "-q", "--orphan", "anew")
    git(place, "commit", "-qm", "anew")
    git(place, "checkout", "-q", "-B", f"bead/{bead}")
    request = submit_from(quiet, address, place, "one")
    remove_agent(quiet.town, get_merge_request(quiet.town.db, request).author)
    landing.run_refinery(quiet.town)
    found = get_merge_request(quiet.town.db, request)
    assert found.state == "conflicted" and "no history" in str(found.reason)
    assert get_bead(quiet.town.db, found.bead).reason == "conflicted"
    assert not (quiet.town.mail / found.author.folder).exists()


def test_a_line_that_breaks_after_the_push_makes_no_difference(
    quiet: QuietTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    request, away = submit(quiet, "one"), quiet.project.with_name("away")

    def push_and_lose(*words: Any, **more: Any) -> NoReturn:
        assert isinstance(push(*words, **more), Pushed)
        quiet.project.rename(away)
        raise GtError("the line is dead")

    monkeypatch.setattr(verdicts, "DELAYS", (0.0,))
    monkeypatch.setattr(publishing.push, "push", push_and_lose)
    for _ in range(2):
        landing.run_refinery(quiet.town, once=True)
        found = get_merge_request(quiet.town.db, request)
        assert found.state == "publishing" and found.reason
    away.rename(quiet.project)
    queue.retry(quiet.town, found)
    landing.run_refinery(quiet.town)
    found = get_merge_request(quiet.town.db, request)
    assert (found.state, found.reason) == ("merged", None)
    assert git(quiet.project, "rev-parse", "main") == found.merged_commit


def test_who_cannot_land_for_long_is_escalated_once_and_tried_on(
    quiet: QuietTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delays, "PATIENCE", 2)
    monkeypatch.setattr(verdicts, "DELAYS", (0.0,))
    first, second = submit(quiet, "one"), submit(quiet, "two")
    (quiet.project / "file-0.txt").write_text("somebody is at work here\n")
    for _ in range(4):
        landing.run_refinery(quiet.town, once=True)
    assert get_merge_request(quiet.town.db, first).state == "queued"
    (asked,) = list_escalations(quiet.town.db)
    assert asked.bead == get_merge_request(quiet.town.db, first).bead
    git(quiet.project, "checkout", "file-0.txt")
    landing.run_refinery(quiet.town)
    assert {get_merge_request(quiet.town.db, id).state for id in (first, second)} == {"merged"}
    assert [found.state for found in list_escalations(quiet.town.db)] == ["resolved"]


def test_a_target_that_somebody_moved_is_escalated_once(quiet: QuietTown) -> None:
    set_key(quiet.town, "merge.publish", "local")
    submit(quiet, "one")
    landing.run_refinery(quiet.town)
    repository = quiet.town.repository(quiet.rig.name).path
    git(repository, "update-ref", "refs/heads/main", "main^")
    waiting = [submit(quiet, "two"), submit(quiet, "three")]
    landing.run_refinery(quiet.town)
    assert all("the town put it at" in str(get_merge_request(quiet.town.db, id).reason) for id in waiting)
    assert len(list_escalations(quiet.town.db)) == 1
