"""The time, in the one form that rows, files and JSON hold."""

import time
from datetime import datetime

from gastown_tmux.domain.ids import Time, time_at


def now() -> Time:
    return from_epoch(time.time())


def ticks() -> float:
    """Seconds since the machine was started, those in which it slept among them: nobody can set them."""
    # On macOS the system's monotonic clock goes on in sleep.
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def awake() -> float:
    """The same, without those in which it slept, where the system tells them apart."""
    return time.clock_gettime(time.CLOCK_MONOTONIC)


def local(seconds: float) -> datetime:
    """What the clock on the wall shows where we are, at that moment of Unix time."""
    return datetime.fromtimestamp(seconds)


def from_local(shown: datetime) -> Time:
    """When the clock on the wall shows this."""
    return from_epoch(shown.timestamp())


def epoch() -> float:
    """Seconds of Unix time."""
    return time.time()


def from_epoch(seconds: float) -> Time:
    return time_at(seconds)


def to_epoch(moment: str) -> float:
    """Raises ValueError for what is not in that form."""
    return datetime.fromisoformat(f"{moment[:19]}Z").timestamp() + float(moment[19:-1] or 0)


def minutes_of_day() -> int:
    """Since midnight, where we are."""
    here = time.localtime()
    return here.tm_hour * 60 + here.tm_min


def local_time(moment: str) -> str:
    """The time of day where we are, behind the date for another day than today; what is no time stays as it is."""
    try:
        then, today = time.localtime(to_epoch(moment)), time.localtime()
    except (ValueError, OverflowError):
        return moment
    return time.strftime("%H:%M:%S" if then[:3] == today[:3] else "%Y-%m-%d %H:%M:%S", then)


def find_moment(text: str) -> Time | None:
    """What a person's words for a moment mean here and now; None where they name none. See `domain.moments`."""
    import datetime  # few name one

    from gastown_tmux.domain import moments

    found = moments.find_moment(text, datetime.datetime.now())
    try:
        return None if found is None else from_epoch(found.timestamp())
    except (ValueError, OverflowError):  # the first day of all, in some zones
        return None


def after(seconds: float) -> Time:
    """The moment that many seconds from now."""
    return from_epoch(time.time() + seconds)


def seconds_since(moment: str) -> float:
    return time.time() - to_epoch(moment)
