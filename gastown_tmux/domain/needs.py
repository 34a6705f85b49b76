"""What waits for a person, and nobody else can end: one list, for whoever shows it, answers it or calls for it."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum

from gastown_tmux.dataclass import dataclass, field
from gastown_tmux.domain.addresses import OVERSEER, Address
from gastown_tmux.domain.agents import Agent, AgentState, Ending
from gastown_tmux.domain.columns import cut
from gastown_tmux.domain.escalation import Escalation, EscalationState
from gastown_tmux.domain.ids import BeadId, Time
from gastown_tmux.domain.merging import MergeRequest, MergeState
from gastown_tmux.domain.observation import Trouble
from gastown_tmux.domain.orders.starts import Approval
from gastown_tmux.domain.rigs import QueueState, Rig
from gastown_tmux.domain.runs import Run, RunState, StepState, tell_of
from gastown_tmux.domain.work import WAITING, Bead, Reason

#: Of what was asked; a whole log may follow.
_TITLE_COLUMNS = 120


class NeedKind(StrEnum):
    """In the order in which they are shown: who stands still comes before what merely waits."""

    SETUP = "setup"
    APPROVAL = "approval"
    START = "start"
    FAILED = "failed"
    STALLED = "stalled"
    BUDGET = "budget"
    LIMIT = "limit"
    STOPPED = "stopped"
    MERGE = "merge"
    PROPOSAL = "proposal"
    GATE = "gate"
    RUN = "run"
    ORDER = "order"
    RIG = "rig"
    QUEUE = "queue"
    ESCALATION = "escalation"
    BEAD = "bead"
    MAIL = "mail"


#: So many columns of a drawn line say that it is one.
_RULE = 40
#: What waits there is a merge request, not its author.
AT_REQUESTS = (NeedKind.MERGE, NeedKind.PROPOSAL)


class Urgency(StrEnum):
    """``high``: work stands still until somebody acts; ``normal``: it waits and other work goes on; ``low``: news."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class Need:
    """``id`` is the agent's, merge request's, bead's …; ``title`` says in one line what it is about, ``reason`` why it
    waits: of an approval, the dialog. ``next`` are the commands that take it further, as they are typed; ``digest``,
    where there is one, goes with the answer: of a merge request it is the head.
    """

    kind: NeedKind
    id: str
    agent: Address
    bead: BeadId | None
    since: Time | None
    next: tuple[str, ...]
    title: str
    reason: str
    digest: str | None = None

    @property
    def urgency(self) -> Urgency:
        match self.kind:
            case NeedKind.MAIL | NeedKind.STOPPED:
                return Urgency.LOW
            case NeedKind.MERGE | NeedKind.PROPOSAL | NeedKind.BEAD | NeedKind.LIMIT | NeedKind.QUEUE:
                return Urgency.NORMAL
            case NeedKind.GATE | NeedKind.ORDER:
                return Urgency.NORMAL
            case _:
                return Urgency.HIGH

    @property
    def occasion(self) -> str:
        """Tells this need from an earlier one of the same thing."""
        return f"{self.kind} {self.id} {self.digest or self.since or ''}"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the window of an agent that waits shows: a dialog, in one line and whole, and its digest; or, as ``cause``,
    what keeps its program from working at all (it is not logged in, …).
    """

    agent: Address
    since: Time
    headline: str
    text: str
    digest: str
    cause: Trouble | None = None


@dataclass(frozen=True, slots=True)
class Situation:
    """All that is looked at. ``beads`` are the open ones that came back, ``held`` those on hooks, ``stalled`` why an
    agent makes no headway, ``merges`` those held, or proposed to people, ``orders`` those that wait to be allowed,
    ``titles`` those of beads, ``unread`` the overseer's mails.
    """

    agents: Sequence[Agent] = ()
    asked: Sequence[Asked] = ()
    held: Mapping[Address, Bead] = field(default_factory=dict)
    stalled: Mapping[Address, tuple[Time, str]] = field(default_factory=dict)
    merges: Sequence[MergeRequest] = ()
    escalations: Sequence[Escalation] = ()
    beads: Sequence[Bead] = ()
    runs: Sequence[Run] = ()
    orders: Mapping[str, Approval] = field(default_factory=dict)
    rigs: Sequence[Rig] = ()
    titles: Mapping[BeadId, str] = field(default_factory=dict)
    unread: int = 0


def find_needs(now: Situation) -> list[Need]:
    """The most pressing first, then the oldest. Whatever an open escalation is about is told by that alone; a step that
    failed by its run alone, whose keys take it further.
    """
    asked = {escalation.bead for escalation in now.escalations if escalation.state is EscalationState.OPEN}
    asked |= {step.bead or run.bead for run in now.runs for step in run.steps if step.state is StepState.FAILED}
    found = [
        *_of_windows(now), *_of_agents(now), *_of_merges(now), *_of_runs(now), *_of_orders(now), *_of_rigs(now),
        *_of_escalations(now), *(need for need in _of_beads(now.beads) if need.bead not in asked),
        *_of_mail(now.unread),
    ]  # fmt: skip
    order = list(NeedKind)
    return sorted(found, key=lambda need: (order.index(need.kind), need.since or "", need.id))


def is_missing_program(agent: Agent) -> bool:
    """Whether it could not even be started, last time."""
    return agent.state is AgentState.BACKOFF and (agent.reason or "").startswith(Ending.NOT_STARTED)


def _of_windows(now: Situation) -> Iterator[Need]:
    for asked in now.asked:
        held = now.held.get(asked.agent)
        bead = held.id if held else None
        if asked.cause is not None:
            steps: tuple[str, ...] = (f"gt attach {asked.agent}", f"gt respawn {asked.agent}")
            title = f"{asked.agent} cannot work: {asked.cause}"
            yield Need(NeedKind.SETUP, asked.agent, asked.agent, bead, asked.since, steps, title, asked.cause)
        else:
            steps = (f"gt approve {asked.agent}", f"gt deny {asked.agent}", f"gt attach {asked.agent}")
            yield Need(
                NeedKind.APPROVAL, asked.agent, asked.agent, bead, asked.since, steps, asked.headline,
                _shorten_rules(asked.text), asked.digest,
            )  # fmt: skip


def _shorten_rules(text: str) -> str:
    """As wide as the program's window was, each would take several lines wherever else it is shown."""
    return re.sub(rf"([─╌━═_=-])\1{{{_RULE},}}", lambda rule: rule[1] * _RULE, text)


def _of_agents(now: Situation) -> Iterator[Need]:
    steps: tuple[str, ...]
    hindered = {asked.agent for asked in now.asked if asked.cause is not None}
    for agent in now.agents:
        held, who = now.held.get(agent.address), agent.address
        bead, about = (held.id, f": {held.title}") if held else (None, "")

        def need(kind: NeedKind, title: str, reason: str, *steps: str, since: Time) -> Need:
            return Need(kind, who, who, bead, since, steps, title + about, reason)  # noqa: B023 - called at once

        reason = agent.reason or ""
        match agent.state:
            case AgentState.FAILED:
                steps = (f"gt log {who}", f"gt respawn {who}")
                yield need(NeedKind.FAILED, f"{who} was given up", reason, *steps, since=agent.since)
            case AgentState.LIMITED:
                steps = (f"gt peek {who}", f"gt respawn {who}")
                yield need(NeedKind.LIMIT, f"{who} is at a limit", reason, *steps, since=agent.since)
            case AgentState.PAUSED if reason.startswith(Reason.OVER_BUDGET):
                steps = ("gt costs", "gt config show budget")
                yield need(NeedKind.BUDGET, f"{who} is over budget", reason, *steps, since=agent.since)
            case AgentState.OFF if held is not None:
                steps = (f"gt respawn {who}", f"gt unsling {held.id}")
                yield need(NeedKind.STOPPED, f"{who} is stopped", "its agent was stopped", *steps, since=agent.since)
            case _ if is_missing_program(agent):
                words = reason.removeprefix(Ending.NOT_STARTED)
                yield need(NeedKind.START, f"{who} cannot start", words, "gt doctor", since=agent.created)
            case _ if who in now.stalled and who not in hindered:
                since, words = now.stalled[who]
                steps = (f"gt peek {who}", f"gt status --explain {who}", f"gt respawn {who}")
                yield need(NeedKind.STALLED, f"{who} makes no headway", words, *steps, since=since)


def _of_merges(now: Situation) -> Iterator[Need]:
    for held in now.merges:
        if held.state is MergeState.PROPOSED:
            yield _of_proposal(held, now.titles.get(held.bead, held.branch))
            continue
        steps = (f"gt diff {held.bead}", f"gt mq approve {held.id}", f"gt mq reject {held.id}")
        title = now.titles.get(held.bead, held.branch)
        reason = held.reason or "held for review"
        yield Need(NeedKind.MERGE, held.id, held.author, held.bead, held.updated, steps, title, reason, held.head)


def _of_proposal(request: MergeRequest, title: str) -> Need:
    """Approved and merged it is where its address leads."""
    steps = (f"gt diff {request.bead}", f"gt mq show {request.id}", f"gt mq reject {request.id}")
    reason = request.reason or request.url or ""
    return Need(
        NeedKind.PROPOSAL, request.id, request.author, request.bead, request.updated, steps, title, reason, request.head
    )


def _of_runs(now: Situation) -> Iterator[Need]:
    """A person's word is asked for step by step: what was drawn may be another gate by the time of the answer."""
    for run in now.runs:
        if run.state is not RunState.WAITING:
            continue
        show = f"gt run show {run.id}"
        for step in run.asked:
            steps = (f"gt run resume {run.id} {step.id}", f"gt run skip {run.id} {step.id}", show)
            reason = (step.gate.condition if step.gate else "") or "it waits for a person's word"
            yield Need(
                NeedKind.GATE, f"{run.id}/{step.id}", OVERSEER, step.bead or run.bead, step.freed or run.updated,
                steps, f"{run.title}: {step.title}", reason,
            )  # fmt: skip
        failed = [step for step in run.steps if step.state is StepState.FAILED]
        if failed or not run.asked:
            steps = (f"gt run retry {run.id}", f"gt run cancel {run.id}", show)
            words = [f"step {step.id} failed: {step.reason or 'no reason was given'}" for step in failed]
            yield Need(
                NeedKind.RUN, run.id, OVERSEER, run.bead, run.updated, steps, run.title,
                "\n".join(words) or run.reason or "a step waits for a person",
            )  # fmt: skip


def _of_orders(now: Situation) -> Iterator[Need]:
    for order, known in now.orders.items():
        steps = (f"gt order show {order}", f"gt order resume {order}")
        title, reason = f"order {order} is new, or was changed", "agents ran then: nothing is begun unless you allow it"
        yield Need(NeedKind.ORDER, order, OVERSEER, None, known.since, steps, title, reason, digest=known.asked)


def _of_rigs(now: Situation) -> Iterator[Need]:
    for rig in now.rigs:
        if rig.problem is not None:
            steps = (f"gt rig show {rig.name}",)
            yield Need(
                NeedKind.RIG, rig.name, OVERSEER, None, None, steps, f"rig {rig.name}: its target cannot be read",
                rig.problem,
            )  # fmt: skip
        if rig.queue is QueueState.PAUSED:
            steps = (f"gt mq resume --rig {rig.name}",)
            yield Need(
                NeedKind.QUEUE, rig.name, OVERSEER, None, None, steps, f"the merge queue of {rig.name} is paused",
                rig.queue_reason or "",
            )  # fmt: skip


def _of_escalations(now: Situation) -> Iterator[Need]:
    told = tuple(
        tell_of(run, step)
        for run in now.runs
        if run.state is RunState.WAITING
        for step in run.steps
        if step.state is StepState.FAILED
    )
    for asked in now.escalations:
        if asked.state is EscalationState.OPEN and not asked.text.startswith(told):
            steps = (f"gt escalate show {asked.id}", f"gt escalate resolve {asked.id}")
            about = now.titles.get(asked.bead) if asked.bead else None
            words = " ".join(asked.text.split()).removeprefix(f"{asked.bead}: ")
            title = cut(words, _TITLE_COLUMNS)
            reason = f"{asked.severity} escalation" + (f" about {asked.bead}: {about}" if about else "")
            reason += f"\n{asked.text.strip()}" if title != words else ""
            yield Need(
                NeedKind.ESCALATION, asked.id, asked.agent, asked.bead, asked.created, steps, title, reason
            )  # fmt: skip


def _of_beads(beads: Iterable[Bead]) -> Iterator[Need]:
    """Those that nobody gives out again by himself."""
    for bead in beads:
        if bead.reason in WAITING:
            steps = [f"gt log {bead.assignee}"] if bead.assignee else []
            steps += [f"gt sling {bead.id}", f"gt bead close {bead.id} --reason wontdo"]
            yield Need(
                NeedKind.BEAD, bead.id, bead.assignee or OVERSEER, bead.id, bead.updated, tuple(steps), bead.title,
                f"{bead.reason}: nobody takes it up again by himself",
            )  # fmt: skip


def _of_mail(unread: int) -> Iterator[Need]:
    if unread:
        title = f"{unread} unread mail{'s' if unread > 1 else ''}"
        yield Need(NeedKind.MAIL, "inbox", OVERSEER, None, None, ("gt mail inbox",), title, "unread")
