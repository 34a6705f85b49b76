"""gt step: the steps of the run on an agent's hook, with checks in its worktree."""

from pathlib import Path

import pytest

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.runs import Run
from gastown_tmux.errors import GtError, RefusedError
from gastown_tmux.operations.hooks.state import describe_hook
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.work import runs
from gastown_tmux.operations.work.prime import prime
from gastown_tmux.operations.work.steps import show_step, step_done, step_fail, step_skip
from gastown_tmux.operations.work.worker import done
from gastown_tmux.store.beads import find_held_bead, get_bead
from gastown_tmux.store.runs import get_run
from tests.journeys.town_world import git
from tests.operations.quiet_town import QuietTown

STEPS = """
[[steps]]
id = "a"
title = "A"
description = "do a"
[[steps]]
id = "b"
title = "B"
needs = ["a"]
description = "do b"
check = "test -f ok"
retries = 1
"""


@pytest.fixture(autouse=True)
def nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "ensure_up", lambda town: None)
    monkeypatch.setenv("GT_PROVIDER_DEFAULT", "runbook")


class Worker:
    """The polecat ``toast`` with a run on its hook."""

    def __init__(self, quiet: QuietTown, steps: str = STEPS, **more: object) -> None:
        self.quiet, town = quiet, quiet.town
        (town.path / "formulas/it.formula.toml").write_text(f'formula = "it"\n{steps}')
        made = runs.run_formula(town, "it", **more).value  # type: ignore[arg-type]
        self.id = made.id
        bead = made.bead or made.steps[0].bead
        self.address, self.place = quiet.hook(bead)
        self.town: Town = town.acting_as(self.address)

    @property
    def run(self) -> Run:
        return get_run(self.town.db, self.id)

    @property
    def states(self) -> str:
        return " ".join(str(step.state) for step in self.run.steps)

    def commit(self, name: str) -> str:
        (self.place / name).write_text("x\n")
        git(self.place, "add", "-A")
        git(self.place, "commit", "-qm", name)
        return git(self.place, "rev-parse", "HEAD")

    def close(self) -> None:
        self.town.close()


@pytest.fixture
def worker(quiet: QuietTown) -> Worker:
    made = Worker(quiet)
    yield made
    made.close()


def test_one_step_after_the_other(worker: Worker) -> None:
    assert describe_hook(worker.town, worker.address)["run"] == worker.id
    primed = prime(worker.town)
    assert "is a run of steps: gt step tells what comes now" in str(primed.next)  # type: ignore[union-attr]
    first = show_step(worker.town)
    assert (first.id, first.number, first.total, first.tries, first.all_done) == ("a", 1, 2, 1, False)
    assert first.text == (
        f"step 1 of 2 of {worker.id}: a  A\n\ndo a\n\nWhen it is done: gt step done a --result 'what came of it'"
    )
    assert show_step(worker.town) == first
    head = worker.commit("ok")
    assert step_done(worker.town, "a", "came of it").text == "step a is done; next is b, B: gt step"
    assert (worker.run.step("a").result, worker.run.step("a").commit) == ("came of it", head)
    second = show_step(worker.town)
    assert second.body == "do b\n\n## Result of a\n\ncame of it\n"
    assert "It is checked by: test -f ok" in second.text
    assert step_done(worker.town).text == "step b is done; that was the last: gt done"
    last = show_step(worker.town)
    assert (last.all_done, last.id, last.text) == (True, None, f"{worker.id}: every step is done; now gt done")
    assert "is submitted" in done(worker.town).text


def test_twice_is_no_harm(worker: Worker) -> None:
    show_step(worker.town)
    step_done(worker.town, "a")
    # As after a kill between the commit and its answer: the next one was not begun.
    assert step_done(worker.town, "a").text == f"step a of {worker.id} is done already"
    with pytest.raises(RefusedError, match=r"no step of .* was begun"):
        step_done(worker.town)
    with pytest.raises(RefusedError, match=f"step b of {worker.id} is ready"):
        step_done(worker.town, "b")
    assert worker.states == "done ready"


def test_not_done_before_every_step_is(worker: Worker) -> None:
    worker.commit("x")
    for report in (None, "words"):
        with pytest.raises(RefusedError, match=f"2 of 2 steps of {worker.id} are not done") as error:
            done(worker.town, report)
        assert error.value.hint == "gt step"


def test_a_check_that_fails_gives_another_try_then_asks_a_person(worker: Worker) -> None:
    show_step(worker.town)
    step_done(worker.town)
    show_step(worker.town)
    with pytest.raises(GtError, match="step b is not done: its check failed with status 1") as error:
        step_done(worker.town, "b")
    assert error.value.hint == "mend it, then gt step"
    again = show_step(worker.town)
    assert (again.id, again.tries, worker.states) == ("b", 2, "done working")
    assert again.text.splitlines()[1].startswith("again: its check failed with status 1")
    with pytest.raises(GtError, match="step b is not done") as error:
        step_done(worker.town, "b")
    assert error.value.hint == f"a person decides: gt run show {worker.id}"
    assert (worker.run.state, worker.states) == ("waiting", "done failed")
    assert find_held_bead(worker.town.db, worker.address) is None
    runs.retry_run(worker.quiet.town, worker.run)
    bead = worker.run.bead
    assert bead is not None and get_bead(worker.town.db, bead).target == worker.address
    worker.quiet.hook_again(bead, worker.address)
    worker.commit("ok")
    assert show_step(worker.town).tries == 1
    step_done(worker.town, "b")
    assert (worker.run.state, worker.states) == ("running", "done done")


@pytest.mark.parametrize(("check", "told"), [("exit 75", "came to no verdict"), ("echo why >&2; exit 75", "why")])
def test_no_verdict_costs_no_try(quiet: QuietTown, check: str, told: str) -> None:
    worker = Worker(quiet, f'[[steps]]\nid = "a"\ntitle = "A"\ncheck = "{check}"\n')
    show_step(worker.town)
    for _ in range(3):
        with pytest.raises(GtError, match=told):
            step_done(worker.town)
    assert (worker.states, worker.run.steps[0].tries) == ("working", 1)
    worker.close()


def test_a_check_has_a_time_limit_and_knows_its_step(quiet: QuietTown) -> None:
    check = "test $GT_STEP = a || exit 1; sleep 60"
    worker = Worker(quiet, f'[[steps]]\nid = "a"\ntitle = "A"\ntimeout = "300ms"\ncheck = "{check}"\n')
    show_step(worker.town)
    with pytest.raises(GtError, match=r"step a of .* is failed now"):
        step_done(worker.town)
    assert worker.states == "failed"
    worker.close()


def test_fail_frees_the_hook_and_skip_goes_on(quiet: QuietTown) -> None:
    worker = Worker(quiet)
    show_step(worker.town)
    assert step_skip(worker.town, "not needed").text == "step a is skipped; next is b, B: gt step"
    assert step_fail(worker.town, "cannot").text == "step b failed: a person is asked"
    assert (worker.run.state, worker.states) == ("waiting", "skipped failed")
    with pytest.raises(RefusedError, match="nothing is on your hook"):
        show_step(worker.town)
    worker.close()


def test_a_pause_lets_the_step_at_work_end(worker: Worker) -> None:
    show_step(worker.town)
    runs.pause_run(worker.quiet.town, worker.run)
    assert show_step(worker.town).id == "a"
    assert step_done(worker.town).text == f"step a is done; nothing more now: {worker.id} is paused"
    bead = get_bead(worker.town.db, str(worker.run.bead))
    assert (bead.state, bead.reason, bead.target) == ("open", "unslung", None)
    runs.resume_run(worker.quiet.town, worker.run)
    assert get_bead(worker.town.db, bead.id).target == worker.address


def test_a_bead_that_is_a_step_is_done_as_a_bead(quiet: QuietTown) -> None:
    worker = Worker(
        quiet, STEPS.replace("test -f ok", "test -f file-0.txt").replace('needs = ["a"]\n', ""), spread=True
    )
    with pytest.raises(RefusedError, match="is a whole step of its own"):
        show_step(worker.town)
    done(worker.town, "found")
    assert worker.run.step("a").state == "working"  # the deacon has not looked yet
    worker.close()


def test_the_check_of_a_bead_that_is_a_step(quiet: QuietTown) -> None:
    worker = Worker(quiet, '[[steps]]\nid = "a"\ntitle = "A"\ncheck = "test -f ok"\nretries = 1\n', spread=True)
    for tries, hint in enumerate(("mend it, then gt done", f"a person decides: gt run show {worker.id}"), 1):
        assert describe_hook(worker.town, worker.address)["tries"] == tries
        with pytest.raises(GtError, match="step a is not done: its check failed") as error:
            done(worker.town, "r")
        assert error.value.hint == hint
    assert describe_hook(worker.town, worker.address)["tries"] == 0
    assert (worker.run.state, worker.states, find_held_bead(worker.town.db, worker.address)) == (
        "waiting",
        "failed",
        None,
    )
    worker.close()


def test_who_has_no_run(quiet: QuietTown) -> None:
    bead = quiet.bead("plain")
    toast, _ = quiet.hook(bead)
    agent = quiet.town.acting_as(toast)
    with pytest.raises(RefusedError, match="is no run, and has no steps"):
        show_step(agent)
    agent.close()
    with pytest.raises(RefusedError, match="for agents in their windows"):
        show_step(quiet.town)
    assert isinstance(toast, Address) and Path(quiet.town.hook(toast)).is_dir()
