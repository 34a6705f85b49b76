"""Whether the clock was set, or the machine slept: then what waits or works is not late for it, and it is said."""

import os

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.orders.timing import Moment
from gastown_tmux.edges.files import clock
from gastown_tmux.edges.processes import process_table
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store.clock_shifts import excuse_sleep, shift_waits

#: Less is what clocks are put right by again and again.
LEAST_SECONDS = 30.0


def now() -> Moment:
    """By the wall clock, and by that which nobody can set."""
    # Where the system does not tell one boot from another, nothing is as sure as within one process.
    return Moment(clock.epoch(), clock.ticks(), process_table.boot() or f"process {os.getpid()}")


@dataclass
class ClockWatch:
    """What one process saw when it looked last."""

    seen: Moment | None = None
    awake: float = 0.0

    def look(self, town: Town) -> None:
        moment, awake = now(), clock.awake()
        seen, was_awake = self.seen, self.awake
        self.seen, self.awake = moment, awake
        if seen is None:
            return
        jump = moment.jump(seen)
        slept = moment.since(seen) - (awake - was_awake)
        if abs(jump) >= LEAST_SECONDS:
            with town.change() as change:
                shift_waits(change, jump)
            town.say(f"the clock was set by {jump:+.0f}s: what waits is not late, nor early, for that")
        if slept >= LEAST_SECONDS:
            with town.change() as change:
                excuse_sleep(change, slept)
            town.say(f"the machine slept for {slept:.0f}s")
