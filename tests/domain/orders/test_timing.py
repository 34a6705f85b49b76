"""When orders are begun, whatever clocks and machines do meanwhile."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gastown_tmux.domain.orders.model import At, Every, On, Order, Trigger, When
from gastown_tmux.domain.orders.timing import (
    Ask,
    Begin,
    Moment,
    Reading,
    Record,
    Wait,
    begin_asked,
    begin_by_hand,
    decide,
    fresh,
)

HOUR, DAY = 3600.0, 86400.0
NIGHTLY = At((time(3, 0),), frozenset(range(7)), None, "at 03:00")
#: Monday, 2 November 2026, noon.
NOON = datetime(2026, 11, 2, 12, tzinfo=UTC).timestamp()


def order(trigger: Trigger, cooldown: float = 0.0) -> Order:
    return Order(
        name="it", home=None, rig=None, trigger=trigger, description="", formula=None, run="true", vars={},
        preset=None, spread=False, cooldown=cooldown, timeout=600,
    )  # fmt: skip


@dataclass
class World:
    """A machine in UTC with a clock that anybody sets. ``begun`` are the real seconds at which the order was begun."""

    order: Order
    real: float = 0.0
    wall: float = NOON
    boot: str = "a"
    booted: float = 0.0
    seen: Moment | None = None
    asked: Moment | None = None
    busy: bool = False
    record: Record | None = None
    begun: list[float] = field(default_factory=list)
    why: list[str] = field(default_factory=list)

    def reading(self, **more: object) -> Reading:
        now = Moment(self.wall, self.real - self.booted, self.boot)
        local = datetime.fromtimestamp(self.wall, UTC).replace(tzinfo=None)
        return replace(Reading(now, local, self.seen, self.busy), **more)  # type: ignore[arg-type]

    def look(self, **more: object) -> None:
        reading = self.reading(**more)
        self.record = self.record or fresh(self.order, reading)
        decision = decide(self.order, self.record, reading, self.asked)
        self.record, self.seen = decision.record, reading.now
        if isinstance(decision, Begin):
            self.begun.append(self.real)
            self.why.append(decision.why)

    def live(self, seconds: float, step: float = 600.0) -> None:
        while seconds > 0:
            self.look()
            passed = min(step, seconds)
            self.real, self.wall, seconds = self.real + passed, self.wall + passed, seconds - passed
        self.look()

    def sleep(self, seconds: float) -> None:
        """The machine does, or the town is down."""
        self.real, self.wall = self.real + seconds, self.wall + seconds

    def set_clock(self, seconds: float) -> None:
        self.wall += seconds

    def restart_machine(self) -> None:
        self.boot, self.booted, self.seen = self.boot + "a", self.real, None

    def restart_deacon(self) -> None:
        self.seen = None


def test_every_so_often_by_what_has_really_passed() -> None:
    world = World(order(Every(HOUR, "every 1h")))
    world.live(3.5 * HOUR)
    assert world.begun == [HOUR, 2 * HOUR, 3 * HOUR]
    for jump in (DAY, -DAY, 400 * DAY):
        world.set_clock(jump)
        world.live(0)
    assert len(world.begun) == 3
    world.live(0.5 * HOUR)
    assert world.begun[3:] == [4 * HOUR]


def test_no_storm_after_sleep() -> None:
    world = World(order(Every(HOUR, "every 1h")))
    world.live(0)
    world.sleep(10 * DAY)
    world.live(0.9 * HOUR)
    assert len(world.begun) == 1
    world.restart_machine()
    world.sleep(3 * DAY)
    world.live(0)
    assert len(world.begun) == 2


def test_a_clock_that_was_set_back_while_the_machine_was_off_delays_by_one_interval_at_most() -> None:
    world = World(order(Every(HOUR, "every 1h"), cooldown=HOUR))
    world.live(HOUR)
    world.restart_machine()
    world.set_clock(-30 * DAY)
    world.live(HOUR + 600)
    assert len(world.begun) == 2


def test_a_time_of_day() -> None:
    world = World(order(NIGHTLY))
    world.live(3 * DAY)
    assert world.begun == [15 * HOUR, 39 * HOUR, 63 * HOUR]
    assert set(world.why) == {"at 03:00"}


def test_only_on_its_days() -> None:
    world = World(order(replace(NIGHTLY, days=frozenset({5}), words="at 03:00 on sat")))
    world.live(14 * DAY, step=HOUR)
    assert [(world.begun[0] + NOON - HOUR * 3) % DAY, len(world.begun)] == [0, 2]


def test_a_missed_time_runs_once_late_or_not_at_all() -> None:
    world = World(order(NIGHTLY))
    world.live(0)
    world.sleep(3 * DAY)
    world.live(2 * HOUR)
    assert world.why == ["at 03:00, 9h late"]
    world.live(DAY)
    assert world.why[1:] == ["at 03:00"]
    hasty = World(order(replace(NIGHTLY, late=HOUR)))
    hasty.live(0)
    hasty.sleep(DAY)
    hasty.live(2 * HOUR)
    assert hasty.begun == []
    assert hasty.record is not None
    assert hasty.record.note == "Tue 03:00 was missed by 9h"


def test_what_is_written_down_at_noon_does_not_make_up_for_the_morning() -> None:
    world = World(order(NIGHTLY))
    world.live(2 * HOUR)
    world.order = order(replace(NIGHTLY, times=(time(9, 0),), words="at 09:00"))
    world.live(2 * HOUR)
    assert world.begun == []
    world.live(DAY)
    assert len(world.begun) == 1


@pytest.mark.parametrize("jump", [600, 2 * HOUR, DAY, 40 * DAY, -600, -2 * HOUR, -13 * HOUR, -DAY, -40 * DAY])
@pytest.mark.parametrize("restarted", [False, True])
def test_a_clock_that_is_set_just_after_begins_nothing_twice_and_loses_nothing(jump: float, restarted: bool) -> None:
    world = World(order(NIGHTLY))
    world.live(15 * HOUR + 300, step=100)
    assert world.begun == [15 * HOUR]
    if restarted:
        world.restart_deacon()
    world.set_clock(jump)
    world.live(3 * DAY)
    gaps = [later - earlier for earlier, later in zip(world.begun, world.begun[1:], strict=False)]
    assert len(gaps) >= 2
    assert min(gaps) >= 12 * HOUR
    assert max(gaps) <= 48 * HOUR


def test_what_was_late_keeps_no_later_time_from_coming() -> None:
    world = World(order(NIGHTLY))
    world.live(0)
    world.sleep(32 * HOUR)
    world.live(8 * HOUR)
    assert world.begun == [32 * HOUR, 39 * HOUR]


def test_the_clock_is_set_while_it_goes_on() -> None:
    world = World(order(NIGHTLY))
    world.live(15 * HOUR)
    world.busy = True
    world.live(600)
    world.set_clock(DAY)
    world.live(600)
    world.busy = False
    world.live(HOUR)
    assert len(world.begun) == 1


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["live", "sleep", "jump", "deacon", "machine"]),
            st.floats(min_value=-40 * HOUR, max_value=40 * HOUR),
        ),
        max_size=8,
    )
)
def test_whatever_happens_no_time_of_day_is_begun_twice(acts: list[tuple[str, float]]) -> None:
    """As long as the machine is not started anew: then nothing but its clock tells."""
    world = World(order(NIGHTLY))
    for act, hours in acts:
        match act:
            case "live":
                world.live(abs(hours), step=1800)
            case "sleep":
                world.sleep(abs(hours))
            case "jump":
                world.set_clock(hours)
            case "deacon":
                world.restart_deacon()
            case _:
                pass
        world.look()
    start = world.real
    world.live(50 * HOUR, step=1800)
    assert any(at >= start for at in world.begun)
    assert all(later > earlier for earlier, later in zip(world.begun, world.begun[1:], strict=False))


def test_one_at_a_time_and_what_came_meanwhile_once() -> None:
    world = World(order(On(("bead.merged",), "on bead.merged")), busy=True)
    world.look(news=(3, 4, 5))
    assert world.begun == []
    world.busy = False
    world.look(news=(3, 4, 5))
    assert world.why == ["on bead.merged, 3 times"]
    assert world.record is not None
    assert world.record.event == 5


def test_it_cools_down() -> None:
    world = World(order(On(("bead",), "on bead"), cooldown=HOUR))
    world.look(news=(1,))
    world.look(news=(2,))
    assert len(world.begun) == 1
    world.set_clock(DAY)
    world.look(news=(2,))
    assert len(world.begun) == 1
    world.sleep(HOUR)
    world.look(news=(2,))
    assert len(world.begun) == 2


def test_a_condition_is_asked_now_and_then_and_not_while_it_cools_down() -> None:
    world = World(order(When("test -e x", 60, "when test -e x"), cooldown=HOUR))
    record = fresh(world.order, world.reading())
    assert isinstance(decide(world.order, record, world.reading()), Ask)
    asked = world.reading().now
    assert decide(world.order, record, world.reading(), asked) == Wait(record, 60)
    world.sleep(60)
    assert isinstance(decide(world.order, record, world.reading(), asked), Ask)
    record = begin_asked(world.order, record, world.reading())
    world.sleep(60)
    assert decide(world.order, record, world.reading(), asked) == Wait(record, HOUR - 60)


def test_paused_it_waits_and_by_hand_its_own_times_stay() -> None:
    world = World(order(NIGHTLY))
    world.live(14 * HOUR)
    assert world.record is not None
    world.record = begin_by_hand(world.order, world.record, world.reading())
    world.live(HOUR)
    assert world.begun == [15 * HOUR]
    world.record = replace(world.record, paused=True)
    world.live(DAY)
    assert len(world.begun) == 1


def test_the_hours_that_a_summer_takes_and_gives() -> None:
    """Times are those of the clock on the wall: one that does not come is made up for, one that comes twice is one."""
    trigger = order(replace(NIGHTLY, times=(time(2, 30),), words="at 02:30"))
    moment = Moment(0, 0, "a")
    spring = Reading(moment, datetime(2026, 3, 29, 1, 59), moment)
    record = fresh(trigger, spring)
    after = replace(spring, now=Moment(120, 120, "a"), local=datetime(2026, 3, 29, 3, 1))
    assert isinstance(decide(trigger, record, after), Begin)
    first = replace(spring, local=datetime(2026, 10, 25, 2, 29))
    record = fresh(trigger, first)
    begun = decide(trigger, record, replace(first, now=Moment(60, 60, "a"), local=datetime(2026, 10, 25, 2, 30)))
    assert isinstance(begun, Begin)
    again = Reading(Moment(3660, 3660, "a"), datetime(2026, 10, 25, 2, 30), Moment(3659, 3659, "a"))
    assert isinstance(decide(trigger, begun.record, again), Wait)
    back = Reading(Moment(1900, 1900, "a"), datetime(2026, 10, 25, 2, 1), Moment(1899, 1899, "a"))
    moved = decide(trigger, begun.record, back)
    assert isinstance(moved, Wait)
    assert isinstance(decide(trigger, moved.record, again), Wait)
    assert timedelta(0) < datetime(2026, 10, 26) - again.local
