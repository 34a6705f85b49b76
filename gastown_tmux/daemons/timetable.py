"""The deacon's part that keeps: snapshots, their backup, copies of town.db, the ledger, escalations, cleaning."""

import time
from collections.abc import Callable, Mapping

from gastown_tmux.daemons.background import BackgroundJobs
from gastown_tmux.domain.ids import RigName, SessionId, Time
from gastown_tmux.operations.escalation import chain
from gastown_tmux.operations.hooks import upkeep
from gastown_tmux.operations.merging.clearing import clear_landed
from gastown_tmux.operations.merging.radar import Seen, look_around
from gastown_tmux.operations.supervision import reminders, stalls
from gastown_tmux.operations.supervision.calls import Caller
from gastown_tmux.operations.supervision.costs import Collector
from gastown_tmux.operations.town import disk
from gastown_tmux.operations.town.ledger import write_ledger
from gastown_tmux.operations.town.town import Town

LEDGER_SECONDS = 300.0
COSTS_SECONDS = 5.0
REMIND_SECONDS = 5.0
RADAR_SECONDS = 15.0
DISK_SECONDS = 300.0
CALL_SECONDS = 3.0
STALL_SECONDS = 60.0
#: How soon after its start the deacon does what nobody may have done for long: the cheap at once, the rest when the
#: agents are up.
SOON_SECONDS, LATER_SECONDS = 2.0, 60.0


class Keeper:
    """Finds what is due and has it done; what fails is done again when it is due the next time."""

    def __init__(self, town: Town, jobs: BackgroundJobs) -> None:
        self._town = town
        self._jobs = jobs
        self._saved: dict[SessionId, Time] = {}
        self._hooks: dict[SessionId, object] = {}
        self._pushed: dict[RigName, Mapping[str, str]] = {}
        #: When each was begun last; the time between may be set anew.
        self._begun: dict[str, float] = {}
        self._radar: dict[RigName, Seen] = {}
        self._spending = Collector()
        self._caller = Caller()

    def look(self) -> None:
        ended = upkeep.find_turn_ends(self._town, self._saved)
        if ended and self._jobs.do("snapshots at turn end", lambda town: upkeep.save_sessions(town, ended, "turn end")):
            self._saved |= {session.id: session.since for session in ended}
        if chain.find_pending(self._town):
            self._jobs.do("escalations", chain.climb)
        every = self._town.settings().seconds("snapshot.every")
        self._keep("snapshots", every, lambda town: upkeep.save_hooks(town, self._hooks))
        self._keep("push of snapshots", every, lambda town: upkeep.push_snapshots(town, self._pushed))
        self._keep("reminders", REMIND_SECONDS, reminders.remind)
        self._keep("stalls", STALL_SECONDS, stalls.escalate_stalled)
        self._keep("calls", CALL_SECONDS, self._caller.call, SOON_SECONDS)
        self._keep("costs", COSTS_SECONDS, self._spending.collect)
        self._keep("ledger", LEDGER_SECONDS, write_ledger, SOON_SECONDS)
        self._keep("backup", upkeep.BACKUP_SECONDS, upkeep.back_up_in_time, SOON_SECONDS)
        self._keep("radar", RADAR_SECONDS, lambda town: look_around(town, self._radar))
        self._keep("clearing", upkeep.CLEAN_SECONDS, clear_landed)
        self._keep("disk", DISK_SECONDS, disk.measure)
        self._keep("cleaning", upkeep.CLEAN_SECONDS, upkeep.clean)

    def _keep(self, name: str, seconds: float, work: Callable[[Town], object], first: float = LATER_SECONDS) -> None:
        now = time.monotonic()
        begun = self._begun.setdefault(name, now + min(first, seconds) - seconds)
        if now >= begun + seconds and self._jobs.do(name, work, wake=False):
            self._begun[name] = now
