"""Whether an agent is well: facts in, a verdict with its evidence out. Only what is certain is ever acted upon."""

from collections.abc import Sequence
from enum import StrEnum
from typing import assert_never

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.agents import AgentState, SessionState
from gastown_tmux.domain.observation import ScreenState

#: A start that has not come to anything for so long is no start any more.
START_SECONDS = 60.0
#: Without output, signals or work of the processor for so long, a turn counts as stalled.
SILENT_SECONDS = 600.0
#: An agent whose turn is over and whose bead is still on its hook has forgotten something after so long.
FORGOTTEN_SECONDS = 60.0


class Health(StrEnum):
    HEALTHY = "healthy"
    STALLED = "stalled"
    DEAD = "dead"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known now; None is not known, or not asked. Ages are seconds.

    ``alive`` is whether exactly the program that was started runs, ``stopped`` whether it stands still by a signal,
    ``shown`` whether tmux has its window. ``signal_age`` is the age of its session's state, ``output_age`` of the last
    thing it printed. ``busy`` is whether its processes used the processor while they were looked at. ``screen`` is the
    provider's judgement of what the window shows, ``holds`` whether a bead is on its hook. ``trouble``: what
    keeps its program from working at all.
    """

    agent: AgentState
    session: SessionState | None
    session_age: float | None = None
    alive: bool | None = None
    stopped: bool = False
    frozen: bool = False
    shown: bool | None = None
    signal_age: float | None = None
    output_age: float | None = None
    busy: bool | None = None
    screen: ScreenState | None = None
    screen_evidence: str | None = None
    holds: bool = False
    trouble: str | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """One fact in words; ``age`` in seconds says how old it is, None for one that is of this very moment."""

    fact: str
    says: Health
    age: float | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """``deciding`` is the fact that the health follows from; ``against`` are those that say otherwise."""

    health: Health
    deciding: Evidence
    against: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """``facts`` are all that were gathered, those that say nothing among them."""

    address: Address
    state: str
    health: str
    deciding: Evidence
    against: tuple[Evidence, ...]
    facts: dict[str, object]

    def reasons(self) -> list[str]:
        """What decides, then what speaks against it, a line each."""
        lines = [f"{self.address} is {self.health}: {_in_words(self.deciding)}"]
        return lines + [f"  against it, as {evidence.says}: {_in_words(evidence)}" for evidence in self.against]

    def text(self) -> str:
        known = {name: value for name, value in self.facts.items() if value is not None}
        return "\n".join([*self.reasons(), "", *(f"  {name:16} {_show(value)}" for name, value in known.items())])


def _in_words(evidence: Evidence) -> str:
    return evidence.fact if evidence.age is None else f"{evidence.fact} ({evidence.age:.0f}s ago)"


def _show(value: object) -> str:
    return f"{value:.1f}s" if isinstance(value, float) else str(value)


def judge(facts: Facts) -> Verdict:
    """The strongest fact decides: processes before tmux, tmux before the agent's signals, these before its screen."""
    evidence = list(_weigh(facts))
    deciding = evidence[0]
    return Verdict(deciding.says, deciding, tuple(other for other in evidence[1:] if other.says is not deciding.says))


def _weigh(facts: Facts) -> Sequence[Evidence]:
    """Every fact that says something, the strongest first; never empty."""
    if facts.session is None or facts.session is SessionState.ENDED:
        return [Evidence(f"no session runs; the agent is {facts.agent}", Health.DEAD)]
    found = [*_weigh_processes(facts), *_weigh_order(facts), *_weigh_screen(facts), *_weigh_signs(facts)]
    return found or [Evidence("nothing is known", Health.UNKNOWN)]


def _weigh_processes(facts: Facts) -> Sequence[Evidence]:
    if facts.session is SessionState.STARTING and facts.alive is None:
        age = facts.session_age
        late = age is not None and age > START_SECONDS
        return [Evidence("its start is under way", Health.STALLED if late else Health.UNKNOWN, age)]
    if facts.alive is None:
        return [Evidence("its process cannot be looked at", Health.UNKNOWN)]
    if not facts.alive:
        return [Evidence("its process has ended", Health.DEAD)]
    if facts.shown is False:
        return [Evidence("its process runs, and tmux has no window for it", Health.STALLED)]
    return []


def _weigh_order(facts: Facts) -> Sequence[Evidence]:
    if facts.frozen:
        return [Evidence("it stands still by order", Health.HEALTHY)]
    if facts.stopped:
        return [Evidence("somebody stopped its process by a signal", Health.STALLED)]
    return []


def _weigh_screen(facts: Facts) -> Sequence[Evidence]:
    if facts.trouble is not None:
        return [Evidence(f"its program cannot work: {facts.trouble}", Health.STALLED)]
    words = facts.screen_evidence or facts.screen
    match facts.screen:
        case ScreenState.LIMITED:
            return [Evidence(f"its screen tells of a limit ({words})", Health.STALLED)]
        case ScreenState.ERROR:
            return [Evidence(f"its screen shows an error ({words})", Health.STALLED)]
        case ScreenState.WAITING:
            return [Evidence(f"it waits for a person ({words})", Health.HEALTHY)]
        case None | ScreenState.READY | ScreenState.WORKING | ScreenState.IDLE | ScreenState.UNKNOWN:
            return []
        case _:
            assert_never(facts.screen)


def _weigh_signs(facts: Facts) -> Sequence[Evidence]:
    """What the agent says of itself, and signs of life; the freshest decides."""
    signs = []
    if facts.output_age is not None and facts.output_age < SILENT_SECONDS:
        signs.append(Evidence("it printed something", Health.HEALTHY, facts.output_age))
    if facts.busy:
        signs.append(Evidence("its processes compute", Health.HEALTHY))
    assert facts.session is not None
    said = Evidence(f"its session is {facts.session}", Health.HEALTHY, facts.signal_age)
    age = facts.signal_age or 0.0
    match facts.session:
        case SessionState.WAITING:
            return [said, *signs]
        case SessionState.IDLE:
            if facts.holds and age > FORGOTTEN_SECONDS and not facts.busy:
                return [Evidence("its turn is over, and its bead still on its hook", Health.STALLED, age), *signs]
            return [said, *signs]
        case SessionState.STARTING | SessionState.READY | SessionState.WORKING:
            silent = age > SILENT_SECONDS and not signs and facts.output_age is not None
            if silent and facts.busy is None:
                return [Evidence("neither signal nor output for long", Health.UNKNOWN, age)]
            if silent:
                return [Evidence("neither signal nor output nor computing for long", Health.STALLED, age)]
            return [said, *signs] if age < SILENT_SECONDS else [*signs, said]
        case SessionState.ENDED:
            return []
        case _:
            assert_never(facts.session)
