"""Which worker gets a bead, and what it finds there."""

from collections.abc import Sequence

import pytest

from gastown_tmux.domain.addresses import OVERSEER, Address
from gastown_tmux.domain.agents import Role
from gastown_tmux.domain.ids import BeadId
from gastown_tmux.domain.waiting import Wait, reason_of
from gastown_tmux.edges.files import clock
from gastown_tmux.edges.processes import flags
from gastown_tmux.operations.hooks.worktrees import find_base, prepare_hook, save_hook
from gastown_tmux.operations.town.configuration import set_key
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.work.beads import create_bead
from gastown_tmux.operations.work.placement import give
from gastown_tmux.operations.work.schedule import give_out
from gastown_tmux.operations.work.waiting import explain_bead
from gastown_tmux.operations.workforce.workers import add_polecat, remove_agent
from gastown_tmux.store.agents import insert_agent, insert_session, move_agent
from gastown_tmux.store.beads import close_bead, get_bead, hold_back, note_target, return_bead, sling_bead
from gastown_tmux.store.db import Database
from gastown_tmux.store.meta import set_wanted
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
        assert give(town, change, get_bead(change, bead)) == toast
        return_bead(change, bead, "deferred")
    remove_agent(town, toast)
    with town.change() as change:
        assert give(town, change, get_bead(change, bead)) == "demo/ace"
    ace = get_bead(town.db, bead).assignee
    assert ace is not None
    assert (prepare_hook(town, rig, ace, find_base(town, rig)) / "draft.txt").read_text() == "draft\n"


def bead(town: Town, needs: Sequence[BeadId] = ()) -> BeadId:
    made: BeadId = create_bead(
        town, "work", town.rig("demo"), needs=[get_bead(town.db, need) for need in needs]
    ).value.id
    return made


def place(town: Town, bead: BeadId, *, target: str | None = None, person: bool = True) -> str:
    """Who has the bead now, or what it waits for."""
    placed: Address | Wait | str | None = None
    with town.change() as change:
        if target or not person:
            note_target(change, bead, target or "demo", None)
        if person:
            placed = give(town, change, get_bead(change, bead))
    if not person:
        give_out(town)
        placed = get_bead(town.db, bead).assignee or reason_of(explain_bead(town, get_bead(town.db, bead)))
    outcome = placed.reason if isinstance(placed, Wait) else str(placed)
    found = get_bead(town.db, bead)
    assert found.state == ("hooked" if "/" in outcome and " " not in outcome else "open")
    assert found.state == "open" or found.assignee == outcome
    return outcome


def occupy(town: Town, address: str) -> BeadId:
    held = bead(town)
    with town.change() as change:
        sling_bead(change, held, Address(address))
        move_agent(change, address, "start")
    return held


@pytest.fixture
def runbooks(town: Town) -> Town:
    with town.change() as change:
        set_wanted(change, True)
    set_key(town, "provider.default", "runbook")
    return town


def test_a_worker_with_nothing_to_do_first_then_a_new_one(runbooks: Town) -> None:
    assert [place(runbooks, bead(runbooks)) for _ in range(3)] == ["demo/cat", "demo/toast", "demo/nux"]


def test_one_that_still_runs_has_something_to_do(runbooks: Town) -> None:
    with runbooks.change() as change:
        insert_session(change, Address("demo/cat"), "runbook", (1, "1"))
    assert place(runbooks, bead(runbooks)) == "demo/toast"


def test_what_a_bead_needs(runbooks: Town) -> None:
    done, dropped, late = bead(runbooks), bead(runbooks), bead(runbooks)
    waiting = bead(runbooks, [done, dropped, late])
    with runbooks.change() as change:
        close_bead(change, done, "done")
        close_bead(change, dropped, "wontdo")
    assert place(runbooks, waiting) in (
        f"it needs {dropped}, which was closed as wontdo",
        f"it needs {late}, which is open",
    )
    assert place(runbooks, bead(runbooks, [done])) == "demo/cat"


@pytest.mark.parametrize("flag", [flags.TOWN, flags.rig_flag("demo")])
def test_nothing_is_given_out_where_everything_stands_still(runbooks: Town, flag: str) -> None:
    flags.raise_flag(runbooks.flags_folder, runbooks.memory, flag, [])
    assert place(runbooks, bead(runbooks)) == "everything stands still"
    flags.lower_flag(runbooks.flags_folder, runbooks.memory, flag)
    assert place(runbooks, bead(runbooks)) == "demo/cat"


def test_nothing_is_given_out_where_the_machine_has_no_room(runbooks: Town) -> None:
    set_key(runbooks, "limits.memory", "1000T")
    assert "limits.memory is" in place(runbooks, bead(runbooks))


@pytest.mark.parametrize("person", [True, False])
def test_whom_it_is_meant_for_gets_it(runbooks: Town, person: bool) -> None:
    assert place(runbooks, bead(runbooks), target="demo/ben", person=person) == "demo/ben"
    assert place(runbooks, bead(runbooks), target="demo/nobody", person=person) == "demo/cat"


def test_it_waits_for_whom_it_is_meant_for(runbooks: Town) -> None:
    for name in ("ben", "cat"):
        held = occupy(runbooks, f"demo/{name}")
        assert place(runbooks, bead(runbooks), target=f"demo/{name}") == f"demo/{name} has {held} on its hook"


def test_what_came_back_from_the_queue_waits_for_crew_and_for_no_polecat(runbooks: Town) -> None:
    for address, outcome in (("demo/cat", "demo/toast"), ("demo/ben", None)):
        again = occupy(runbooks, address)
        with runbooks.change() as change:
            return_bead(change, again, "conflicted")
        held = occupy(runbooks, address)
        assert place(runbooks, again, target=address) == (outcome or f"{address} has {held} on its hook")


def test_only_a_person_gives_work_to_one_that_is_paused(runbooks: Town) -> None:
    with runbooks.change() as change:
        move_agent(change, "demo/cat", "start")
        move_agent(change, "demo/cat", "pause")
    assert place(runbooks, bead(runbooks), target="demo/cat", person=False) == "demo/toast"
    assert place(runbooks, bead(runbooks), target="demo/cat") == "demo/cat"


def test_a_worker_of_another_program_is_left_alone(runbooks: Town) -> None:
    with runbooks.change() as change:
        insert_agent(change, Address("demo/ace"), Role.POLECAT, "claude")
        insert_agent(change, Address("demo/bob"), Role.POLECAT, "runbook")
    occupy(runbooks, "demo/cat")
    assert place(runbooks, bead(runbooks)) == "demo/bob"
    assert place(runbooks, bead(runbooks)) == "demo/toast"


def test_those_that_find_no_place_take_no_turn_at_the_database(runbooks: Town) -> None:
    rig = runbooks.rig("demo")
    set_key(runbooks, "limits.agents", 1, rig=rig)
    held = occupy(runbooks, "demo/cat")
    waiting = [bead(runbooks) for _ in range(3)]
    with runbooks.change() as change:
        for id, target in zip(waiting, ("demo", "demo", "demo/cat"), strict=True):
            note_target(change, id, target, None)
    other = Database(runbooks.db.path)
    with other.change(OVERSEER, clock.now()):
        assert give_out(runbooks) == {}
    other.close()
    with runbooks.change() as change:
        return_bead(change, held, "deferred")
        hold_back(change, held)
    assert [len(given) for given in give_out(runbooks).values()] == [1]


@pytest.mark.parametrize(("in_rig", "in_town"), [(2, 9), (9, 2)])
def test_no_more_agents_than_the_limit(runbooks: Town, in_rig: int, in_town: int) -> None:
    set_key(runbooks, "limits.agents", in_town)
    set_key(runbooks, "limits.agents", in_rig, rig=runbooks.rig("demo"))
    held = occupy(runbooks, "demo/ann")
    assert place(runbooks, bead(runbooks)) == "demo/cat"
    full = "all 2 places of the town are taken" if in_town == 2 else "all 2 places of demo are taken"
    assert place(runbooks, bead(runbooks)) == full
    with runbooks.change() as change:
        return_bead(change, held, "deferred")
    assert place(runbooks, bead(runbooks)) == "demo/toast"
    assert place(runbooks, bead(runbooks)) == full
