"""Escalations climb by their deadlines: mayor, human, and at last what is safe; each is told once."""

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from gastown_tmux.domain.addresses import MAYOR, OVERSEER, WITNESS, Address
from gastown_tmux.domain.agents import Ending, Role
from gastown_tmux.domain.escalation import MOST_OPEN, Escalation
from gastown_tmux.edges.files.clock import local_time
from gastown_tmux.errors import RefusedError
from gastown_tmux.operations.escalation import chain
from gastown_tmux.operations.escalation.escalations import acknowledge, escalate, resolve
from gastown_tmux.operations.hooks.snapshots import list_snapshots
from gastown_tmux.operations.mail.inbox import box
from gastown_tmux.operations.supervision import deaths
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store import agents as rows
from gastown_tmux.store.agents import get_agent, move_agent
from gastown_tmux.store.beads import close_bead, get_bead, return_bead, sling_bead
from gastown_tmux.store.escalations import get_escalation
from tests.operations.quiet_town import QuietTown


def mails(town: Town, address: Address) -> list[str]:
    found = [box(town, address).load(entry) for entry in box(town, address).list_all()]
    return [mail.subject for mail in found if mail.type == "escalation"]


def again(town: Town, escalation: Escalation) -> Escalation:
    return get_escalation(town.db, escalation.id)


def overdue(town: Town, escalation: Escalation) -> None:
    with town.change() as change:
        change.execute("UPDATE escalations SET deadline = '2020' WHERE id = ?", escalation.id)
    chain.climb(town)
    chain.climb(town)


@pytest.fixture(autouse=True)
def mayor(request: pytest.FixtureRequest) -> None:
    """An agent is the mayor in each of these towns, but where a test makes its own."""
    if "about_itself" in request.node.name:
        return
    quiet = "quiet" in request.fixturenames
    found = request.getfixturevalue("quiet").town if quiet else request.getfixturevalue("town")
    with found.change() as change:
        rows.insert_agent(change, MAYOR, Role.MAYOR, "runbook")
        rows.move_agent(change, MAYOR, "start")


def test_a_log_is_in_the_mail_and_not_in_its_subject(town: Town) -> None:
    escalate(town.acting_as(Address("demo/ann")), "it failed\n" + "a line of the log\n" * 30)
    (subject,) = mails(town, MAYOR)
    assert ": it failed a line" in subject and len(subject) < 160
    (entry,) = box(town, MAYOR).list_all()
    assert box(town, MAYOR).load(entry).body.count("a line of the log") == 30


def test_without_a_mayor_the_human_is_asked_at_once(town: Town) -> None:
    asked = escalate(town.acting_as(Address("demo/ann")), "which one?").value
    assert asked.level == "mayor" and mails(town, OVERSEER) == []
    with town.change() as change:
        rows.move_agent(change, MAYOR, "stop")
    for _ in range(2):
        chain.climb(town)
    assert again(town, asked).level == "human" and again(town, asked).deadline
    later = escalate(town.acting_as(Address("demo/ann")), "and which colour?").value
    assert later.level == "human"
    assert len(mails(town, OVERSEER)) == 2 and len(mails(town, MAYOR)) == 1
    assert chain.find_pending(town) == []


def test_nobody_answers_and_the_work_is_saved_stopped_and_open_again(quiet: QuietTown) -> None:
    bead = quiet.bead("one")
    toast, work = quiet.hook(bead)
    (work / "draft.txt").write_text("d\n")
    town = quiet.town
    raised = escalate(town.acting_as(toast), "npm is broken", "critical").value
    assert (raised.level, raised.agent, raised.state) == ("mayor", toast, "open") and raised.deadline
    assert mails(town, MAYOR) == [f"{raised.id} (critical): npm is broken"] and mails(town, OVERSEER) == []
    chain.climb(town)
    overdue(town, raised)
    assert again(town, raised).level == "human" and len(mails(town, OVERSEER)) == len(mails(town, MAYOR)) == 1
    assert get_bead(town.db, bead).state == "hooked"
    overdue(town, raised)
    last = again(town, raised)
    assert (last.level, last.state, last.deadline) == ("default", "open", None)
    assert (get_bead(town.db, bead).state, get_bead(town.db, bead).reason) == ("open", "parked")
    assert get_agent(town.db, toast).state == "off" and (work / "draft.txt").exists()
    assert len(mails(town, OVERSEER)) == 2
    overdue(town, resolve(town, last).value)
    assert again(town, raised).state == "resolved" and len(mails(town, OVERSEER)) == 2


def test_a_crew_member_is_paused(quiet: QuietTown) -> None:
    ann, _ = quiet.crew()
    bead = quiet.bead("one")
    with quiet.town.change() as change:
        sling_bead(change, bead, ann)
        move_agent(change, ann, "start")
    raised = escalate(quiet.town, "what now", bead=get_bead(quiet.town.db, bead)).value
    overdue(quiet.town, raised)
    overdue(quiet.town, raised)
    assert get_agent(quiet.town.db, ann).state == "paused" and get_bead(quiet.town.db, bead).reason == "parked"
    assert [one.why for one in list_snapshots(quiet.town, ann)] == [f"parked: {raised.id}"]


def test_acknowledged_by_an_agent_gives_time_by_a_person_ends_it(quiet: QuietTown) -> None:
    town = quiet.town
    raised = escalate(town, "what now").value
    acknowledged = acknowledge(town.acting_as(MAYOR), raised).value
    assert acknowledged.state == "acknowledged" and acknowledged.deadline > raised.deadline
    overdue(town, raised)
    assert (again(town, raised).level, again(town, raised).state) == ("human", "open")
    answer = acknowledge(town, again(town, raised))
    assert answer.value.deadline is None and not answer.text.endswith("already")
    assert acknowledge(town, answer.value).text.endswith("already")
    chain.climb(town)
    assert again(town, raised).level == "human" and len(mails(town, OVERSEER)) == 1
    resolve(town, answer.value)
    assert resolve(town, answer.value).text.endswith("already")
    with pytest.raises(RefusedError, match="is resolved"):
        acknowledge(town, again(town, raised))


def test_the_mayor_asks_the_human_and_a_key_asks_once(town: Town) -> None:
    mayor = town.acting_as(MAYOR)
    first, second = (escalate(mayor, "help", key="k").value for _ in range(2))
    assert first == second and first.level == "human"
    assert len(mails(town, OVERSEER)) == 1 and mails(town, MAYOR) == []


def test_the_mayor_is_not_asked_about_itself(town: Town) -> None:
    (town.path / "town.yaml").write_text("respawn:\n  budget: 1 per 10m\n")
    witness = town.acting_as(WITNESS)
    with town.change() as change:
        rows.insert_agent(change, MAYOR, Role.MAYOR, "runbook")
    for move in ("start", "retry"):
        with witness.change() as change:
            rows.move_agent(change, MAYOR, move)
            session = rows.insert_session(change, MAYOR, "runbook", (1, "1"), None)
            rows.end_session(change, session, status=1, signal=None, reason=Ending.DIED)
        deaths.answer(witness, rows.get_session(town.db, session))
    chain.climb(witness)
    (subject,) = mails(town, OVERSEER)
    assert "mayor has failed" in subject and mails(town, MAYOR) == []
    witness.close()


def test_about_nothing_that_runs(town: Town) -> None:
    raised = escalate(town.acting_as(Address("demo/ann")), "hm", "low").value
    overdue(town, raised)
    overdue(town, raised)
    assert again(town, raised).level == "default" and get_agent(town.db, "demo/ann").state == "off"


def test_killed_between_the_mail_and_the_row_and_asked_again(town: Town, run_gt: Callable[..., Any]) -> None:
    words = ("--town", town.path, "escalate", "help", "--key", "k", "--json")
    assert run_gt(*words, env={"GT_FAULT": "escalation.told"}).code == -9
    assert len(mails(town, MAYOR)) == 1
    first = run_gt(*words).json
    assert first["deadline"] and len(mails(town, MAYOR)) == 1
    assert run_gt(*words).json == first


def test_killed_before_the_bead_is_open_again(quiet: QuietTown, run_gt: Callable[..., Any]) -> None:
    bead = quiet.bead("one")
    toast, _ = quiet.hook(bead)
    raised = escalate(quiet.town.acting_as(toast), "help").value
    overdue(quiet.town, raised)
    with quiet.town.change() as change:
        change.execute("UPDATE escalations SET deadline = '2020'")
    climb = (
        "import os; from pathlib import Path; from gastown_tmux.operations.escalation import chain;"
        " from gastown_tmux.operations.town import town;"
        f" chain.climb(town.Town(Path({str(quiet.town.path)!r}), 'deacon', dict(os.environ)))"
    )
    done = subprocess.run([sys.executable, "-c", climb], env={**os.environ, "GT_FAULT": "escalation.stopped"})
    assert done.returncode == -9
    assert (get_agent(quiet.town.db, toast).state, get_bead(quiet.town.db, bead).state) == ("off", "hooked")
    chain.climb(quiet.town)
    assert get_bead(quiet.town.db, bead).reason == "parked" and again(quiet.town, raised).level == "default"
    assert len(mails(quiet.town, OVERSEER)) == 2


def test_resolving_names_the_bead_that_still_waits(quiet: QuietTown) -> None:
    bead = quiet.bead("work")
    worker, _ = quiet.hook(bead)
    with quiet.town.change() as change:
        return_bead(change, bead, "escalated")
    asked = escalate(quiet.town.acting_as(worker), "no such file", bead=get_bead(quiet.town.db, bead)).value
    assert f"next: gt sling {bead}" in resolve(quiet.town, asked).text
    with quiet.town.change() as change:
        close_bead(change, bead, "wontdo")
    assert "next" not in resolve(quiet.town, asked).text


def test_an_agent_that_escalates_without_end_is_refused_and_a_person_is_not(quiet: QuietTown) -> None:
    town = quiet.town
    address, _ = quiet.crew()
    agent = town.acting_as(address)
    raised = [escalate(agent, f"help {n}", key=f"k{n}").value for n in range(MOST_OPEN)]
    with pytest.raises(RefusedError, match=f"escalated {MOST_OPEN} times within the hour"):
        escalate(agent, "help again", "critical")
    assert escalate(agent, "help 0", key="k0").value.id == raised[0].id
    assert escalate(town, "a person asks").value.state == "open"
    resolve(town, raised[0])
    assert escalate(agent, "help once more").value.state == "open"
    agent.close()


def test_until_when_is_told_by_the_clock_on_the_wall(quiet: QuietTown) -> None:
    raised = escalate(quiet.town, "what now", key="k")
    assert raised.text == f"{raised.value.id} is with the mayor until {local_time(raised.value.deadline)}"
    acknowledge(quiet.town, raised.value)
    assert escalate(quiet.town, "what now", key="k").text == f"{raised.value.id} is acknowledged"
