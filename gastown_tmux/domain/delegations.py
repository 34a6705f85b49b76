"""A bead that another town works at: what home does next, from its own row and what the host says of it.

Home's row is the fence. Whatever a host says, only work of the delegation that the row names goes into home's queue;
all other work of a host arrives as a branch that is superseded. Each step may be taken twice, or be cut off.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import assert_never

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.ids import BeadId, Commit, RigName, Time
from gastown_tmux.domain.merging import MergeState
from gastown_tmux.domain.work import OVER, RETRIED, BeadState, Reason


class Stage(StrEnum):
    """``given``: the host may know of it. ``there``: it does. ``here``: a branch of it was queued here. ``back``: that
    was refused, and the host is to be told. ``over``: it is decided, and the host is to be told. ``ended``: it was.
    """

    GIVEN = "given"
    THERE = "there"
    HERE = "here"
    BACK = "back"
    OVER = "over"
    ENDED = "ended"


class Outcome(StrEnum):
    """How it ended. ``revoked``: a person took it back, or home forgot it; ``answered``: the host gave it back."""

    LANDED = "landed"
    REVOKED = "revoked"
    ANSWERED = "answered"


@dataclass(frozen=True, slots=True)
class Delegation:
    """``there``: the bead's id on the host; ``worker`` and ``word``: who has it there, and how it is, as heard last.

    ``head``: the newest commit of it that is here. ``words`` and ``log``: why its branch was refused here; ``commit``:
    as what it landed.
    """

    id: str
    bead: BeadId
    rig: RigName
    host: str
    stage: Stage
    outcome: Outcome | None
    there: str | None
    worker: str | None
    word: str | None
    head: Commit | None
    words: str | None
    log: str | None
    commit: Commit | None
    created: Time
    updated: Time


@dataclass(frozen=True, slots=True)
class Home:
    """``named``: whether the bead's row names this delegation. ``request``: the state of the merge request that its
    branch has here.
    """

    stage: Stage
    outcome: Outcome | None = None
    named: bool = False
    bead: BeadState = BeadState.AWAY
    reason: str | None = None
    request: MergeState | None = None
    head: Commit | None = None


@dataclass(frozen=True, slots=True)
class Word:
    """What a host says of a bead: ``head`` and ``base`` of the branch, where there is work on it."""

    state: BeadState
    reason: str | None = None
    head: Commit | None = None
    base: Commit | None = None


class Step(StrEnum):
    """What home does. ``give``: has the host make and start it. ``note``: keeps what was heard. ``arrive``: fetches
    the branch and queues it. ``keep``: fetches the branch, as superseded. ``close``: the host's report is the result.
    ``return``: the bead is open again, for the host's reason. ``send back``: what was refused here is the host's again.
    ``finish``: what became of it here is to be told. ``tell``: the host is told. ``end``: nobody need be told.
    """

    GIVE = "give"
    NOTE = "note"
    ARRIVE = "arrive"
    KEEP = "keep"
    CLOSE = "close"
    RETURN = "return"
    SEND_BACK = "send back"
    FINISH = "finish"
    TELL = "tell"
    END = "end"
    WAIT = "wait"


#: While its request is in one of these, a newer head takes its place.
_REPLACEABLE = (
    MergeState.QUEUED, MergeState.TESTING, MergeState.HELD, MergeState.GATHERED, MergeState.PROPOSED
)  # fmt: skip
#: Why a bead waits for a person there, which is for home's person to decide.
_GIVEN_BACK = (Reason.DEFERRED, Reason.ESCALATED, Reason.PARKED)


def decide(home: Home, word: Word | None) -> Step:
    """One step; ``word`` None: the host answered, and knows nothing of it."""
    match home.stage:
        case Stage.GIVEN | Stage.THERE | Stage.HERE | Stage.BACK if not home.named:
            return Step.FINISH
        case Stage.GIVEN | Stage.THERE:
            # A host that was restored from a backup gets it again, under the same key.
            return Step.GIVE if word is None else _follow(home, word)
        case Stage.HERE:
            return _queued(home, word)
        case Stage.BACK:
            return Step.GIVE if word is None else Step.TELL
        case Stage.OVER:
            return _over(home, word)
        case Stage.ENDED:
            return Step.WAIT if word is None or (word.state in OVER and not _is_new(home, word)) else _over(home, word)
        case _:
            assert_never(home.stage)


def _follow(home: Home, word: Word) -> Step:
    match word.state:
        case BeadState.SUBMITTED:
            return Step.ARRIVE if word.head is not None and word.base is not None else Step.NOTE
        case BeadState.MERGED:
            # Home was restored from a backup: its refinery finds on the target what is there already.
            return Step.ARRIVE if word.head is not None and word.base is not None else Step.RETURN
        case BeadState.CLOSED:
            return Step.CLOSE if word.reason == Reason.DONE else Step.RETURN
        case BeadState.OPEN if word.reason in _GIVEN_BACK:
            return Step.RETURN
        case BeadState.OPEN | BeadState.HOOKED | BeadState.WORKING | BeadState.AWAY:
            return Step.NOTE
        case _:
            assert_never(word.state)


def _queued(home: Home, word: Word | None) -> Step:
    if home.bead in OVER:
        return Step.FINISH
    if home.bead is BeadState.OPEN:
        return Step.SEND_BACK if home.reason in RETRIED else Step.FINISH
    submitted = word is not None and word.state is BeadState.SUBMITTED
    if submitted and word is not None and _is_new(home, word) and home.request in _REPLACEABLE:
        return Step.ARRIVE
    return Step.WAIT


def _over(home: Home, word: Word | None) -> Step:
    """The host is told first, which ends its work; what it had by then is kept."""
    if word is None:
        return Step.END
    if word.state not in OVER:
        # What was submitted and lands is told as landed only when nothing newer is left behind.
        return Step.KEEP if word.state is BeadState.SUBMITTED and _is_new(home, word) else Step.TELL
    return Step.KEEP if _is_new(home, word) else Step.END


def _is_new(home: Home, word: Word) -> bool:
    return word.head is not None and word.head != home.head


def find_outcome(home: Home) -> Outcome:
    """How a delegation that is finished here ended."""
    return Outcome.LANDED if home.named and home.bead in OVER else Outcome.REVOKED


@dataclass(frozen=True, slots=True)
class Room:
    """A host that takes beads. ``free``: how many more. ``load``: how much of it is taken, between 0 and 1."""

    host: str
    labels: tuple[str, ...]
    providers: tuple[str, ...]
    free: int
    load: float


@dataclass(frozen=True, slots=True)
class Errand:
    """A bead that may go to a host: the one that is named, or any that ``allowed`` fits (see ``hosts.may_have``)."""

    bead: BeadId
    host: str | None
    allowed: Sequence[str] = ()
    provider: str | None = None


def place(errands: Iterable[Errand], rooms: Iterable[Room]) -> dict[BeadId, str]:
    """Which bead goes to which host now, in their order, never more than there is room for; the emptiest first.

    >>> place([Errand("a-1", None, ["big"]), Errand("a-2", "box")], [Room("box", ("big",), (), 1, 0.5)])
    {'a-1': 'box'}
    """
    free = {room.host: room for room in rooms}
    taken: dict[str, int] = dict.fromkeys(free, 0)
    placed: dict[BeadId, str] = {}
    for errand in errands:
        fitting = [room for room in free.values() if taken[room.host] < room.free and _fits(errand, room)]
        if fitting:
            best = min(fitting, key=lambda room: (room.load + taken[room.host] / max(1, room.free), room.host))
            placed[errand.bead] = best.host
            taken[best.host] += 1
    return placed


def _fits(errand: Errand, room: Room) -> bool:
    if errand.host is not None:
        return errand.host == room.host
    able = errand.provider is None or errand.provider in room.providers
    return able and not {"*", room.host, *room.labels}.isdisjoint(errand.allowed)


def count_by_host(delegations: Iterable[Delegation]) -> Mapping[str, int]:
    """How many beads each host has of ours: those whose work it may do."""
    counts: dict[str, int] = {}
    for each in delegations:
        if each.stage in (Stage.GIVEN, Stage.THERE, Stage.BACK):
            counts[each.host] = counts.get(each.host, 0) + 1
    return counts
