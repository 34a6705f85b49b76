"""One landing from queue to row: what it costs, and what its gates see."""

from collections.abc import Callable
from pathlib import Path

from gastown_tmux.domain.addresses import Address
from gastown_tmux.operations.merging import landing
from gastown_tmux.operations.merging.queue import retry
from gastown_tmux.operations.town.configuration import set_key
from gastown_tmux.operations.work import worker
from gastown_tmux.store.merging import list_merge_requests
from tests.journeys.town_world import git
from tests.operations.quiet_town import QuietTown


def submit(quiet: QuietTown, address: Address) -> None:
    town = quiet.town.acting_as(address)
    worker.done(town)
    town.close()


def test_a_plain_landing_costs_few_calls_of_git(quiet: QuietTown, git_calls: Callable[[], list[str]]) -> None:
    """The queue waits for all of them, one landing after another."""
    for name in ("one", "two"):
        address, place = quiet.hook(quiet.bead(name), name)
        (place / name).touch()
        git(place, "add", "-A")
        git(place, "commit", "-qm", name)
        submit(quiet, address)
        git_calls()
        landing.run_refinery(quiet.town)
        made = git_calls()
        assert len(made) <= 15, "\n".join(made)
        assert git(quiet.project, "ls-tree", "--name-only", "main", name) == name


def test_gates_have_the_unversioned_files_that_agents_have(quiet: QuietTown) -> None:
    """And of what the candidate has itself, nothing else."""
    (quiet.project / ".env").write_text("secret\n")
    (quiet.project / ".git/info/exclude").write_text(".env\n")
    set_key(quiet.town, "worktree.copy", [".env", "*.txt"])
    set_key(quiet.town, "worktree.setup", ["grep -q secret .env"])
    set_key(quiet.town, "merge.gates", [{"name": "g", "run": "grep agent file-0.txt"}])
    address, place = quiet.hook(quiet.bead("one"))
    (place / "file-0.txt").write_text("agent\n")
    git(place, "add", "-A")
    git(place, "commit", "-qm", "one")
    submit(quiet, address)
    landing.run_refinery(quiet.town)
    (request,) = list_merge_requests(quiet.town.db)
    assert request.state == "merged", request.reason
    assert git(quiet.project, "ls-tree", "--name-only", "main", ".env") == ""


def test_a_target_that_is_read_where_nothing_of_it_comes_in(quiet: QuietTown, short_tmp: Path) -> None:
    """A mirror that is behind: it is asked again, not without a pause; what landed is known once it is there too."""
    first, mirror = short_tmp / "first.git", quiet.project
    git(mirror, "clone", "-q", "--bare", str(mirror), str(first))
    git(mirror, "config", "--global", f"url.{first}.pushInsteadOf", str(mirror))
    git(mirror, "commit", "-q", "--allow-empty", "-m", "ahead")
    git(mirror, "push", "-q", str(first), "main")
    git(mirror, "reset", "-q", "--hard", "HEAD^")
    address, place = quiet.hook(quiet.bead("one"))
    (place / "one").touch()
    git(place, "add", "-A")
    git(place, "commit", "-qm", "one")
    submit(quiet, address)
    for state, words in (("queued", "moved meanwhile"), ("queued", "was pushed but is not on"), ("merged", "")):
        landing.run_refinery(quiet.town)
        (request,) = list_merge_requests(quiet.town.db)
        assert request.state == state and words in str(request.reason)
        assert request.attempts < 10 and (request.not_before is None) is (state == "merged")
        git(mirror, "fetch", "-q", str(first), "main")
        git(mirror, "reset", "-q", "--hard", "FETCH_HEAD")
        retry(quiet.town, request)
    assert request.merged_commit == git(first, "rev-parse", "main")
