"""What is on a hook, and off it again."""

import json

from gastown_tmux.domain.addresses import Address
from gastown_tmux.operations.mail.inbox import inbox
from gastown_tmux.operations.work.beads import update_bead
from gastown_tmux.operations.work.sling import unsling
from gastown_tmux.store.agents import insert_session
from gastown_tmux.store.beads import get_bead, sling_bead
from tests.operations.quiet_town import QuietTown


def test_a_bead_that_is_changed_on_a_hook_is_read_there_as_it_is_now(quiet: QuietTown) -> None:
    bead = quiet.bead("first")
    toast, _ = quiet.hook(bead)
    update_bead(quiet.town, get_bead(quiet.town.db, bead), body="more words")
    assert json.loads((quiet.town.hook(toast) / "state.json").read_text())["bead"]["body"] == "more words"


def test_a_crew_member_at_work_is_told_that_its_bead_is_gone(quiet: QuietTown) -> None:
    ann, _ = quiet.crew()
    for running in (False, True):
        bead = quiet.bead("first")
        with quiet.town.change() as change:
            sling_bead(change, bead, ann)
            if running:
                insert_session(change, Address(ann), "command", (1, "1"), bead)
        unsling(quiet.town, get_bead(quiet.town.db, bead))
        told = [mail.subject for mail in inbox(quiet.town, ann)]
        assert told == ([f"{bead} is off your hook"] if running else [])
        found = get_bead(quiet.town.db, bead)
        assert (found.state, found.reason, found.assignee) == ("open", "unslung", ann)
