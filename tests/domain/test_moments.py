"""Words for a moment, on a Wednesday at nine."""

from datetime import datetime

import pytest

from gastown_tmux.domain.moments import find_moment
from gastown_tmux.domain.pages import Page, first_of

NOW = datetime(2026, 11, 25, 9, 0)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("8:00", "2026-11-25T08:00:00"),
        ("10:00", "2026-11-24T10:00:00"),
        ("today", "2026-11-25T00:00:00"),
        (" Yesterday ", "2026-11-24T00:00:00"),
        ("yesterday 8:30", "2026-11-24T08:30:00"),
        ("monday", "2026-11-23T00:00:00"),
        ("wednesday", "2026-11-18T00:00:00"),
        ("2026-01-31", "2026-01-31T00:00:00"),
        ("2026-01-31T08:00", "2026-01-31T08:00:00"),
        ("2026-01-31 8:00:05", "2026-01-31T08:00:05"),
        ("2026-02-30", None),
        ("25:00", None),
        ("8:00 today", None),
        ("yesterday yesterday", None),
        ("2026-01-31T08:00:00Z", None),
        ("soon", None),
        ("", None),
    ],
)
def test_what_people_call_a_moment(text: str, found: str | None) -> None:
    moment = find_moment(text, NOW)
    assert (moment.isoformat() if moment else None) == found


def test_a_short_list_has_the_open_and_newest_first() -> None:
    found = [("a", True), ("b", False), ("c", True), ("d", False)]
    assert first_of(found, None, lambda item: item[1]) == found
    assert first_of(found, 3, lambda item: item[1]) == Page([("d", False), ("b", False), ("c", True)], 1)
    assert first_of(found, 0, lambda item: item[1]) == Page([("d", False), ("b", False), ("c", True), ("a", True)], 0)
