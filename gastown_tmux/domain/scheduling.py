"""Which of the beads that wait goes to which worker next: one choice over one reading of the town.

The most urgent first, where an hour of waiting counts as one step of priority, as in the merge queue, so that nothing
waits for ever. Among equals the rig, and then the convoy, that has the fewest at work. Never more at work than town,
rig and provider allow.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import NamedTuple, assert_never

from gastown_tmux.dataclass import dataclass, field
from gastown_tmux.domain import waiting
from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.agents import AgentState, Role
from gastown_tmux.domain.ids import BeadId, ConvoyId, RigName
from gastown_tmux.domain.waiting import Wait
from gastown_tmux.domain.worker_names import next_name

#: So long a bead waits to count as more urgent by one.
AGE_SECONDS = 3600.0


class Candidate(NamedTuple):
    """A bead that goes to a worker by itself; a tuple, for thousands are read at once.

    ``since``: when it began to wait, in Unix time. ``target``: an agent, or else whoever of the rig. ``provider``: what
    it is to be worked at with, where somebody said so. ``author`` had it before; ``retried``: it came back to them.
    """

    id: BeadId
    rig: RigName
    priority: int
    since: float
    created: str
    convoy: ConvoyId | None = None
    target: str | None = None
    provider: str | None = None
    author: str | None = None
    retried: bool = False


@dataclass(frozen=True, slots=True)
class Worker:
    """An agent. ``provider`` None: whatever is the default. ``holds`` is on its hook, and of ``convoy``; ``runs``:
    what its session, or the bead on its hook, is worked at with, and None where it has neither.
    """

    address: Address
    role: Role
    state: AgentState
    provider: str | None = None
    holds: BeadId | None = None
    convoy: ConvoyId | None = None
    runs: str | None = None
    has_session: bool = False

    @property
    def is_busy(self) -> bool:
        """Whether it takes a place."""
        return self.has_session or self.holds is not None


@dataclass(frozen=True, slots=True)
class Reading:
    """``programs``: by rig and by what a bead asks for, the providers that it may be worked at with, the best first.
    ``limits`` by rig; of a provider that is in no ``provider_limits`` there may be any number. ``closed``: why a rig is
    given nothing; ``out``: why a provider is not started; ``spent``: why a bead or an agent is held back, by id or
    address; ``halt``: why nobody is started. ``person``: one who may overrule.
    """

    now: float
    waiting: Sequence[Candidate]
    workers: Sequence[Worker]
    programs: Mapping[tuple[str, str | None], Sequence[str]]
    limit: int
    limits: Mapping[str, int]
    provider_limits: Mapping[str, int] = field(default_factory=dict)
    closed: Mapping[str, Wait] = field(default_factory=dict)
    out: Mapping[str, Wait] = field(default_factory=dict)
    spent: Mapping[str, Wait] = field(default_factory=dict)
    halt: Wait | None = None
    person: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """``is_new``: the worker is to be made, for ``provider``, which is None for the default."""

    bead: BeadId
    worker: Address
    is_new: bool = False
    provider: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """``given`` in their order; ``ahead``: what would go next if there were places; ``waits`` has all but the given."""

    given: tuple[Choice, ...]
    ahead: tuple[BeadId, ...]
    waits: Mapping[BeadId, Wait]


_Group = tuple[str, str | None, str | None]
#: How urgent it is, since when, made when, its id: one candidate comes before another where this is less.
_Ranked = tuple[int, float, str, str, Candidate]
_FREE = (AgentState.ON, AgentState.OFF)


class _Scope(Enum):
    """Which others it holds for as well, until the next reading: numbers at work only grow."""

    TOWN = "town"
    RIG = "rig"
    PROGRAM = "program"  # the rig's beads that ask for the same
    BEAD = "bead"


@dataclass(frozen=True, slots=True)
class _Held:
    """``is_full``: for want of a place, and of nothing else."""

    wait: Wait
    scope: _Scope
    is_full: bool = False


def level(candidate: Candidate, now: float) -> int:
    """How urgent it is by now: its priority, less one for each hour. A clock that was put back takes nothing."""
    return candidate.priority - int(max(0.0, now - candidate.since) // AGE_SECONDS)


def order(candidates: Iterable[Candidate], now: float) -> list[Candidate]:
    """The most urgent first, then who waits longest."""
    return [candidate for *_, candidate in _rank(candidates, now)]


def _rank(candidates: Iterable[Candidate], now: float) -> list[_Ranked]:
    return sorted((level(each, now), each.since, each.created, each.id, each) for each in candidates)


def choose(reading: Reading, ahead: int = 0) -> Plan:
    """What goes to whom now, and why the rest waits; the same for the same reading."""
    return _Choosing(reading).choose(ahead)


class _Choosing:
    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.workers = {worker.address: worker for worker in reading.workers}
        busy = [worker for worker in reading.workers if worker.is_busy]
        self.in_town = len(busy)
        self.in_rig = Counter[str | None](worker.address.rig for worker in busy)
        self.in_convoy = Counter[tuple[str | None, str | None]](
            (worker.address.rig, worker.convoy) for worker in busy if worker.holds is not None
        )
        self.by_provider = Counter[str | None](worker.runs for worker in busy)
        self.names: dict[str, set[str]] = {}
        for worker in reading.workers:
            self.names.setdefault(worker.address.rig or "", set()).add(worker.address.name)
        self.idle: dict[str, list[Worker]] = {}
        for worker in reading.workers:
            able = worker.state in _FREE and worker.address not in reading.spent
            if worker.role is Role.POLECAT and not worker.is_busy and able:
                self.idle.setdefault(worker.address.rig or "", []).append(worker)
        self.taken = set[Address]()
        self.given: list[Choice] = []
        self.waits: dict[BeadId, Wait] = {}

    def choose(self, ahead: int) -> Plan:
        reading = self.reading
        if reading.halt is not None:
            return Plan((), (), dict.fromkeys((each.id for each in reading.waiting), reading.halt))
        groups = self._group(self._give_to_the_running(_rank(reading.waiting, reading.now)))
        full: dict[_Group, list[_Ranked]] = {}
        while groups:
            group = self._first(groups)
            rig, _, asked = group
            candidate = groups[group][-1][-1]
            place = self._place(candidate)
            if isinstance(place, Choice) or place.scope is _Scope.BEAD:
                if isinstance(place, Choice):
                    self._give(candidate, place)
                else:
                    self.waits[candidate.id] = place.wait
                groups[group].pop()
                if not groups[group]:
                    del groups[group]
                continue
            for other in [each for each in groups if _is_alike(each, place.scope, rig, asked)]:
                if place.is_full:
                    full[other] = groups[other]
                self.waits.update(dict.fromkeys((each[-1].id for each in groups.pop(other)), place.wait))
        return Plan(tuple(self.given), tuple(self._look_ahead(full, ahead)), self.waits)

    def _give_to_the_running(self, ordered: Iterable[_Ranked]) -> list[_Ranked]:
        """Those meant for an agent that runs take no place; those meant for one with its hands full wait for it."""
        left = []
        for ranked in ordered:
            candidate = ranked[-1]
            worker = self._meant(candidate)
            if candidate.id in self.reading.spent:
                self.waits[candidate.id] = self.reading.spent[candidate.id]
            elif candidate.rig in self.reading.closed or worker is None:
                left.append(ranked)
            elif worker.holds is not None or worker.address in self.taken:
                held = worker.holds or self._given_to(worker)
                self.waits[candidate.id] = waiting.agent_holds(worker.address, held)
            elif worker.address in self.reading.spent:
                self.waits[candidate.id] = self.reading.spent[worker.address]
            elif worker.has_session:
                self.given.append(Choice(candidate.id, worker.address))
                self.taken.add(worker.address)
                self.in_convoy[candidate.rig, candidate.convoy] += 1
            else:
                left.append(ranked)
        return left

    def _meant(self, candidate: Candidate) -> Worker | None:
        """The agent that it is for; None where another may have it too."""
        worker = self.workers.get(Address(candidate.target)) if candidate.target else None
        if worker is None or not (self.reading.person or worker.state in _FREE):
            return None
        is_full = worker.holds is not None or worker.address in self.taken
        return None if is_full and worker.role is not Role.CREW and candidate.retried else worker

    def _group(self, ordered: Iterable[_Ranked]) -> dict[_Group, list[_Ranked]]:
        groups: dict[_Group, list[_Ranked]] = {}
        for ranked in ordered:
            candidate = ranked[-1]
            groups.setdefault((candidate.rig, candidate.convoy, candidate.provider), []).append(ranked)
        for each in groups.values():
            each.reverse()
        return groups

    def _first(self, groups: Mapping[_Group, Sequence[_Ranked]]) -> _Group:
        in_rig, in_convoy = self.in_rig, self.in_convoy

        def rank(group: _Group) -> tuple[int, int, int, float, str, str]:
            urgency, since, created, id, _ = groups[group][-1]
            return urgency, in_rig[group[0]], in_convoy[group[:2]], since, created, id

        return min(groups, key=rank)

    def _place(self, candidate: Candidate) -> Choice | _Held:
        reading, rig = self.reading, candidate.rig
        if rig in reading.closed:
            return _Held(reading.closed[rig], _Scope.RIG)
        meant = self._meant(candidate)
        if meant is not None and meant.address in self.taken:
            return _Held(waiting.agent_holds(meant.address, self._given_to(meant)), _Scope.BEAD)
        if meant is not None and reading.person:
            return Choice(candidate.id, meant.address)
        if self.in_town >= reading.limit:
            return _Held(waiting.town_full(reading.limit), _Scope.TOWN, is_full=True)
        if self.in_rig[rig] >= reading.limits[rig]:
            return _Held(waiting.rig_full(rig, reading.limits[rig]), _Scope.RIG, is_full=True)
        programs = reading.programs[rig, candidate.provider]
        if meant is not None:
            refusal = self._refusal(candidate.provider or meant.provider or programs[0])
            return Choice(candidate.id, meant.address) if refusal is None else _Held(refusal, _Scope.BEAD)
        for program in programs:
            if self._refusal(program) is None:
                return self._worker(candidate, program, is_first=program == programs[0])
        # What only lacks a place comes to its end by itself.
        told = next((program for program in programs if program not in reading.out), programs[0])
        refusal = self._refusal(told)
        assert refusal is not None
        return _Held(refusal, _Scope.PROGRAM, is_full=told not in reading.out)

    def _given_to(self, worker: Worker) -> BeadId:
        return next(each.bead for each in self.given if each.worker == worker.address)

    def _refusal(self, program: str) -> Wait | None:
        if program in self.reading.out:
            return self.reading.out[program]
        limit = self.reading.provider_limits.get(program)
        return (
            waiting.provider_full(program, limit) if limit is not None and self.by_provider[program] >= limit else None
        )

    def _worker(self, candidate: Candidate, program: str, *, is_first: bool) -> Choice:
        """One of the rig's with nothing to do, best who had the bead before, or a new one."""
        fits = (None, program) if is_first else (program,)
        idle = [
            each
            for each in self.idle.get(candidate.rig, ())
            if each.provider in fits and each.address not in self.taken
        ]
        if idle:
            known = next((each for each in idle if each.address == candidate.author), idle[0])
            return Choice(candidate.id, known.address)
        name = next_name(self.names.setdefault(candidate.rig, set()), set().union(*self.names.values()))
        return Choice(candidate.id, Address.of(candidate.rig, name), True, None if is_first else program)

    def _give(self, candidate: Candidate, choice: Choice) -> None:
        rig = candidate.rig
        self.given.append(choice)
        self.taken.add(choice.worker)
        self.names.setdefault(rig, set()).add(choice.worker.name)
        self.in_town += 1
        self.in_rig[rig] += 1
        self.in_convoy[rig, candidate.convoy] += 1
        worker = self.workers.get(choice.worker)
        runs = candidate.provider or choice.provider or (worker and worker.provider)
        self.by_provider[runs or self.reading.programs[rig, None][0]] += 1

    def _look_ahead(self, full: dict[_Group, list[_Ranked]], most: int) -> Iterable[BeadId]:
        while full and most > 0:
            group = self._first(full)
            candidate = full[group].pop()[-1]
            yield candidate.id
            most -= 1
            self.in_rig[candidate.rig] += 1
            self.in_convoy[candidate.rig, candidate.convoy] += 1
            if not full[group]:
                del full[group]


def _is_alike(group: _Group, scope: _Scope, rig: str, asked: str | None) -> bool:
    match scope:
        case _Scope.TOWN:
            return True
        case _Scope.RIG:
            return group[0] == rig
        case _Scope.PROGRAM:
            return group[0] == rig and group[2] == asked
        case _Scope.BEAD:
            return False
        case _:
            assert_never(scope)
