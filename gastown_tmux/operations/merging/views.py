"""The merge queue as rows have it: asks no git."""

from gastown_tmux.dataclass import dataclass, replace
from gastown_tmux.domain.ids import RigName
from gastown_tmux.domain.merging import MergeRequest, MergeState
from gastown_tmux.domain.rigs import QueueState, Rig
from gastown_tmux.edges.processes import locks
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store import merging as rows
from gastown_tmux.store.rigs import list_rigs

PAUSED = "the queue is paused"


def list_merge_requests(town: Town, rig: Rig | None = None, state: str | None = None) -> list[MergeRequest]:
    """One that is queued says so, where its queue is paused."""
    paused = {each.name for each in list_rigs(town.db) if each.queue is QueueState.PAUSED}
    return [
        replace(request, reason=request.reason or PAUSED)
        if request.rig in paused and request.state is MergeState.QUEUED
        else request
        for request in rows.list_merge_requests(town.db, rig=rig.name if rig else None, state=state)
    ]


@dataclass(frozen=True, slots=True)
class RefineryView:
    rig: RigName
    running: bool
    queued: int
    held: int
    target: str
    queue: QueueState
    reason: str | None


def refineries(town: Town) -> list[RefineryView]:
    queued, held = rows.count_queued(town.db), rows.count_held(town.db)
    return [
        RefineryView(
            rig=rig.name,
            running=locks.holder(town.run / f"refinery.{rig.name}.lock") is not None,
            queued=queued[rig.name],
            held=held[rig.name],
            target=rig.target,
            queue=rig.queue,
            reason=rig.queue_reason,
        )
        for rig in list_rigs(town.db)
    ]
