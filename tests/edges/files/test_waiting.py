"""A wait looks at once, ends as soon as what it waits for is there, and looks a last time when it gives up."""

import time

from gastown_tmux.edges.files.waiting import looks, wait_until


def test_a_wait_ends_in_time_and_with_a_last_look() -> None:
    start = time.monotonic()
    passed = list(looks(0.05, 0.01))
    assert passed[0] == 0 and passed == sorted(passed) and passed[-1] >= 0.049
    assert 2 <= len(passed) <= 7 and time.monotonic() - start >= passed[-1]
    assert len(list(looks(0.05, 0.01, longest=1.0))) <= 5
    assert list(looks(0, 60)) == [0] == list(looks(-1, 60))


def test_what_is_so_already_is_not_waited_for() -> None:
    assert wait_until(lambda: True, 0)
    answers = iter((False, False, True))
    assert wait_until(lambda: next(answers), 60, 0.001)
    assert not wait_until(lambda: False, 0.01, 0.001)
