"""Why a bead is not done yet: what it waits for, in the words that every face shows, and what changes that."""

from collections.abc import Sequence

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.agents import AgentState, SessionState
from gastown_tmux.domain.ids import BeadId, MergeRequestId, Time
from gastown_tmux.domain.merging import MergeState
from gastown_tmux.domain.work import Bead, BeadState, Reason


@dataclass(frozen=True, slots=True)
class Wait:
    """``what`` is the kind of thing it waits for, ``id`` which one: a bead, an agent, a merge request, a rig, a
    provider; or the town, the machine, a budget, a person, its turn. ``reason`` is one line without a full stop,
    ``next`` are commands that change it. ``stranded``: nothing goes on until somebody gives such a command.
    ``is_full``: for want of a place here, which another machine may have.
    """

    what: str
    id: str | None
    reason: str
    next: tuple[str, ...] = ()
    stranded: bool = False
    is_full: bool = False


@dataclass(frozen=True, slots=True)
class Needed:
    """A bead that another needs."""

    id: BeadId
    state: BeadState
    reason: str | None


TOWN_DOWN = Wait("town", None, "the town is down", ("gt up",), stranded=True)
STANDS_STILL = Wait("town", None, "everything stands still", ("gt thaw",), stranded=True)
TURN = Wait("turn", None, "its turn comes next")


def needs(bead: str, needed: Needed) -> Wait:
    """One need that is not met."""
    if needed.state is BeadState.CLOSED:
        ways = (f"gt bead reopen {needed.id}", f"gt bead update {bead} --needs …")
        return Wait("bead", needed.id, f"it needs {needed.id}, which was closed as {needed.reason}", ways, True)
    return Wait("bead", needed.id, f"it needs {needed.id}, which is {needed.state}", (f"gt bead show {needed.id}",))


def needs_stranded(needed: str, root: str, why: Wait) -> Wait:
    """A need that nobody works at; ``root``, it or what it needs in turn, is why."""
    so = "" if root == needed else f", and so {root}"
    return Wait("bead", needed, f"it needs {needed}{so} ({why.reason})", why.next, stranded=True)


def given_to_nobody(bead: Bead, attempts: int) -> Wait | None:
    """Why an open bead goes to no worker by itself; None where it does. ``attempts``: after so many it is not given
    out again.
    """
    way = (f"gt sling {bead.id}",)
    match bead.reason:
        case Reason.DEFERRED | Reason.ESCALATED | Reason.PARKED if bead.target is not None and bead.attempts < attempts:
            return None  # the word was given: a worker is free soon, or what keeps it is the scheduler's to tell
        case Reason.ESCALATED if bead.merge_request:
            # By its worker, or by the refinery that could not handle the request: the row does not tell which.
            after = f" after {bead.attempts} attempts" if bead.attempts >= attempts else ""
            words = f"it was escalated{after}, and waits for a person's or the mayor's word"
            return Wait("person", None, words, (f"gt mq show {bead.merge_request}", *way), stranded=True)
        case Reason.DEFERRED | Reason.ESCALATED:
            by = f" by {bead.assignee}" if bead.assignee else ""
            return Wait(
                "person", None, f"it was {bead.reason}{by}, and waits for a person's or the mayor's word", way, True
            )
        case Reason.PARKED:
            return Wait("person", None, "it was parked, and waits for a person's or the mayor's word", way, True)
        case Reason.CONFLICTED | Reason.REJECTED if bead.attempts >= attempts:
            return Wait("person", None, f"it came back {bead.reason} after {bead.attempts} attempts", way, True)
        case Reason.CONFLICTED | Reason.REJECTED:
            return None
        case Reason.UNSLUNG if bead.target is None:
            return Wait("person", None, "it was taken off its hook, and nobody has given it out again", way, True)
        case _ if bead.target is None:
            return Wait("person", None, "nobody has given it out", (f"gt sling {bead.id} {bead.rig}",), True)
        case _ if bead.attempts >= attempts:
            return Wait("person", None, f"it was given out {bead.attempts} times", way, True)
        case _:
            return None


def rig_parked(rig: str) -> Wait:
    return Wait("rig", rig, f"rig {rig} is parked", (f"gt rig unpark {rig}",), stranded=True)


def rig_rests(rig: str, why: str) -> Wait:
    """Its workers could not be started; that is tried again."""
    return Wait("rig", rig, f"workers of {rig} could not be started: {why}", (f"gt rig show {rig}", "gt log deacon"))


def machine_full(words: str) -> Wait:
    """``words`` name the key that is in the way."""
    key = next((key for key in ("disk.budget", "limits.load") if f"{key} is " in words), "limits.memory")
    return Wait("machine", None, words, (f"gt config show {key}",))


def over_budget(words: str) -> Wait:
    return Wait("budget", None, words, ("gt costs", "gt config show budget"), stranded=True)


def rig_broken(rig: str, words: str, hint: str | None) -> Wait:
    """Its settings cannot be read."""
    return Wait("rig", rig, words, (hint,) if hint else (), stranded=True)


def town_full(limit: int) -> Wait:
    way = f"gt config set limits.agents {limit + 1}"
    return Wait("town", None, f"all {limit} places of the town are taken", (way,), is_full=True)


def rig_full(rig: str, limit: int) -> Wait:
    way = f"gt config set limits.agents {limit + 1} --rig {rig}"
    return Wait("rig", rig, f"all {limit} places of {rig} are taken", (way,), is_full=True)


#: How what is kept as a host's word of a bead begins, where that is why nothing can be done about it.
STUCK = "it cannot go on: "


def host_full(host: str, capacity: int) -> Wait:
    return Wait("host", host, f"all {capacity} places of {host} are taken", (f"gt host show {host}",))


def at_host(host: str, word: str | None, heard: str | None, trouble: str | None, bead: str = "BEAD") -> Wait:
    """A host has it: how it is there, as heard last; or why it cannot even be given.

    >>> at_host("box", "working", None, None).reason, at_host("box", STUCK + "no room", None, None).reason
    ('box has it: it is working there', 'box has it; it cannot go on: no room')
    """
    told = f": it is {word} there" if word else ""
    if word is not None and word.startswith(STUCK):
        told = f"; {word}"
        if trouble is None:
            ways = (f"gt host show {host}", f"gt unsling {bead} --force")
            return Wait("host", host, f"{host} has it{told}", ways, stranded=True)
    if trouble is not None:
        when = f"heard last {heard[:16].replace('T', ' ')} UTC" if heard else "never heard"
        return Wait("host", host, f"{host} has it{told}; {trouble}, {when}", (f"gt host check {host}",))
    return Wait("host", host, f"{host} has it{told}", (f"gt host show {host}",))


def goes_back(host: str, reason: str | None) -> Wait:
    """Its branch was refused here, and the host that has it was not told yet."""
    return Wait("host", host, f"it goes back to {host}, {reason}", (f"gt host show {host}",))


def waits_for_host(host: str, state: str | None) -> Wait:
    """It was slung at a host that has not taken it."""
    if state is None:
        return Wait("host", host, f"it waits for host {host}, which is not known", ("gt host list",), stranded=True)
    if state == "parked":
        return Wait("host", host, f"host {host} is parked", (f"gt host unpark {host}",), stranded=True)
    return Wait("host", host, f"it waits for room on {host}, which is {state}", (f"gt host show {host}",))


def provider_full(provider: str, limit: int) -> Wait:
    way = "gt config show limits.providers"
    return Wait("provider", provider, f"all {limit} places for {provider} are taken", (way,), is_full=True)


def provider_limited(provider: str, until: Time | None) -> Wait:
    end = f" until {until[:16].replace('T', ' ')} UTC" if until else ""
    return Wait("provider", provider, f"{provider} is at its limit{end}", ("gt agents",))


def provider_down(provider: str, deaths: int) -> Wait:
    words = f"{provider} does not come up: its last {deaths} sessions ended by themselves"
    return Wait("provider", provider, words, ("gt agents", f"gt config agent check {provider}"))


def provider_missing(provider: str, words: str, hint: str | None) -> Wait:
    return Wait("provider", provider, words, (hint,) if hint else (), stranded=True)


def agent_holds(agent: Address, held: str) -> Wait:
    return Wait("agent", agent, f"{agent} has {held} on its hook", (f"gt bead show {held}", f"gt unsling {held}"))


def agent_is(agent: Address, state: AgentState, words: str | None = None) -> Wait:
    """It is meant for an agent, or on the hook of one, that does not run now."""
    because = f": {words}" if words else ""
    match state:
        case AgentState.PAUSED:
            return Wait("agent", agent, f"{agent} is paused{because}", (f"gt resume {agent}",), stranded=True)
        case AgentState.FAILED:
            ways = (f"gt log {agent}", f"gt respawn {agent}")
            return Wait("agent", agent, f"{agent} has failed{because}", ways, stranded=True)
        case AgentState.LIMITED:
            return Wait("agent", agent, f"{agent} is at its provider's limit{because}", ("gt agents",))
        case AgentState.BACKOFF:
            return Wait("agent", agent, f"{agent} died, and is started again soon{because}", (f"gt log {agent}",))
        case AgentState.OFF:
            return Wait("agent", agent, f"{agent} is off{because}", (f"gt respawn {agent}",), stranded=True)
        case AgentState.ON:
            return Wait("agent", agent, f"{agent} is being started{because}", (f"gt peek {agent}",))


def agent_works(agent: Address, session: SessionState | None) -> Wait:
    """It is on the hook of an agent that should run."""
    match session:
        case None | SessionState.STARTING:
            return Wait("agent", agent, f"{agent} is being started", (f"gt peek {agent}",))
        case SessionState.WAITING:
            return Wait(
                "agent", agent, f"{agent} waits for a person", ("gt waiting", f"gt attach {agent}"), stranded=True
            )
        case SessionState.IDLE:
            return Wait("agent", agent, f"{agent} has it, and is idle", (f"gt peek {agent}",))
        case _:
            return Wait("agent", agent, f"{agent} works at it", (f"gt peek {agent}",))


def in_queue(request: MergeRequestId, state: MergeState, reason: str | None, queue: str | None) -> Wait:
    """It is submitted; ``queue``: why the whole queue stands still."""
    because = f": {reason}" if reason else ""
    if queue is not None:
        return Wait("merge request", request, f"the merge queue is paused: {queue}", ("gt mq resume",), stranded=True)
    match state:
        case MergeState.HELD:
            words = f"{request} passed, and is held for a review{because}"
            return Wait("merge request", request, words, (f"gt mq approve {request}", f"gt mq reject {request}"), True)
        case MergeState.PROPOSED:
            # What stands there tells of the pull request, and what it waits for.
            words = f"{request} is {state}{because}"
            return Wait("merge request", request, words, (f"gt mq show {request}", f"gt mq retry {request}"), True)
        case _:
            return Wait("merge request", request, f"{request} is {state}{because}", (f"gt mq show {request}",))


def reason_of(waits: Sequence[Wait]) -> str | None:
    """All of it in one line; None where nothing is waited for."""
    if len(waits) == 1:  # most: of ten thousand beads in a list, nearly all
        return waits[0].reason or None
    return "; ".join(dict.fromkeys(wait.reason for wait in waits)) or None
