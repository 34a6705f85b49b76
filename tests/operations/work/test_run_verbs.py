"""gt formula run, gt run: poured, looked at, held, tried again, ended; by whichever deacon, cut off anywhere."""

import contextlib
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.ids import BeadId
from gastown_tmux.domain.pages import Page
from gastown_tmux.domain.runs import OVER, Run, StepState
from gastown_tmux.domain.work import Bead, BeadState
from gastown_tmux.errors import GtError, RefusedError, UsageError
from gastown_tmux.operations.escalation.escalations import raise_escalation
from gastown_tmux.operations.explaining.why import why
from gastown_tmux.operations.mail.sending import send
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.work import runs
from gastown_tmux.operations.work.bead_files import import_beads
from gastown_tmux.operations.work.bead_story import list_beads
from gastown_tmux.operations.work.beads import close_bead, reopen_bead
from gastown_tmux.operations.work.convoys import create_convoy
from gastown_tmux.operations.work.courses import follow, go_on
from gastown_tmux.operations.work.run_gates import Resting, list_gated, open_gates
from gastown_tmux.operations.work.steps import show_step, step_done, step_fail, step_skip
from gastown_tmux.operations.work.waiting import explain_bead
from gastown_tmux.store.beads import (
    find_held_bead,
    get_bead,
    merge_bead,
    report_bead,
    return_bead,
    sling_bead,
    submit_bead,
)
from gastown_tmux.store.convoys import get_convoy
from gastown_tmux.store.db import Change
from gastown_tmux.store.escalations import list_escalations
from gastown_tmux.store.rigs import delete_rig
from gastown_tmux.store.runs import get_run, list_latest_runs

CAT = Address("demo/cat")
As = Callable[[str], Town]


@pytest.fixture(autouse=True)
def nothing_starts(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here agents are rows, and the tests are the deacon."""
    monkeypatch.setattr(runs, "ensure_up", lambda town: None)
    town.environment = {**town.environment, "GT_PROVIDER_DEFAULT": "runbook"}
    town.reload_settings()


def write(town: Town, steps: str, name: str = "it", head: str = "") -> Path:
    path = town.path / "formulas" / f"{name}.formula.toml"
    path.write_text(f'formula = "{name}"\n{head}{steps}')
    return path


def step(id: str, *needs: str, more: str = "") -> str:
    needed = ", ".join(f'"{need}"' for need in needs)
    return f'[[steps]]\nid = "{id}"\ntitle = "{id.upper()}"\nneeds = [{needed}]\n{more}'


THREE = step("a") + step("b", "a") + step("c", "b")


def pour(town: Town, name: str = "it", **more: object) -> Run:
    made = runs.run_formula(town, name, **more).value  # type: ignore[arg-type]
    assert isinstance(made, Run)
    return made


def again(town: Town, run: Run) -> Run:
    return get_run(town.db, run.id)


def states(town: Town, run: Run) -> str:
    return " ".join(str(step.state) for step in again(town, run).steps)


def bead_of(town: Town, run: Run, step: str | None = None) -> Bead:
    found = again(town, run)
    id = found.step(step).bead if step else found.bead
    assert id is not None
    return get_bead(town.db, id)


def take(town: Town, bead: Bead) -> None:
    """As the scheduler gives it out: only what waits for a worker goes to one."""
    assert bead.state is BeadState.OPEN and bead.target is not None
    with town.change() as change:
        sling_bead(change, bead.id, CAT)


def report(town: Town, bead: Bead, words: str = "r") -> None:
    with town.change() as change:
        report_bead(change, bead.id, words)
    go_on(town)


def test_poured_in_one_transaction_and_never_by_half(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    write(town, THREE)
    with monkeypatch.context() as patch, pytest.raises(RuntimeError):
        patch.setattr(runs, "place", lambda town, course: (_ for _ in ()).throw(RuntimeError))
        pour(town)
    assert (runs.list_runs(town), list_beads(town)) == ([], [])
    run = pour(town, key="k")
    assert pour(town, key="k") == run
    assert (len(runs.list_runs(town)), len(list_beads(town))) == (1, 1)


def test_one_worker_has_them_all_under_one_bead(town: Town) -> None:
    write(town, THREE, head='description = "Do {{x}}"\n[vars]\nx = "1"\n')
    run = pour(town, vars=["x=2"])
    assert (run.state, run.vars, run.spread, states(town, run)) == (
        "running",
        {"x": "2"},
        False,
        "ready blocked blocked",
    )
    bead = bead_of(town, run)
    assert (bead.title, bead.target, bead.labels) == ("it: Do 2", "demo", (run.id,))
    assert bead.body.startswith("Do 2\n\n1. A\n2. B\n3. C\n\ngt step")


def test_what_its_file_says_later_changes_nothing(town: Town) -> None:
    path = write(town, THREE)
    run = pour(town)
    path.unlink()
    assert states(town, run) == "ready blocked blocked"
    row = town.db.row("SELECT text FROM runs")
    assert row is not None and row["text"].startswith('formula = "it"')


def test_values_from_files(town: Town, tmp_path: Path) -> None:
    write(town, THREE, head='[vars]\nx = ""\n')
    (tmp_path / "x").write_text("line\n{{x}}\n")
    assert pour(town, vars=[f"x=@{tmp_path}/x"]).vars == {"x": "line\n{{x}}"}
    with pytest.raises(UsageError, match=r"--var x: .*No such file"):
        pour(town, vars=["x=@/none"])


@pytest.mark.parametrize(
    ("steps", "more", "message"),
    [
        (step("a", more="[steps.gate]\ntype = 'gh:pr'\ncondition = '7'\n"), {}, "/p is no repository of GitHub"),
        (step("a", more="agent = 'nobody'\n"), {}, "nobody"),
        (step("a"), {"vars": ["x=1"]}, "it has no variable 'x'"),
        (step("a"), {"preset": "p"}, "it has no presets"),
        (step("a", "b"), {}, "needs 'b'"),
    ],
)
def test_what_cannot_run_leaves_nothing(town: Town, steps: str, more: dict[str, object], message: str) -> None:
    write(town, steps)
    with pytest.raises(GtError, match=message):
        pour(town, **more)
    assert (runs.list_runs(town), list_beads(town)) == ([], [])


def test_each_ready_step_is_a_bead_and_its_result_is_told_on(town: Town) -> None:
    write(town, step("a") + step("b") + step("c", "a", "b", more='agent = "runbook"\ncheck = "true"\n'))
    run = pour(town, spread=True)
    assert states(town, run) == "working working blocked"
    assert {bead.target for bead in list_beads(town)} == {"demo"}
    for id in ("a", "b"):
        take(town, bead_of(town, run, id))
        report(town, bead_of(town, run, id), f"result of {id}")
    assert states(town, run) == "done done working"
    last = bead_of(town, run, "c")
    assert last.provider == "runbook"
    assert last.body == ("It is checked by: true\n\n## Result of a\n\nresult of a\n\n## Result of b\n\nresult of b\n")
    take(town, last)
    report(town, last)
    assert (again(town, run).state, states(town, run)) == ("done", "done done done")
    assert len(list_beads(town)) == 3


def test_a_formula_may_say_that_it_is_spread(town: Town) -> None:
    write(town, THREE, head="spread = true\n")
    assert pour(town).spread
    write(town, '[[legs]]\nid = "x"\ndescription = "d"\n[[legs]]\nid = "y"\n[synthesis]\n', "convoy")
    run = pour(town, "convoy")
    assert (run.spread, states(town, run)) == (True, "working working blocked")


def test_where_the_results_are_text_the_worker_is_told(town: Town) -> None:
    write(town, step("a", more='description = "do"\n'), head="review_only = true\n")
    told = "The result is text: change no file, and end with gt done --report FILE, or - for standard input.\n"
    assert bead_of(town, pour(town)).body.endswith(f"after the last, gt done.\n\n{told}")
    assert bead_of(town, pour(town, spread=True), "a").body == f"do\n\n{told}"


def test_a_bead_that_fails_its_step_waits_for_a_person(town: Town) -> None:
    write(town, step("a") + step("b", "a"))
    run = pour(town, spread=True)
    take(town, bead_of(town, run, "a"))
    with town.change() as change:
        return_bead(change, bead_of(town, run, "a").id, "escalated")
    go_on(town)
    assert (again(town, run).state, states(town, run)) == ("waiting", "failed blocked")
    assert runs.retry_run(town, run).value.state == "running"
    assert (states(town, run), bead_of(town, run, "a").target) == ("working blocked", CAT)
    take(town, bead_of(town, run, "a"))
    report(town, bead_of(town, run, "a"))
    assert states(town, run) == "done working"
    close_bead(town, bead_of(town, run, "b"), "wontdo")
    go_on(town)
    assert again(town, run).reason == f"step b failed: {bead_of(town, run, 'b').id} is closed as wontdo"
    runs.retry_run(town, run, "b")
    assert (states(town, run), bead_of(town, run, "b").state) == ("done working", "open")
    runs.skip_step(town, run, "b", "not needed")
    assert (again(town, run).state, states(town, run), bead_of(town, run, "b").state) == (
        "done",
        "done skipped",
        "closed",
    )


def test_a_person_who_slings_a_failed_steps_bead_has_retried_it(town: Town) -> None:
    write(town, step("a"))
    run = pour(town, spread=True)
    take(town, bead_of(town, run, "a"))
    with town.change() as change:
        return_bead(change, bead_of(town, run, "a").id, "deferred")
    go_on(town)
    with town.change() as change:
        sling_bead(change, bead_of(town, run, "a").id, CAT)
    go_on(town)
    assert (again(town, run).state, states(town, run)) == ("running", "working")


def test_what_lands_is_the_steps_commit(town: Town) -> None:
    write(town, step("a"))
    run = pour(town, spread=True)
    bead = bead_of(town, run, "a")
    take(town, bead)
    with town.change() as change:
        submit_bead(change, bead.id, "mr-1")  # type: ignore[arg-type]
        merge_bead(change, bead.id, "f" * 40)  # type: ignore[arg-type]
    go_on(town)
    assert again(town, run).step("a").commit == "f" * 40


def test_pause_begins_nothing_new(town: Town) -> None:
    write(town, THREE)
    run = pour(town, spread=True)
    assert runs.pause_run(town, run).text == f"{run.id} is paused: the step at work is the last"
    assert runs.pause_run(town, run).text == f"{run.id} is paused already"
    take(town, bead_of(town, run, "a"))
    report(town, bead_of(town, run, "a"))
    assert (again(town, run).state, states(town, run)) == ("paused", "done ready blocked")
    runs.resume_run(town, run)
    assert (again(town, run).state, states(town, run)) == ("running", "done working blocked")
    assert "has nothing to resume" in runs.resume_run(town, run).text


def test_a_persons_word_opens_a_gate(town: Town) -> None:
    write(town, step("a", more="[steps.gate]\ntype = 'human'\ncondition = 'May it?'\n"))
    for spread in (True, False):
        run = pour(town, spread=spread)
        assert (run.state, run.reason) == ("waiting", "step a waits for a person's word: May it?")
        if not spread:
            assert bead_of(town, run).target is None
        runs.resume_run(town, run)
        assert states(town, run) == ("working" if spread else "ready")
        if not spread:
            assert bead_of(town, run).target == "demo"


def test_a_persons_word_is_for_the_gate_that_was_shown(town: Town) -> None:
    gate = "[steps.gate]\ntype = 'human'\ncondition = 'May it?'\n"
    write(town, step("a", more=gate) + step("b", more=gate) + step("c", "a"))
    run = pour(town, spread=True)
    assert f"May it?  (yes: gt run resume {run.id} b)" in again(town, run).outline
    runs.resume_run(town, run, "b")
    assert states(town, run) == "blocked working blocked"
    assert "has nothing to resume" in runs.resume_run(town, run, "b").text
    with pytest.raises(RefusedError, match=r"step c of .* waits for nobody's word: it is blocked"):
        runs.resume_run(town, run, "c")
    runs.pause_run(town, run)
    assert "has your word for step a, and is paused" in runs.resume_run(town, run, "a").text
    assert (again(town, run).state, states(town, run)) == ("paused", "ready working blocked")


def test_a_command_opens_a_gate_once_it_succeeds(town: Town) -> None:
    gate = "[steps.gate]\ntype = 'command'\ncondition = 'echo $GT_RUN $GT_STEP >> asked; test -f {{mark}}'\n"
    write(town, step("z") + step("a", "z", more=gate), head='[vars]\nmark = "go on"\n')
    run = pour(town, spread=True)
    assert list_gated(town) == []  # what it needs is not done
    take(town, bead_of(town, run, "z"))
    report(town, bead_of(town, run, "z"))
    assert list_gated(town) == [run.id]
    runs.pause_run(town, run)
    open_gates(town, Resting())
    assert not (town.path / "asked").exists()
    runs.resume_run(town, run)
    for opened in (False, True):
        if opened:
            (town.path / "go on").touch()
        open_gates(town, Resting())
        assert states(town, run) == ("done working" if opened else "done blocked")
    assert (town.path / "asked").read_text() == f"{run.id} a\n" * 2
    assert list_gated(town) == []


def test_the_bead_of_a_run_behind_a_gate_waits_for_the_gate_in_every_list(town: Town, as_agent: As) -> None:
    """Whoever gave it out would find nothing to do."""
    write(town, step("a") + step("b", "a", more='gate = { type = "command", condition = "test -e open" }\n'))
    run = pour(town)
    take(town, bead_of(town, run))
    worker = as_agent(CAT)
    show_step(worker)
    step_done(worker, "a")
    go_on(town)
    bead = bead_of(town, run)
    assert (bead.state, bead.target) == (BeadState.OPEN, None)
    (wait,) = explain_bead(town, bead)
    assert wait.reason.startswith("the gate of step b is closed: command: test -e open") and not wait.stranded
    for thing in (run.id, bead.id):
        assert [cause.reason for cause in why(town, thing).waits_for] == [wait.reason]


def test_a_mail_opens_a_gate(town: Town, as_agent: As) -> None:
    send(as_agent("demo/ann"), ["overseer"], subject="it is approved", body="b")
    write(town, step("a", more="[steps.gate]\ntype = 'mail'\ncondition = 'Approved it'\n"))
    run = pour(town, spread=True)
    for subject, opened in (("approved", False), ("Yes, approved: it may", True)):
        send(as_agent("demo/ann"), ["overseer"], subject=subject, body="b")
        open_gates(town, Resting())
        assert states(town, run) == ("working" if opened else "blocked"), subject


def test_a_pause_is_no_word_for_a_gate(town: Town) -> None:
    write(town, step("a", more="[steps.gate]\ntype = 'human'\n"))
    run = pour(town, spread=True)
    runs.pause_run(town, run)
    runs.resume_run(town, run)
    assert (again(town, run).state, states(town, run)) == ("waiting", "blocked")


def test_cancel_takes_all_back(town: Town, as_agent: As) -> None:
    write(town, THREE)
    spread, single = pour(town, spread=True), pour(town)
    take(town, bead_of(town, single))
    show_step(as_agent("demo/cat"))
    for run in (spread, single):
        assert runs.cancel_run(town, run).text == f"{run.id} is cancelled"
        assert runs.cancel_run(town, run).text == f"{run.id} is cancelled already"
        assert states(town, run) == "skipped skipped skipped"
        for act in (runs.resume_run, runs.retry_run):
            with pytest.raises(RefusedError, match=f"{run.id} is cancelled"):
                act(town, run)
    assert {(bead.state, bead.reason) for bead in list_beads(town)} == {("closed", "wontdo")}


def test_what_cannot_be_retried_or_skipped(town: Town) -> None:
    write(town, THREE)
    run = pour(town, spread=True)
    with pytest.raises(RefusedError, match=r"no step of .* has failed"):
        runs.retry_run(town, run)
    with pytest.raises(RefusedError, match=f"step a of {run.id} is working"):
        runs.retry_run(town, run, "a")
    take(town, bead_of(town, run, "a"))
    with pytest.raises(RefusedError, match="of step a is hooked"):
        runs.skip_step(town, run, "a")
    report(town, bead_of(town, run, "a"))
    with pytest.raises(RefusedError, match="is done already"):
        runs.skip_step(town, run, "a")


def test_a_rig_that_is_removed_ends_its_runs(town: Town) -> None:
    write(town, THREE)
    over, single, spread = pour(town), pour(town), pour(town, spread=True)
    runs.cancel_run(town, over)
    import_beads(town, "- [ ] brought in")
    convoy = create_convoy(town, "all", text="- [ ] in it").value
    with town.change() as change:
        raise_escalation(change, "medium", "what now?", bead=convoy.beads[0])
        delete_rig(change, town.rig("demo").name)
    go_on(town)
    for run in (single, spread):
        assert (again(town, run).state, again(town, run).reason) == ("failed", "its rig was removed")
        with pytest.raises(RefusedError, match=f"{run.id} is failed"):
            runs.retry_run(town, run)
    assert again(town, over).state == "cancelled"
    assert get_convoy(town.db, convoy.id).state == "closed", "it carries nothing"
    assert [each.state for each in list_escalations(town.db)] == ["resolved"]


def test_a_bead_that_is_gone_is_said(town: Town) -> None:
    write(town, THREE)
    run = pour(town)
    with town.change() as change:
        change.execute("DELETE FROM beads")
    go_on(town)
    assert (again(town, run).state, again(town, run).reason) == ("failed", "its bead is gone")


def choose_act(town: Town, agent: Town, run: Run, pick: random.Random) -> None:
    """Something that somebody may do now; most of it is refused at most times."""
    held = [bead for bead in list_beads(town) if bead.state in (BeadState.HOOKED, BeadState.WORKING)]
    waiting = [bead for bead in list_beads(town) if bead.state is BeadState.OPEN and bead.target is not None]
    current = again(town, run).current
    match pick.randrange(14):
        case 0 | 1 | 2 if waiting and not held:
            take(town, pick.choice(waiting))
        case 3 | 4 if held and run.spread:
            report(town, held[0])
        case 3 | 4 | 5 | 6 if held and not run.spread:
            show_step(agent)
            step_done(agent, result="r")
        case 7 if held and not run.spread:
            pick.choice([step_fail, step_skip])(agent, "no")
        case 7 | 8 if held:
            with town.change() as change:
                return_bead(change, held[0].id, pick.choice(["escalated", "deferred", "unslung"]))
        case 9:
            runs.pause_run(town, run)
        case 10 | 11:
            pick.choice([runs.resume_run, runs.retry_run])(town, run)
        case 12 if current is not None and pick.random() < 0.3:
            runs.skip_step(town, run, current.id)
        case _:
            go_on(town)


@pytest.mark.parametrize("spread", [False, True])
def test_any_mix_of_acts_and_kills(town: Town, as_agent: As, spread: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second deacon by accident, and kills before a commit: needs hold, none is finished twice, all end."""
    pick = random.Random(27)
    needs: list[list[int]] = [sorted(pick.sample(range(i), min(i, pick.randrange(3)))) for i in range(14)]
    write(town, "".join(step(f"s{i}", *(f"s{n}" for n in needed)) for i, needed in enumerate(needs)))
    run, agent, other = pour(town, spread=spread), as_agent("demo/cat"), as_agent("deacon")
    finished: dict[str, object] = {}
    begin = Change.execute

    def die(change: Change, sql: str, *values: object) -> object:
        if sql.startswith("UPDATE runs") and pick.random() < 0.5:
            raise KeyboardInterrupt
        return begin(change, sql, *values)

    def look() -> None:
        now = again(town, run)
        by_id = {step.id: step for step in now.steps}
        for each in now.steps:
            if each.state not in (StepState.BLOCKED, StepState.SKIPPED):
                assert all(by_id[need].is_finished for need in each.needs), each
            if each.id in finished:
                assert (each.state, each.result, each.ended) == finished[each.id]
            if each.is_finished:
                finished[each.id] = (each.state, each.result, each.ended)

    for _ in range(250):
        with monkeypatch.context() as patch:
            if pick.random() < 0.2:
                patch.setattr(Change, "execute", die)
            with contextlib.suppress(GtError, KeyboardInterrupt):
                choose_act(town, agent, run, pick)
        go_on(other)
        look()
    for _ in range(120):  # nobody strikes any more: it comes to its end
        if again(town, run).state in OVER:
            break
        for act in (runs.resume_run, runs.retry_run):
            with contextlib.suppress(GtError):
                act(town, run)
        waiting = [bead for bead in list_beads(town) if bead.state is BeadState.OPEN and bead.target is not None]
        if waiting and not find_held_bead(town.db, CAT):
            take(town, waiting[0])
        held = [bead for bead in list_beads(town) if bead.state is BeadState.HOOKED]
        if held and spread:
            report(town, held[0])
        while held and not spread and not again(town, run).all_finished:
            show_step(agent)
            step_done(agent)
        if held and not spread:
            report(town, held[0])
        look()
    assert again(town, run).state == "done", runs.show_run(town, again(town, run)).outline


def test_the_first_of_many_runs(town: Town) -> None:
    write(town, THREE)
    over, second, third = (pour(town) for _ in range(3))
    runs.cancel_run(town, third)
    page = runs.list_runs(town, limit=2)
    assert isinstance(page, Page)
    assert ([run.id for run in page.items], page.more) == ([second.id, over.id], 1)
    assert runs.list_runs(town, limit=0).more == 0  # type: ignore[union-attr]
    assert [run.id for run in list_latest_runs(town.db, 2)] == [second.id, over.id]
    assert [step.id for step in list_latest_runs(town.db, 1)[0].steps] == [step.id for step in second.steps]

    def found(**narrowed: Any) -> list[str]:
        listed, page = runs.list_runs(town, **narrowed), runs.list_runs(town, **narrowed, limit=9)
        assert isinstance(page, Page) and page.more == 0
        assert sorted(run.id for run in page.items) == sorted(run.id for run in listed)
        return [run.id for run in listed]

    assert found(state="cancelled") == [third.id] and found(state="done") == []
    assert found(search=f"{third.formula} {third.id}".upper()) == [third.id] and found(search="1_0") == []
    assert len(found(rig=town.rig("demo"))) == 3 == len(found(since="yesterday")) and found(since="2999-01-01") == []


def test_a_bead_by_hand_is_no_way_round(town: Town) -> None:
    """Closed as done by a person: the run is over, and says so of each step."""
    write(town, THREE)
    run = pour(town)
    close_bead(town, bead_of(town, run))
    go_on(town)
    assert (again(town, run).state, states(town, run)) == ("done", "skipped skipped skipped")
    reopen_bead(town, bead_of(town, run))
    go_on(town)
    assert again(town, run).state == "done"


def test_the_run_is_behind_only_while_something_is_to_be_written(town: Town) -> None:
    write(town, THREE + step("t", more="[steps.gate]\ntype = 'timer'\ncondition = '1h'\n"))
    for spread in (True, False):
        pour(town, spread=spread)
    go_on(town)
    mark = town.db.mark()
    go_on(town)
    assert town.db.mark() == mark


def test_nothing_is_written_where_nothing_changes(town: Town) -> None:
    write(town, THREE)
    run = pour(town)
    before = len(town.db.rows("SELECT * FROM events"))
    with follow(town, run.id):
        pass
    assert len(town.db.rows("SELECT * FROM events")) == before


def test_who_is_told_of_a_step_that_failed(town: Town, as_agent: As) -> None:
    write(town, step("a"))
    run = pour(town)
    take(town, bead_of(town, run))
    show_step(as_agent("demo/cat"))
    step_fail(as_agent("demo/cat"), "no way")
    [asked] = list_escalations(town.db)
    assert asked.text == f"{run.id}: step a failed: no way; gt run retry {run.id} a"
    assert (bead_of(town, run).state, bead_of(town, run).reason) == ("open", "escalated")
    assert BeadId(str(asked.bead)) == bead_of(town, run).id


@pytest.mark.parametrize("answer", ["retry", "skip", "cancel", "sling"])
@pytest.mark.parametrize("by", ["step", "bead"])
def test_an_answer_ends_what_was_asked_or_its_worker_would_be_stopped_later(
    town: Town, as_agent: As, answer: str, by: str
) -> None:
    write(town, step("a") + step("b", "a"))
    run = pour(town)
    take(town, bead_of(town, run))
    worker = as_agent(CAT)
    show_step(worker)
    if by == "step":
        step_fail(worker, "no way")
    else:
        id = bead_of(town, run).id
        with worker.change() as change:
            return_bead(change, id, "escalated")
            raise_escalation(change, "medium", f"{id}: no way", bead=id)
    go_on(town)
    [asked] = list_escalations(town.db)
    assert (asked.state, states(town, run)) == ("open", "failed blocked")
    if answer == "sling":
        with town.change() as change:
            sling_bead(change, bead_of(town, run).id, CAT)
    elif answer == "skip":
        runs.skip_step(town, run, "a")
    else:
        (runs.retry_run if answer == "retry" else runs.cancel_run)(town, run)
    go_on(town)
    assert [each.state for each in list_escalations(town.db)] == ["resolved"]
