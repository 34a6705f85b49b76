"""How a run goes on: each change, and any mix of them against what a simple reader of needs would say."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gastown_tmux.domain.addresses import OVERSEER, Address
from gastown_tmux.domain.formulas.model import Gate
from gastown_tmux.domain.ids import BeadId, Commit, RigName, RunId, time_at
from gastown_tmux.domain.runs import (
    FINISHED,
    OVER,
    RUN,
    STEP,
    Run,
    RunState,
    RunStep,
    StepState,
    cancel,
    change_run,
    change_step,
    end_try,
    open_gates,
    reconcile,
    settle,
)
from gastown_tmux.domain.state_machine import IllegalMoveError
from gastown_tmux.domain.work import Bead, BeadState
from gastown_tmux.errors import NotFoundError

NOW = time_at(1000)
LATER = time_at(2000)


def run_of(*steps: RunStep, spread: bool = False, state: RunState = RunState.RUNNING) -> Run:
    return Run(
        id=RunId("run-1"), formula="f", rig=RigName("demo"), state=state, vars={}, hash="", spread=spread, title="f",
        bead=None if spread else BeadId("de-1"), agent=None, owner=OVERSEER, reason=None, steps=steps, created=NOW,
        updated=NOW,
    )  # fmt: skip


def step(id: str, *needs: str, **more: object) -> RunStep:
    return replace(RunStep(id, id.upper(), "", needs=needs), **more)  # type: ignore[arg-type]


def bead(id: str, state: BeadState, reason: str | None = None, **more: object) -> Bead:
    plain = Bead(
        id=BeadId(id), rig=RigName("demo"), title="", body="", state=state, reason=reason, priority=2, labels=(),
        needs=(), assignee=None, target=None, provider=None, attempts=0, convoy=None, branch=None, base=None,
        merge_request=None, merged_commit=None, report=None, created=NOW, updated=NOW,
    )  # fmt: skip
    return replace(plain, **more)  # type: ignore[arg-type]


def states(run: Run) -> dict[str, str]:
    return {step.id: str(step.state) for step in run.steps}


def beads(*found: Bead) -> dict[BeadId, Bead]:
    return {each.id: each for each in found}


HELD = bead("de-1", BeadState.WORKING, assignee=Address("demo/cat"))


def test_what_needs_nothing_is_ready_and_the_rest_waits() -> None:
    run = settle(run_of(step("a"), step("b", "a"), step("c", "a", "b")), NOW)
    assert states(run) == {"a": "ready", "b": "blocked", "c": "blocked"}
    run = settle(change_step(change_step(run, "a", "start", NOW), "a", "finish", NOW, result="r"), NOW)
    assert states(run) == {"a": "done", "b": "ready", "c": "blocked"}
    assert (run.steps[0].tries, run.steps[0].result, run.steps[0].ended) == (1, "r", NOW)
    assert run.current is not None and run.current.id == "b"


@pytest.mark.parametrize("state", [state for state in StepState if state in FINISHED])
def test_a_finished_step_never_moves_again(state: StepState) -> None:
    assert [move for move in STEP.moves if STEP.can(state, move)] == []


def test_a_run_that_is_over_never_moves_again() -> None:
    assert [(state, move) for state in OVER for move in RUN.moves if RUN.can(state, move)] == []
    over = run_of(step("a"), state=RunState.CANCELLED)
    assert settle(over, NOW) == reconcile(over, {}, NOW) == over


def test_a_step_that_was_not_begun_cannot_be_done() -> None:
    with pytest.raises(IllegalMoveError, match="a step that is ready cannot finish"):
        change_step(settle(run_of(step("a")), NOW), "a", "finish", NOW)
    with pytest.raises(NotFoundError, match="run-1 has no step 'z'"):
        run_of(step("a")).step("z")


def test_a_check_that_fails_gives_another_try_while_there_are_some() -> None:
    run = change_step(settle(run_of(step("a", retries=1)), NOW), "a", "start", NOW)
    run = end_try(run, "a", NOW, "red")
    assert (states(run)["a"], run.steps[0].reason) == ("ready", "red")
    run = settle(end_try(change_step(run, "a", "start", NOW), "a", NOW, "red again"), NOW)
    assert (states(run)["a"], run.state, run.reason) == ("failed", "waiting", "step a failed: red again")
    run = settle(change_step(run, "a", "retry", NOW), NOW)
    assert (states(run)["a"], run.steps[0].tries, run.state, run.reason) == ("ready", 0, "running", None)


def test_a_skipped_step_holds_nobody() -> None:
    run = settle(change_step(run_of(step("a"), step("b", "a")), "a", "skip", NOW, reason="no"), NOW)
    assert states(run) == {"a": "skipped", "b": "ready"}


def test_a_timer_opens_when_its_time_is_over() -> None:
    run = settle(run_of(step("a", gate=Gate("timer", "5m"))), time_at(1000))
    assert (states(run)["a"], run.state, run.wants_worker) == ("blocked", "running", False)
    assert settle(run, time_at(1299)) == run
    assert states(settle(run, time_at(1300))) == {"a": "ready"}
    # A clock that jumps back makes it wait, and nothing else.
    assert settle(run, time_at(0)) == run


def test_a_human_gate_waits_for_a_persons_word() -> None:
    run = settle(run_of(step("a"), step("b", gate=Gate("human", "Well?")), step("c", gate=Gate("human", ""))), NOW)
    assert (run.state, run.reason) == ("waiting", "step b waits for a person's word: Well?")
    assert run.wants_worker and run.current is not None and run.current.id == "a"
    opened = open_gates(run, NOW)
    assert (states(opened), opened.state) == ({"a": "ready", "b": "ready", "c": "ready"}, "running")


def test_a_gate_behind_a_need_holds_only_then() -> None:
    run = settle(run_of(step("a"), step("b", "a", gate=Gate("human", ""))), NOW)
    assert run.state == "running"
    assert open_gates(run, NOW) == run


def test_a_step_that_takes_too_long_fails() -> None:
    run = change_step(settle(run_of(step("a", timeout=60.0)), NOW), "a", "start", NOW)
    assert reconcile(run, beads(HELD), time_at(1059)) == run
    late = reconcile(run, beads(HELD), time_at(1060))
    assert (states(late)["a"], late.reason) == ("failed", "step a failed: it took longer than 60s")


def test_cancelled_means_that_every_step_is_accounted_for() -> None:
    run = settle(run_of(step("a"), step("b", "a"), step("c")), NOW)
    run = settle(change_step(change_step(run, "a", "start", NOW), "a", "finish", NOW), NOW)
    run = cancel(change_step(run, "b", "start", NOW), NOW)
    assert (run.state, states(run)) == ("cancelled", {"a": "done", "b": "skipped", "c": "skipped"})


def test_one_bead_for_all_steps() -> None:
    run = settle(run_of(step("a"), step("b", "a")), NOW)
    assert reconcile(run, beads(HELD), NOW) == run
    gone = reconcile(run, {}, NOW)
    assert (gone.state, gone.reason) == ("failed", "its bead is gone")
    closed = reconcile(run, beads(bead("de-1", BeadState.CLOSED, "wontdo")), NOW)
    assert (closed.state, closed.reason) == ("failed", "de-1 is closed as wontdo")
    by_hand = reconcile(run, beads(bead("de-1", BeadState.CLOSED, "done")), NOW)
    assert (by_hand.state, states(by_hand)) == ("done", {"a": "skipped", "b": "skipped"})
    given_back = reconcile(run, beads(bead("de-1", BeadState.OPEN, "escalated")), NOW)
    assert (given_back.state, states(given_back)) == ("waiting", {"a": "failed", "b": "blocked"})
    assert reconcile(given_back, beads(bead("de-1", BeadState.OPEN, "escalated")), NOW) == given_back
    waits_again = beads(bead("de-1", BeadState.OPEN, "escalated", target="demo"))
    assert reconcile(run, waits_again, NOW) == run
    slung = reconcile(given_back, beads(HELD), NOW)
    assert (slung.state, states(slung)) == ("running", {"a": "ready", "b": "blocked"})


def test_one_bead_for_all_is_done_when_it_has_landed() -> None:
    run = settle(change_step(run_of(step("a")), "a", "skip", NOW), NOW)
    assert (run.state, run.wants_worker) == ("running", True)
    assert reconcile(run, beads(bead("de-1", BeadState.SUBMITTED)), NOW).state == "running"
    assert reconcile(run, beads(bead("de-1", BeadState.MERGED)), NOW).state == "done"


def test_a_bead_for_each_step() -> None:
    run = settle(run_of(step("a"), step("b", "a"), spread=True), NOW)
    run = change_step(run, "a", "start", NOW, bead=BeadId("de-a"))
    for well in (
        bead("de-a", BeadState.SUBMITTED), bead("de-a", BeadState.OPEN, target="demo"),
        bead("de-a", BeadState.OPEN, "conflicted", attempts=2),
    ):  # fmt: skip
        assert reconcile(run, beads(well), NOW) == run
    merged = bead("de-a", BeadState.MERGED, report=None, merged_commit=Commit("f" * 40))
    done = reconcile(run, beads(merged), NOW)
    assert (states(done), done.steps[0].commit) == ({"a": "done", "b": "ready"}, "f" * 40)
    told = reconcile(run, beads(bead("de-a", BeadState.CLOSED, "done", report="r")), NOW)
    assert (states(told), told.steps[0].result) == ({"a": "done", "b": "ready"}, "r")
    for wrong, words in (
        (bead("de-a", BeadState.CLOSED, "wontdo"), "de-a is closed as wontdo"),
        (bead("de-a", BeadState.OPEN, "deferred"), "de-a is deferred"),
        (bead("de-a", BeadState.OPEN, "unslung"), "de-a is unslung"),
        (bead("de-a", BeadState.OPEN), "de-a is open, and given to nobody"),
        (bead("de-a", BeadState.OPEN, "conflicted", attempts=3), "de-a is conflicted"),
        (None, "its bead is gone"),
    ):
        failed = reconcile(run, beads(wrong) if wrong else {}, NOW)
        assert (states(failed), failed.reason) == ({"a": "failed", "b": "blocked"}, f"step a failed: {words}")
        again = reconcile(failed, beads(bead("de-a", BeadState.HOOKED)), NOW)
        assert (states(again), again.state) == ({"a": "working", "b": "blocked"}, "running")
        late = reconcile(failed, beads(merged), NOW)
        assert states(late) == {"a": "done", "b": "ready"}
    last = reconcile(replace(done, steps=done.steps[:1]), {}, NOW)
    assert last.state == "done"


def test_results_of_all_that_came_before() -> None:
    run = run_of(
        step("a", result="ra"), step("b", "a"), step("c", "b"), step("d", result="rd"), step("e", "c", result="re")
    )
    assert list(run.results_for(run.step("c"))) == ["a"]
    assert list(run.results_for(run.step("e"))) == ["a"]


def test_it_is_drawn() -> None:
    run = settle(run_of(step("a"), step("bb", "a")), NOW)
    run = change_step(change_step(run, "a", "start", NOW), "a", "finish", time_at(1007), result="\nfine\nmore")
    assert run.outline == "done     a   A  7s\n             fine\nblocked  bb  BB  (after a)"


OPS = ("start", "finish", "end try", "fail", "retry", "skip", "pause", "resume", "go on", "kill")
Graph = tuple[set[int], ...]
GRAPHS = st.integers(1, 12).flatmap(
    lambda n: st.tuples(*(st.sets(st.integers(0, i - 1), max_size=3) if i else st.just(set()) for i in range(n)))
)


class Model:
    """What a plain reader knows: which steps are finished, and what they need."""

    def __init__(self, needs: list[set[int]]) -> None:
        self.needs = needs
        self.finished: set[int] = set()
        self.begun: set[int] = set()
        self.failed: set[int] = set()

    def may_begin(self) -> set[int]:
        done = self.finished | self.begun | self.failed
        return {i for i, needed in enumerate(self.needs) if i not in done and needed <= self.finished}


def check(run: Run, model: Model) -> None:
    by_state: dict[StepState, set[int]] = {state: set() for state in StepState}
    for each in run.steps:
        by_state[each.state].add(int(each.id))
    assert by_state[StepState.DONE] | by_state[StepState.SKIPPED] == model.finished
    assert by_state[StepState.WORKING] == model.begun
    assert by_state[StepState.FAILED] == model.failed
    assert by_state[StepState.READY] == model.may_begin()


def act(run: Run, model: Model, op: str, pick: int) -> Run:
    """The same on both sides; what the one refuses must not be possible on the other."""

    def any_of(found: set[int]) -> int | None:
        return sorted(found)[pick % len(found)] if found else None

    match op:
        case "start" if (i := any_of(model.may_begin())) is not None:
            model.begun.add(i)
            return settle(change_step(run, str(i), "start", NOW), NOW)
        case "finish" if (i := any_of(model.begun)) is not None:
            model.begun.discard(i)
            model.finished.add(i)
            return settle(change_step(run, str(i), "finish", NOW), NOW)
        case "end try" if (i := any_of(model.begun)) is not None:
            model.begun.discard(i)
            if run.step(str(i)).tries > run.step(str(i)).retries:
                model.failed.add(i)
            return settle(end_try(run, str(i), NOW, "red"), NOW)
        case "fail" if (i := any_of(model.begun | model.may_begin())) is not None:
            model.begun.discard(i)
            model.failed.add(i)
            return settle(change_step(run, str(i), "fail", NOW), NOW)
        case "retry" if (i := any_of(model.failed)) is not None:
            model.failed.discard(i)
            return settle(change_step(run, str(i), "retry", NOW), NOW)
        case "skip" if (i := any_of(set(range(len(model.needs))) - model.finished)) is not None:
            model.begun.discard(i)
            model.failed.discard(i)
            model.finished.add(i)
            return settle(change_step(run, str(i), "skip", NOW), NOW)
        case "pause" if RUN.can(run.state, "pause"):
            return settle(change_run(run, "pause"), NOW)
        case "resume" if run.state is RunState.PAUSED:
            return settle(change_run(run, "resume"), NOW)
        case "go on":  # a deacon, or a second one by accident
            return reconcile(run, beads(bead("de-1", BeadState.SUBMITTED)), LATER) if not model.failed else run
        case _:
            return run


def drive(needs: list[set[int]], ops: list[tuple[str, int]], retries: int) -> Run:
    steps = [step(str(i), *(str(n) for n in sorted(needed)), retries=retries) for i, needed in enumerate(needs)]
    run, model = settle(run_of(*steps), NOW), Model(needs)
    check(run, model)
    for op, pick in ops:
        if op == "kill":  # before its transaction is committed: nothing of it happened
            act(run, Model(needs), "go on", pick)
        elif run.state not in OVER:
            run = act(run, model, op, pick)
        check(run, model)
    # From wherever that left it, a worker that does its work comes to the end.
    if run.state is RunState.PAUSED:
        run = settle(change_run(run, "resume"), NOW)
    for failed in sorted(model.failed):
        run = settle(change_step(run, str(failed), "retry", NOW), NOW)
    begun = []
    while (current := run.current) is not None:
        if current.state is StepState.READY:
            run = settle(change_step(run, current.id, "start", NOW), NOW)
        run = settle(change_step(run, current.id, "finish", NOW), NOW)
        begun.append(current.id)
    assert run.all_finished and run.wants_worker
    assert len(begun) == len(set(begun))
    return run


@settings(max_examples=150, deadline=None)
@given(GRAPHS, st.lists(st.tuples(st.sampled_from(OPS), st.integers(0, 50)), max_size=40), st.integers(0, 2))
def test_any_mix_is_as_the_model_says(needs: Graph, ops: list[tuple[str, int]], retries: int) -> None:
    drive(list(needs), ops, retries)


def test_a_thousand_steps() -> None:
    needs = [{(i * 7919) % i, (i * 104729) % i} if i else set() for i in range(1000)]
    steps = [step(str(i), *(str(n) for n in sorted(needed))) for i, needed in enumerate(needs)]
    run = settle(run_of(*steps), NOW)
    order = []
    while (current := run.current) is not None:
        run = change_step(change_step(run, current.id, "start", NOW), current.id, "finish", NOW)
        run = settle(run, NOW)
        order.append(int(current.id))
    assert sorted(order) == list(range(1000))
    place = {id: at for at, id in enumerate(order)}
    assert all(place[needed] < place[id] for id in order for needed in needs[id])
