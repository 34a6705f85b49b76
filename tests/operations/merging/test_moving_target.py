"""Somebody else moves the target while the gates run: another rig of the town, or anybody at all."""

import os
import threading
from pathlib import Path

import pytest

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.ids import BeadId
from gastown_tmux.domain.merging import MergeRequest
from gastown_tmux.edges.git import push
from gastown_tmux.operations.hooks.worktrees import find_base, prepare_hook
from gastown_tmux.operations.merging import landing, verdicts
from gastown_tmux.operations.town.configuration import set_key
from gastown_tmux.operations.work import worker
from gastown_tmux.operations.workforce.rigs import add_rig
from gastown_tmux.operations.workforce.workers import add_polecat
from gastown_tmux.store.beads import insert_bead, sling_bead
from gastown_tmux.store.merging import list_merge_requests
from tests.journeys.town_world import git
from tests.operations.merging.test_batches import Authors
from tests.operations.quiet_town import QuietTown


@pytest.fixture
def authors(quiet: QuietTown) -> Authors:
    return Authors(quiet)


def submit(quiet: QuietTown, rig_name: str, name: str) -> None:
    town, rig = quiet.town, quiet.town.rig(rig_name)
    with town.change() as change:
        bead = insert_bead(change, rig.name, rig.prefix, title=name, body="", priority=2, labels=(), needs=())
    address = Address(f"{rig_name}/{name}")
    add_polecat(town, name, rig)
    with town.change() as change:
        sling_bead(change, BeadId(bead), address)
    place = prepare_hook(town, rig, address, find_base(town, rig))
    (place / name).touch()
    git(place, "add", "-A")
    git(place, "commit", "-qm", name)
    own = town.acting_as(address)
    worker.done(own)
    own.close()


def test_two_rigs_on_one_branch_of_one_remote_land_in_turns(quiet: QuietTown) -> None:
    """Without a single test in vain."""
    town, runs = quiet.town, quiet.project.with_name("runs")
    add_rig(town, "other", str(quiet.project))
    set_key(town, "merge.batch", 1)
    # Whoever tests at the same time sees the other's folder.
    inside = quiet.project.with_name("inside")
    run = f"echo x >> {runs}; mkdir {inside} && sleep 0.1 && rmdir {inside}"
    set_key(town, "merge.gates", [{"name": "g", "run": run}])
    for number in range(2):
        submit(quiet, "demo", f"ours-{number}")
        submit(quiet, "other", f"theirs-{number}")
    failures: list[BaseException] = []

    def land(name: str) -> None:
        own = town.acting_as(town.actor)
        try:
            landing.run_refinery(own, own.rig(name))
        except BaseException as error:  # noqa: BLE001
            failures.append(error)
        finally:
            own.close()

    threads = [threading.Thread(target=land, args=(name,)) for name in ("demo", "other")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    found: list[MergeRequest] = list_merge_requests(town.db)
    assert [(one.state, one.overtaken) for one in found] == [("merged", 0)] * 4, found
    assert len(runs.read_text().split()) == 4


def push_while_tested(authors: Authors, times: int) -> Path:
    """Somebody pushes a commit to the target at each of the first so many tests; ``pushed`` counts them."""
    clone, pushed = authors.quiet.project.with_name("clone"), authors.quiet.project.with_name("pushed")
    git(authors.quiet.project, "config", "receive.denyCurrentBranch", "updateInstead")
    git(clone.parent, "clone", "-q", str(authors.quiet.project), str(clone))
    authors.gate(
        f"n=$(cat {pushed} 2>/dev/null || echo 0); test $n -ge {times} || {{ echo $((n+1)) > {pushed}; cd {clone} && "
        "unset GIT_DIR && git pull -q --rebase && echo $n > person && git add person && "
        "git -c user.name=n -c user.email=n@e commit -q -m person-$n && git push -q; }"
    )
    return pushed


def test_pushes_in_a_row_by_somebody_else(authors: Authors, monkeypatch: pytest.MonkeyPatch) -> None:
    """All land, none is overwritten, and what lands is what was tested."""
    monkeypatch.setattr(verdicts, "DELAYS", (0.0,))
    pushes = int(os.environ.get("PYTEST_QUEUE_PUSHES", "6"))
    push_while_tested(authors, pushes)
    ids = [authors.submit("one"), authors.submit("two")]
    landing.run_refinery(authors.quiet.town)
    found = [authors.show(id) for id in ids]
    assert [request.state for request in found] == ["merged", "merged"], found
    assert sorted(authors.landed()) == sorted([f"person-{n}" for n in range(pushes)] + ["one", "two"])
    for request in found:
        assert request.tested_in is not None and request.overtaken >= 1
        git(authors.quiet.project, "merge-base", "--is-ancestor", str(request.merged_commit), request.tested_in)


def test_only_lost_races_are_counted_as_such(authors: Authors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verdicts, "DELAYS", (0.0, 0.0, 0.0, 0.0, 0.0, 60.0))
    authors.gate("exit 75")
    id = authors.submit("one")
    for _ in range(5):
        landing.run_refinery(authors.quiet.town, once=True)
    assert authors.show(id).attempts == 5
    seen: list[MergeRequest] = []

    def behind(*_: object, **__: object) -> push.Behind:
        seen.append(authors.show(id))
        return push.Behind(None)

    authors.gate("true")
    monkeypatch.setattr("gastown_tmux.operations.merging.publishing.push.push", behind)
    for _ in range(2):
        landing.run_refinery(authors.quiet.town, once=True)
        assert authors.show(id).reason == "main moved meanwhile"
    landing.run_refinery(authors.quiet.town, once=True)
    found = authors.show(id)
    assert found.overtaken == len(seen) == 3
    assert found.reason == "main moved meanwhile, 3 times by now: it moves faster than the gates run"
    assert found.not_before is not None
