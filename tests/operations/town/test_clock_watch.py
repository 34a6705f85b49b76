"""The clock is set and the machine sleeps: nobody is late for that, or early, and it is said."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from gastown_tmux.domain.addresses import Address
from gastown_tmux.edges.files import clock
from gastown_tmux.operations.town.clock_watch import ClockWatch
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.work import runs
from gastown_tmux.operations.work.courses import go_on
from gastown_tmux.operations.work.steps import show_step
from gastown_tmux.store.agents import get_agent, move_agent
from gastown_tmux.store.beads import sling_bead
from gastown_tmux.store.escalations import get_escalation, insert_escalation, set_deadline
from gastown_tmux.store.events import list_events
from gastown_tmux.store.runs import get_run

DAY = 86400.0
CAT = Address("demo/cat")
As = Callable[[str], Town]


@dataclass
class Machine:
    wall: float = 0.0
    ticks: float = 0.0
    awake: float = 0.0
    said: list[str] = field(default_factory=list)

    def pass_time(self, seconds: float) -> None:
        self.wall, self.ticks, self.awake = self.wall + seconds, self.ticks + seconds, self.awake + seconds

    def sleep(self, seconds: float) -> None:
        self.wall, self.ticks = self.wall + seconds, self.ticks + seconds


@pytest.fixture
def machine(town: Town, monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine()
    real = clock.epoch()
    monkeypatch.setattr(runs, "ensure_up", lambda town: None)
    monkeypatch.setattr(clock, "epoch", lambda: real + made.wall)
    monkeypatch.setattr(clock, "now", lambda: clock.from_epoch(real + made.wall))
    monkeypatch.setattr(clock, "ticks", lambda: 1000 + made.ticks)
    monkeypatch.setattr(clock, "awake", lambda: 500 + made.awake)
    town.environment = {**town.environment, "GT_PROVIDER_DEFAULT": "runbook"}
    town.reload_settings()
    town.say = made.said.append
    return made


def pour(town: Town, more: str) -> str:
    (town.path / "formulas" / "it.formula.toml").write_text(f'formula = "it"\n[[steps]]\nid = "a"\ntitle = "A"\n{more}')
    return str(runs.run_formula(town, "it").value.id)


def state(town: Town, run: str) -> str:
    go_on(town)
    return str(get_run(town.db, run).steps[0].state)


def begin(town: Town, as_agent: As, run: str) -> None:
    with town.change() as change:
        sling_bead(change, get_run(town.db, run).bead or "", CAT)  # type: ignore[arg-type]
    show_step(as_agent(CAT))


@pytest.mark.parametrize("jump", [DAY, -DAY])
def test_a_step_is_late_by_what_has_really_passed(town: Town, machine: Machine, as_agent: As, jump: float) -> None:
    run = pour(town, 'timeout = "10m"\n')
    begin(town, as_agent, run)
    watch = ClockWatch()
    watch.look(town)
    machine.pass_time(300)
    machine.wall += jump
    watch.look(town)
    assert state(town, run) == "working"
    machine.pass_time(299)
    watch.look(town)
    assert state(town, run) == "working"
    machine.pass_time(2)
    watch.look(town)
    assert state(town, run) == "failed"
    assert machine.said == [f"the clock was set by {jump:+.0f}s: what waits is not late, nor early, for that"]
    (event,) = list_events(town.db, type="town.clock")
    assert event.data == {"set": jump}


def test_a_worker_that_slept_with_its_machine_is_not_late(town: Town, machine: Machine, as_agent: As) -> None:
    run = pour(town, 'timeout = "10m"\n')
    begin(town, as_agent, run)
    watch = ClockWatch()
    watch.look(town)
    machine.sleep(DAY)
    watch.look(town)
    assert state(town, run) == "working"
    machine.pass_time(601)
    watch.look(town)
    assert state(town, run) == "failed"
    assert machine.said == ["the machine slept for 86400s"]


@pytest.mark.parametrize("jump", [DAY, -DAY])
def test_a_timer_opens_when_its_time_has_passed(town: Town, machine: Machine, jump: float) -> None:
    run = pour(town, '[steps.gate]\ntype = "timer"\ncondition = "2h"\n')
    watch = ClockWatch()
    watch.look(town)
    machine.wall += jump
    watch.look(town)
    assert state(town, run) == "blocked"
    machine.sleep(7201)
    watch.look(town)
    assert state(town, run) == "ready"


def test_backoff_and_escalations_go_along(town: Town, machine: Machine) -> None:
    with town.change() as change:
        move_agent(change, CAT, "start")
        move_agent(change, CAT, "die", not_before=clock.from_epoch(clock.epoch() + 60))
        asked = insert_escalation(change, severity="low", text="x", bead=None, about=None)  # type: ignore[arg-type]
        set_deadline(change, asked, clock.from_epoch(clock.epoch() + 3600))
    watch = ClockWatch()
    watch.look(town)
    machine.wall -= DAY
    watch.look(town)
    assert get_agent(town.db, CAT).not_before == clock.from_epoch(clock.epoch() + 60)
    assert get_escalation(town.db, asked).deadline == clock.from_epoch(clock.epoch() + 3600)


def test_a_clock_that_is_put_right_by_a_little_is_left_alone(town: Town, machine: Machine) -> None:
    watch = ClockWatch()
    watch.look(town)
    machine.wall += 20
    machine.pass_time(5)
    watch.look(town)
    assert (machine.said, list_events(town.db, type="town.clock")) == ([], [])
