"""How a convoy gets on: its waves, and how long the rest may take by what the town has done before."""

import heapq
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.ids import BeadId

#: So many beads must have been done for a guess.
LEAST_KNOWN = 3


class Left(NamedTuple):
    """A bead that is not done. ``begun``: seconds since it was given to its worker, where one has it."""

    id: BeadId
    needs: tuple[BeadId, ...] = ()
    begun: float | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """``seconds`` until the last bead is done; None where nothing is known, and ``basis`` says why, or from what."""

    seconds: float | None
    basis: str


def find_waves(needs: Mapping[BeadId, Sequence[BeadId]]) -> dict[BeadId, int]:
    """What can be worked at beside each other: 1 for what needs nothing of these, else one more than what it needs.

    >>> find_waves({"a": [], "b": ["a", "elsewhere"], "c": ["b"], "d": []})
    {'a': 1, 'd': 1, 'b': 2, 'c': 3}
    """
    missing = {id: {need for need in needed if need in needs} for id, needed in needs.items()}
    users: dict[BeadId, list[BeadId]] = {}
    for id, needed in missing.items():
        for need in needed:
            users.setdefault(need, []).append(id)
    wave = [id for id, needed in missing.items() if not needed]
    found: dict[BeadId, int] = {}
    while wave:
        number = max(found.values(), default=0) + 1
        found |= dict.fromkeys(wave, number)
        following = []
        for done in wave:
            for id in users.get(done, ()):
                missing[id].discard(done)
                if not missing[id]:
                    following.append(id)
        wave = following
    return found | dict.fromkeys(needs.keys() - found.keys(), 0)  # a circle, which rows do not hold


def guess(left: Sequence[Left], durations: Sequence[float], places: int) -> Estimate:
    """As if each bead took what half of those before it took, ``places`` at a time, each after what it needs."""
    if not left:
        return Estimate(0.0, "everything is done")
    if len(durations) < LEAST_KNOWN:
        known = f"only {len(durations)} of its rigs' beads have" if durations else "no bead of its rigs has"
        return Estimate(None, f"{known} been done yet")
    from statistics import median  # it brings decimal and hashlib along, and the feed only asks for waves

    each, places = median(durations), max(1, places)
    ends: list[float] = []
    done: dict[BeadId, float] = {}
    waves = find_waves({bead.id: bead.needs for bead in left})
    for bead in sorted(left, key=lambda bead: (waves[bead.id], bead.begun is None, bead.id)):
        ready = max((done.get(need, 0.0) for need in bead.needs), default=0.0)
        free = heapq.heappop(ends) if len(ends) >= places else 0.0
        took = each if bead.begun is None else max(each - bead.begun, each / 10)
        done[bead.id] = max(ready, free) + took
        heapq.heappush(ends, done[bead.id])
    return Estimate(max(done.values()), f"by the last {len(durations)} beads of its rigs, {places} at a time")


def tell_seconds(seconds: float) -> str:
    """As a person would say it, and no more exact than a guess is.

    >>> [tell_seconds(seconds) for seconds in (20, 100, 4000, 200_000)]
    ['under a minute', 'about 2 minutes', 'about 67 minutes', 'about 2 days']
    """
    for size, name in ((86400.0, "day"), (3600.0, "hour"), (60.0, "minute")):
        count = round(seconds / size)
        if count >= (1 if size == 60 else 2):
            return f"about {count} {name}" + ("s" if count > 1 else "")
    return "under a minute"
