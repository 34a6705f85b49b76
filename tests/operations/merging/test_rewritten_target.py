"""What lands is what the author did since the target as the branch knew it, whatever became of that target."""

import subprocess
from pathlib import Path

import pytest

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.merging import MergeRequest
from gastown_tmux.operations.hooks.diff import diff
from gastown_tmux.operations.hooks.worktrees import find_base
from gastown_tmux.operations.merging import landing
from gastown_tmux.operations.town.configuration import set_key
from gastown_tmux.operations.work import worker
from gastown_tmux.store.beads import get_bead
from gastown_tmux.store.escalations import list_escalations
from gastown_tmux.store.events import list_events
from gastown_tmux.store.merging import get_merge_request
from tests.journeys.town_world import git
from tests.operations.quiet_town import QuietTown


def commit(place: Path, name: str, content: str = "x\n") -> str:
    (place / name).write_text(content)
    git(place, "add", "-A")
    git(place, "commit", "-qm", name)
    return git(place, "rev-parse", "HEAD")


def drop(quiet: QuietTown, commits: int = 1) -> None:
    """Takes the newest commits of the target away, and has another there."""
    git(quiet.project, "reset", "-q", "--hard", f"HEAD~{commits}")
    commit(quiet.project, f"instead-{git(quiet.project, 'rev-list', '--count', '--all')}")


def submit(quiet: QuietTown, address: Address) -> str:
    """The merge request of what is on the agent's hook."""
    town = quiet.town.acting_as(address)
    bead = worker.done(town).value
    town.close()
    return str(get_bead(quiet.town.db, bead.id).merge_request)


def land(quiet: QuietTown, address: Address) -> MergeRequest:
    request = submit(quiet, address)
    landing.run_refinery(quiet.town)
    return get_merge_request(quiet.town.db, request)


def files(quiet: QuietTown) -> set[str]:
    return set(git(quiet.project, "ls-tree", "--name-only", "main").split()) - {f"file-{n}.txt" for n in range(3)}


def told(quiet: QuietTown) -> int:
    return sum("rewritten" in escalation.text for escalation in list_escalations(quiet.town.db))


def test_what_was_dropped_stays_dropped(quiet: QuietTown) -> None:
    commit(quiet.project, "dropped")
    address, place = quiet.hook(quiet.bead("one"))
    commit(place, "one")
    drop(quiet)
    request = land(quiet, address)
    assert request.state == "merged"
    assert {name.partition("-")[0] for name in files(quiet)} == {"one", "instead"}
    # Told once, however many land after it.
    address, place = quiet.hook(quiet.bead("two"), "two")
    commit(place, "two")
    land(quiet, address)
    assert told(quiet) == 1 and quiet.rig.rewritten is not None
    assert [event.subject for event in list_events(quiet.town.db, type="target.rewritten")] == ["demo"]


def test_merged_work_that_was_dropped_is_named(quiet: QuietTown) -> None:
    """Each once, with the line that shows it; what stayed is not."""
    requests = []
    for name in ("stays", "goes", "goes-too"):
        address, place = quiet.hook(quiet.bead(name), name)
        commit(place, name)
        requests.append(land(quiet, address))
    stays, *gone = (str(request.bead) for request in requests)
    drop(quiet, 2)
    for name in ("next", "last"):
        address, place = quiet.hook(quiet.bead(name), name)
        commit(place, name)
        assert land(quiet, address).state == "merged"
        drop(quiet)
    find_base(quiet.town, quiet.rig)
    first, *others = [one.text for one in list_escalations(quiet.town.db) if "rewritten" in one.text]
    assert f"\n2 merged and not on it any more: {gone[1]}, {gone[0]}. Look: git -C " in first and stays not in first
    line = first.partition("Look: ")[2].split()
    assert subprocess.run([*line, "--format=%s"], capture_output=True, text=True).stdout.split() == ["goes-too", "goes"]
    assert len(others) == 2 and not any(bead in text for bead in gone for text in others)


def test_a_merge_that_would_bring_it_back_is_sent_back(quiet: QuietTown) -> None:
    set_key(quiet.town, "merge.strategy", "merge")
    dropped = commit(quiet.project, "dropped")
    address, place = quiet.hook(quiet.bead("one"))
    commit(place, "one")
    drop(quiet)
    request = land(quiet, address)
    assert request.state == "conflicted" and "rewritten" in str(request.reason) and dropped[:12] in str(request.reason)
    assert "one" not in files(quiet)
    # As the reason says, and it lands.
    quiet.hook_again(request.bead, address)
    git(place, "fetch", "-q", "origin")
    git(place, "rebase", "-q", "--onto", "origin/main", dropped)
    assert land(quiet, address).state == "merged"
    assert "dropped" not in files(quiet) and dropped not in git(quiet.project, "rev-list", "main").split()


def test_dropped_twice_and_some_of_it_seen_by_the_author_alone(quiet: QuietTown) -> None:
    """Two histories are gone; of the second the town never saw anything, for only the agent fetched it."""
    commit(quiet.project, "dropped-1")
    address, place = quiet.hook(quiet.bead("one"))
    commit(place, "one")
    drop(quiet)
    commit(quiet.project, "dropped-2")
    git(place, "fetch", "-q", "origin")
    git(place, "rebase", "-q", "--onto", "origin/main", "HEAD~1")
    commit(place, "two")
    drop(quiet)
    assert land(quiet, address).state == "merged"
    assert {name.partition("-")[0] for name in files(quiet)} == {"one", "two", "instead"}


@pytest.mark.parametrize("times", [1, 2])
def test_an_author_who_merged_the_rewritten_target(quiet: QuietTown, times: int) -> None:
    """And with that kept what its former histories had: sent back, and landed without that."""
    dropped = [commit(quiet.project, "dropped-1")]
    address, place = quiet.hook(quiet.bead("one"))
    mine = commit(place, "one")
    for number in range(times):
        drop(quiet)
        dropped += [commit(quiet.project, "dropped-2")] if number + 1 < times else []
        git(place, "fetch", "-q", "origin")
        git(place, "merge", "-q", "--no-edit", "origin/main")
    request = land(quiet, address)
    assert request.state == "conflicted" and "one" not in files(quiet)
    assert all(commit[:12] in str(request.reason) for commit in dropped), request.reason
    quiet.hook_again(request.bead, address)
    git(place, "fetch", "-q", "origin")
    if times == 1:
        assert str(request.reason).endswith(f"git rebase --onto origin/main {dropped[0][:12]}")
        git(place, "rebase", "-q", "--onto", "origin/main", dropped[0])
    else:
        git(place, "reset", "-q", "--hard", "origin/main")
        git(place, "cherry-pick", mine)
    assert land(quiet, address).state == "merged"
    assert {name.partition("-")[0] for name in files(quiet)} == {"one", "instead"}


@pytest.mark.parametrize("move", ["update-ref refs/remotes/origin/main", "fetch . +{}:refs/remotes/origin/main"])
def test_what_an_agent_took_for_the_target(quiet: QuietTown, move: str) -> None:
    """It put the branch of the remote elsewhere by hand: nothing of its work counts as the target's for that."""
    address, place = quiet.hook(quiet.bead("one"))
    head = commit(place, "one")
    git(place, *(move.format(head).split() if "{}" in move else [*move.split(), head]))
    commit(place, "two")
    assert land(quiet, address).state == "merged"
    assert {"one", "two"} <= files(quiet)


def test_what_comes_again_upstream_is_no_rewriting_any_more(quiet: QuietTown) -> None:
    set_key(quiet.town, "merge.strategy", "merge")
    dropped = commit(quiet.project, "dropped")
    address, place = quiet.hook(quiet.bead("one"))
    commit(place, "one")
    drop(quiet)
    find_base(quiet.town, quiet.rig)
    git(quiet.project, "cherry-pick", dropped)
    git(quiet.project, "merge", "-q", "--no-edit", dropped)
    assert land(quiet, address).state == "merged"
    assert {"one", "dropped"} <= files(quiet)


def test_an_author_who_merged_the_target(quiet: QuietTown) -> None:
    """And changed again what that brought: only this is the author's work."""
    address, place = quiet.hook(quiet.bead("one"))
    commit(place, "one")
    commit(quiet.project, "file-0.txt", "line 0\nperson\n")
    git(place, "fetch", "-q", "origin")
    git(place, "merge", "-q", "--no-edit", "origin/main")
    commit(place, "file-0.txt", "line 0\nperson\nauthor\n")
    assert "+person" not in diff(quiet.town, "toast")
    assert land(quiet, address).state == "merged"
    assert (quiet.project / "file-0.txt").read_text() == "line 0\nperson\nauthor\n"


@pytest.mark.parametrize("strategy", ["squash", "merge"])
def test_a_branch_cut_from_anothers(quiet: QuietTown, strategy: str) -> None:
    """The lower ones land, perhaps under another name; each upper one lands what it has on top, on the same lines."""
    set_key(quiet.town, "merge.strategy", strategy)
    below = "main"
    addresses = []
    for number, name in enumerate(("one", "two", "three")):
        bead = quiet.bead(name)
        address, place = quiet.hook(bead, name)
        if number:
            git(place, "reset", "-q", "--hard", below)
        commit(place, "file-0.txt", f"line 0\n{name}\n")
        commit(place, "file-1.txt", f"line 1\n{name}\n")
        below = f"bead/{bead}"
        addresses.append(address)
    for address in addresses:
        assert land(quiet, address).state == "merged"
    assert (quiet.project / "file-0.txt").read_text() == "line 0\nthree\n"
    assert git(quiet.project, "log", "--first-parent", "--format=%an", "main").splitlines()[:3] == addresses[::-1]


def test_two_below_and_the_target_in_between(quiet: QuietTown) -> None:
    """A branch that has two others and a newer target in it: what all of those have is not its own."""
    (one, first), (two, second) = (quiet.hook(quiet.bead(name), name) for name in ("one", "two"))
    heads = [commit(place, f"file-{n}.txt", f"line {n}\n{n}\n") for n, place in enumerate((first, second))]
    commit(quiet.project, "file-2.txt", "line 2\nperson\n")
    three, third = quiet.hook(quiet.bead("three"), "three")
    git(third, "merge", "-q", "--no-edit", heads[0])
    git(third, "merge", "-q", "--no-edit", heads[1])
    for number in range(3):
        commit(third, f"file-{number}.txt", f"line {number}\nthree\n")
    for address in (one, two, three):
        assert land(quiet, address).state == "merged"
    for number in range(3):
        assert (quiet.project / f"file-{number}.txt").read_text() == f"line {number}\nthree\n"


def test_a_target_made_anew(quiet: QuietTown) -> None:
    """All of its history is another: what the author did lands on it all the same."""
    address, place = quiet.hook(quiet.bead("one"))
    commit(place, "file-1.txt", "line 1\none\n")
    git(quiet.project, "checkout", "-q", "--orphan", "fresh")
    (quiet.project / "file-2.txt").unlink()
    commit(quiet.project, "other")
    git(quiet.project, "branch", "-f", "main")
    git(quiet.project, "checkout", "-q", "main")
    assert land(quiet, address).state == "merged"
    assert files(quiet) == {"other"} and not (quiet.project / "file-2.txt").exists()
    assert (quiet.project / "file-1.txt").read_text() == "line 1\none\n"
