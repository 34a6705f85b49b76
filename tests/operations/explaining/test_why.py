"""gt why: of each kind of thing, from rows, with commands that name what is there."""

import shlex
from collections.abc import Callable

import pytest

from gastown_tmux.domain.addresses import MAYOR, OVERSEER, Address
from gastown_tmux.domain.escalation import Severity
from gastown_tmux.domain.ids import BeadId, Commit
from gastown_tmux.errors import NotFoundError, RefusedError
from gastown_tmux.operations.explaining.why import Why, why
from gastown_tmux.operations.mail.sending import send
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.work import orders, runs
from gastown_tmux.operations.work.beads import create_bead, update_bead
from gastown_tmux.operations.work.convoys import create_convoy
from gastown_tmux.operations.work.courses import go_on
from gastown_tmux.operations.work.orders import run_order
from gastown_tmux.operations.work.runs import pause_run, run_formula
from gastown_tmux.operations.work.steps import show_step, step_done, step_fail
from gastown_tmux.store.beads import find_held_bead, get_bead, return_bead, sling_bead
from gastown_tmux.store.escalations import insert_escalation
from gastown_tmux.store.merging import insert_merge_request
from gastown_tmux.store.meta import set_wanted
from gastown_tmux.store.runs import get_run
from gastown_tmux.verbs.call import _resolve
from gastown_tmux.verbs.index import find_verb
from gastown_tmux.verbs.parser import parse

CAT = Address("demo/cat")
As = Callable[[str], Town]


@pytest.fixture(autouse=True)
def up(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here agents are rows, and the tests are the deacon."""
    for module in (runs, orders):
        monkeypatch.setattr(module, "ensure_up", lambda town: None)
    town.environment = {**town.environment, "GT_PROVIDER_DEFAULT": "runbook"}
    town.reload_settings()
    with town.change() as change:
        set_wanted(change, True)


def ask(town: Town, thing: str) -> Why:
    """Each command it offers is one, and names what is there."""
    found = why(town, thing)
    assert found.next
    for command in found.next:
        verb, words = find_verb(shlex.split(command)[1:])
        given = parse(verb, words)
        for parameter in verb.parameters:
            value = given.get(parameter.name)
            for word in value if isinstance(value, list) else [value]:
                if isinstance(word, str):
                    _resolve(town, parameter, word, None)
    return found


def reasons(town: Town, thing: str) -> list[str]:
    return [cause.reason for cause in ask(town, thing).waits_for]


def formula(town: Town, steps: str) -> None:
    (town.path / "formulas" / "it.formula.toml").write_text(f'formula = "it"\n{steps}')


def pour(town: Town, spread: bool = False) -> str:
    return str(run_formula(town, "it", spread=spread).value.id)


TWO = '[[steps]]\nid = "a"\ntitle = "A"\n[[steps]]\nid = "b"\ntitle = "B"\nneeds = ["a"]\n'


def test_a_bead_and_its_worker(town: Town, worker_bead: BeadId) -> None:
    found = ask(town, worker_bead[:5])
    assert (found.subject, found.kind, found.title, found.state) == (worker_bead, "bead", "work", "hooked")
    assert found.since == get_bead(town.db, worker_bead).updated
    assert [(cause.what, cause.id) for cause in found.waits_for] == [("agent", "demo/cat")]
    assert "assignee demo/cat" in found.evidence
    assert any(" bead.slung by overseer agent=demo/cat" in line for line in found.evidence)
    agent = ask(town, "cat")
    assert (agent.subject, agent.kind, agent.state, agent.title) == ("demo/cat", "agent", "starting", "work")
    assert f"on its hook: {worker_bead} work" in agent.evidence
    assert reasons(town, "demo/ann") == ["demo/ann has no work"]


def test_a_bead_that_needs_another_and_one_that_came_back(town: Town) -> None:
    first = create_bead(town, "first", town.rig("demo")).value
    second = create_bead(town, "second", town.rig("demo"), needs=[first]).value
    assert reasons(town, second.id)[0].startswith(f"it needs {first.id}")
    with town.change() as change:
        sling_bead(change, first.id, CAT)
        return_bead(change, first.id, "deferred")
    assert reasons(town, first.id) == ["it was deferred by demo/cat, and waits for a person's or the mayor's word"]
    update_bead(town, second, needs=[])
    assert ask(town, second.id).next[0] == f"gt sling {second.id} demo"


def test_a_run_on_one_worker_and_its_steps(town: Town, as_agent: As) -> None:
    formula(town, TWO)
    run = pour(town)
    cat = as_agent(CAT)
    with town.change() as change:
        sling_bead(change, get_run(town.db, run).bead or BeadId(""), CAT)
    show_step(cat)
    assert reasons(town, run)[0] == "step a is working"
    assert reasons(town, f"{run}/b") == ["it needs step a, which is working"]
    assert ask(town, f"{run}/a").kind == "step"
    step_fail(cat, "no way")
    go_on(town)
    found = ask(town, f"{run}/a")
    assert (found.state, [cause.reason for cause in found.waits_for]) == ("failed", ["step a failed: no way"])
    assert found.next[:2] == (f"gt run retry {run} a", f"gt run skip {run} a")
    assert any("run.step by demo/cat step=a state=failed" in line for line in found.evidence)
    assert not any("step=a" in line for line in ask(town, f"{run}/b").evidence)
    assert reasons(town, get_run(town.db, run).bead or "") == ["step a failed: no way"]
    with pytest.raises(NotFoundError, match="has no step 'c'"):
        why(town, f"{run}/c")


def test_the_bead_of_a_run_that_waits_at_a_gate_is_nothing_to_give_out(town: Town) -> None:
    formula(town, '[[steps]]\nid = "a"\ntitle = "A"\n[steps.gate]\ntype = "human"\ncondition = "look first"\n')
    run = pour(town)
    bead = get_run(town.db, run).bead or ""
    assert reasons(town, bead) == ["step a waits for a person's word: look first"]
    assert ask(town, bead).next[0].startswith(f"gt run resume {run} ")
    pause_run(town, get_run(town.db, run))
    assert reasons(town, bead) == reasons(town, run) == reasons(town, f"{run}/a") == [f"{run} is paused"]


def test_a_spread_run_waits_for_what_its_beads_wait_for(town: Town) -> None:
    formula(town, TWO)
    run = pour(town, spread=True)
    go_on(town)
    bead = get_run(town.db, run).step("a").bead or ""
    assert reasons(town, f"{run}/a") == reasons(town, bead)
    assert reasons(town, run) == ["step a is working", *reasons(town, bead)]
    assert f"it stands for step a of {run}" in ask(town, bead).evidence


def test_a_run_that_is_done_waits_for_nothing(town: Town, as_agent: As) -> None:
    formula(town, '[[steps]]\nid = "a"\ntitle = "A"\n')
    run = pour(town)
    cat = as_agent(CAT)
    with town.change() as change:
        sling_bead(change, get_run(town.db, run).bead or BeadId(""), CAT)
    show_step(cat)
    step_done(cat, result="well")
    assert reasons(town, run)[0].startswith("all its steps are done, and ")
    assert reasons(town, f"{run}/a") == []
    assert find_held_bead(town.db, CAT) is not None


def test_a_request_a_convoy_and_an_escalation(town: Town, worker_bead: BeadId) -> None:
    bead = get_bead(town.db, worker_bead)
    with town.change() as change:
        request = insert_merge_request(
            change, bead=bead.id, rig=bead.rig, author=CAT, branch="b", head=Commit("1" * 40), base=Commit("2" * 40),
            target="main",
        )  # fmt: skip
        asked = insert_escalation(change, severity=Severity.HIGH, text="help me", bead=bead.id, about=None)
    found = ask(town, request)
    assert (found.kind, found.state) == ("request", "queued")
    assert found.waits_for[0].reason == f"{request} is queued"
    assert f"bead {bead.id}" in found.evidence
    convoy = create_convoy(town, "ship", [bead]).value
    assert reasons(town, convoy.id) == [f"{bead.id} is hooked: work"]
    assert "0 of 1 beads are done" in ask(town, convoy.id).evidence
    escalation = ask(town, asked)
    assert (escalation.kind, escalation.title, escalation.evidence[1]) == ("escalation", "help me", f"about {bead.id}")


def test_a_mail_and_its_reader(town: Town) -> None:
    mail = send(town, ["demo/ann"], "hello", "text").value
    found = ask(town, mail.id)
    assert (found.kind, found.title, found.state) == ("mail", "hello", "queued")
    assert [cause.reason for cause in found.waits_for] == [
        "demo/ann was not told of it yet", "demo/ann has no work",
    ]  # fmt: skip


def test_a_rig_and_an_order(town: Town) -> None:
    assert (ask(town, "demo").kind, reasons(town, "demo")) == ("rig", [])
    (town.path / "orders").mkdir(exist_ok=True)
    (town.path / "orders" / "nightly.yaml").write_text("on: bead.merged\nrun: exit 3\n")
    assert reasons(town, "nightly") == ["it is begun on bead.merged"]
    with pytest.raises(Exception, match="failed"):
        run_order(town, "nightly")
    assert "by overseer: it ended with status 3" in ask(town, "nightly").evidence[0]
    (town.path / "orders" / "nightly.yaml").write_text("on: bead.merged\n")
    assert "it says nothing to do" in reasons(town, "nightly")[0]


def test_what_is_not_there_and_what_may_be_several(town: Town) -> None:
    for _ in range(2):
        create_bead(town, "x", town.rig("demo"))
    with pytest.raises(RefusedError, match="may be de-"):
        why(town, "de-")
    for thing, hint in (("nothing", "gt status"), (MAYOR, "gt mayor start"), ("witness", "gt daemon status")):
        with pytest.raises(NotFoundError) as error:
            why(town, thing)
        assert error.value.hint == hint
    for thing in ("run-zzzzz", "mr-zzzzz", "cv-zzzzz", "esc-zzzzz", "de-zzzzz", "a/b", "../x", "", "🐴"):
        with pytest.raises(NotFoundError):
            why(town, thing)


def test_a_town_that_is_down(town: Town, worker_bead: BeadId) -> None:
    with town.change() as change:
        set_wanted(change, False)
    assert reasons(town, worker_bead) == reasons(town, "cat") == ["the town is down"]
    assert ask(town, "cat").next[0] == "gt up"
    assert town.actor == OVERSEER
