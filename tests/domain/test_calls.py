"""Each need calls once, together with the others; what was answered elsewhere is marked."""

from dataclasses import replace

import pytest

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.calls import Call, body, find_due, headline, is_quiet, reckon, retry_after
from gastown_tmux.domain.ids import Time
from gastown_tmux.domain.needs import Need, NeedKind, Urgency

TOAST = Address("demo/toast")
T0, T1, T2 = (Time(f"2026-11-27T08:00:{second:02}Z") for second in (0, 10, 30))
NEED = Need(NeedKind.FAILED, TOAST, TOAST, None, T0, ("gt log demo/toast",), "toast was given up", "3\ndeaths")


def made(need: Need = NEED) -> Call:
    (call,) = reckon([need], [], T0, T0).new
    return call


def test_a_need_is_new_once_and_says_title_reason_and_command() -> None:
    call = made()
    assert (call.title, call.reason, call.next) == ("toast was given up", "3 deaths", "gt log demo/toast")
    again = reckon([NEED], [call], T1, T0)
    assert (again.new, again.changed, again.over) == ((), (), ())
    assert reckon([replace(NEED, since=T1)], [call], T1, T0).new


def test_what_is_away_for_a_moment_is_the_same_and_what_stays_away_is_over() -> None:
    told = replace(made(), shown=T0, sent=T0)
    (away,) = reckon([], [told], T1, T0).changed
    assert away.gone == T1
    (back,) = reckon([NEED], [away], T2, T1).changed
    assert back.gone is None
    # Since when it is away stays, or it would never be over.
    still = reckon([], [away], T2, T0)
    assert still.changed == still.over == ()
    ended = reckon([], [away], T2, T1)
    assert ended.over == ended.mark == (away,) and ended.changed == ()
    assert reckon([], [replace(away, sent=None)], T2, T1).mark == ()
    # Nobody was told, so nobody is told that it is over.
    assert reckon([], [made()], T0, T0).over == (made(),)


def test_it_is_due_after_a_moment_until_it_was_shown_and_sent_and_above_the_threshold() -> None:
    call = made()
    assert find_due([call], T1, T0, Urgency.NORMAL) == [call]
    assert find_due([replace(call, made=T1)], T1, T0, Urgency.NORMAL) == []
    assert find_due([replace(call, urgency=Urgency.LOW)], T1, T0, Urgency.NORMAL) == []
    assert find_due([replace(call, gone=T0)], T1, T0, Urgency.LOW) == []
    assert find_due([replace(call, shown=T0, sent=T0)], T1, T0, Urgency.LOW) == []
    late = replace(call, shown=T0, not_before=T2)
    assert find_due([late], T1, T0, Urgency.LOW) == [] and find_due([late], T2, T0, Urgency.LOW) == [late]


def test_those_that_come_together_are_one_call() -> None:
    other = replace(made(), title="nux asks", reason="nux asks", next="gt approve demo/nux")
    assert headline([made()]) == "gt: toast was given up: gt log demo/toast"
    assert headline([made(), other]) == "gt: 2 wait for you: toast was given up; nux asks: gt review"
    assert body([made(), other]) == "toast was given up\n3 deaths\ngt log demo/toast\n\nnux asks\ngt approve demo/nux"
    assert len(headline([made()] * 50)) < 140


@pytest.mark.parametrize(
    ("clock", "hours", "quiet"),
    [(1320, (1320, 420), True), (1380, (1320, 420), True), (60, (1320, 420), True), (700, (700, 800), True),
     (420, (1320, 420), False), (720, (1320, 420), False),
     (720, (700, 800), True), (800, (700, 800), False), (0, None, False)],
)  # fmt: skip
def test_quiet_hours_may_pass_midnight(clock: int, hours: tuple[int, int] | None, quiet: bool) -> None:
    assert is_quiet(clock, hours) is quiet


def test_services_that_do_not_answer_are_asked_ever_more_rarely() -> None:
    assert [retry_after(tries) for tries in (1, 2, 3, 20)] == [30.0, 60.0, 120.0, 3600.0]
