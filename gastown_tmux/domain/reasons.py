"""Why anything but a bead is as it is: what it waits for, from rows alone, in the words of ``domain.waiting``."""

from collections.abc import Sequence

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain import waiting
from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.agents import Agent, AgentState, Session, SessionState
from gastown_tmux.domain.delivery import DeliveryState
from gastown_tmux.domain.escalation import Escalation, EscalationState, Level
from gastown_tmux.domain.ids import BeadId
from gastown_tmux.domain.merging import MergeRequest, MergeState
from gastown_tmux.domain.rigs import QueueState, Rig
from gastown_tmux.domain.runs import Run, RunState, RunStep, StepState
from gastown_tmux.domain.waiting import Wait
from gastown_tmux.domain.work import Bead, BeadState, Convoy, ConvoyState, is_met


@dataclass(frozen=True, slots=True)
class TownNow:
    """Whether it should be up, and whether what is asked about stands still by an emergency stop."""

    wanted: bool = True
    frozen: bool = False


def why_agent(agent: Agent, session: Session | None, bead: Bead | None, town: TownNow) -> tuple[Wait, ...]:
    """Nothing for one that works, or has nothing to do because it did it."""
    address = agent.address
    if agent.state is not AgentState.ON and not _is_free(agent, bead):
        wait = waiting.agent_is(address, agent.state, agent.reason)
        return (wait, waiting.TOWN_DOWN) if not town.wanted else (wait,)
    if not town.wanted:
        return (waiting.TOWN_DOWN,)
    if town.frozen:
        return (waiting.STANDS_STILL,)
    state = session.state if session is not None else None
    if agent.state is AgentState.ON and state in (None, SessionState.STARTING, SessionState.WAITING):
        return (waiting.agent_works(address, state),)
    if bead is None:
        return (Wait("work", None, f"{address} has no work", ("gt bead ready", f"gt nudge {address} 'what is next?'")),)
    if state is SessionState.WORKING:
        return ()
    return (waiting.agent_works(address, state),)


def _is_free(agent: Agent, bead: Bead | None) -> bool:
    """Whether it is off because nothing is to be done by it."""
    return agent.state is AgentState.OFF and bead is None and agent.reason in (None, "done")


def why_run(run: Run, beads: Sequence[Wait]) -> tuple[Wait, ...]:
    """``beads``: what the beads at work for it wait for."""
    match run.state:
        case RunState.DONE | RunState.FAILED | RunState.CANCELLED:
            return ()
        case RunState.PAUSED:
            return (_paused(run),)
        case RunState.RUNNING | RunState.WAITING:
            asks = [wait for step in run.steps for wait in _asks(run, step)]
            going = [
                Wait("step", f"{run.id}/{step.id}", f"step {step.id} is {step.state}", (f"gt why {run.id}/{step.id}",))
                for step in run.steps
                if step.state in (StepState.READY, StepState.WORKING)
            ]
            if not run.spread and run.all_finished:
                going = [Wait("bead", run.bead, f"all its steps are done, and {run.bead} is not merged yet")]
            return tuple(dict.fromkeys((*asks, *going, *beads)))


def why_step(run: Run, step: RunStep, beads: Sequence[Wait]) -> tuple[Wait, ...]:
    """``beads``: what the bead of the step, or of the run, waits for."""
    if run.state is RunState.PAUSED and not step.is_finished:
        return (_paused(run),)
    match step.state:
        case StepState.DONE | StepState.SKIPPED:
            return ()
        case StepState.BLOCKED:
            return (*_unmet(run, step), *_asks(run, step))
        case StepState.FAILED:
            return _asks(run, step)
        case StepState.READY | StepState.WORKING:
            failed = next(
                (wait for each in run.steps if each.state is StepState.FAILED for wait in _asks(run, each)), None
            )
            return (failed,) if failed and not run.spread else tuple(beads)


def _paused(run: Run) -> Wait:
    return Wait("person", None, f"{run.id} is paused", (f"gt run resume {run.id}",), stranded=True)


def _unmet(run: Run, step: RunStep) -> list[Wait]:
    found = []
    for need in step.needs:
        needed = run.step(need)
        if not needed.is_finished:
            words = f"it needs step {need}, which is {needed.state}"
            found.append(Wait("step", f"{run.id}/{need}", words, (f"gt why {run.id}/{need}",)))
    return found


def _asks(run: Run, step: RunStep) -> tuple[Wait, ...]:
    """What only a person, a clock or the world outside ends."""
    if step.state is StepState.FAILED:
        words = f"step {step.id} failed: {step.reason or 'no reason was given'}"
        ways = (f"gt run retry {run.id} {step.id}", f"gt run skip {run.id} {step.id}", f"gt run cancel {run.id}")
        return (Wait("person", None, words, ways, stranded=True),)
    gate = step.gate
    if gate is None or step not in run.gated:
        return ()
    skip = f"gt run skip {run.id} {step.id}"
    about = f": {gate.condition}" if gate.condition else ""
    if gate.type == "human":
        words = f"step {step.id} waits for a person's word{about}"
        return (Wait("person", None, words, (f"gt run resume {run.id} {step.id}", skip), stranded=True),)
    since = f", since {step.freed}" if step.freed else ""
    why = f": {step.reason}" if step.reason else ""
    words = f"the gate of step {step.id} is closed: {gate.type}{about}{since}{why}"
    return (Wait("gate", gate.type, words, (skip,), stranded=bool(step.reason)),)


def why_request(request: MergeRequest, rig: Rig, bead: Sequence[Wait]) -> tuple[Wait, ...]:
    """``bead``: what its bead waits for, which tells of one that came back."""
    match request.state:
        case MergeState.MERGED | MergeState.SUPERSEDED:
            return ()
        case MergeState.CONFLICTED | MergeState.REJECTED:
            return tuple(bead)
        case _:
            paused = (rig.queue_reason or "no reason was given") if rig.queue is QueueState.PAUSED else None
            found = [waiting.in_queue(request.id, request.state, request.reason, paused)]
            if rig.problem:
                found.append(Wait("rig", rig.name, rig.problem, (f"gt rig show {rig.name}",), stranded=True))
            if request.position is not None and request.position > 1 and paused is None:
                words = f"it is number {request.position} in the queue of {rig.name}"
                found.append(Wait("queue", rig.name, words, (f"gt mq list --rig {rig.name}",)))
            if request.not_before is not None and request.state is MergeState.QUEUED:
                words = f"it is tried again at {request.not_before}"
                found.append(Wait("turn", None, words, (f"gt mq retry {request.id}",)))
            return tuple(found)


def why_convoy(convoy: Convoy, beads: Sequence[Bead]) -> tuple[Wait, ...]:
    match convoy.state:
        case ConvoyState.LANDED | ConvoyState.CLOSED:
            return ()
        case ConvoyState.OPEN:
            if not beads:
                return (
                    Wait("bead", None, "it has no bead, and an empty convoy never lands", ("gt bead ready",), True),
                )
            left = [bead for bead in beads if not is_met(bead.state, bead.reason)]
            if not left:
                words = "nothing of it was merged, so it does not land"
                return (Wait("person", None, words, (f"gt convoy close {convoy.id}",), stranded=True),)
            return tuple(_of_convoy(convoy, bead) for bead in left)


def _of_convoy(convoy: Convoy, bead: Bead) -> Wait:
    if bead.state is BeadState.CLOSED:
        ways = (f"gt bead reopen {bead.id}", f"gt convoy close {convoy.id}")
        return Wait("bead", bead.id, f"{bead.id} is closed as {bead.reason}: {bead.title}", ways, stranded=True)
    reason = f", {bead.reason}" if bead.reason else ""
    return Wait("bead", bead.id, f"{bead.id} is {bead.state}{reason}: {bead.title}", (f"gt why {bead.id}",))


def why_escalation(escalation: Escalation) -> tuple[Wait, ...]:
    ways = (f"gt escalate ack {escalation.id}", f"gt escalate resolve {escalation.id}")
    until = f" until {escalation.deadline}" if escalation.deadline else ""
    match escalation.state:
        case EscalationState.RESOLVED:
            return ()
        case EscalationState.ACKNOWLEDGED:
            return (Wait("person", None, f"somebody has it in hand{until}", ways[1:]),)
        case EscalationState.OPEN:
            pass
    match escalation.level:
        case Level.MAYOR:
            return (Wait("agent", "mayor", f"the mayor is asked{until}", ways),)
        case Level.HUMAN:
            return (Wait("person", None, f"a person is asked{until}", ways, stranded=True),)
        case Level.DEFAULT:
            return (Wait("person", None, "nobody answered, and what is safe was done", ways[1:], stranded=True),)


@dataclass(frozen=True, slots=True)
class Telling:
    """Where telling one reader of a mail has come to; ``read``: it was opened."""

    mail: str
    agent: Address
    state: DeliveryState
    read: bool
    reason: str | None = None


def why_mail(telling: Telling, agent: Sequence[Wait]) -> tuple[Wait, ...]:
    """``agent``: what its reader waits for."""
    if telling.read:
        return ()
    who, peek = telling.agent, f"gt mail status {telling.mail}"
    because = f": {telling.reason}" if telling.reason else ""
    match telling.state:
        case DeliveryState.QUEUED:
            return (Wait("agent", who, f"{who} was not told of it yet{because}", (peek,)), *agent)
        case DeliveryState.OFFERED:
            return (Wait("agent", who, f"{who} was told of it, and has not taken it up yet", (peek,)), *agent)
        case DeliveryState.ACCEPTED:
            return (Wait("agent", who, f"{who} knows of it, and has not read it", (peek,)),)
        case DeliveryState.EXPIRED:
            return (Wait("agent", who, f"{who} was not told of it before it expired", (peek,), stranded=True),)
        case DeliveryState.DEAD:
            return (Wait("agent", who, f"{who} could not be told of it{because}", (peek,), stranded=True),)


def why_rig(rig: Rig) -> tuple[Wait, ...]:
    found = [waiting.rig_parked(rig.name)] if rig.parked else []
    if rig.queue is QueueState.PAUSED:
        because = f": {rig.queue_reason}" if rig.queue_reason else ""
        words = f"its merge queue is paused{because}"
        found.append(Wait("queue", rig.name, words, (f"gt mq resume --rig {rig.name}",), stranded=True))
    if rig.problem:
        found.append(Wait("rig", rig.name, rig.problem, ("gt doctor",), stranded=True))
    return tuple(found)


def without_hints(commands: Sequence[str]) -> tuple[str, ...]:
    """Those that can be run as they stand, each once: none with a gap for somebody to fill."""
    return tuple(dict.fromkeys(command for command in commands if command.startswith("gt ") and "…" not in command))


def beads_at_work(run: Run) -> list[BeadId]:
    """Those that a run waits for now."""
    if not run.spread:
        return [run.bead] if run.bead else []
    return [step.bead for step in run.steps if step.bead and step.state in (StepState.READY, StepState.WORKING)]
