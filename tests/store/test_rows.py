"""Rows keep what no single command can: one owner, one session, one way; a late signal hits nobody."""

from typing import Any

import pytest

from gastown_tmux.domain.addresses import OVERSEER
from gastown_tmux.domain.ids import BeadId, Commit, MergeRequestId, RigName, Time
from gastown_tmux.domain.state_machine import IllegalMoveError
from gastown_tmux.domain.work import Reason
from gastown_tmux.errors import NotFoundError, RefusedError
from gastown_tmux.store import agents, beads, convoys, deliveries, merging, rigs, scheduling
from gastown_tmux.store.db import Change, Database, Row, TakenError
from gastown_tmux.store.events import list_events
from gastown_tmux.store.meta import find_result, once
from gastown_tmux.store.rows import matching_ids
from tests.store.conftest import NOW, RYE, TOAST

RIG = RigName("demo")


def bead(change: Change, title: str = "t", needs: tuple[BeadId, ...] = ()) -> BeadId:
    return beads.insert_bead(change, RIG, "de", title=title, body="", priority=2, labels=("l",), needs=needs)


def submit(change: Change, id: BeadId) -> str:
    request = merging.insert_merge_request(
        change, bead=id, rig=RIG, author=TOAST, branch="b", head=Commit("1" * 40), base=Commit("0" * 40),
        target="main",
    )  # fmt: skip
    beads.submit_bead(change, id, request)
    return request


def test_two_owners_of_a_bead_and_two_beads_on_a_hook_are_impossible(db: Database) -> None:
    with db.change(OVERSEER, NOW) as change:
        first, second = bead(change), bead(change)
        beads.sling_bead(change, first, TOAST)
        with pytest.raises(IllegalMoveError):
            beads.sling_bead(change, first, RYE)
        with pytest.raises(TakenError):
            beads.sling_bead(change, second, TOAST)
        beads.sling_bead(change, second, RYE)
    held = beads.list_held_beads(db)
    assert {address: found.id for address, found in held.items()} == {TOAST: first, RYE: second}


def test_a_bead_that_comes_back_keeps_its_branch(db: Database) -> None:
    with db.change(OVERSEER, NOW) as change:
        id = bead(change)
        beads.sling_bead(change, id, TOAST)
        beads.set_branch(change, id, "bead/x", Commit("0" * 40))
        beads.return_bead(change, id, "deferred")
        beads.sling_bead(change, id, TOAST)
        assert beads.get_bead(change, id).reason is None
        submit(change, id)
        with pytest.raises(IllegalMoveError):  # it left the hook a moment ago
            beads.return_bead(change, id, "unslung")
        beads.refuse_bead(change, id, "rejected", target=TOAST)
    found = beads.get_bead(db, id)
    assert (found.state, found.reason, found.branch, found.target) == ("open", "rejected", "bead/x", TOAST)
    assert (found.assignee, found.attempts, found.labels) == (TOAST, 2, ("l",))
    assert scheduling.list_waiting(db, RIG) == [id]
    with db.change(OVERSEER, NOW) as change:
        beads.hold_back(change, id)
    assert scheduling.list_waiting(db, RIG) == [] and beads.get_bead(db, id).reason == "unslung"
    assert beads.find_held_bead(db, TOAST) is None
    events = [event.type.removeprefix("bead.") for event in list_events(db, subject=id)]
    assert events == ["created", "slung", "returned", "slung", "submitted", "returned"]


def test_only_what_is_not_needed_any_more_is_ready(db: Database) -> None:
    with pytest.raises(RefusedError, match="would need one another"), db.change(OVERSEER, NOW) as change:
        first = bead(change, "first")
        second = bead(change, "second", (first,))
        beads.set_needs(change, first, [bead(change, "third", (second,))])
    # The circle was refused with the whole change.
    assert beads.list_beads(db) == []
    with db.change(OVERSEER, NOW) as change:
        first = bead(change, "first")
        second = bead(change, "second", (first,))
        wontdo = bead(change, "third", (second,))
    assert [one.id for one in beads.list_ready(db)] == [first]
    assert {one.id for one in beads.list_beads(db, beads.BeadFilter(state="blocked"))} == {second, wontdo}
    with db.change(OVERSEER, NOW) as change:
        beads.sling_bead(change, first, TOAST)
        beads.report_bead(change, first, "text")
    assert [one.id for one in beads.list_ready(db)] == [second]
    with db.change(OVERSEER, NOW) as change:
        beads.close_bead(change, second, "wontdo")
    assert beads.list_ready(db) == [] and [
        one.id for one in beads.list_beads(db, beads.BeadFilter(state="blocked"))
    ] == [wontdo]


def test_a_circle_elsewhere_hinders_nobody(db: Database) -> None:
    with db.change(OVERSEER, NOW) as change:
        first = bead(change)
        second = bead(change, needs=(first,))
        change.execute("INSERT INTO needs (bead, needed) VALUES (?, ?)", first, second)
        harmless = bead(change)
        bead(change, needs=(harmless,))
        with pytest.raises(RefusedError, match=f"{first} → {second} → {first}|{second} → {first} → {second}"):
            bead(change, needs=(second,))


def test_a_place_in_the_queue_counts_those_before_it_in_its_rig(db: Database) -> None:
    with db.change(OVERSEER, NOW) as change:
        requests = []
        for _ in range(4):
            id = bead(change)
            beads.sling_bead(change, id, TOAST)
            requests.append(submit(change, id))
        one, two, three, four = map(MergeRequestId, requests)
        merging.move_merge_request(change, one, "test")
        merging.move_merge_request(change, two, "reject")
        merging.set_reason(change, three, "slow")
    listed = {found.id: found.position for found in merging.list_merge_requests(db)}
    assert listed == {one: 1, two: None, three: 2, four: 3}
    assert [found.position for found in merging.list_merge_requests(db, state="queued")] == [2, 3]
    assert {id: merging.get_merge_request(db, id).position for id in listed} == listed
    assert merging.count_queued(db) == {RIG: 3} and merging.count_held(db) == {}
    assert merging.list_hindered(db) == [(three, "slow")]

    def page(most: int, **only: str) -> tuple[list[tuple[str, int | None]], int]:
        named: dict[str, Any] = {"rig": None, "state": None, "author": None, "since": "", **only}
        found = merging.page_merge_requests(db, most, **named)
        return [(one.id, one.position) for one in found.items], found.more

    assert page(-1) == ([(four, 3), (three, 2), (one, 1), (two, None)], 0)
    assert page(2) == ([(four, 3), (three, 2)], 2)
    assert page(1, state="queued") == ([(four, 3)], 1)
    assert page(9, rig="demo", author=TOAST, since=NOW) == page(-1)
    assert page(9, rig="other") == page(9, author=RYE) == page(9, since="2030") == ([], 0)
    with db.change(OVERSEER, NOW) as change:
        merging.move_merge_request(change, four, "reject")
    assert page(2) == ([(three, 2), (one, 1)], 2)


def test_what_is_asked_all_day_reads_no_more_than_it_must(db: Database) -> None:
    """However many beads are open, those that wait for nobody are not looked at."""
    plans = []
    for ask in (lambda plan: scheduling.list_waiting(plan, RIG, 1), lambda plan: beads.find_last_bead(plan, TOAST)):
        ask(Plan(db, plans))
    assert "USING INDEX beads_with_a_way" in plans[0] and "USING INDEX beads_by_assignee" in plans[1], plans


class Plan:
    """A reader that asks how a query would be answered."""

    def __init__(self, db: Database, plans: list[str]) -> None:
        self._db, self._plans = db, plans

    def rows(self, sql: str, *values: object) -> list[Row]:
        self._plans.append(" ".join(row["detail"] for row in self._db.rows(f"EXPLAIN QUERY PLAN {sql}", *values)))
        return []

    def row(self, sql: str, *values: object) -> None:
        self.rows(sql, *values)


def test_the_first_of_a_list_come_without_the_rest(db: Database) -> None:
    times = [Time(f"2026-11-22T10:0{minute}:00.000Z") for minute in range(6)]
    made = []
    for time in times:
        with db.change(OVERSEER, time) as change:
            made.append(bead(change, f"from {time}"))
    with db.change(OVERSEER, NOW) as change:
        beads.close_bead(change, made[5], Reason.DONE)
        beads.set_needs(change, made[4], [made[0]])
    everything = beads.BeadFilter()
    # The open before what is over, the newest before the others.
    shown = beads.page_beads(db, everything, -1)
    assert [one.id for one in shown.items] == [*reversed(made[:5]), made[5]] and shown.more == 0
    first = beads.page_beads(db, everything, 2)
    assert [one.id for one in first.items] == [made[4], made[3]] and first.more == 4
    assert beads.page_beads(db, everything, 6).more == 0
    for only, wanted in (
        (beads.BeadFilter(state="blocked"), [made[4]]),
        (beads.BeadFilter(state="closed"), [made[5]]),
        (beads.BeadFilter(rig="other"), []),
        (beads.BeadFilter(search="FROM 10:03"), [made[3]]),
        (beads.BeadFilter(since="2026-11-22T10:05:30Z"), []),
        (beads.BeadFilter(assignee=TOAST), []),
    ):
        assert [one.id for one in beads.page_beads(db, only, 9).items] == wanted
        assert [one.id for one in beads.list_beads(db, only)] == wanted
    assert [one.id for one in beads.list_ready(db, most=2)] == made[:2]


def test_the_first_of_a_list_are_found_in_order(db: Database) -> None:
    plans: list[str] = []
    plan = Plan(db, plans)
    for only in (beads.BeadFilter(), beads.BeadFilter(rig="demo"), beads.BeadFilter(state="merged")):
        beads.page_beads(plan, only, 50)
    beads.list_ready(plan, most=50)
    convoys.page_convoys(plan, convoys.ConvoyFilter(), 50)
    assert len(plans) == 9 and not [found for found in plans if "TEMP B-TREE" in found], plans
    beads.page_beads(plan, beads.BeadFilter(state="blocked"), 50)
    assert "SCAN needs" in plans[-1], plans


def test_one_live_merge_request_of_a_bead(db: Database) -> None:
    with db.change(OVERSEER, NOW) as change:
        id = bead(change)
        beads.sling_bead(change, id, TOAST)
        request = submit(change, id)
        with pytest.raises(TakenError):
            merging.insert_merge_request(
                change, bead=id, rig=RIG, author=RYE, branch="b", head=Commit("2" * 40), base=Commit("0" * 40),
                target="main",
            )  # fmt: skip
        with pytest.raises(IllegalMoveError):
            merging.move_merge_request(change, request, "merge")
        for move in ("test", "publish", "merge"):
            merging.move_merge_request(change, request, move, merged_commit=Commit("3" * 40))
        beads.merge_bead(change, id, Commit("3" * 40))
    assert beads.get_bead(db, id).merged_commit == "3" * 40
    assert merging.list_queue(db, RIG) == []


def test_a_convoy_lands_by_itself_and_adding_opens_it_again(db: Database) -> None:
    with db.change(OVERSEER, NOW) as change:
        first, second = bead(change), bead(change)
        convoy, other = convoys.insert_convoy(change, "one", []), convoys.insert_convoy(change, "two", [])
        assert convoys.add_to_convoy(change, convoy, [first, first]) == [first]
        with pytest.raises(RefusedError, match="is in convoy"):
            convoys.add_to_convoy(change, other, [first])
        assert not convoys.land_convoy(change, other)
        beads.sling_bead(change, first, TOAST)
        submit(change, first)
        beads.merge_bead(change, first, Commit("3" * 40))
        assert convoys.land_convoy(change, convoy) and not convoys.land_convoy(change, convoy)
        landed = convoys.get_convoy(change, convoy)
        assert (landed.state, landed.done, landed.total, landed.landed) == ("landed", 1, 1, NOW)
        convoys.add_to_convoy(change, convoy, [second])
        assert convoys.get_convoy(change, convoy).state == "open"
        beads.close_bead(change, second, "done")
        assert convoys.land_convoy(change, convoy)
        beads.reopen_bead(change, second)
        assert convoys.get_convoy(change, convoy).state == "open"


def test_two_live_sessions_of_an_agent_are_impossible(db: Database) -> None:
    with db.change(OVERSEER, NOW) as change:
        first = agents.insert_session(change, TOAST, "runbook", (1, "then"))
        with pytest.raises(TakenError):
            agents.insert_session(change, TOAST, "runbook", (1, "then"))
    assert [session.id for session in agents.list_live_sessions(db)] == [first]


def test_a_late_signal_hits_nobody(db: Database) -> None:
    with db.change(OVERSEER, NOW) as change:
        first = agents.insert_session(change, TOAST, "runbook", (1, "then"))
        assert agents.move_session(change, first, "ready") == "ready"
        assert agents.end_session(change, first, status=3, signal=None)
        assert not agents.end_session(change, first, status=0, signal=None)
        second = agents.insert_session(change, TOAST, "runbook", (1, "then"))
        assert agents.move_session(change, first, "idle") is None
        assert agents.move_session(change, "ses-none", "idle") is None  # type: ignore[arg-type]
    ended, live = agents.get_session(db, first), agents.get_session(db, second)
    assert (ended.state, ended.exit_status, live.state) == ("ended", 3, "starting")


def test_an_agents_state_moves_by_its_table(db: Database) -> None:
    with db.change(OVERSEER, NOW) as change:
        assert agents.move_agent(change, TOAST, "start") == "on"
        assert agents.move_agent(change, TOAST, "pause", reason="asked") == "paused"
        with pytest.raises(IllegalMoveError, match="an agent that is paused cannot retry"):
            agents.move_agent(change, TOAST, "retry")
        with pytest.raises(NotFoundError):
            agents.move_agent(change, "demo/nobody", "start")
        assert agents.move_hook(change, TOAST, "prepare") == "preparing"
        with pytest.raises(IllegalMoveError):
            agents.move_hook(change, RYE, "ready")


def test_the_same_key_gives_the_first_result_to_its_own_verb(db: Database) -> None:
    made = iter(["one", "two", "three"])
    with db.change(OVERSEER, NOW) as change:
        assert once(change, "bead create", "k", lambda: next(made)) == "one"
        assert once(change, "bead create", "k", lambda: next(made)) == "one"
        assert once(change, "escalate", "k", lambda: next(made)) == "two"
        assert once(change, "bead create", None, lambda: next(made)) == "three"
    assert find_result(db, "bead create", None) is None


def test_ids_by_their_beginning(db: Database) -> None:
    with db.change(OVERSEER, NOW) as change:
        ids = sorted(bead(change) for _ in range(6))
    assert matching_ids(db, "beads", ids[0]) == [ids[0]]
    assert matching_ids(db, "beads", "de-") == ids[:4] and matching_ids(db, "beads", "") == []
    assert matching_ids(db, "beads", "%") == []


@pytest.mark.parametrize("how", ["agent", "rig"])
def test_a_newcomer_of_the_same_name_begins_anew(db: Database, how: str) -> None:
    with db.change(OVERSEER, NOW) as change:
        session = agents.insert_session(change, TOAST, "runbook", (1, "then"))
        found = agents.find_session(change, session)
        assert found is not None
        agents.leave_handoff(change, found, "half of it")
        deliveries.set_quiet(change, TOAST, True)
        agents.end_session(change, session, status=0, signal=None, reason="stopped")
        agents.delete_agent(change, TOAST) if how == "agent" else rigs.delete_rig(change, RIG)
    assert agents.find_handoff(db, TOAST) is None and deliveries.list_quiet(db) == set()


def test_a_bead_in_a_state_that_is_not_known_moves_all_the_same(db: Database) -> None:
    with db.change(OVERSEER, NOW) as change:
        odd = bead(change)
        change.execute("UPDATE beads SET state = 'napping' WHERE id = ?", odd)
        assert beads.get_bead(change, odd).state == "open"
        beads.close_bead(change, odd, Reason.DONE)
        assert beads.get_bead(change, odd).state == "closed"
