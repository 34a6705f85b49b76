"""Why a bead is not done yet, as the rows have it."""

from collections.abc import Sequence
from typing import Any

import pytest

from gastown_tmux.dataclass import replace
from gastown_tmux.domain import waiting
from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.agents import Role
from gastown_tmux.domain.ids import BeadId, Commit, MergeRequestId, RigName
from gastown_tmux.domain.rigs import QueueState
from gastown_tmux.domain.waiting import given_to_nobody, reason_of
from gastown_tmux.edges.files import clock
from gastown_tmux.edges.processes import flags
from gastown_tmux.errors import GtError
from gastown_tmux.operations.town import isolation
from gastown_tmux.operations.town.configuration import set_key
from gastown_tmux.operations.town.isolation import list_troubles
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.work import waiting as waiting_of_beads
from gastown_tmux.operations.work.beads import create_bead, update_bead
from gastown_tmux.operations.work.readings import STARTING
from gastown_tmux.operations.work.schedule import give_out
from gastown_tmux.operations.work.scheduler import show_scheduler
from gastown_tmux.operations.work.waiting import explain_bead, explain_beads
from gastown_tmux.store.agents import end_session, get_agent, insert_agent, insert_session, list_agents, move_agent
from gastown_tmux.store.beads import close_bead, get_bead, insert_bead, list_beads, note_target, return_bead, sling_bead
from gastown_tmux.store.merging import insert_merge_request
from gastown_tmux.store.meta import set_wanted
from gastown_tmux.store.rigs import park_rig, set_queue
from gastown_tmux.store.scheduling import get_candidate
from tests.counting import queries_asked


@pytest.fixture
def up(town: Town) -> Town:
    set_key(town, "provider.default", "runbook")
    with town.change() as change:
        set_wanted(change, True)
    return town


def bead(town: Town, title: str = "work", needs: Sequence[BeadId] = (), *, given: str | None = None) -> BeadId:
    made: BeadId = create_bead(
        town, title, town.rig("demo"), needs=[get_bead(town.db, need) for need in needs]
    ).value.id
    if given:
        with town.change() as change:
            note_target(change, made, given, None)
    return made


def why(town: Town, id: BeadId) -> str | None:
    return reason_of(explain_bead(town, get_bead(town.db, id)))


def test_nobody_gave_it_out_and_the_command_that_does(up: Town) -> None:
    id = bead(up)
    [wait] = explain_bead(up, get_bead(up.db, id))
    assert (wait.what, wait.reason, wait.next, wait.stranded) == (
        "person", "nobody has given it out", (f"gt sling {id} demo",), True,
    )  # fmt: skip


def test_what_it_needs_and_why_that_is_not_done_however_deep(up: Town) -> None:
    root = bead(up)
    chain = [root]
    with up.change() as change:
        for _ in range(1200):  # deeper than Python may recurse
            made = insert_bead(change, RigName("demo"), "de", title="work", body="", priority=2, labels=(), needs=())
            change.execute("INSERT INTO needs (bead, needed) VALUES (?, ?)", made, chain[-1])
            note_target(change, made, "demo", None)
            chain.append(made)
    [wait] = explain_bead(up, get_bead(up.db, chain[-1]))
    assert (wait.id, wait.stranded) == (chain[-2], True)
    assert wait.reason == f"it needs {chain[-2]}, and so {root} (nobody has given it out)"
    assert wait.next == (f"gt sling {root} demo",)
    with up.change() as change:
        note_target(change, root, "demo", None)
    [wait] = explain_bead(up, get_bead(up.db, chain[-1]))
    assert (wait.reason, wait.stranded) == (f"it needs {chain[-2]}, which is open", False)
    with up.change() as change:
        close_bead(change, root, "wontdo")
    assert why(up, chain[1]) == f"it needs {root}, which was closed as wontdo"
    [wait] = explain_bead(up, get_bead(up.db, chain[2]))
    assert wait.stranded


def test_what_came_back_waits_for_a_word(up: Town) -> None:
    id = bead(up)
    with up.change() as change:
        for reason in ("deferred", "conflicted", "conflicted", "conflicted"):
            sling_bead(change, id, Address("demo/cat"))
            return_bead(change, id, reason)
    assert why(up, id) == "it came back conflicted after 4 attempts"
    with up.change() as change:
        sling_bead(change, id, Address("demo/cat"))
        return_bead(change, id, "escalated")
    assert why(up, id) == "it was escalated by demo/cat, and waits for a person's or the mayor's word"
    with up.change() as change:
        note_target(change, id, "demo", None)
    assert why(up, id) == "its turn comes next"


def test_the_last_attempt_is_not_told_as_its_workers_word(up: Town) -> None:
    found = replace(get_bead(up.db, bead(up)), reason="escalated", attempts=3, assignee=Address("demo/cat"))
    wait = given_to_nobody(replace(found, merge_request=MergeRequestId("mr-1")), 3)
    assert wait is not None
    assert wait.reason == "it was escalated after 3 attempts, and waits for a person's or the mayor's word"
    assert wait.next == ("gt mq show mr-1", f"gt sling {found.id}")
    # The refinery may have set it aside at the first.
    wait = given_to_nobody(replace(found, merge_request=MergeRequestId("mr-1"), attempts=1), 3)
    assert wait is not None and wait.reason == "it was escalated, and waits for a person's or the mayor's word"


def test_places_and_whose_turn_it_is(up: Town) -> None:
    set_key(up, "limits.agents", 1, rig=up.rig("demo"))
    first, second = bead(up, given="demo"), bead(up, given="demo")
    assert why(up, first) == "its turn comes next"
    assert why(up, second) == "all 1 places of demo are taken"
    with up.change() as change:
        park_rig(change, up.rig("demo").name, True)
    assert why(up, first) == "rig demo is parked"
    with up.change() as change:
        set_wanted(change, False)
    assert why(up, first) == "the town is down"


def test_an_agent_at_its_limit_keeps_others_of_the_same_program_from_being_started(up: Town) -> None:
    other = bead(up, given="demo")
    with up.change() as change:
        insert_agent(change, Address("demo/ace"), Role.POLECAT, "runbook")
        move_agent(change, "demo/ace", "start")
        insert_session(change, Address("demo/ace"), "runbook", (1, "1"))
        move_agent(change, "demo/ace", "limit", reason="at its limit", not_before=clock.after(600))
    assert str(why(up, other)).startswith("runbook is at its limit until 20")
    with up.change() as change:
        move_agent(change, "demo/ace", "unlimit")
    assert why(up, other) == "its turn comes next"


def test_a_program_whose_last_sessions_all_died_young_is_given_some_rest(up: Town) -> None:
    other = bead(up, given="demo")
    for name in ("ann", "ben", "cat"):
        with up.change() as change:
            session = insert_session(change, Address(f"demo/{name}"), "runbook", (1, "1"))
            end_session(change, session, status=1, signal=None, reason="died")
    assert why(up, other) == "runbook does not come up: its last 3 sessions ended by themselves"


def test_a_program_that_is_not_installed(up: Town) -> None:
    set_key(up, "providers.gone", {"from": "command", "command": "no-such-program"})
    set_key(up, "provider.default", "gone")
    id = bead(up, given="demo")
    [wait] = explain_bead(up, get_bead(up.db, id))
    assert "no-such-program" in wait.reason
    assert wait.stranded


def test_on_a_hook_it_waits_for_that_agent(up: Town, worker_bead: BeadId) -> None:
    assert why(up, worker_bead) == "demo/cat is being started"
    with up.change() as change:
        move_agent(change, "demo/cat", "pause")
    [wait] = explain_bead(up, get_bead(up.db, worker_bead))
    assert (wait.reason, wait.next) == ("demo/cat is paused", ("gt resume demo/cat",))
    with up.change() as change:
        move_agent(change, "demo/cat", "resume")
    flags.raise_flag(up.flags_folder, up.memory, flags.TOWN, [])
    assert why(up, worker_bead) == "everything stands still"


def test_what_is_over_waits_for_nothing_and_many_cost_one_look(up: Town) -> None:
    done = bead(up)
    others = [bead(up, needs=[done], given="demo") for _ in range(30)]
    with up.change() as change:
        close_bead(change, done, "done")
    found = explain_beads(up, list_beads(up.db))
    assert found[done] == ()
    assert {reason_of(found[id]) for id in others} == {"its turn comes next", "all 8 places of demo are taken"}


def test_the_scheduler_says_what_goes_next_and_why_the_rest_waits(up: Town) -> None:
    set_key(up, "limits.agents", 2, rig=up.rig("demo"))
    first, second, third = (bead(up, title, given="demo") for title in ("one", "two", "three"))
    blocked = bead(up, "later", needs=[third], given="demo")
    bead(up, "given to nobody")
    found = show_scheduler(up)
    assert [(each.bead, each.worker, each.reason) for each in found.next] == [
        (first, "demo/cat", None), (second, "demo/toast", None), (third, None, "all 2 places of demo are taken"),
    ]  # fmt: skip
    assert [(each.bead, each.title, each.reason) for each in found.waiting] == [
        (blocked, "later", f"it needs {third}, which is open")
    ]
    assert found.capacity == "town 0 of 30, demo 0 of 2"
    assert (show_scheduler(up, limit=0), show_scheduler(up, rig=up.rig("demo"))) == (found, found)
    with up.change() as change:
        set_wanted(change, False)
    down = {"the town is down", f"it needs {third} (the town is down)"}
    assert {each.reason for each in show_scheduler(up).waiting} == down


def test_a_role_names_what_is_used_while_its_first_program_cannot_be_had(up: Town) -> None:
    (up.path / "roles" / "polecat.md").write_text("---\nprovider: gone\nfallback: [runbook]\n---\nwork\n")
    set_key(up, "providers.gone", {"from": "command", "command": "no-such-program"})
    id, asked = bead(up, given="demo"), bead(up)
    with up.change() as change:
        note_target(change, asked, "demo", "gone")
    [(given, worker)] = give_out(up)["demo"]
    assert (given, worker) == (id, "demo/toast")  # cat would run the first
    assert get_agent(up.db, worker).provider == "runbook"
    assert "no-such-program" in str(why(up, asked))


def test_choice_and_claim_are_one_and_a_bead_that_cannot_be_claimed_holds_up_no_other(up: Town) -> None:
    poisoned, other = bead(up, "poisoned", given="demo"), bead(up, "other", given="demo")
    with up.change() as change:
        change.execute(
            "CREATE TEMP TRIGGER poison BEFORE UPDATE OF assignee ON main.beads"
            f" WHEN NEW.id = '{poisoned}' BEGIN SELECT RAISE(ABORT, 'poisoned'); END"
        )
    assert [id for id, _ in give_out(up)["demo"]] == [other]
    assert get_bead(up.db, poisoned).state == "open"
    assert len(list_agents(up.db)) == 3, "nobody was made for what could not be given"
    assert [trouble.item for _, trouble in list_troubles(up)] == [poisoned]


def test_a_rig_that_rests_gets_nothing(up: Town) -> None:
    id = bead(up, given="demo")
    assert give_out(up, {"demo": waiting.rig_rests("demo", "no disk")}) == {}
    with isolation.isolated(up, STARTING, "demo"):
        raise GtError("the remote does not answer")
    assert why(up, id) == "workers of demo could not be started: the remote does not answer"
    assert [each for each, _ in give_out(up, {})["demo"]] == [id]


def test_where_thousands_wait_only_those_asked_for_are_read(up: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    set_key(up, "limits.agents", 1, rig=up.rig("demo"))
    ids = [bead(up, given="demo") for _ in range(3)]
    assert why(up, ids[2]) == "all 1 places of demo are taken"  # by those before it
    monkeypatch.setattr("gastown_tmux.operations.work.waiting.FEW", 2)
    read: list[int] = []
    whole = waiting_of_beads.list_candidates

    def count(*given: Any, **more: Any) -> Any:
        read.append(len(found := whole(*given, **more)))
        return found

    monkeypatch.setattr(waiting_of_beads, "list_candidates", count)
    assert why(up, ids[2]) == "its turn comes next"  # a place is free
    assert read == [1]
    with up.change() as change:
        sling_bead(change, ids[0], Address("demo/cat"))
    monkeypatch.setattr("gastown_tmux.operations.work.waiting.FEW", 1)
    assert why(up, ids[2]) == "all 1 places of demo are taken"


def test_many_in_the_queue_cost_as_many_queries_as_one(up: Town) -> None:
    """For a list shows many, and a place in the queue is counted for each that is asked for alone."""
    submitted = list[BeadId]()

    def submit(count: int) -> None:
        with up.change() as change:
            for _ in range(count):
                id = insert_bead(change, RigName("demo"), "de", title="work", body="", priority=2, labels=(), needs=())
                request = insert_merge_request(
                    change, bead=id, rig=RigName("demo"), author=Address("demo/cat"), branch=f"bead/{id}",
                    head=Commit("1" * 40), base=Commit("2" * 40), target="main",
                )  # fmt: skip
                change.execute("UPDATE beads SET state = 'submitted', merge_request = ? WHERE id = ?", request, id)
                submitted.append(id)

    def explain() -> dict[BeadId, Any]:
        return explain_beads(up, [get_bead(up.db, id) for id in submitted])

    submit(1)
    one = queries_asked(up.db, explain) - len(submitted)
    submit(20)
    assert queries_asked(up.db, explain) - len(submitted) == one
    assert all((reason_of(waits) or "").endswith(" is queued") for waits in explain().values())
    with up.change() as change:
        set_queue(change, RigName("demo"), QueueState.PAUSED, "a holiday")
    assert all(
        (reason_of(waits) or "").endswith("the merge queue is paused: a holiday") for waits in explain().values()
    )


def test_no_edit_makes_a_bead_wait_anew(up: Town) -> None:
    id = bead(up, given="demo")
    with up.change() as change:
        change.execute("UPDATE beads SET waits_since = '2026-01-01T00:00:00.000Z' WHERE id = ?", id)
    since = get_candidate(up.db, id).since
    update_bead(up, get_bead(up.db, id), title="other words", priority=1)
    with up.change() as change:
        note_target(change, id, "demo/cat", None)
    assert get_candidate(up.db, id).since == since < clock.epoch() - 86400
    with up.change() as change:
        sling_bead(change, id, Address("demo/cat"))
        return_bead(change, id, "conflicted")
    assert get_candidate(up.db, id).since > since, "what came back waits since then"
