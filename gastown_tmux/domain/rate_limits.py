"""When a provider's limit ends, from the words on its screen."""

import re

#: Where the words do not say.
USUAL_SECONDS = 900.0
#: Agents of one account do not all go on in the same moment.
STAGGER_SECONDS = 5.0

_SPAN = re.compile(r"(\d+)\s*(d|h|m|s)(?:ays?|ours?|in(?:ute)?s?|r?s?|ec(?:ond)?s?)?\b", re.IGNORECASE)
_CLOCK = re.compile(r"\b(\d{1,2})(?::(\d{2}))?\s*(am|pm)?\b", re.IGNORECASE)
_SECONDS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_DAY = 86400


def seconds_until_reset(words: str | None, time_of_day: int) -> float | None:
    """Seconds until the limit ends; None where the words name a time of day that has just passed.

    ``time_of_day`` is now, in seconds since local midnight. A time of day is the one nearest to now; programs leave
    its seconds out, so the limit ends with that minute.

    >>> seconds_until_reset("in 1h 30m", 0), seconds_until_reset("3pm", 14 * 3600), seconds_until_reset(None, 0)
    (5400.0, 3660.0, 900.0)
    >>> seconds_until_reset("1:30am", 23 * 3600), seconds_until_reset("3pm", 15 * 3600 + 90)
    (9060.0, None)
    """
    spans = _SPAN.findall(words or "")
    if spans:
        return float(sum(int(number) * _SECONDS[unit.lower()] for number, unit in spans))
    clock = _CLOCK.search(words or "")
    if clock is None or (clock[2] is None and clock[3] is None):
        return USUAL_SECONDS
    hour, half = int(clock[1]), (clock[3] or "").lower()
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    ahead = (hour * 3600 + int(clock[2] or 0) * 60 + 60 - time_of_day) % _DAY
    return float(ahead) if ahead <= _DAY / 2 else None
