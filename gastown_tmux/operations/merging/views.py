"""The merge queue as rows have it: asks no git."""

from gastown_tmux.dataclass import dataclass, replace
from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.ids import RigName
from gastown_tmux.domain.merging import LIVE, OVER, MergeRequest, MergeState
from gastown_tmux.domain.pages import Page, first_of, has_words, most_of
from gastown_tmux.domain.radar import describe
from gastown_tmux.domain.rigs import QueueState, Rig
from gastown_tmux.edges.processes import locks
from gastown_tmux.operations.town.events import moment
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store import merging as rows
from gastown_tmux.store.clashes import list_clashes
from gastown_tmux.store.rigs import list_rigs

PAUSED = "the queue is paused"


def list_merge_requests(
    town: Town,
    rig: Rig | None = None,
    state: str | None = None,
    assignee: Address | None = None,
    since: str | None = None,
    search: str | None = None,
    limit: int | None = None,
) -> list[MergeRequest] | Page[MergeRequest]:
    """Oldest first; with a limit those on their way come first, the newest before the others. One that is queued says
    so, where its queue is paused, else what under way it conflicts with. ``assignee``: whose work it is.
    """
    start = moment(since) if since else ""
    reasons = _Reasons(town, rig)
    if limit is not None and not search:
        page = rows.page_merge_requests(
            town.db, most_of(limit), rig=rig.name if rig else None, state=state, author=assignee, since=start
        )
        return Page([reasons.add(request) for request in page.items], page.more)
    found = [
        request
        for request in map(reasons.add, rows.list_merge_requests(town.db, rig=rig.name if rig else None, state=state))
        if assignee in (None, request.author)
        and request.updated >= start
        and has_words(f"{request.id} {request.bead} {request.title} {request.branch} {request.reason or ''}", search)
    ]
    return first_of(found, limit, lambda request: request.state in OVER)


class _Reasons:
    """What is not in the row of a request: that its queue is paused, or what it conflicts with."""

    def __init__(self, town: Town, rig: Rig | None) -> None:
        self._paused = {each.name for each in list_rigs(town.db) if each.queue is QueueState.PAUSED}
        self._clashing: dict[str, str] = {}
        for clash in list_clashes(town.db, rig.name if rig else None):
            self._clashing.setdefault(clash.one, f"conflicts with {clash.other} in {describe(clash)}")
            self._clashing.setdefault(clash.other, f"conflicts with {clash.one} in {describe(clash)}")

    def add(self, request: MergeRequest) -> MergeRequest:
        if request.reason or request.state not in LIVE:
            return request
        is_paused = request.rig in self._paused and request.state is MergeState.QUEUED
        words = PAUSED if is_paused else self._clashing.get(request.bead)
        return replace(request, reason=words) if words else request


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
