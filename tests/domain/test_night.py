"""What a stretch of events tells, without a town."""

from itertools import count

from gastown_tmux.domain import night
from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.events import Event, EventType
from gastown_tmux.domain.ids import Time

T = EventType


def _events(*told: tuple[object, ...]) -> list[Event]:
    """Each as (minute, type, subject, data); minutes may go back, as a clock does that was set."""
    numbers = count(1)
    return [
        Event(next(numbers), _at(int(str(minute))), str(type), Address("deacon"), str(subject), dict(data))  # type: ignore[call-overload]
        for minute, type, subject, data in told
    ]


def _at(minute: int) -> Time:
    return Time(f"2026-01-02T{minute // 60:02}:{minute % 60:02}:00.000Z")


def test_what_landed_is_told_once_in_the_order_of_landing() -> None:
    landed = night.list_landed(
        _events(
            (0, T.BEAD_MERGED, "we-a", {"commit": "1"}),
            (1, T.BEAD_MERGED, "we-b", {"commit": "2"}),
            (2, T.BEAD_REOPENED, "we-a", {}),
            (3, T.BEAD_MERGED, "we-a", {"commit": "3"}),
        )
    )
    assert [(bead, event.data["commit"]) for bead, event in landed.items()] == [("we-b", "2"), ("we-a", "3")]


def test_what_came_back_has_its_last_reason_and_a_count() -> None:
    returned = night.list_returned(
        _events(
            (0, T.BEAD_RETURNED, "we-a", {"reason": "rejected", "agent": "web/toast"}),
            (1, T.BEAD_RETURNED, "we-b", {"reason": "unslung", "agent": "web/nux"}),
            (2, T.BEAD_RETURNED, "we-c", {"reason": "escalated", "agent": None}),
            (3, T.BEAD_RETURNED, "we-a", {"reason": "conflicted", "agent": "web/toast"}),
        )
    )
    assert [(each.bead, each.reason, each.agent, each.times) for each in returned] == [
        ("we-c", "escalated", None, 1),
        ("we-a", "conflicted", "web/toast", 2),
    ]


def test_the_last_attempt_is_told_by_what_was_wrong_with_it_not_as_its_agents_word() -> None:
    red = {"reason": "rejected", "agent": "web/toast"}
    last = {"reason": "escalated", "agent": "web/toast"}
    [told] = night.list_returned(_events((0, T.BEAD_RETURNED, "we-a", red), (1, T.BEAD_RETURNED, "we-a", last)))
    assert (told.reason, told.times) == ("rejected", 2)


def test_who_died_came_back_or_did_not() -> None:
    ended, started = T.SESSION_ENDED, T.SESSION_STARTED
    deaths = night.list_deaths(
        _events(
            (0, started, "web/a", {}),
            (1, ended, "web/a", {"reason": "died"}),
            (2, started, "web/a", {}),
            (3, ended, "web/b", {"reason": "not started: no such program"}),
            (4, ended, "web/c", {"reason": "done"}),
            (5, ended, "web/a", {"reason": "the tmux server was lost"}),
            (6, started, "web/a", {}),
            (7, ended, "web/d", {"reason": None}),
        )
    )
    assert [(each.agent, each.times, each.back) for each in deaths] == [("web/b", 1, False), ("web/a", 2, True)]


def test_limits_end_with_the_next_state_or_not_yet() -> None:
    changed = T.AGENT_CHANGED
    waits = night.list_limits(
        _events(
            (0, changed, "web/a", {"state": "limited", "reason": "ends 3pm"}),
            (5, changed, "web/b", {"state": "limited", "reason": None}),
            (10, changed, "web/a", {"state": "on"}),
            (11, changed, "web/c", {"state": "on"}),
        ),
        _at(20),
    )
    assert [(each.agent, each.reason, each.seconds, each.until) for each in waits] == [
        ("web/a", "ends 3pm", 600, _at(10)),
        ("web/b", None, 900, None),
    ]


def test_waiting_times_of_the_queue() -> None:
    times = night.measure_queue(
        _events(
            (0, T.MERGE_QUEUED, "mr-a", {}),
            (1, T.MERGE_TESTING, "mr-a", {}),
            (1, T.MERGE_QUEUED, "mr-b", {}),
            (2, T.MERGE_MERGED, "mr-a", {}),
            (3, T.MERGE_TESTING, "mr-b", {}),
            (5, T.MERGE_MERGED, "mr-b", {}),
            (6, T.MERGE_MERGED, "mr-queued-before", {}),
            (9, T.MERGE_QUEUED, "mr-back", {}),
            (8, T.MERGE_MERGED, "mr-back", {}),
        )
    )
    assert times == night.QueueTimes(landed=4, median_seconds=120, longest_seconds=240, tested=2)
    assert night.measure_queue([]) == night.QueueTimes(0, None, None, 0)
