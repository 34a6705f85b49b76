"""The place where an agent works, prepared for a bead."""

from collections.abc import Callable

from gastown_tmux.operations.work.sling import unsling
from gastown_tmux.store.beads import get_bead
from gastown_tmux.store.events import list_events
from tests.operations.quiet_town import QuietTown


def test_a_plain_project_costs_few_calls_of_git(quiet: QuietTown, git_calls: Callable[[], list[str]]) -> None:
    """Each takes some three milliseconds, and whoever slings waits for all of them."""
    for most in (16, 23):  # of a worktree that is new, and of one that is saved first
        git_calls()
        bead = quiet.bead("plain")
        quiet.hook(bead)
        made = git_calls()
        assert len(made) <= most, "\n".join(made)
        unsling(quiet.town, get_bead(quiet.town.db, bead))


def test_what_somebody_wrote_for_all_is_put_back_and_told(quiet: QuietTown) -> None:
    (quiet.town.repository("demo").path / "info/attributes").write_text("* -text\n")
    quiet.hook(quiet.bead("one"))
    assert [event.data["what"] for event in list_events(quiet.town.db, type="rig.put-back")] == ["info/attributes"]
