"""gt scheduler: what is worked at next, and why the rest waits."""

from collections.abc import Sequence

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.ids import BeadId, ConvoyId, RigName
from gastown_tmux.domain.pages import most_of
from gastown_tmux.domain.rigs import Rig
from gastown_tmux.domain.scheduling import Reading, choose, order
from gastown_tmux.domain.waiting import Wait, reason_of
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.work.readings import read_town
from gastown_tmux.operations.work.waiting import explain_beads
from gastown_tmux.store.beads import list_those
from gastown_tmux.store.scheduling import Title, list_candidates, list_given_out

#: So many are told of as the next ones while all places are taken.
AHEAD = 10


@dataclass(frozen=True, slots=True)
class Next:
    """``worker`` gets it now; without one, ``reason`` says what it waits for."""

    bead: BeadId
    title: str
    rig: RigName
    convoy: ConvoyId | None
    priority: int
    worker: Address | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """``next`` are commands that change the reason."""

    bead: BeadId
    title: str
    rig: RigName
    convoy: ConvoyId | None
    priority: int
    reason: str | None
    next: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """How many agents are at work, of how many: in the town, a rig, or with a provider that has a limit."""

    where: str
    taken: int
    limit: int


@dataclass(frozen=True, slots=True)
class Schedule:
    """In the order in which they go. ``more`` wait too, and are not shown."""

    next: Sequence[Next] = ()
    waiting: Sequence[Waiting] = ()
    places: Sequence[Place] = ()
    more: int = 0

    @property
    def capacity(self) -> str:
        """``town 3 of 30, demo 3 of 8``."""
        return ", ".join(f"{place.where} {place.taken} of {place.limit}" for place in self.places)


def show_scheduler(town: Town, rig: Rig | None = None, limit: int | None = None) -> Schedule:
    """Of all open beads that were given out, in the whole town or one rig; nothing is changed."""
    candidates = list_candidates(town.db)
    reading = read_town(town, town.db, candidates)
    plan = choose(reading, ahead=AHEAD)
    titles = {each.id: each for each in list_given_out(town.db) if rig is None or each.rig == rig.name}
    given = {choice.bead: choice.worker for choice in plan.given}
    first = [*given, *plan.ahead]
    blocked = titles.keys() - {each.id for each in candidates}
    rest = [each.id for each in order(candidates, reading.now)] + sorted(blocked, key=lambda id: titles[id].priority)
    shown = set(first)
    later = [id for id in rest if id in titles and id not in shown]
    told = later if limit is None or most_of(limit) < 0 else later[:limit]
    explained = explain_beads(town, list_those(town.db, blocked.intersection(told)), plan.waits)
    return Schedule(
        next=[
            Next(*titles[id], worker=given.get(id), reason=reason_of([plan.waits[id]]) if id in plan.waits else None)
            for id in first
            if id in titles
        ],
        waiting=[_waiting(titles[id], explained.get(id) or (plan.waits[id],)) for id in told],
        places=_list_places(reading, rig),
        more=len(later) - len(told),
    )


def _waiting(title: Title, waits: Sequence[Wait]) -> Waiting:
    ways = dict.fromkeys(way for wait in waits for way in wait.next)
    return Waiting(*title, reason=reason_of(waits), next=tuple(ways))


def _list_places(reading: Reading, rig: Rig | None) -> list[Place]:
    busy = [worker for worker in reading.workers if worker.is_busy]
    places = [Place("town", len(busy), reading.limit)]
    for name, limit in sorted(reading.limits.items()):
        if rig is None or rig.name == name:
            places.append(Place(name, sum(worker.address.rig == name for worker in busy), limit))
    for name, limit in sorted(reading.provider_limits.items()):
        places.append(Place(name, sum(worker.runs == name for worker in busy), limit))
    return places
