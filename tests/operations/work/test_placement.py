"""Which worker gets a bead, and what it finds there."""

from gastown_tmux.operations.hooks.worktrees import find_base, prepare_hook, save_hook
from gastown_tmux.operations.town.configuration import set_key
from gastown_tmux.operations.work.placement import give
from gastown_tmux.operations.workforce.workers import add_polecat, remove_agent
from gastown_tmux.store.beads import get_bead, return_bead
from tests.operations.quiet_town import QuietTown


def test_a_bead_goes_back_to_who_had_it_and_its_unsaved_work_to_whoever_gets_it(quiet: QuietTown) -> None:
    town, rig, bead = quiet.town, quiet.rig, quiet.bead("first")
    set_key(town, "provider.default", "runbook")
    toast, work = quiet.hook(bead)
    (work / "draft.txt").write_text("draft\n")
    save_hook(town, rig, toast, "unsling")
    add_polecat(town, "ace", rig)
    with town.change() as change:
        return_bead(change, bead, "deferred")
        assert give(town, change, rig, get_bead(change, bead), person=True) == toast
        return_bead(change, bead, "deferred")
    remove_agent(town, toast)
    with town.change() as change:
        assert give(town, change, rig, get_bead(change, bead), person=True) == "demo/ace"
    ace = get_bead(town.db, bead).assignee
    assert ace is not None
    assert (prepare_hook(town, rig, ace, find_base(town, rig)) / "draft.txt").read_text() == "draft\n"
