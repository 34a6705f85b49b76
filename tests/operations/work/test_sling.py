"""What is on a hook, and off it again."""

import json
import shutil

import pytest

from gastown_tmux.dataclass import replace
from gastown_tmux.domain.addresses import MAYOR, Address
from gastown_tmux.domain.ids import BeadId, EscalationId
from gastown_tmux.edges.files import clock
from gastown_tmux.errors import GtError, RefusedError
from gastown_tmux.operations.escalation.escalations import raise_escalation
from gastown_tmux.operations.mail.inbox import inbox
from gastown_tmux.operations.town.configuration import set_key
from gastown_tmux.operations.work.beads import close_bead, update_bead
from gastown_tmux.operations.work.sling import sling, unsling
from gastown_tmux.operations.workforce.rigs import park_rig, unpark_rig
from gastown_tmux.store.agents import insert_session
from gastown_tmux.store.beads import get_bead, return_bead, set_needs, sling_bead
from gastown_tmux.store.escalations import list_escalations
from gastown_tmux.store.meta import set_wanted
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


def test_what_was_asked_about_a_bead_is_answered_by_what_becomes_of_it(quiet: QuietTown) -> None:
    """To give it out again answers who gave it back, and to close it answers everybody."""
    bead = quiet.bead("first")
    toast, _ = quiet.hook(bead)

    set_key(quiet.town, "provider.default", "runbook")
    mayor = replace(quiet.town, actor=MAYOR)  # who starts no daemons
    needed = quiet.bead("before it")

    def ask(agent: Address, about: BeadId | None) -> EscalationId:
        with quiet.town.db.change(agent, clock.now()) as change:
            return raise_escalation(change, "medium", "what now", bead=about)

    with quiet.town.change() as change:
        return_bead(change, bead, "escalated")
        set_needs(change, bead, [needed])
    _, other, elsewhere = ask(toast, bead), ask(Address("demo/ann"), bead), ask(toast, None)
    park_rig(quiet.town, quiet.rig)
    with pytest.raises(RefusedError, match="parked"):
        sling(mayor, [bead, "demo"])
    assert len(list_open(quiet)) == 3
    unpark_rig(quiet.town, quiet.rig)
    sling(mayor, [bead, "demo"])
    assert set(list_open(quiet)) == {other, elsewhere}
    unsling(quiet.town, get_bead(quiet.town.db, bead))
    said = close_bead(quiet.town, get_bead(quiet.town.db, bead), "wontdo").text
    assert said == f"{bead} is closed as wontdo\n{other} is resolved"
    assert list_open(quiet) == [elsewhere]


def list_open(quiet: QuietTown) -> list[EscalationId]:
    return [each.id for each in list_escalations(quiet.town.db) if each.state != "resolved"]


def test_what_cannot_be_started_for_an_error_of_the_system_is_on_no_hook(quiet: QuietTown) -> None:
    """As on a full disk. Here what was put in a worktree's place cannot be moved away."""
    set_key(quiet.town, "provider.default", "runbook")
    ann, place = quiet.crew()
    shutil.rmtree(place)
    place.touch()
    quiet.town.archive.touch()
    with quiet.town.change() as change:
        set_wanted(change, True)
    bead = quiet.bead("work")
    with pytest.raises(GtError, match=f"{quiet.town.archive}: File exists"):
        sling(replace(quiet.town, actor=MAYOR), [bead, ann])
    found = get_bead(quiet.town.db, bead)
    assert (found.state, found.target) == ("open", None)
    assert quiet.said[-1] == f"{bead} stays open: {ann} could not be started"
