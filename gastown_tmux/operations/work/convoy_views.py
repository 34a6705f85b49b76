"""gt convoy show, gt convoy stranded: how far convoys are, who works, what blocks, how long it may take."""

from collections.abc import Mapping, Sequence

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.convoys import Estimate, Left, find_waves, guess, tell_seconds
from gastown_tmux.domain.ids import BeadId, Commit, ConvoyId, RigName, Time
from gastown_tmux.domain.waiting import Wait, reason_of
from gastown_tmux.domain.work import Bead, BeadState, Convoy, ConvoyState, Reason, is_met
from gastown_tmux.edges.files import clock
from gastown_tmux.errors import GtError
from gastown_tmux.operations.town import budgets
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.work.waiting import explain_beads
from gastown_tmux.store import convoys
from gastown_tmux.store.beads import list_those
from gastown_tmux.store.histories import list_durations, list_slung
from gastown_tmux.store.spending import Uses

#: Of so many beads that were done last it is known how long they took.
HISTORY = 100
_HELD = (BeadState.HOOKED, BeadState.WORKING)


@dataclass(frozen=True, slots=True)
class Item:
    """A bead of a convoy. ``worker`` has it now; ``reason``: what it waits for."""

    bead: BeadId
    title: str
    rig: RigName
    state: BeadState
    wave: int
    worker: Address | None
    commit: Commit | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class ConvoyView:
    """A convoy with its beads as ``items``, wave by wave; ``states`` counts them. ``tokens`` were used on them, and
    cost so many USD.
    """

    id: ConvoyId
    name: str
    state: ConvoyState
    owner: Address | None
    notify: tuple[Address, ...]
    beads: tuple[BeadId, ...]
    done: int
    total: int
    states: Mapping[str, int]
    waves: int
    together: bool
    estimate: Estimate
    items: Sequence[Item]
    created: Time
    landed: Time | None
    tokens: int = 0
    cost: float | None = None

    @property
    def progress(self) -> str:
        """``3 of 7 done: 3 merged, 1 working, 3 open``."""
        parts = ", ".join(f"{count} {state}" for state, count in self.states.items())
        return f"{self.done} of {self.total} done" + (f": {parts}" if parts else "")

    @property
    def left(self) -> str | None:
        """How long the rest may take, in words."""
        if self.state is not ConvoyState.OPEN or self.total == self.done:
            return None
        if self.estimate.seconds is None:
            return f"no estimate: {self.estimate.basis}"
        return f"{tell_seconds(self.estimate.seconds)} of work, {self.estimate.basis}"


@dataclass(frozen=True, slots=True)
class Stranded:
    """An open bead that nobody will start, and the command that changes that."""

    bead: BeadId
    convoy: ConvoyId
    title: str
    reason: str
    next: tuple[str, ...]


def show_convoy(town: Town, convoy: Convoy) -> ConvoyView:
    beads = {bead.id: bead for bead in list_those(town.db, convoy.beads)}
    ordered = [beads[id] for id in convoy.beads if id in beads]
    waits = explain_beads(town, ordered)
    waves = find_waves({bead.id: bead.needs for bead in ordered})
    items = [_item(bead, waves[bead.id], waits[bead.id]) for bead in ordered]
    states = [_word(bead) for bead in ordered]
    tokens, cost = budgets.sum_used(town, Uses(convoy=convoy.id))
    return ConvoyView(
        tokens=tokens,
        cost=cost,
        id=convoy.id,
        name=convoy.name,
        state=convoy.state,
        owner=convoy.owner,
        notify=convoy.notify,
        beads=convoy.beads,
        done=convoy.done,
        total=convoy.total,
        states={word: states.count(word) for word in (*map(str, reversed(BeadState)), Reason.WONTDO) if word in states},
        waves=max(waves.values(), default=0),
        together=convoy.together,
        estimate=_estimate(town, ordered),
        items=sorted(items, key=lambda item: item.wave),
        created=convoy.created,
        landed=convoy.landed,
    )


def _word(bead: Bead) -> str:
    """Its state, or that it is closed and not done."""
    return bead.state if bead.state is not BeadState.CLOSED or is_met(bead.state, bead.reason) else Reason.WONTDO


def _item(bead: Bead, wave: int, waits: Sequence[Wait]) -> Item:
    worker = bead.assignee if bead.state in _HELD else None
    return Item(bead.id, bead.title, bead.rig, bead.state, wave, worker, bead.merged_commit, reason_of(waits))


def _estimate(town: Town, beads: Sequence[Bead]) -> Estimate:
    left = [bead for bead in beads if not is_met(bead.state, bead.reason)]
    slung = list_slung(town.db, [bead.id for bead in left if bead.state in _HELD])
    rigs = sorted({bead.rig for bead in left})
    durations = [seconds for rig in rigs for seconds in list_durations(town.db, rig, HISTORY)]
    begun = {id: max(0.0, clock.seconds_since(moment)) for id, moment in slung.items()}
    return guess([Left(bead.id, bead.needs, begun.get(bead.id)) for bead in left], durations, _count_places(town, rigs))


def _count_places(town: Town, rigs: Sequence[RigName]) -> int:
    places = 0
    for rig in rigs:
        try:
            places += town.settings(rig).count("limits.agents")
        except GtError:
            places += 1  # its settings cannot be read; whoever asks for those is told
    return min(places, town.settings().count("limits.agents"))


def list_stranded(town: Town, convoy: Convoy | None = None) -> list[Stranded]:
    """Of one convoy, or of all that are open."""
    asked = [convoy] if convoy else [each for each in convoys.list_convoys(town.db) if each.state is ConvoyState.OPEN]
    of = {bead: each.id for each in asked for bead in each.beads}
    known = {bead.id: bead for bead in list_those(town.db, of)}
    beads = [known[id] for id in of if id in known and known[id].state in (BeadState.OPEN, BeadState.HOOKED)]
    waits, found = explain_beads(town, beads), []
    for bead in beads:
        stuck = [wait for wait in waits[bead.id] if wait.stranded]
        if stuck:
            ways = tuple(dict.fromkeys(way for wait in stuck for way in wait.next))
            found.append(Stranded(bead.id, of[bead.id], bead.title, reason_of(stuck) or "", ways))
    return found
