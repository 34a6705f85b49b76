"""The merge queue of a rig as a plan: what is tried next, what to test of it, and what a verdict is good for.

A batch is a chain of candidates, each built on the one before it. Its tip is tested; where that fails, prefixes of the
chain are, until the first request that turns it red is known. What comes before that lands as it was tested.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from gastown_tmux.dataclass import dataclass, replace
from gastown_tmux.domain.history import Own
from gastown_tmux.domain.ids import BeadId, Commit, MergeRequestId
from gastown_tmux.domain.merging import MergeRequest, MergeState


@dataclass(frozen=True, slots=True)
class Waiting:
    """A queued request as the plan sees it.

    ``needs``: beads that must land before it and have not. ``holds``: other requests on their way whose heads its head
    contains. ``alone``: it goes with no other, for the last try with others went wrong, or it is tested for a person to
    review it (``trial``). ``due``: it need not wait for a better time. ``own``: what its branch has that the target
    lacks, where that is known.
    """

    id: MergeRequestId
    bead: BeadId
    needs: frozenset[BeadId] = frozenset()
    holds: frozenset[MergeRequestId] = frozenset()
    alone: bool = False
    due: bool = True
    trial: bool = False
    own: Own | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """``members`` are tried together, in this order. ``waits`` are due and must wait for what their value names."""

    members: tuple[MergeRequestId, ...]
    waits: Mapping[MergeRequestId, str]


def choose(queue: Sequence[Waiting], most: int) -> Choice:
    """The first of the queue, at most so many, each after all that must land before it.

    What goes alone does so when nothing is before it; what must land before another is brought forward with it.
    """
    by_id, by_bead = {entry.id: entry for entry in queue}, {entry.bead: entry.id for entry in queue}
    placed: list[MergeRequestId] = []
    waits: dict[MergeRequestId, str] = {}

    def place(entry: Waiting, above: frozenset[MergeRequestId]) -> bool:
        """Whether it has a place, or has none for want of room only."""
        if entry.id in placed:
            return True
        if not entry.due or entry.id in waits:
            return False
        first: list[MergeRequestId] = []
        names: dict[str, MergeRequestId | None] = {held: held for held in sorted(entry.holds)}
        for name, id in (names | {bead: by_bead.get(bead) for bead in sorted(entry.needs)}).items():
            if id in above:
                continue  # a circle: they go in the order of the queue
            if id not in by_id or not place(by_id[id], above | {id}):
                waits[entry.id] = name
                return False
            first.append(id)
        apart = bool(placed) and (entry.alone or by_id[placed[0]].alone)
        if len(placed) < most and not apart and all(id in placed for id in first):
            placed.append(entry.id)
        return True

    for entry in queue:
        place(entry, frozenset((entry.id,)))
    return Choice(tuple(placed), waits)


@dataclass(frozen=True, slots=True)
class Probe:
    """The gates run on the candidate that ends the prefix of so many requests."""

    prefix: int


@dataclass(frozen=True, slots=True)
class Settled:
    """So many from the beginning land as tested; ``culprit`` is the next one, if the gates fail with it."""

    green: int
    culprit: int | None


@dataclass(frozen=True, slots=True)
class Search:
    """What is known of a chain of ``size`` candidates: up to ``green`` it passes, at ``red`` it does not.

    The tip first; for the first culprit of n, ``ceil(log2 n)`` tests more.
    """

    size: int
    green: int = 0
    red: int | None = None

    def step(self) -> Probe | Settled:
        if self.red is None:
            return Settled(self.size, None) if self.green == self.size else Probe(self.size)
        if self.red - self.green > 1:
            return Probe((self.green + self.red) // 2)
        return Settled(self.green, self.green)

    def judged(self, prefix: int, passed: bool) -> "Search":
        return replace(self, green=prefix) if passed else replace(self, red=prefix)


@dataclass(frozen=True, slots=True)
class Window:
    """How many are tried together: half as many after a batch that was not green, twice as many after one that was."""

    most: int
    size: int

    def after(self, *, green: bool) -> "Window":
        return replace(self, size=min(self.size * 2, self.most) if green else max(self.size // 2, 1))

    def within(self, most: int) -> "Window":
        """The setting may have changed meanwhile."""
        return self if most == self.most else Window(most, most)


def count_intact(now: Sequence[MergeRequest], built: Sequence[Commit]) -> int:
    """For how many, from the beginning of a chain, a verdict counts: the request is in testing, with that candidate."""
    count = 0
    for request, commit in zip(now, built, strict=True):
        if request.state is not MergeState.TESTING or request.candidate != commit:
            break
        count += 1
    return count


@dataclass(frozen=True, slots=True)
class TakenUp:
    """What becomes of requests that a refinery left half-way: ``landed`` with the commit that is on the target,
    ``again`` published as they are, in this order, ``back`` to the queue.
    """

    landed: tuple[tuple[MergeRequest, Commit], ...]
    again: tuple[MergeRequest, ...]
    back: tuple[MergeRequest, ...]


def take_up(
    queue: Sequence[MergeRequest],
    published: Mapping[MergeRequestId, Sequence[Commit]],
    landed: Collection[Commit],
    target: str,
    tip: Commit,
    parent_of: Callable[[Commit], Commit | None],
) -> TakenUp:
    """``published``: candidates that were ever about to be pushed, ``landed``: those of them that are on the target.

    A push outlives its refinery, and may land late. So a chain that still fits the target is published again: with
    another one beside it, work would be told refused that landed.
    """
    seen = [(request, commit) for request in queue for commit in published.get(request.id, ()) if commit in landed]
    done = {request.id for request, _ in seen}
    rest = [request for request in queue if request.id not in done and request.state is not MergeState.QUEUED]
    parents = {
        request.id: parent_of(request.candidate)
        for request in rest
        if request.state is MergeState.PUBLISHING and request.target == target and request.candidate is not None
    }
    again: list[MergeRequest] = []
    end: Commit | None = tip
    while found := next((request for request in rest if request not in again and parents.get(request.id) == end), None):
        again.append(found)
        end = found.candidate
    first = {request.id: (request, commit) for request, commit in reversed(seen)}
    return TakenUp(
        tuple(first[request.id] for request in queue if request.id in first),
        tuple(again),
        tuple(request for request in rest if request not in again),
    )


def find_holds(
    parents: Mapping[Commit, Sequence[Commit]], heads: Iterable[tuple[MergeRequestId, Commit]]
) -> dict[MergeRequestId, frozenset[MergeRequestId]]:
    """For each request, the others whose heads are in the history of its own. Of two that share a head the later one
    holds the earlier. ``parents``: the commits that the target lacks.
    """
    listed = list(heads)
    by_head: dict[Commit, list[MergeRequestId]] = {}
    for id, head in listed:
        by_head.setdefault(head, []).append(id)
    held: dict[MergeRequestId, frozenset[MergeRequestId]] = {}
    for id, head in listed:
        same = by_head[head]
        found = set(same[: same.index(id)])
        reached, todo = {head}, list(parents.get(head, ()))
        while todo:
            commit = todo.pop()
            if commit not in reached and commit in parents:
                reached.add(commit)
                found.update(by_head.get(commit, ()))
                todo.extend(parents[commit])
        held[id] = frozenset(found)
    return held
