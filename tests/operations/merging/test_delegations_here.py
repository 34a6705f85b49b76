"""The side of home: what a host says becomes rows and branches here, whatever it says, and once."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gastown_tmux.domain.addresses import MAYOR, Address
from gastown_tmux.domain.delegations import Outcome, Stage
from gastown_tmux.domain.ids import BeadId
from gastown_tmux.domain.work import BeadState, Reason
from gastown_tmux.edges.hosts.prefix import AwayError
from gastown_tmux.errors import RefusedError
from gastown_tmux.operations.maintenance.host_checks import examine_hosts
from gastown_tmux.operations.merging.delegations import attend
from gastown_tmux.operations.merging.landing import run_refinery
from gastown_tmux.operations.town.configuration import set_key
from gastown_tmux.operations.work.bead_story import list_beads, show_bead
from gastown_tmux.operations.work.beads import reopen_bead
from gastown_tmux.operations.work.giving_away import give_to_hosts
from gastown_tmux.operations.work.sling import sling, unsling
from gastown_tmux.operations.work.waiting import explain_bead
from gastown_tmux.operations.workforce import hosts
from gastown_tmux.operations.workforce.rigs import remove_rig
from gastown_tmux.store import beads, delegations, escalations
from gastown_tmux.store import hosts as host_rows
from gastown_tmux.store.merging import get_merge_request, list_merge_requests
from gastown_tmux.store.meta import set_wanted
from tests.journeys.town_world import git
from tests.operations.quiet_town import QuietTown, make_quiet_town

FACTS = {"protocol": 1, "version": "9", "key": "k", "path": "/t", "agents": 0, "places": 2, "providers": ["runbook"]}
#: ``gt --town T errand VERB -``: it keeps what it is told, and answers as the test has it.
GT = """#!/bin/sh
[ "$1" = --version ] && exec echo gt 9
[ "$1$3" != "$1${3#host}" ] || [ "$1" = host ] && exec cat "$HOME/facts"
cat > "$HOME/told.$4"
cat "$HOME/told.$4" >> "$HOME/told"; echo >> "$HOME/told"
cat "$HOME/answer.$4"
"""


@dataclass
class Scripted:
    """A host that answers as the test has it, with a repository of its own."""

    quiet: QuietTown
    home: Path

    @property
    def project(self) -> Path:
        return self.home / "repo"

    def answer(self, verb: str, value: Any) -> None:
        (self.home / f"answer.{verb}").write_text(json.dumps(value))

    def told(self) -> list[dict[str, Any]]:
        path = self.home / "told"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def item(self, bead: BeadId, state: str, **more: Any) -> dict[str, Any]:
        one = delegations.list_of_bead(self.quiet.town.db, bead)[0]
        known = {
            "delegation": one.id,
            "theirs": bead,
            "rig": "demo",
            "bead": "de-there",
            "state": state,
            "reason": None,
        }
        return {**known, "worker": "demo/toast", "repository": str(self.project), "head": None, "base": None, **more}

    def says(self, bead: BeadId, state: str, **more: Any) -> dict[str, Any]:
        """What it answers from now on, to all that it is asked."""
        item = self.item(bead, state, **more)
        self.answer("list", {"items": [item]})
        self.answer("answer", item)
        self.answer("take", item)
        return item

    def commit(self, name: str, text: str) -> tuple[str, str]:
        """Head and base of work there."""
        base = git(self.project, "rev-parse", "origin/main")
        git(self.project, "checkout", "-q", "-B", "work", base)
        (self.project / name).write_text(text)
        git(self.project, "add", "-A")
        git(self.project, "commit", "-qm", text)
        return git(self.project, "rev-parse", "HEAD"), base

    def pass_(self) -> None:
        attend(self.quiet.town, "box")


@pytest.fixture
def box(short_tmp: Path) -> Scripted:
    quiet = make_quiet_town(short_tmp)
    set_key(quiet.town, "provider.default", "runbook")
    quiet.town.reload_settings()
    home = short_tmp / "box"
    (home / "bin").mkdir(parents=True)
    (home / "bin" / "gt").write_text(GT)
    (home / "bin" / "gt").chmod(0o755)
    (home / "facts").write_text(json.dumps(FACTS))
    subprocess.run(["git", "clone", "-q", quiet.project, home / "repo"], check=True)
    cut = '[ ! -e "$HOME/away" ] || exit 255; exec sh -c "$*"'
    words = ["env", f"HOME={home}", f"PATH={home / 'bin'}:{os.environ['PATH']}", "sh", "-c", cut, "box"]
    hosts.add_host(quiet.town, "box", words)
    box = Scripted(quiet, home)
    box.answer("rig", {"rig": "demo", "ready": True, "pushed_to": None, "repository": str(home / "repo")})
    return box


def give(box: Scripted, title: str = "far") -> BeadId:
    """A bead that is away on the box; as with ``gt sling`` while the town is up."""
    bead = box.quiet.bead(title)
    sling(box.quiet.town.acting_as(MAYOR), [bead, "demo@box"])
    return bead


def get(box: Scripted, bead: BeadId) -> Any:
    return beads.get_bead(box.quiet.town.db, bead)


def stage(box: Scripted, bead: BeadId) -> tuple[Stage, Outcome | None]:
    one = delegations.list_of_bead(box.quiet.town.db, bead)[0]
    return one.stage, one.outcome


def test_given_in_one_step_and_told_again_until_the_host_knows(box: Scripted) -> None:
    bead = give(box)
    found = get(box, bead)
    assert (found.state, found.host, found.attempts) == (BeadState.AWAY, "box", 1)
    assert sling(box.quiet.town.acting_as(MAYOR), [bead, "demo@box"]).text == f"{bead} is given to box"
    with pytest.raises(RefusedError, match=f"{bead} is held by host box"):
        sling(box.quiet.town.acting_as(MAYOR), [bead, "demo"])
    (box.home / "away").touch()
    with pytest.raises(AwayError):
        box.pass_()
    assert stage(box, bead)[0] is Stage.GIVEN
    [wait] = explain_bead(box.quiet.town, get(box, bead))
    assert wait.reason.startswith("box has it; box cannot be reached")
    (box.home / "away").unlink()
    box.says(bead, "hooked")
    box.answer("list", {"items": []})
    box.pass_()
    assert stage(box, bead)[0] is Stage.THERE
    keys = {told["delegation"] for told in box.told() if "delegation" in told}
    assert keys == {found.delegation}
    box.says(bead, "working")
    box.pass_()
    assert [each.reason for each in explain_bead(box.quiet.town, get(box, bead))] == ["box has it: it is working there"]
    [line] = list_beads(box.quiet.town, state="away")
    assert (line.assignee, show_bead(box.quiet.town, get(box, bead)).assignee) == ("demo/toast@box",) * 2
    assert [line.id for line in list_beads(box.quiet.town, assignee=Address("demo/toast@box"))] == [bead]
    assert list_beads(box.quiet.town, assignee=Address("demo/toast")) == []


def test_a_host_has_work_for_the_programs_that_a_person_lets_it_have(box: Scripted) -> None:
    town = box.quiet.town
    with town.change() as change:
        change.execute('UPDATE hosts SET providers = \'["claude", "runbook"]\', allowed = \'["claude"]\'')
    bead = box.quiet.bead("for the runbook")
    with pytest.raises(RefusedError, match="host box is not for runbook: it has claude"):
        sling(town.acting_as(MAYOR), [bead, "demo@box"], provider="runbook")
    bead = give(box)
    box.says(bead, "hooked")
    box.answer("list", {"items": []})
    box.pass_()
    assert [told["provider"] for told in box.told() if "start" in told] == ["claude"]


def test_what_a_host_cannot_take_is_told_with_the_way_out(box: Scripted) -> None:
    bead = give(box)
    (box.home / "answer.list").write_text('{"items": []}')  # the rest of its answers is missing
    box.pass_()
    [wait] = explain_bead(box.quiet.town, get(box, bead))
    assert wait.reason == "box has it; it cannot go on: box answers: status 1" and wait.stranded
    assert wait.next[-1] == f"gt unsling {bead} --force"
    # It is not removed while it has something of ours, or is still to be told of it.
    host = host_rows.get_host(box.quiet.town.db, "box")
    with pytest.raises(RefusedError, match=f"box has beads: {bead}"):
        hosts.remove_host(box.quiet.town, host)
    unsling(box.quiet.town, get(box, bead), force=True)
    with box.quiet.town.change() as change:
        set_wanted(change, True)
    with pytest.raises(RefusedError, match=f"box is to be told what became of {bead}"):
        hosts.remove_host(box.quiet.town, host)
    hosts.park_host(box.quiet.town, host)
    hosts.remove_host(box.quiet.town, host_rows.get_host(box.quiet.town.db, "box"))


def test_a_fresh_bead_is_given_in_one_question(box: Scripted) -> None:
    bead = give(box)
    box.says(bead, "hooked")
    remote = "https://git.example.org/demo.git"
    with box.quiet.town.change() as change:
        change.execute("UPDATE rigs SET remote = ?", remote)
    box.pass_()
    [told] = box.told()
    assert (told["start"], told["place"]["rig"], told["place"]["remote"]) == (True, "demo", remote)
    assert stage(box, bead)[0] is Stage.THERE


def test_what_was_taken_back_before_the_host_was_heard_of_is_asked_for_and_told(box: Scripted) -> None:
    bead = give(box)
    box.says(bead, "working")
    unsling(box.quiet.town, get(box, bead), force=True)
    box.pass_()
    assert {told["outcome"] for told in box.told() if "outcome" in told} == {"revoked"}


def test_its_branch_lands_here_and_the_host_is_told(box: Scripted) -> None:
    bead = give(box)
    head, base = box.commit("far.txt", "far\n")
    item = box.says(bead, "submitted", head=head, base=base)
    for _ in range(2):
        box.pass_()
    found = get(box, bead)
    request = get_merge_request(box.quiet.town.db, found.merge_request)
    assert (found.state, request.head, request.author) == (BeadState.SUBMITTED, head, "demo/toast@box")
    assert len(list_merge_requests(box.quiet.town.db)) == 1
    run_refinery(box.quiet.town)
    assert get(box, bead).state is BeadState.MERGED
    assert git(box.quiet.project, "show", "main:far.txt") == "far"
    box.answer("answer", item | {"state": "merged"})
    box.pass_()
    assert stage(box, bead) == (Stage.ENDED, Outcome.LANDED)
    last = box.told()[-1]
    assert (last["outcome"], last["commit"], last["head"]) == ("landed", get(box, bead).merged_commit, head)
    assert get(box, bead).host == "box"


def test_a_newer_head_takes_the_place_of_the_one_that_waits(box: Scripted) -> None:
    bead = give(box)
    head, base = box.commit("far.txt", "one\n")
    box.says(bead, "submitted", head=head, base=base)
    box.pass_()
    newer, base = box.commit("far.txt", "two\n")
    box.says(bead, "submitted", head=newer, base=base)
    box.pass_()
    states = {each.head: each.state for each in list_merge_requests(box.quiet.town.db)}
    assert states == {head: "superseded", newer: "queued"}


def test_what_the_refinery_refuses_goes_back_with_its_log_and_comes_again(box: Scripted) -> None:
    bead = give(box)
    head, base = box.commit("file-0.txt", "theirs\n")
    (box.quiet.project / "file-0.txt").write_text("ours\n")
    git(box.quiet.project, "commit", "-qam", "ours")
    box.says(bead, "submitted", head=head, base=base)
    box.pass_()
    run_refinery(box.quiet.town)
    found = get(box, bead)
    assert (found.state, found.reason) == (BeadState.OPEN, "conflicted")
    # Nobody here is given it meanwhile.
    with pytest.raises(RefusedError, match="goes back to host box"):
        sling(box.quiet.town, [bead, "demo"])
    assert [each.reason for each in explain_bead(box.quiet.town, found)] == ["it goes back to box, conflicted"]
    box.answer("answer", box.item(bead, "open", reason="conflicted", head=head, base=base))
    box.pass_()
    told = box.told()[-1]
    assert (told["outcome"], told["reason"], told["head"]) == ("refused", "conflicted", head)
    assert "file-0.txt" in told["log"]
    found = get(box, bead)
    assert (found.state, found.attempts, stage(box, bead)[0]) == (BeadState.AWAY, 2, Stage.THERE)
    git(box.project, "fetch", "-q", "origin")
    again, base = box.commit("other.txt", "mended\n")
    box.says(bead, "submitted", head=again, base=base)
    box.pass_()
    run_refinery(box.quiet.town)
    assert get(box, bead).state is BeadState.MERGED


def test_taken_back_its_late_work_is_kept_and_lands_nowhere(box: Scripted) -> None:
    bead = give(box)
    box.says(bead, "working")
    box.pass_()
    with pytest.raises(RefusedError, match="would not land") as error:
        unsling(box.quiet.town, get(box, bead))
    assert error.value.hint == f"gt unsling {bead} --force"
    late = delegations.list_of_bead(box.quiet.town.db, bead)[0]
    assert "lands nowhere" in unsling(box.quiet.town, get(box, bead), force=True).text
    found = get(box, bead)
    assert (found.state, found.host, found.reason) == (BeadState.OPEN, None, "unslung")
    head, base = box.commit("late.txt", "late\n")
    item = box.item(bead, "submitted", head=head, base=base)
    # It is given out anew, to the same box even.
    sling(box.quiet.town.acting_as(MAYOR), [bead, "demo@box"])
    fresh = delegations.list_of_bead(box.quiet.town.db, bead)
    assert len(fresh) == 2
    box.answer("list", {"items": [item | {"delegation": late.id}]})
    box.answer("answer", item | {"state": "closed", "reason": "wontdo", "delegation": late.id})
    box.answer("take", box.item(bead, "hooked"))
    for _ in range(2):
        box.pass_()
    assert delegations.get_delegation(box.quiet.town.db, late.id).stage is Stage.ENDED
    [request] = list_merge_requests(box.quiet.town.db)
    assert (request.state, request.head, request.branch) == ("superseded", head, f"superseded/{bead}.{late.id}")
    assert box.quiet.town.repository(box.quiet.rig.name).resolve(f"refs/heads/{request.branch}") == head
    run_refinery(box.quiet.town)
    assert get(box, bead).state is BeadState.AWAY
    assert "late.txt" not in git(box.quiet.project, "ls-tree", "--name-only", "main")


def test_taken_back_out_of_the_queue_it_is_not_landed(box: Scripted) -> None:
    bead = give(box)
    head, base = box.commit("far.txt", "far\n")
    item = box.says(bead, "submitted", head=head, base=base)
    box.pass_()
    unsling(box.quiet.town, get(box, bead), force=True)
    run_refinery(box.quiet.town)
    assert get(box, bead).state is BeadState.OPEN
    box.answer("answer", item | {"state": "closed", "reason": "wontdo"})
    box.pass_()
    assert stage(box, bead) == (Stage.ENDED, Outcome.REVOKED)
    # Whoever gets it next goes on with what was done.
    assert box.quiet.town.repository(box.quiet.rig.name).resolve(f"refs/heads/bead/{bead}") == head


def test_what_the_host_gives_back_is_the_same_here(box: Scripted) -> None:
    asked, text = give(box, "asks"), give(box, "text")
    head, base = box.commit("half.txt", "half\n")
    question = box.item(asked, "open", reason="escalated", words="de-there: which way?", head=head, base=base)
    report = box.item(text, "closed", reason="done", report="all is well")
    box.answer("list", {"items": [question, report]})
    box.answer("answer", question | {"state": "closed", "reason": "wontdo"})
    box.pass_()
    found = get(box, asked)
    assert (found.state, found.reason, found.host, found.branch) == (BeadState.OPEN, "escalated", None, f"bead/{asked}")
    assert "which way?" in escalations.list_escalations(box.quiet.town.db)[0].text
    closed = get(box, text)
    assert (closed.state, closed.reason, closed.report) == (BeadState.CLOSED, Reason.DONE, "all is well")
    box.answer("list", {"items": [report]})
    box.pass_()
    reopen_bead(box.quiet.town, closed)
    assert get(box, text).host is None
    sling(box.quiet.town.acting_as(MAYOR), [text, "demo@box"])
    assert get(box, text).state is BeadState.AWAY
    unsling(box.quiet.town, get(box, text), force=True)
    assert {stage(box, bead) for bead in (asked, text)} == {
        (Stage.ENDED, Outcome.ANSWERED), (Stage.GIVEN, None)
    }  # fmt: skip


def test_work_that_no_row_here_knows_of_is_kept_and_ended(box: Scripted) -> None:
    """Home was restored from a backup of before."""
    bead = give(box)
    head, base = box.commit("far.txt", "far\n")
    lost = box.item(bead, "submitted", head=head, base=base, delegation="dg-unknown")
    box.answer("list", {"items": [lost, box.item(bead, "working")]})
    box.answer("answer", lost | {"state": "closed", "reason": "wontdo"})
    box.pass_()
    one = delegations.get_delegation(box.quiet.town.db, "dg-unknown")
    assert (one.stage, one.head) == (Stage.ENDED, head)
    assert [each.state for each in list_merge_requests(box.quiet.town.db)] == ["superseded"]
    assert get(box, bead).state is BeadState.AWAY


@pytest.mark.parametrize("answer", ["", "[1", '{"items": 7}', '{"items": [{"delegation": 1}]}', '{"items": [null]}'])
def test_garbage_from_a_host_changes_nothing(box: Scripted, answer: str) -> None:
    bead = give(box)
    box.says(bead, "working")
    box.pass_()
    (box.home / "answer.list").write_text(answer)
    (box.home / "answer.take").write_text("rubbish")
    try:
        box.pass_()
    except Exception as error:  # noqa: BLE001
        assert "does not answer with JSON" in str(error)
    assert get(box, bead).state is BeadState.AWAY
    assert list_merge_requests(box.quiet.town.db) == []


def test_a_host_that_is_full_or_parked_waits_and_home_spills_over_where_the_rig_allows(box: Scripted) -> None:
    town = box.quiet.town
    for title in ("one", "two"):
        give(box, title)
    third = give(box, "three")
    assert (get(box, third).state, get(box, third).target) == (BeadState.OPEN, "demo@box")
    [wait] = explain_bead(town, get(box, third))
    assert (wait.what, wait.reason) == ("host", "it waits for room on box, which is on")
    with town.change() as change:
        change.execute("UPDATE meta SET value = 'up' WHERE key = 'wanted'")
    assert give_to_hosts(town) == []
    with town.change() as change:
        change.execute("UPDATE hosts SET places = 3")
    assert give_to_hosts(town) == [(third, "box")]
    with town.change() as change:
        change.execute("UPDATE hosts SET places = 4")
        host_rows.park_host(change, "box", True)
    with pytest.raises(RefusedError, match="host box is parked"):
        give(box, "four")
    with town.change() as change:
        host_rows.park_host(change, "box", False)
    # Home has no place at all, and the rig allows nobody; then this host.
    settings = town.path / "rigs" / "demo" / "settings" / "config.json"
    settings.write_text('{"limits": {"agents": 1}}')
    box.quiet.hook(box.quiet.bead("busy"))
    town.reload_settings()
    waits = box.quiet.bead("waits")
    with town.change() as change:
        beads.note_target(change, waits, "demo", None)
    assert give_to_hosts(town) == []
    settings.write_text('{"limits": {"agents": 1}, "hosts": {"allowed": ["box"]}}')
    town.reload_settings()
    assert give_to_hosts(town) == [(waits, "box")]


def test_a_host_with_beads_is_not_removed(box: Scripted) -> None:
    bead = give(box)
    host = host_rows.get_host(box.quiet.town.db, "box")
    assert hosts.show_host(box.quiet.town, host).beads == 1
    with pytest.raises(RefusedError, match=f"box has beads: {bead}"):
        hosts.remove_host(box.quiet.town, host)
    unsling(box.quiet.town, get(box, bead), force=True)
    hosts.remove_host(box.quiet.town, host)
    assert stage(box, bead)[0] is Stage.ENDED


def test_the_head_of_a_host_must_be_a_commit(box: Scripted) -> None:
    bead = give(box)
    box.says(bead, "submitted", head="--upload-pack=touch /tmp/x", base="HEAD")
    box.pass_()
    assert get(box, bead).state is BeadState.AWAY


KILLED_ONCE = """
import os, sys
from pathlib import Path
from gastown_tmux.domain.addresses import OVERSEER
from gastown_tmux.operations.merging.delegations import attend
from gastown_tmux.operations.town.town import Town
attend(Town(Path(sys.argv[1]), OVERSEER, dict(os.environ)), "box")
"""


def killed(box: Scripted, point: str) -> None:
    """A pass that dies there, and one that does not."""
    words = [sys.executable, "-c", KILLED_ONCE, str(box.quiet.town.path)]
    done = subprocess.run(words, env={**os.environ, "GT_FAULT": point}, timeout=60)
    assert done.returncode == -9, point
    box.pass_()


def test_killed_at_any_step_it_lands_once(box: Scripted) -> None:
    bead = give(box)
    box.says(bead, "hooked")
    box.answer("list", {"items": []})
    killed(box, "delegation.give")
    box.answer("list", {"items": []})  # the host was restored from before
    killed(box, "delegation.prepared")
    assert len({told["delegation"] for told in box.told() if "title" in told}) == 1
    head, base = box.commit("far.txt", "far\n")
    item = box.says(bead, "submitted", head=head, base=base)
    killed(box, "delegation.fetched")
    newer, base = box.commit("far.txt", "newer\n")
    item = box.says(bead, "submitted", head=newer, base=base)
    killed(box, "delegation.queued")
    run_refinery(box.quiet.town)
    assert get(box, bead).state is BeadState.MERGED
    box.answer("answer", item | {"state": "merged"})
    killed(box, "delegation.finish")
    assert stage(box, bead) == (Stage.ENDED, Outcome.LANDED)
    assert git(box.quiet.project, "log", "--format=%s", "main").split("\n") == ["far", "first"]
    assert git(box.quiet.project, "show", "main:far.txt") == "newer"


def test_doctor_asks_hosts_and_names_what_is_wrong(box: Scripted) -> None:
    bead = give(box)
    assert list(examine_hosts(box.quiet.town, False)) == []
    (box.home / "away").touch()
    [finding] = examine_hosts(box.quiet.town, False)
    assert (finding.level, finding.hint) == ("warning", "gt host check box")
    (box.home / "away").unlink()
    (box.home / "facts").write_text(json.dumps(FACTS | {"protocol": 99}))
    [finding] = examine_hosts(box.quiet.town, False)
    assert (finding.level, finding.hint) == ("error", "upgrade gt here")
    with box.quiet.town.change() as change:
        change.execute("DELETE FROM hosts")
    [finding] = examine_hosts(box.quiet.town, False)
    assert finding.what == f"{bead} is at host box, which is not known"


def test_a_name_that_a_host_says_becomes_no_author_unless_it_is_one(box: Scripted) -> None:
    bead = give(box)
    head, base = box.commit("far.txt", "far\n")
    box.says(bead, "submitted", head=head, base=base, worker="demo/x\nGastown-Bead: de-other")
    box.pass_()
    [request] = list_merge_requests(box.quiet.town.db)
    assert request.author == "demo/box@box"


def test_what_had_ended_and_lives_again_there_is_told_again(box: Scripted) -> None:
    """The host was put back to an earlier state."""
    bead = give(box)
    unsling(box.quiet.town, get(box, bead), force=True)
    box.answer("list", {"items": []})
    box.pass_()
    assert stage(box, bead) == (Stage.ENDED, Outcome.REVOKED)
    head, base = box.commit("late.txt", "late\n")
    item = box.item(bead, "submitted", head=head, base=base)
    box.answer("list", {"items": [item]})
    box.answer("answer", item | {"state": "closed", "reason": "wontdo"})
    box.pass_()
    assert [each.state for each in list_merge_requests(box.quiet.town.db)] == ["superseded"]
    assert box.told()[-1]["outcome"] == "revoked"
    assert stage(box, bead) == (Stage.ENDED, Outcome.REVOKED)


def test_a_rig_that_was_removed_here_keeps_no_pass_from_its_end(box: Scripted) -> None:
    bead = give(box)
    head, base = box.commit("far.txt", "far\n")
    item = box.item(bead, "submitted", head=head, base=base)
    remove_rig(box.quiet.town, box.quiet.rig, force=True)
    box.answer("list", {"items": [item]})
    box.answer("answer", item | {"state": "closed", "reason": "wontdo"})
    box.pass_()
    assert box.told()[-1]["outcome"] == "revoked"
    assert delegations.list_open(box.quiet.town.db) == []


def test_what_was_refused_thrice_is_a_persons_also_while_the_host_is_away(box: Scripted) -> None:
    bead = give(box)
    head, base = box.commit("file-0.txt", "theirs\n")
    (box.quiet.project / "file-0.txt").write_text("ours\n")
    git(box.quiet.project, "commit", "-qam", "ours")
    box.says(bead, "submitted", head=head, base=base)
    box.pass_()
    with box.quiet.town.change() as change:
        change.execute("UPDATE beads SET attempts = 3")
    run_refinery(box.quiet.town)
    assert get(box, bead).reason == "escalated"
    (box.home / "away").touch()
    sling(box.quiet.town.acting_as(MAYOR), [bead, "demo@box"])
    assert [each.stage for each in delegations.list_of_bead(box.quiet.town.db, bead)] == [Stage.GIVEN, Stage.HERE]
    (box.home / "away").unlink()
    box.answer("answer", box.item(bead, "closed", reason="wontdo", head=head, base=base))
    box.answer("take", box.item(bead, "hooked"))
    box.pass_()
    assert get(box, bead).state is BeadState.AWAY
    assert [each.stage for each in delegations.list_of_bead(box.quiet.town.db, bead)] == [Stage.THERE, Stage.ENDED]
