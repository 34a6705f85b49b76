"""Convoys that land as a whole, with real git: what is gathered, when it lands, and what keeps it from that."""

from pathlib import Path

import pytest

from gastown_tmux.domain.ids import BeadId, Commit, ConvoyId, MergeRequestId
from gastown_tmux.errors import RefusedError
from gastown_tmux.operations.hooks.worktrees import convoy_ref
from gastown_tmux.operations.merging import gathering, landing, publishing, queue
from gastown_tmux.operations.town.configuration import set_key
from gastown_tmux.operations.work.beads import close_bead
from gastown_tmux.operations.work.convoys import add_beads, close_convoy, create_convoy
from gastown_tmux.operations.workforce.rigs import add_rig
from gastown_tmux.store.beads import get_bead, insert_bead, set_needs, submit_bead
from gastown_tmux.store.convoys import get_convoy, list_unmet
from gastown_tmux.store.mailbox import Mailbox
from gastown_tmux.store.merging import insert_merge_request, list_rigs_with_work
from tests.journeys.town_world import git, make_repository
from tests.operations.merging.test_batches import Authors
from tests.operations.quiet_town import QuietTown


class Convoyed(Authors):
    """Its beads travel in one convoy that lands as a whole."""

    def __init__(self, quiet: QuietTown) -> None:
        super().__init__(quiet)
        made = create_convoy(quiet.town, "together", together=True).value
        self.convoy = ConvoyId(made.id)

    def bead(self, name: str, needs: tuple[BeadId, ...] = ()) -> BeadId:
        bead = self.quiet.bead(name)
        with self.quiet.town.change() as change:
            set_needs(change, bead, needs)
        add_beads(self.quiet.town, get_convoy(self.quiet.town.db, self.convoy), [get_bead(self.quiet.town.db, bead)])
        return bead

    def work(self, bead: BeadId, files: dict[str, str], on: str | None = None) -> MergeRequestId:
        git(self.place, "checkout", "-q", "-B", f"bead/{bead}", on or self.base)
        for path, text in files.items():
            (self.place / path).write_text(text)
        git(self.place, "add", "-A")
        git(self.place, "commit", "-qm", bead)
        base, self.base = self.base, Commit(on or self.base)
        try:
            return self.queue(bead)
        finally:
            self.base = base

    def run(self) -> None:
        landing.run_refinery(self.quiet.town)

    def state(self, id: MergeRequestId) -> str:
        return self.show(id).state

    @property
    def gathered(self) -> Commit:
        """The tip of what is gathered."""
        return Commit(str(self.quiet.town.repository(self.quiet.rig.name).resolve(convoy_ref(self.convoy))))

    def push_elsewhere(self, files: dict[str, str]) -> None:
        """Somebody else lands on the target."""
        for path, text in files.items():
            (self.quiet.project / path).write_text(text)
        git(self.quiet.project, "add", "-A")
        git(self.quiet.project, "commit", "-qm", "by hand")


@pytest.fixture
def convoyed(quiet: QuietTown) -> Convoyed:
    return Convoyed(quiet)


def test_all_of_it_lands_at_once_and_nothing_before(convoyed: Convoyed) -> None:
    convoyed.gate("true")
    one, two = convoyed.bead("one"), convoyed.bead("two")
    first, other = convoyed.work(one, {"one": "1\n"}), convoyed.submit("other")
    convoyed.run()
    assert [convoyed.state(id) for id in (first, other)] == ["gathered", "merged"]
    assert get_bead(convoyed.quiet.town.db, one).state == "submitted"
    assert list_rigs_with_work(convoyed.quiet.town.db, "9999") == []
    second = convoyed.work(two, {"two": "2\n"})
    convoyed.run()
    assert [convoyed.state(id) for id in (first, second)] == ["merged", "merged"]
    assert convoyed.landed() == ["other", "one", "two"]
    assert get_convoy(convoyed.quiet.town.db, convoyed.convoy).state == "landed"
    assert convoyed.count_runs() == 3


def test_what_is_gathered_is_there_for_what_needs_it(convoyed: Convoyed) -> None:
    """Same lines of the same file: it lands only if the branch is known to be built on a companion."""
    one = convoyed.bead("one")
    two = convoyed.bead("two", needs=(one,))
    first = convoyed.work(one, {"file-0.txt": "one\n"})
    assert list_unmet(convoyed.quiet.town.db, two) == [one]
    convoyed.run()
    assert list_unmet(convoyed.quiet.town.db, two) == []
    town, built_on = convoyed.quiet.town, convoyed.gathered
    address, place = convoyed.quiet.hook(two)
    assert git(place, "rev-parse", "HEAD") == built_on and get_bead(town.db, two).base == built_on
    # The target moves meanwhile: all is built anew, under other names.
    convoyed.push_elsewhere({"other": "x\n"})
    (place / "file-0.txt").write_text("two\n")
    git(place, "commit", "-qam", "two")
    head = Commit(git(place, "rev-parse", "HEAD"))
    with town.change() as change:
        second = insert_merge_request(
            change, bead=two, rig=convoyed.quiet.rig.name, author=address, branch=f"bead/{two}", head=head,
            base=built_on, target="main",
        )  # fmt: skip
        submit_bead(change, two, second)
    convoyed.run()
    assert [convoyed.state(id) for id in (first, second)] == ["merged", "merged"], convoyed.show(second).reason
    assert convoyed.landed() == ["by hand", "one", "two"]
    assert git(convoyed.quiet.project, "show", "main:file-0.txt") == "two"
    assert built_on not in git(convoyed.quiet.project, "rev-list", "main").split()


def test_strategy_merge(convoyed: Convoyed) -> None:
    set_key(convoyed.quiet.town, "merge.strategy", "merge")
    one = convoyed.bead("one")
    two = convoyed.bead("two", needs=(one,))
    first = convoyed.work(one, {"file-0.txt": "one\n"})
    convoyed.run()
    convoyed.push_elsewhere({"other": "x\n"})
    second = convoyed.work(two, {"file-0.txt": "two\n"}, on=convoyed.gathered)
    convoyed.run()
    assert [convoyed.state(id) for id in (first, second)] == ["merged", "merged"], convoyed.show(second).reason
    assert git(convoyed.quiet.project, "show", "main:file-0.txt") == "two"


def test_red_as_a_whole_is_told_and_nothing_lands(convoyed: Convoyed) -> None:
    convoyed.gate("! test -e one -a -e two")
    first = convoyed.work(convoyed.bead("one"), {"one": "1\n"})
    two, rival = convoyed.bead("two"), convoyed.bead("rival")
    convoyed.run()
    # A conflict with a companion comes back at once.
    third = convoyed.work(rival, {"one": "rival\n"})
    convoyed.run()
    assert convoyed.state(third) == "conflicted" and "one" in str(convoyed.show(third).reason)
    close_bead(convoyed.quiet.town, get_bead(convoyed.quiet.town.db, rival), "wontdo")
    second = convoyed.work(two, {"two": "2\n"})
    convoyed.run()
    assert [convoyed.state(id) for id in (first, second)] == ["gathered", "rejected"]
    assert convoyed.landed() == []
    assert "by itself it passes" in str(convoyed.show(second).reason)
    assert "convoy together is red as a whole" in _subjects(convoyed)


def test_the_target_turns_what_was_gathered_red(convoyed: Convoyed) -> None:
    convoyed.gate("! test -e one -a -e other")
    first = convoyed.work(convoyed.bead("one"), {"one": "1\n"})
    two = convoyed.bead("two")
    convoyed.run()
    convoyed.push_elsewhere({"other": "x\n"})
    second = convoyed.work(two, {"two": "2\n"})
    convoyed.run()
    assert [convoyed.state(id) for id in (first, second)] == ["rejected", "gathered"]
    assert convoyed.landed() == ["by hand"]


def test_one_that_is_cancelled_frees_the_rest(convoyed: Convoyed) -> None:
    town = convoyed.quiet.town
    first = convoyed.work(convoyed.bead("one"), {"one": "1\n"})
    two = convoyed.bead("two")
    convoyed.run()
    close_bead(town, get_bead(town.db, two), "wontdo")
    assert list_rigs_with_work(town.db, "9999") == ["demo"]
    convoyed.run()
    assert convoyed.state(first) == "merged" and convoyed.landed() == ["one"]
    # Closed by hand, the convoy holds nothing any more.
    three = convoyed.work(convoyed.bead("three"), {"three": "3\n"})
    convoyed.bead("four")
    convoyed.run()
    assert convoyed.state(three) == "gathered"
    close_convoy(town, get_convoy(town.db, convoyed.convoy))
    convoyed.run()
    assert convoyed.state(three) == "merged"


def test_one_that_a_person_rejects_is_taken_out(convoyed: Convoyed) -> None:
    one, two = convoyed.bead("one"), convoyed.bead("two")
    convoyed.bead("three")
    first, second = convoyed.work(one, {"one": "1\n"}), convoyed.work(two, {"two": "2\n"})
    convoyed.run()
    queue.reject(convoyed.quiet.town, convoyed.show(first), "no")
    convoyed.run()
    assert [convoyed.state(id) for id in (first, second)] == ["rejected", "gathered"]
    tree = git(convoyed.place, "ls-tree", "--name-only", convoyed.gathered).splitlines()
    assert "two" in tree and "one" not in tree


def test_review_comes_before_it_counts_as_gathered(convoyed: Convoyed) -> None:
    town = convoyed.quiet.town
    set_key(town, "merge.review", True)
    first = convoyed.work(convoyed.bead("one"), {"one": "1\n"})
    second = convoyed.work(convoyed.bead("two"), {"two": "2\n"})
    convoyed.run()
    assert [convoyed.state(id) for id in (first, second)] == ["held", "held"] and convoyed.landed() == []
    queue.approve(town, convoyed.show(first))
    convoyed.run()
    assert [convoyed.state(id) for id in (first, second)] == ["gathered", "held"] and convoyed.landed() == []
    queue.approve(town, convoyed.show(second))
    convoyed.run()
    assert [convoyed.state(id) for id in (first, second)] == ["merged", "merged"]


@pytest.mark.parametrize("point", ["refinery.gathered", "refinery.published"])
def test_killed_half_way(convoyed: Convoyed, monkeypatch: pytest.MonkeyPatch, point: str) -> None:
    first = convoyed.work(convoyed.bead("one"), {"one": "1\n"})
    two = convoyed.bead("two")
    if point != "refinery.gathered":
        convoyed.run()
        second = convoyed.work(two, {"two": "2\n"})
    _kill_at(monkeypatch, point)
    with pytest.raises(KeyboardInterrupt):
        convoyed.run()
    monkeypatch.undo()
    if point == "refinery.gathered":
        second = convoyed.work(two, {"two": "2\n"})
    convoyed.run()
    assert [convoyed.state(id) for id in (first, second)] == ["merged", "merged"]
    assert convoyed.landed() == ["one", "two"]


def test_of_one_rig(convoyed: Convoyed) -> None:
    town = convoyed.quiet.town
    add_rig(town, "second", str(make_repository(convoyed.quiet.project.with_name("second"))))
    with town.change() as change:
        rig = town.rig("second")
        strange = insert_bead(change, rig.name, rig.prefix, title="x", body="", priority=2, labels=(), needs=())
    convoyed.bead("one")
    with pytest.raises(RefusedError, match="of one rig, not of demo and second"):
        add_beads(town, get_convoy(town.db, convoyed.convoy), [get_bead(town.db, strange)])


def _kill_at(monkeypatch: pytest.MonkeyPatch, point: str) -> None:
    def strike(name: str) -> None:
        if name == point:
            raise KeyboardInterrupt

    for module in (gathering, publishing):
        monkeypatch.setattr(module, "fault_point", strike)


def _subjects(convoyed: Convoyed) -> list[str]:
    town = convoyed.quiet.town
    box = Mailbox(Path(town.mail) / "overseer")
    return [box.load(entry).subject for entry in box.list_all(archived=True)]
