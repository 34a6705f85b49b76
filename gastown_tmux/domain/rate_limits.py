"""When a provider's limit ends, from the words on its screen."""

import re
from datetime import datetime, timedelta

#: Where the words do not say.
USUAL_SECONDS = 900.0
#: Agents of one account do not all go on in the same moment.
STAGGER_SECONDS = 5.0
#: An agent prints anything; longer than a year nobody is believed to be out.
_MOST_SECONDS = 366 * 86400.0

_SPAN = re.compile(r"(\d{1,9})\s*(d|h|m|s)(?:ays?|ours?|in(?:ute)?s?|r?s?|ec(?:ond)?s?)?\b", re.IGNORECASE)
_DATE = re.compile(r"\b([a-z]{3})[a-z]*\.? (\d{1,2})(?:st|nd|rd|th)?(?:,? (\d{4}))?(?:,| at)? ", re.IGNORECASE)
_CLOCK = re.compile(r"\b(\d{1,2})(?::(\d{2}))?\s*(am|pm)?\b", re.IGNORECASE)
_SECONDS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAY, _YEAR = timedelta(days=1), timedelta(days=365)


def seconds_until_reset(words: str | None, now: datetime) -> float | None:
    """Seconds until the limit ends; None where the words name a time that has just passed.

    Of what the words leave out, the nearest to ``now`` (local, as the words are) is meant: a time of day is one within
    half a day, a date without a year one within half a year. Programs leave seconds out: a limit ends with its minute.

    >>> noon = datetime(2026, 11, 26, 12)
    >>> [seconds_until_reset(words, noon) for words in ("in 1h 30m", "3pm", "11pm", "11:58", None)]
    [5400.0, 10860.0, 39660.0, None, 900.0]
    >>> [seconds_until_reset(f"Nov {words}", noon) for words in ("27, 12pm (UTC)", "27th, 2026 12:00 PM", "25 at 3pm")]
    [86460.0, 86460.0, None]
    >>> seconds_until_reset("1:30am", noon.replace(hour=23)), seconds_until_reset("Jan 1, 12am", noon)
    (9060.0, 3067260.0)
    """
    words = words or ""
    spans = _SPAN.findall(words)
    if spans:
        return float(min(sum(int(number) * _SECONDS[unit.lower()] for number, unit in spans), _MOST_SECONDS))
    date = _DATE.search(words)
    clock = _CLOCK.search(words, date.end() if date else 0)
    if clock is None or (clock[2] is None and clock[3] is None):
        return USUAL_SECONDS
    hour, half = int(clock[1]), (clock[3] or "").lower()
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    try:
        end = now.replace(hour=hour, minute=int(clock[2] or 0), second=0, microsecond=0)
        if date is not None:
            month = _MONTHS.index(date[1].lower()) + 1
            end = end.replace(year=int(date[3] or now.year), month=month, day=int(date[2]))
        end += timedelta(minutes=1)
    except (ValueError, OverflowError):
        return USUAL_SECONDS
    # The nearest of what recurs.
    period = _DAY if date is None else None if date[3] else _YEAR
    if period is not None and abs(end - now) > period / 2:
        end += period if end < now else -period
    return min((end - now).total_seconds(), _MOST_SECONDS) if end >= now else None
