"""Batches with real git: what lands together, what of it comes back, and what it costs in runs of the gates."""

import math
import shlex
import sys
from pathlib import Path

import pytest

from gastown_tmux.domain.ids import BeadId, Commit, MergeRequestId, RigName
from gastown_tmux.domain.merging import MergeRequest
from gastown_tmux.edges.files import clock
from gastown_tmux.edges.processes.live_output import shown
from gastown_tmux.operations.merging import delays, landing, queue, verdicts
from gastown_tmux.operations.merging.queue_state import pause_queue, resume_queue
from gastown_tmux.operations.merging.views import list_merge_requests
from gastown_tmux.operations.supervision.status import status
from gastown_tmux.operations.town.configuration import set_key
from gastown_tmux.store.beads import get_bead, set_needs, submit_bead
from gastown_tmux.store.escalations import list_escalations
from gastown_tmux.store.merging import get_merge_request, insert_merge_request, list_rigs_with_work
from tests.journeys.town_world import git
from tests.operations.quiet_town import QuietTown


class Authors:
    """Many branches of one worktree, each submitted as a bead of its own. ``runs`` is where the gates count."""

    def __init__(self, quiet: QuietTown) -> None:
        self.quiet = quiet
        self.address, self.place = quiet.crew("ann")
        self.base = Commit(git(self.place, "rev-parse", "origin/main"))
        self.runs = quiet.project.with_name("runs")

    def gate(self, check: str) -> None:
        run = f"echo x >> {shlex.quote(str(self.runs))}; {check}"
        set_key(self.quiet.town, "merge.gates", [{"name": "g", "run": run}])

    def submit(self, name: str, files: dict[str, str] | None = None, on: str | None = None) -> MergeRequestId:
        """A bead whose branch, from the target or ``on`` another one, has these files (one of its own unless given)."""
        bead = self.quiet.bead(name)
        git(self.place, "checkout", "-q", "-B", f"bead/{bead}", on or self.base)
        for path, text in (files or {name: f"{name}\n"}).items():
            (self.place / path).write_text(text)
        git(self.place, "add", "-A")
        git(self.place, "commit", "-qm", name)
        return self.queue(bead)

    def queue(self, bead: BeadId) -> MergeRequestId:
        town, head = self.quiet.town, Commit(git(self.place, "rev-parse", "HEAD"))
        with town.change() as change:
            change.execute("UPDATE beads SET state = 'working', assignee = NULL WHERE id = ?", bead)
            id = insert_merge_request(
                change, bead=bead, rig=self.quiet.rig.name, author=self.address, branch=f"bead/{bead}", head=head,
                base=self.base, target="main",
            )  # fmt: skip
            submit_bead(change, bead, id)
        return id

    def gt(self, *words: str) -> str:
        """Of the merge queue, as a person says it while the gates run."""
        town = str(self.quiet.town.path)
        return shlex.join(
            ["env", "-u", "GT_SESSION", sys.executable, "-m", "gastown_tmux", "--town", town, "mq", *words]
        )

    def show(self, id: MergeRequestId) -> MergeRequest:
        return get_merge_request(self.quiet.town.db, id)

    def count_runs(self) -> int:
        return len(self.runs.read_text().splitlines()) if self.runs.exists() else 0

    def landed(self) -> list[str]:
        """The titles of what landed, in order."""
        return git(self.quiet.project, "log", "--reverse", "--format=%s", f"{self.base}..main").splitlines()


@pytest.fixture
def authors(quiet: QuietTown) -> Authors:
    return Authors(quiet)


def test_twelve_with_two_culprits(authors: Authors) -> None:
    set_key(authors.quiet.town, "merge.batch", 12)
    authors.gate("! ls | grep bad")
    names = [f"{'bad' if number in (4, 9) else 'good'}-{number}" for number in range(12)]
    ids = [authors.submit(name) for name in names]
    landing.run_refinery(authors.quiet.town)
    found = [authors.show(id) for id in ids]
    assert [request.state for request in found] == ["rejected" if "bad" in name else "merged" for name in names]
    assert authors.landed() == [name for name in names if "bad" not in name]
    for request in found:
        if request.state == "merged":
            # Each is a commit of its own, and was tested in one that has it.
            assert request.merged_commit == request.candidate and request.tested_in is not None
            git(authors.quiet.project, "merge-base", "--is-ancestor", request.merged_commit or "", request.tested_in)
        else:
            assert "bad-" in Path(str(request.log)).read_text() and "by itself" not in str(request.reason)
    assert authors.count_runs() <= 2 * math.ceil(math.log2(12)) + 2 + 1 + 2


def test_two_that_fail_together_only(authors: Authors) -> None:
    authors.gate("! test -e one -a -e three")
    ids = [authors.submit(name) for name in ("one", "two", "three", "four")]
    landing.run_refinery(authors.quiet.town)
    assert authors.landed() == ["one", "two", "four"]
    back = authors.show(ids[2])
    others = ", ".join(authors.show(id).bead for id in ids[:2])
    assert back.state == "rejected" and f"together with {others}" in str(back.reason)
    assert "by itself it passes" in str(back.reason)


def test_conflicts_are_split_off_before_any_gate(authors: Authors) -> None:
    authors.gate("true")
    ids = [
        authors.submit("one", {"file-0.txt": "one\n"}),
        authors.submit("rival", {"file-0.txt": "rival\n"}),
        authors.submit("two"),
    ]
    landing.run_refinery(authors.quiet.town)
    assert [authors.show(id).state for id in ids] == ["merged", "conflicted", "merged"]
    back = authors.show(ids[1])
    assert back.reason == "conflicts with the target in file-0.txt"
    # Whoever made the other side of it is told too.
    told = Path(str(back.log)).read_text()
    assert "demo/ann: one\n" in told.partition("on main, in these files:")[2], told
    assert "rival" in told.partition("on the branch, in these files:")[2], told
    assert authors.count_runs() == 1


def test_what_the_target_has_already_is_done_and_told_in_one_line(authors: Authors) -> None:
    town = authors.quiet.town
    first, same = (authors.submit(name, {"same": "same\n"}) for name in ("first", "same"))
    landing.run_refinery(town)
    found = authors.show(same)
    assert (authors.show(first).state, found.state, found.reason) == (
        "merged", "superseded", "main has these changes already",
    )  # fmt: skip
    bead = get_bead(town.db, found.bead)
    assert (bead.state, bead.reason, authors.landed()) == ("closed", "done", ["first"])
    mails = [path.read_text() for path in Path(town.mail / authors.address.folder).glob("new/*")]
    assert sum(f"{bead.id} is closed: main has these changes already" in mail for mail in mails) == 1
    assert not list_escalations(town.db)


@pytest.mark.parametrize("strategy", ["squash", "merge"])
def test_a_stack_in_one_batch(authors: Authors, strategy: str) -> None:
    """Queued from its top: each lands as its own changes, once."""
    set_key(authors.quiet.town, "merge.strategy", strategy)
    authors.gate("true")
    bottom = authors.submit("bottom", {"shared": "1\n2\n3\n"})
    head = authors.show(bottom).head
    top = authors.submit("top", {"shared": "1\n2\n3\n4\n"}, on=head)
    with authors.quiet.town.change() as change:
        change.execute("UPDATE beads SET priority = 4 WHERE id = ?", authors.show(bottom).bead)
    assert (authors.show(top).position, authors.show(bottom).position) == (1, 2)
    landing.run_refinery(authors.quiet.town)
    found = [authors.show(id) for id in (bottom, top)]
    assert [request.state for request in found] == ["merged", "merged"], found
    first, second = (str(request.merged_commit) for request in found)
    assert git(authors.quiet.project, "rev-parse", f"{second}^1") == first
    assert git(authors.quiet.project, "show", f"{first}:shared") == "1\n2\n3"
    assert git(authors.quiet.project, "diff", "--numstat", first, second) == "1\t0\tshared"
    assert authors.count_runs() == 1


def test_urgent_first_needs_before_and_an_hour_is_worth_a_step(authors: Authors) -> None:
    set_key(authors.quiet.town, "merge.batch", 1)
    ids = {name: authors.submit(name) for name in ("old", "plain", "needed", "urgent", "needs")}
    beads = {name: authors.show(id).bead for name, id in ids.items()}
    with authors.quiet.town.change() as change:
        change.execute("UPDATE beads SET priority = 3 WHERE id IN (?, ?)", beads["old"], beads["needed"])
        change.execute("UPDATE beads SET priority = 0 WHERE id IN (?, ?)", beads["urgent"], beads["needs"])
        old = "UPDATE merge_requests SET created = strftime('%Y-%m-%dT%H:%M:%fZ', created, '-4 hours') WHERE id = ?"
        change.execute(old, ids["old"])
        set_needs(change, beads["needs"], [beads["needed"]])
    landing.run_refinery(authors.quiet.town)
    assert authors.landed() == ["old", "urgent", "needed", "needs", "plain"]


def test_what_needs_one_that_came_back_waits_and_says_so(authors: Authors) -> None:
    authors.gate("! test -e bad")
    bad, needs = authors.submit("bad"), authors.submit("needs")
    with authors.quiet.town.change() as change:
        set_needs(change, authors.show(needs).bead, [authors.show(bad).bead])
    landing.run_refinery(authors.quiet.town)
    waiting = authors.show(needs)
    assert (waiting.state, waiting.reason) == ("queued", f"waits for {authors.show(bad).bead}")
    assert authors.landed() == []


def test_a_request_that_is_rejected_while_its_batch_is_tested_is_not_in_it(authors: Authors) -> None:
    """And the others are tested again without it."""
    ids = [authors.submit(name) for name in ("one", "two", "three")]
    gt = authors.gt("reject", ids[1])
    authors.gate(f"test ! -e two || {gt}")
    landing.run_refinery(authors.quiet.town)
    assert [authors.show(id).state for id in ids] == ["merged", "rejected", "merged"]
    assert authors.landed() == ["one", "three"] and authors.count_runs() == 2


def test_a_tree_that_passed_is_not_asked_again_and_a_flaky_gate_is_counted(authors: Authors) -> None:
    set_key(authors.quiet.town, "merge.retries", 1)
    authors.gate(f"test $(wc -l < {authors.runs}) -ne 1")
    hook = authors.quiet.project / ".git/hooks/pre-receive"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    id = authors.submit("one")
    for _ in range(2):
        landing.run_refinery(authors.quiet.town)
        found = authors.show(id)
        assert found.state == "queued" and " refuses: " in str(found.reason)
        queue.retry(authors.quiet.town, found)
    hook.unlink()
    landing.run_refinery(authors.quiet.town)
    assert (authors.show(id).state, authors.show(id).retries, authors.count_runs()) == ("merged", 1, 2)
    # Of other gates nothing is known.
    authors.gate("true; true")
    authors.submit("two")
    landing.run_refinery(authors.quiet.town)
    assert authors.count_runs() == 3


def test_one_that_the_remote_refuses_keeps_no_other_from_landing(authors: Authors) -> None:
    authors.gate("true")
    hook = authors.quiet.project / ".git/hooks/update"
    hook.write_text('#!/bin/sh\n! git diff --name-only "$2" "$3" | grep -q forbidden\n')
    hook.chmod(0o755)
    ids = [authors.submit(name) for name in ("one", "forbidden", "two")]
    landing.run_refinery(authors.quiet.town)
    assert [authors.show(id).state for id in ids] == ["merged", "queued", "merged"]
    assert " refuses: " in str(authors.show(ids[1]).reason)


def test_a_gate_without_a_verdict_costs_nobody_anything(authors: Authors) -> None:
    for end in ("exit 75", "kill -9 $$"):
        authors.gate(end)
        id = authors.submit(f"one-{len(end)}")
        landing.run_refinery(authors.quiet.town)
        found = authors.show(id)
        assert found.state == "queued" and "gave no verdict" in str(found.reason)
    assert authors.landed() == []


def test_a_paused_queue_lands_nothing_not_even_what_is_tested(authors: Authors) -> None:
    town = authors.quiet.town
    gt = authors.gt("pause", "--rig", "demo", "-m", "why")
    authors.gate(gt)
    first = authors.submit("one")
    landing.run_refinery(town)
    assert (authors.show(first).state, authors.landed()) == ("queued", [])
    second = authors.submit("two")
    assert landing.run_refinery(town).text == "nothing is due; the merge queue of demo is paused"
    assert not list_rigs_with_work(town.db, clock.now()) and town.rig("demo").queue_reason == "why"
    assert [request.reason for request in list_merge_requests(town) if request.id == second] == ["the queue is paused"]
    assert "the merge queue of demo is paused: why: gt mq resume --rig demo" in status(town).notes
    assert pause_queue(town).text == "the merge queue of demo is paused already"
    authors.gate("true")
    assert resume_queue(town, town.rig("demo")).text == "the merge queue of demo is running"
    landing.run_refinery(town)
    assert authors.landed() == ["one", "two"]


def test_gates_that_never_give_a_verdict_pause_the_queue_and_somebody_is_asked(
    authors: Authors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delays, "PATIENCE", 2)
    monkeypatch.setattr(verdicts, "DELAYS", (0.0,))
    town = authors.quiet.town
    authors.gate("exit 75")
    ids = [authors.submit(name) for name in ("one", "two")]
    landing.run_refinery(town)
    assert authors.count_runs() == 2 and town.rig("demo").queue == "paused"
    [asked] = list_escalations(town.db)
    assert "gave no verdict (status 75)" in asked.text and asked.text.endswith("gt mq resume --rig demo")
    authors.gate("true")
    resume_queue(town)
    assert [found.state for found in list_escalations(town.db)] == ["resolved"]
    landing.run_refinery(town)
    assert {authors.show(id).state for id in ids} == {"merged"}


def test_gates_come_before_a_persons_review_and_an_approval_is_for_the_head(authors: Authors) -> None:
    """Each is tested by itself on the target; approved, it is merged with what has landed since, and tested anew."""
    town = authors.quiet.town
    set_key(town, "merge.review", True)
    authors.gate("! ls | grep bad")
    one, bad, two = (authors.submit(name) for name in ("one", "bad", "two"))
    landing.run_refinery(town)
    assert [authors.show(id).state for id in (one, bad, two)] == ["held", "rejected", "held"]
    assert (authors.show(two).reason, authors.count_runs()) == ("test ✓, waits for a person", 3)
    assert (
        git(town.repository(RigName("demo")).path, "ls-tree", "--name-only", str(authors.show(two).tested_in)).split()[
            -1
        ]
        == "two"
    )
    for id in (two, one):
        queue.approve(town, authors.show(id))
        landing.run_refinery(town)
        assert authors.show(id).state == "merged"
    # The first of them is the tree that was tested; the other meets it on the target.
    assert authors.landed() == ["two", "one"] and authors.count_runs() == 4
    # Who approves while it is tested need not do so again.
    three = authors.submit("three")
    authors.gate(authors.gt("approve", three))
    landing.run_refinery(town)
    assert authors.show(three).state == "merged"


def test_what_is_built_on_what_is_held_waits_for_it(authors: Authors) -> None:
    set_key(authors.quiet.town, "merge.review", True)
    bottom = authors.submit("bottom")
    top = authors.submit("top", on=authors.show(bottom).head)
    queue.approve(authors.quiet.town, authors.show(top))
    landing.run_refinery(authors.quiet.town)
    assert (authors.show(bottom).state, authors.show(top).reason) == ("held", f"waits for {bottom}")
    queue.approve(authors.quiet.town, authors.show(bottom))
    landing.run_refinery(authors.quiet.town)
    assert authors.landed() == ["bottom", "top"]


def test_what_a_running_gate_prints_is_shown_of_each_in_the_batch(authors: Authors) -> None:
    shown = authors.quiet.project.with_name("shown")
    one, two = authors.submit("one"), authors.submit("two")
    look = f"until {authors.gt('show', one)} | grep -q 'line 12'; do :; done; {authors.gt('show', one)} > {shown}"
    authors.gate(f"seq -f 'line %g' 12; {look}")
    landing.run_refinery(authors.quiet.town)
    assert authors.show(two).state == "merged"
    assert "the gates print:\nline 3\n" in shown.read_text()
    assert queue.show_merge_request(authors.quiet.town, authors.show(one)).gate is None


def test_what_a_running_gate_prints_is_shown_to_whoever_looks_on(authors: Authors) -> None:
    """While it runs: it ends when its word was seen."""
    seen, lines = authors.quiet.project.with_name("seen"), list[str]()

    def show(line: str) -> None:
        lines.append(line)
        if line == "ready 99":
            seen.touch()

    gates = [
        {"name": name, "run": f"seq -f '{name} %g' 99; until test -e {seen}; do :; done; printf over", **more}
        for name, more in (("ready", {"parallel": True}), ("beside", {"parallel": True}))
    ]
    set_key(authors.quiet.town, "merge.gates", gates)
    id = authors.submit("one")
    with shown(show):
        landing.run_refinery(authors.quiet.town)
    assert authors.show(id).state == "merged"
    assert "ready 99" in lines and lines.count("over") == 2 and any(line.startswith("[... ") for line in lines)
