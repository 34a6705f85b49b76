"""A newer head of a bead takes the place of the one that is on its way, in whatever state that is."""

import shlex
import sys
from pathlib import Path

import pytest

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.merging import MergeRequest
from gastown_tmux.edges.git import push
from gastown_tmux.errors import RefusedError
from gastown_tmux.operations.merging import landing, queue
from gastown_tmux.operations.town.configuration import set_key
from gastown_tmux.operations.work import worker
from gastown_tmux.store.beads import get_bead
from gastown_tmux.store.merging import get_merge_request, list_merge_requests, move_merge_request
from tests.journeys.town_world import git
from tests.operations.quiet_town import QuietTown


class Author:
    """A polecat with a bead of its own, whose file ``work`` gets a line a commit."""

    def __init__(self, quiet: QuietTown) -> None:
        self.quiet = quiet
        self.bead = quiet.bead("work")
        self.address, self.place = quiet.hook(self.bead)

    def commit(self, line: str) -> str:
        with (self.place / "work").open("a") as file:
            file.write(f"{line}\n")
        git(self.place, "add", "-A")
        git(self.place, "commit", "-qm", line)
        return git(self.place, "rev-parse", "HEAD")

    def done(self) -> str:
        town = self.quiet.town.acting_as(Address(self.address))
        try:
            return worker.done(town).text or ""
        finally:
            town.close()

    def requests(self) -> list[MergeRequest]:
        return list_merge_requests(self.quiet.town.db)

    def landed(self) -> list[str]:
        return git(self.quiet.project, "log", "-p", "--reverse", "--format=%s", "main", "--", "work").splitlines()

    def added(self) -> list[str]:
        return [line[1:] for line in self.landed() if line.startswith("+") and not line.startswith("+++")]


@pytest.fixture
def author(quiet: QuietTown) -> Author:
    return Author(quiet)


def test_of_two_heads_that_were_submitted_the_newer_lands_once(author: Author) -> None:
    author.commit("one")
    author.done()
    [old] = author.requests()
    head = author.commit("two")
    assert f"in place of {old.id}" in author.done()
    assert "is submitted already" in author.done()
    before, now = author.requests()
    assert (before.state, now.state, now.head) == ("superseded", "queued", head)
    assert get_bead(author.quiet.town.db, author.bead).merge_request == now.id
    landing.run_refinery(author.quiet.town)
    assert author.landed()[0] == "work" and author.added() == ["one", "two"]
    assert [request.state for request in author.requests()] == ["superseded", "merged"]


def test_a_head_that_was_rewritten_does_so_too_and_what_is_not_committed_is_refused(author: Author) -> None:
    author.commit("one")
    author.done()
    git(author.place, "commit", "-q", "--amend", "-m", "better")
    (author.place / "loose").touch()
    with pytest.raises(RefusedError, match="uncommitted"):
        author.done()
    (author.place / "loose").unlink()
    author.done()
    assert [request.state for request in author.requests()] == ["superseded", "queued"]


def test_it_comes_while_the_older_head_is_tested(author: Author) -> None:
    """What was tested of that counts no more, and others that were tested with it land without it."""
    town = author.quiet.town
    author.commit("one")
    author.done()
    other = author.quiet.bead("other")
    address, place = author.quiet.hook(other, "rust")
    (place / "other").touch()
    git(place, "add", "-A")
    git(place, "commit", "-qm", "other")
    own = town.acting_as(address)
    worker.done(own)
    own.close()
    gt = shlex.join([sys.executable, "-m", "gastown_tmux", "--town", str(town.path), "mq", "submit", author.bead])
    mark = author.quiet.project.with_name("mark")
    newer = (
        f"cd {author.place} && echo two >> work && git add -A && git -c user.name=n -c user.email=e commit -qm two"
        f" && env -u GT_SESSION -u GIT_DIR {gt}"
    )
    run = f"test -e {mark} || {{ touch {mark}; {newer}; }}"
    set_key(town, "merge.gates", [{"name": "g", "run": run}])
    landing.run_refinery(town)
    states = {request.id: request.state for request in author.requests()}
    assert sorted(states.values()) == ["merged", "merged", "superseded"], author.requests()
    assert author.added() == ["one", "two"]


def test_an_approval_was_for_the_older_head(author: Author) -> None:
    town = author.quiet.town
    set_key(town, "merge.review", True)
    author.commit("one")
    author.done()
    landing.run_refinery(town)
    [held] = author.requests()
    queue.approve(town, held)
    author.commit("two")
    author.done()
    landing.run_refinery(town)
    assert [request.state for request in author.requests()] == ["superseded", "held"]
    with pytest.raises(RefusedError, match="superseded"):
        queue.approve(town, get_merge_request(town.db, held.id))
    newer = author.requests()[1]
    for answer in (queue.approve, queue.reject):
        for head in (held.head, newer.head[:11], ""):
            with pytest.raises(RefusedError, match=f"{newer.id} has changed: its head is {newer.head[:12]} now"):
                answer(town, newer, head=head)
    queue.approve(town, newer, newer.head[:12])  # as the refusal names it
    landing.run_refinery(town)
    assert author.added() == ["one", "two"]


def test_what_is_being_published_is_not_superseded(author: Author) -> None:
    """It may be on the target already."""
    author.commit("one")
    author.done()
    [old] = author.requests()
    author.commit("two")
    with author.quiet.town.change() as change:
        move_merge_request(change, old.id, "publish")
    with pytest.raises(RefusedError, match="is being published"):
        author.done()
    assert [request.state for request in author.requests()] == ["publishing"]


@pytest.mark.parametrize("again", [True, False])
def test_a_push_of_the_older_head_that_arrives_late(author: Author, again: bool) -> None:
    """It has landed, and says so; of the newer head the rest lands, and where nothing is left the bead is merged."""
    town = author.quiet.town
    author.commit("one")
    author.done()
    [old] = author.requests()
    # A push that outlived its refinery: the request is in the queue again when a newer head comes.
    base = git(author.place, "rev-parse", "origin/main")
    tree = git(author.place, "rev-parse", "HEAD^{tree}")
    late = git(author.place, "commit-tree", tree, "-p", base, "-m", "work")
    with town.change() as change:
        move_merge_request(change, old.id, "publish", candidate=late)
        move_merge_request(change, old.id, "requeue")
    if again:
        # The same line, changed anew: what is not known to have landed would conflict with itself.
        (author.place / "work").write_text("")
        author.commit("uno")
    else:
        git(author.place, "commit", "-q", "--amend", "-m", "other words")
    author.done()
    pushed = push.push(
        town.repository(author.quiet.rig.name), str(author.quiet.project), late, "main", base, into_checkout=True
    )
    assert isinstance(pushed, push.Pushed)
    landing.run_refinery(town)
    before, now = author.requests()
    assert (before.state, before.merged_commit) == ("merged", late)
    assert now.state == ("merged" if again else "superseded"), now
    assert author.added() == (["one", "uno"] if again else ["one"])
    assert get_bead(town.db, author.bead).state == "merged"
    mails = [path.read_text() for path in Path(town.mail / author.address.folder).glob("new/*")]
    assert sum("is merged" in mail for mail in mails) == 1
