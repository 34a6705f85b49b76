"""How a moment is written in rows, files and JSON. Hooks write it too: nothing is imported that costs."""

import time


def timestamp(seconds: float) -> str:
    """Unix time as RFC 3339 in UTC with milliseconds, which sorts as text in the order of time.

    >>> timestamp(1.5), timestamp(1780000000.123)
    ('1970-01-01T00:00:01.500Z', '2026-05-28T20:26:40.123Z')
    """
    whole, milliseconds = divmod(round(seconds * 1_000_000) // 1000, 1000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole)) + f".{milliseconds:03}Z"
