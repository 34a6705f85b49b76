"""The words with which people name a moment that has passed, on the clock of the wall they look at."""

import re
from datetime import date, datetime, time, timedelta

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_CLOCK = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d))?\Z")
_DATE = re.compile(r"\d{4}-\d\d-\d\d\Z")
#: For whoever typed something else.
FORMS = "an age such as 2h, 8:00, yesterday, monday, a date or a time such as 2026-01-31T08:00"


def find_moment(text: str, now: datetime) -> datetime | None:
    """What ``8:00``, ``today``, ``yesterday``, ``monday``, ``2026-01-31`` or two of these mean, seen from ``now``; both
    without a zone. A time of the day alone is the last such time, a day alone its beginning. None for other words.

    >>> find_moment("yesterday 8:00", datetime(2026, 3, 1, 12)).isoformat()
    '2026-02-28T08:00:00'
    """
    text = text.strip().lower()
    words = (text.replace("t", " ", 1) if _DATE.match(text[:10]) else text).split()
    if not 1 <= len(words) <= 2:
        return None
    clock = _find_clock(words[-1])
    day = _find_day(words[0], now.date())
    if len(words) == 2:
        return None if day is None or clock is None else datetime.combine(day, clock)
    if day is not None:
        return datetime.combine(day, time())
    if clock is None:
        return None
    found = datetime.combine(now.date(), clock)
    return found if found <= now else found - timedelta(days=1)


def _find_clock(word: str) -> time | None:
    match = _CLOCK.match(word)
    try:
        return time(int(match[1]), int(match[2]), int(match[3] or 0)) if match else None
    except ValueError:
        return None


def _find_day(word: str, today: date) -> date | None:
    if word in ("today", "yesterday"):
        return today - timedelta(days=word == "yesterday")
    if word in _DAYS:
        return today - timedelta(days=(today.weekday() - _DAYS.index(word)) % 7 or 7)
    try:
        return date.fromisoformat(word) if _DATE.match(word) else None
    except ValueError:
        return None
