"""Moments that are counted from, moved along when the clock is set: as much is left of each wait as was before."""

from gastown_tmux.domain.events import EventType
from gastown_tmux.store.db import Change

_MOVED = "strftime('%Y-%m-%dT%H:%M:%fZ', {column}, ? || ' seconds')"
_LIVE_RUNS = "run IN (SELECT id FROM runs WHERE state NOT IN ('done', 'failed', 'cancelled'))"
#: Table, column and whose. What ends at an hour that a provider has named stays.
_WAITS = (
    ("run_steps", "freed", f"state = 'blocked' AND {_LIVE_RUNS}"),
    ("run_steps", "started", f"state = 'working' AND {_LIVE_RUNS}"),
    ("agents", "not_before", "state = 'backoff'"),
    ("escalations", "deadline", "state <> 'resolved'"),
    ("merge_requests", "not_before", "state = 'queued'"),
)


def shift_waits(change: Change, seconds: float) -> None:
    """The clock was set by so many seconds."""
    for table, column, whose in _WAITS:
        sql = f"UPDATE {table} SET {column} = {_MOVED.format(column=column)} WHERE {column} IS NOT NULL AND {whose}"
        change.execute(sql, seconds)
    change.event(EventType.TOWN_CLOCK, "town", set=round(seconds, 1))


def excuse_sleep(change: Change, seconds: float) -> None:
    """The machine slept for so long, and who works at a step with it: that is no time of theirs."""
    moved = _MOVED.format(column="started")
    change.execute(f"UPDATE run_steps SET started = {moved} WHERE state = 'working' AND {_LIVE_RUNS}", seconds)
    change.event(EventType.TOWN_CLOCK, "town", slept=round(seconds, 1))
