"""Pull requests with the real gh and git, before a forge of ours with state."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from gastown_tmux.domain.addresses import OVERSEER
from gastown_tmux.domain.ids import BeadId, MergeRequestId
from gastown_tmux.domain.merging import MergeRequest
from gastown_tmux.edges.files import clock
from gastown_tmux.errors import RefusedError
from gastown_tmux.operations.merging import landing, proposing, queue
from gastown_tmux.operations.supervision.review import review
from gastown_tmux.operations.town.configuration import set_key
from gastown_tmux.operations.town.install import install
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.work.beads import close_bead, create_bead
from gastown_tmux.operations.workforce.retargeting import set_rig
from gastown_tmux.operations.workforce.rigs import add_rig
from gastown_tmux.store.beads import get_bead, sling_bead
from gastown_tmux.store.escalations import list_escalations
from gastown_tmux.store.mailbox import Mailbox
from gastown_tmux.store.merging import list_rigs_with_work
from tests.forge.pulls import NAME, OWNER, Pull, Pulls
from tests.forge.server import Reply, Server, serving
from tests.journeys.town_world import git, make_repository
from tests.operations.merging.test_batches import Authors
from tests.operations.quiet_town import QuietTown

pytestmark = pytest.mark.needs("gh")


@dataclass
class World:
    authors: Authors
    pulls: Pulls

    @property
    def town(self) -> Town:
        return self.authors.quiet.town

    @property
    def pull(self) -> Pull:
        return self.pulls.only

    def look(self) -> None:
        """The refinery goes round, and looks at what is proposed."""
        with self.town.change() as change:
            change.execute("UPDATE merge_requests SET not_before = NULL")
        landing.run_refinery(self.town)

    def show(self, id: MergeRequestId) -> MergeRequest:
        return self.authors.show(id)

    def again(self, bead: BeadId, text: str) -> MergeRequestId:
        """Its author has another commit on the branch."""
        place = self.authors.place
        git(place, "checkout", "-q", f"bead/{bead}")
        (place / "more").write_text(text)
        git(place, "add", "-A")
        git(place, "commit", "-qm", text)
        return self.authors.queue(bead)

    def calls(self, method: str, part: str) -> int:
        return sum(one == method and part in path for one, path, _ in self.pulls.server.calls)

    def mails(self) -> list[str]:
        box = Mailbox(Path(self.town.mail) / self.authors.address.folder)
        return [f"{mail.subject}\n{mail.body}" for mail in map(box.load, box.list_all(archived=True))]


@pytest.fixture
def world(short_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with serving(Server()) as server:
        project = make_repository(short_tmp / "project")
        bare = short_tmp / "bare.git"
        subprocess.run(["git", "clone", "-q", "--bare", project, bare], check=True)
        url = f"https://{server.host}/{OWNER}/{NAME}.git"
        settings = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": f"url.{bare}.insteadOf", "GIT_CONFIG_VALUE_0": url}
        for name, value in {**settings, **server.environment(short_tmp)}.items():
            monkeypatch.setenv(name, value)
        said: list[str] = []
        town = Town(short_tmp / "town", OVERSEER, dict(os.environ), say=said.append)
        install(town, town.path)
        add_rig(town, "demo", url)
        set_key(town, "merge.publish", "request")
        yield World(Authors(QuietTown(town, bare, said)), Pulls(server, bare))
        town.close()


def test_from_the_queue_to_the_merge(world: World) -> None:
    world.authors.gate("true")
    id = world.authors.submit("work")
    world.look()
    request, pull = world.show(id), world.pull
    assert request.state == "proposed", request.reason
    assert request.url and request.reason == f"proposed as https://{world.pulls.server.host}/octo/project/pull/1"
    assert (pull.title, pull.base, world.pulls.head(pull)) == ("work", "main", request.head)
    assert request.bead in pull.body and world.authors.landed() == []
    assert list_rigs_with_work(world.town.db, clock.now()) == []
    assert list_rigs_with_work(world.town.db, clock.after(61)) == ["demo"]
    world.pulls.check(pull, "ci", None)
    world.look()
    assert str(world.show(id).reason).endswith("waits for 1 check")
    made = world.pulls.merge(pull)
    world.look()
    assert (world.show(id).state, world.show(id).merged_commit) == ("merged", made)
    assert get_bead(world.town.db, request.bead).merged_commit == made
    assert world.calls("POST", "/pulls") == 1 and not world.calls("PUT", "")


def test_however_people_merge_and_one_question_for_all(world: World) -> None:
    ids = [world.authors.submit(name) for name in ("squash", "merge", "rebase")]
    world.look()
    world.pulls.server.calls.clear()
    world.look()
    assert [path for _, path, _ in world.pulls.server.calls] == ["/api/graphql"]
    base = world.pulls.git("rev-parse", "main")
    made = [world.pulls.merge(pull, pull.title) for pull in world.pulls.pulls.values()]
    # The forge says merged, and the target does not have it: its word is not enough.
    merged = world.pulls.git("rev-parse", "main")
    world.pulls.git("update-ref", "refs/heads/main", base)
    world.look()
    assert all(world.show(id).state == "proposed" and "does not have" in str(world.show(id).reason) for id in ids)
    world.pulls.git("update-ref", "refs/heads/main", merged)
    world.look()
    assert [world.show(id).merged_commit for id in ids] == made


def test_what_fails_and_what_is_said_goes_to_the_author_once(world: World) -> None:
    id = world.authors.submit("work")
    world.look()
    bead = world.show(id).bead
    world.pulls.check(world.pull, "ci", "FAILURE")
    world.pulls.remark(world.pull, "eve", "work", 1, "a better name\n" + "x" * 50_000)
    world.pulls.review(world.pull, "eve", "CHANGES_REQUESTED", "please")
    world.pulls.comment(world.pull, "cov", "covered 99 %", bot=True)
    world.look()
    assert world.show(id).state == "rejected"
    assert str(world.show(id).reason).startswith("1 check fails, 2 review remarks: https://")
    back = get_bead(world.town.db, bead)
    assert (back.state, back.reason, back.target) == ("open", "rejected", world.authors.address)
    told = Path(str(world.show(id).log)).read_text()
    for words in ("eve at work:1", "a better name", "please", "step: unit", "assert 1 == 2", "https://x/ci"):
        assert words in told
    assert "covered" not in told and len(told) < 10_000
    assert any("came back" in mail and "assert 1 == 2" in mail for mail in world.mails())
    # A new head is of the same pull request; nothing is told twice, and its checks are new.
    second = world.again(bead, "better")
    world.pull.checks.clear()
    world.look()
    assert world.show(second).state == "proposed", world.show(second).reason
    assert world.pulls.head(world.pull) == world.show(second).head and world.calls("POST", "/pulls") == 1
    world.look()
    assert world.show(second).state == "proposed"
    world.pulls.comment(world.pull, "eve", "by the way")
    world.look()
    world.look()
    assert world.show(second).state == "proposed"
    assert sum("by the way" in mail for mail in world.mails()) == 1


def test_after_so_many_rounds_a_person_is_asked(world: World) -> None:
    set_key(world.town, "merge.request.rounds", 2)
    id = world.authors.submit("work")
    bead = world.show(id).bead
    for text in ("one", "two"):
        world.look()
        world.pulls.check(world.pull, "ci", "FAILURE")
        world.look()
        assert world.show(id).state == "rejected"
        if text == "one":
            id = world.again(bead, text)
            world.pull.checks.clear()
    assert get_bead(world.town.db, bead).reason == "escalated"
    assert any("went back 2 times" in one.text for one in list_escalations(world.town.db))


def test_what_people_merge_although_it_went_back(world: World) -> None:
    """Nobody works on it: it is merged. Somebody does: that goes on from there."""
    id, other = world.authors.submit("work"), world.authors.submit("other")
    world.look()
    for pull in world.pulls.pulls.values():
        world.pulls.check(pull, "ci", "FAILURE")
    world.look()
    assert [world.show(one).state for one in (id, other)] == ["rejected", "rejected"]
    assert list_rigs_with_work(world.town.db, clock.now()) == ["demo"]
    world.look()
    assert list_rigs_with_work(world.town.db, clock.now()) == [], "not again and again"
    assert list_rigs_with_work(world.town.db, clock.after(301)) == ["demo"]
    held = world.show(other).bead
    with world.town.change() as change:
        sling_bead(change, held, world.authors.address)
    made = [world.pulls.merge(pull, pull.title) for pull in world.pulls.pulls.values()]
    world.look()
    assert [(world.show(one).state, world.show(one).merged_commit) for one in (id, other)] == [
        ("merged", commit) for commit in made
    ]
    bead = get_bead(world.town.db, world.show(id).bead)
    assert (bead.state, bead.merged_commit, bead.reason) == ("merged", made[0], None)
    assert get_bead(world.town.db, held).state == "hooked"
    told = [mail.splitlines()[0] for mail in world.mails()]
    assert told.count(f"{bead.id} is merged") == 1 and told.count(f"an earlier state of {held} is merged") == 1
    # What it goes on with is a pull request of its own, of what is new.
    second = world.again(held, "more")
    world.look()
    assert (world.show(second).state, len(world.pulls.pulls)) == ("proposed", 3), world.show(second).reason
    assert list_rigs_with_work(world.town.db, clock.now()) == []


def test_people_merge_what_there_is_newer_of(world: World) -> None:
    id = world.authors.submit("work")
    world.look()
    bead = world.show(id).bead
    queue.reject(world.town, world.show(id), "no")
    second = world.again(bead, "newer")
    made = world.pulls.merge(world.pull, "work")
    world.look()
    assert (world.show(id).state, world.show(id).merged_commit) == ("merged", made)
    assert (world.show(second).state, get_bead(world.town.db, bead).state) == ("proposed", "submitted")
    assert len(world.pulls.pulls) == 2


def test_killed_half_way_it_is_opened_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, point in enumerate(("refinery.pushed", "refinery.opened"), 1):

        def strike(name: str, point: str = point) -> None:
            if name == point:
                raise KeyboardInterrupt

        id = world.authors.submit(point)
        monkeypatch.setattr(proposing, "fault_point", strike)
        with pytest.raises(KeyboardInterrupt):
            landing.run_refinery(world.town)
        monkeypatch.setattr(proposing, "fault_point", lambda name: None)
        world.look()
        assert world.show(id).state == "proposed" and len(world.pulls.pulls) == number


def test_somebody_elses_commit_goes_to_the_agent(world: World) -> None:
    id = world.authors.submit("work")
    world.look()
    bead, pull = world.show(id).bead, world.pull
    theirs = _commit_on(world, pull.branch)
    world.look()
    assert world.show(id).state == "proposed"
    assert sum("Somebody else's commits" in mail for mail in world.mails()) == 1
    world.pulls.check(pull, "ci", "FAILURE")
    world.look()
    assert "git merge origin/" in Path(str(world.show(id).log)).read_text()
    # Its author goes on without it: nothing of theirs is overwritten.
    second = world.again(bead, "without")
    world.look()
    assert world.show(second).state == "conflicted" and "somebody else" in str(world.show(second).reason)
    assert world.pulls.head(pull) == theirs
    git(world.authors.place, "merge", "-q", "-m", "theirs", f"origin/{pull.branch}")
    third = world.authors.queue(bead)
    world.pull.checks.clear()
    world.look()
    assert world.show(third).state == "proposed" and world.pulls.head(pull) == world.show(third).head


def test_closed_reopened_deleted_and_against_another_base(world: World) -> None:
    id = world.authors.submit("work")
    world.look()
    world.pulls.close(world.pull)
    world.look()
    assert "closed without a merge: reopen it there, or gt mq reject" in str(world.show(id).reason)
    world.pull.state = "OPEN"
    world.pull.draft = True
    world.look()
    assert str(world.show(id).reason).endswith("is a draft")
    world.pull.draft, world.pull.base = False, "other"
    world.look()
    assert "is against other" in str(world.show(id).reason)
    # A new head is of the same one all the same.
    queue.reject(world.town, world.show(id), "no")
    id = world.again(world.show(id).bead, "newer")
    world.look()
    world.look()
    assert "is against other" in str(world.show(id).reason) and len(world.pulls.pulls) == 1
    world.pull.base = "main"
    world.pulls.close(world.pull, delete=True)
    world.look()
    assert "its branch deleted" in str(world.show(id).reason)
    # A person sends it back, and its author has more: the same pull request is opened again, and goes with the rig.
    bead = world.show(id).bead
    queue.reject(world.town, world.show(id), "no")
    second = world.again(bead, "more")
    world.look()
    assert world.show(second).state == "proposed" and len(world.pulls.pulls) == 1 and world.pull.state == "OPEN"
    world.pulls.git("branch", "next", "main")
    set_rig(world.town, world.town.rig("demo"), "next")
    world.look()
    assert (world.show(second).state, world.show(second).target, world.pull.base) == ("proposed", "next", "next")
    made = world.pulls.merge(world.pull)
    world.look()
    assert world.show(second).merged_commit == made


def test_the_forge_merges_where_it_is_told_to(world: World) -> None:
    set_key(world.town, "merge.request.auto", True)
    id = world.authors.submit("work")
    world.look()
    assert not world.pull.armed
    world.look()
    assert world.pull.armed and not world.calls("PUT", "/merge")
    assert world.show(id).state == "proposed" and "merged by the forge" in str(world.show(id).reason)
    world.pulls.merge(world.pull)
    # One that waits for nothing cannot be armed: it is merged with its head pinned.
    world.pulls.clean = True
    other = world.authors.submit("other")
    for _ in range(3):
        world.look()
    assert [world.show(one).state for one in (id, other)] == ["merged", "merged"]
    assert world.calls("PUT", "/pulls/2/merge") == 1


def test_a_forge_that_cannot_be_asked_is_asked_later(world: World) -> None:
    id = world.authors.submit("work")
    world.look()
    faults = (
        (Reply({"message": "slow down"}, 429, {"Retry-After": "900"}), "asked too often"),
        (Reply(b"<html>", 502), "has a fault"),
        (Reply({"data": {"repository": None}}), "not there"),
        (Reply({"message": "Bad credentials"}, 401), "gh auth login"),
        (Reply({"data": {"repository": {"p1": {"state": "OPEN", "number": "x"}}}}), "not there any more"),
    )
    for fault, words in faults:
        world.pulls.server.faults.append(fault)
        world.look()
        request = world.show(id)
        assert request.state == "proposed" and words in str(request.reason)
        late = clock.to_epoch(str(request.not_before)) - clock.to_epoch(clock.now())  # type: ignore[arg-type]
        assert late > (800 if "often" in words else 20)
    asked = [one.text for one in list_escalations(world.town.db)]
    assert sum("Bad credentials" in text for text in asked) == 1 and not any("slow" in text for text in asked)
    world.pulls.merge(world.pull)
    world.look()
    assert world.show(id).state == "merged"


def test_what_waits_for_people_is_in_review(world: World) -> None:
    id = world.authors.submit("work")
    world.look()
    world.pulls.check(world.pull, "ci", None)
    world.look()
    assert review(world.town) == [], "it waits for a machine"
    world.pulls.check(world.pull, "ci", "SUCCESS")
    world.pull.decision = "REVIEW_REQUIRED"
    world.look()
    (need,) = review(world.town)
    request = world.show(id)
    assert (need.kind, need.id, need.title, need.digest) == ("proposal", id, "work", request.head)
    assert need.reason == f"{request.url} waits for a review" and f"gt mq show {id}" in need.next
    world.pulls.review(world.pull, "ann", "CHANGES_REQUESTED", "no")
    world.look()
    assert [need.kind for need in review(world.town)] == []


def test_a_bead_is_closed_with_its_pull_request(world: World) -> None:
    id = world.authors.submit("work")
    world.look()
    bead = get_bead(world.town.db, world.show(id).bead)
    with pytest.raises(RefusedError, match="as a pull request") as refusal:
        close_bead(world.town, bead, "wontdo")
    assert refusal.value.hint and refusal.value.hint.startswith(
        f"gt bead close {bead.id} --reason wontdo --with-request"
    )
    said = close_bead(world.town, bead, "wontdo", with_request=True)
    assert said.text == f"{bead.id} is closed as wontdo, and so is {world.show(id).url}"
    assert (world.pull.state, said.value.state, world.show(id).state) == ("CLOSED", "closed", "superseded")
    calls = world.calls("PATCH", "/pulls")
    assert "so is" in close_bead(world.town, said.value, "wontdo", with_request=True).text, "twice is no harm"
    assert world.calls("PATCH", "/pulls") == calls
    world.look()
    assert world.mails() == [], "nobody is told of what a person did"


def test_a_bead_that_came_back_may_be_closed_and_its_pull_request_is_named(world: World) -> None:
    id = world.authors.submit("work")
    world.look()
    queue.reject(world.town, world.show(id), "not so")
    bead = get_bead(world.town.db, world.show(id).bead)
    url = str(world.show(id).url)
    text = close_bead(world.town, bead, "wontdo").text
    assert f"{url} stays as it is" in text and f"gt bead close {bead.id} --reason wontdo --with-request" in text
    assert world.pull.state == "OPEN"
    close_bead(world.town, get_bead(world.town.db, bead.id), "wontdo", with_request=True)
    assert world.pull.state == "CLOSED"


def test_what_is_merged_there_is_not_closed_here(world: World) -> None:
    id = world.authors.submit("work")
    world.look()
    world.pulls.merge(world.pull)
    bead = get_bead(world.town.db, world.show(id).bead)
    with pytest.raises(RefusedError, match="is merged there"):
        close_bead(world.town, bead, "wontdo", with_request=True)
    assert get_bead(world.town.db, bead.id).state == "submitted"
    other = create_bead(world.town, "other").value
    with pytest.raises(RefusedError, match="has no pull request"):
        close_bead(world.town, other, "wontdo", with_request=True)


def test_without_gh_it_waits_and_says_so(world: World, tmp_path: Path) -> None:
    for program in ("git", "sh"):
        (tmp_path / program).symlink_to(shutil.which(program) or "")
    id = world.authors.submit("work")
    environment = {**world.town.environment, "PATH": str(tmp_path)}
    town = Town(world.town.path, OVERSEER, environment)
    landing.run_refinery(town)
    town.close()
    assert "not installed" in str(world.show(id).reason) and world.show(id).state == "queued"
    assert any("not installed" in one.text for one in list_escalations(world.town.db))


def _commit_on(world: World, branch: str) -> str:
    base = world.pulls.git("rev-parse", branch)
    tree = world.pulls.git("rev-parse", f"{branch}^{{tree}}")
    made = world.pulls.git("-c", "user.name=p", "-c", "user.email=p@x", "commit-tree", tree, "-p", base, "-m", "mine")
    world.pulls.git("update-ref", f"refs/heads/{branch}", made)
    return made
