"""A bead that waits for room names the key that leaves it none."""

import pytest

from gastown_tmux.domain.waiting import machine_full


@pytest.mark.parametrize(
    ("words", "key"),
    [
        ("the town takes 2M of disk, and disk.budget is 1M", "disk.budget"),
        ("the load is 9.0 a core, and limits.load is 4", "limits.load"),
        ("100M of memory are free, and limits.memory is 256M", "limits.memory"),
    ],
)
def test_the_way_on_is_of_that_key(words: str, key: str) -> None:
    assert machine_full(words).next == (f"gt config show {key}",)
