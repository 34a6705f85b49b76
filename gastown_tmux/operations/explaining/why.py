"""gt why: what something is, what it waits for, since when, on what evidence, and the commands that change it."""

from collections.abc import Callable, Sequence

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain import reasons
from gastown_tmux.domain.addresses import MAYOR, TOWN_ADDRESSES, Address
from gastown_tmux.domain.agents import view_state
from gastown_tmux.domain.events import Event
from gastown_tmux.domain.health import judge
from gastown_tmux.domain.ids import BeadId, Time
from gastown_tmux.domain.reasons import Telling, TownNow
from gastown_tmux.domain.rigs import Rig
from gastown_tmux.domain.runs import OVER, Run
from gastown_tmux.domain.waiting import Wait
from gastown_tmux.domain.work import Bead, Convoy
from gastown_tmux.errors import NotFoundError, RefusedError, UsageError
from gastown_tmux.operations.explaining.away import Facts, why_away, why_host
from gastown_tmux.operations.mail import inbox
from gastown_tmux.operations.supervision.facts import read_facts
from gastown_tmux.operations.town import lookup
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.work.orders import find_order, show_order
from gastown_tmux.operations.work.waiting import explain_bead, explain_beads
from gastown_tmux.store.agents import find_live_session, get_agent
from gastown_tmux.store.beads import find_bead, find_held_bead, get_bead, list_those
from gastown_tmux.store.deliveries import find_delivery
from gastown_tmux.store.events import list_newest
from gastown_tmux.store.hosts import find_host
from gastown_tmux.store.rigs import find_rig
from gastown_tmux.store.rows import matching_ids
from gastown_tmux.store.runs import find_run_of, find_step_of

#: Events that are told as evidence.
_EVENTS = 5


@dataclass(frozen=True, slots=True)
class Cause:
    """``what`` is the kind of thing that is waited for, ``id`` which one, where it has a name."""

    what: str
    id: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Why:
    """``waits_for`` is empty for what is done, or goes on. ``evidence`` are recorded facts, a line each; ``next`` are
    commands that can be run as they stand.
    """

    subject: str
    kind: str
    title: str
    state: str
    since: Time | None
    waits_for: tuple[Cause, ...]
    evidence: tuple[str, ...]
    next: tuple[str, ...]

    @property
    def story(self) -> str:
        waits = [cause.reason for cause in self.waits_for] or ["it waits for nothing"]
        return "\n".join(
            [*waits, "", *(f"  {line}" for line in self.evidence), "", *(f"next: {command}" for command in self.next)]
        )


def why(town: Town, thing: str) -> Why:
    """Of whatever has that id, address or name: a bead, an agent, a convoy, a run, a step (``RUN/STEP``), a merge
    request, an escalation, a mail, an order, a rig, a host. Raises NotFoundError, RefusedError where several begin so.
    """
    start = thing.partition("-")[0]
    explain = _BY_PREFIX.get(start)
    if explain is not None:
        return explain(town, thing)
    if "-" in thing and matching_ids(town.db, "beads", thing):
        return _bead(town, lookup.resolve_bead(town, thing))
    for find in (_find_away, _find_agent, _find_rig, _find_host, _find_order, _find_bead, _find_mail):
        found = find(town, thing)
        if found is not None:
            return found
    if thing == MAYOR:
        raise NotFoundError("the mayor was never started", hint="gt mayor start")
    raise NotFoundError(
        f"there is nothing called {thing!r}", hint="gt daemon status" if thing in TOWN_ADDRESSES else "gt status"
    )


def _bead(town: Town, bead: Bead) -> Why:
    run, waits = find_run_of(town.db, bead.id), explain_bead(town, bead)
    step = find_step_of(town.db, bead.id)
    part = [f"it stands for step {step[1]} of {step[0]}"] if step else [f"it stands for {run}"] if run else []
    facts = [*part, *(f"{name} {value}" for name, value in _bead_facts(bead) if value)]
    ways = [f"gt bead show {bead.id}"]
    return _why(town, bead.id, "bead", bead.title, bead.state, None, waits, facts, ways, bead.updated)


def _bead_facts(bead: Bead) -> list[tuple[str, object]]:
    return [
        ("reason", bead.reason), ("host", bead.host), ("assignee", bead.assignee), ("target", bead.target),
        ("attempts", bead.attempts),
        ("merge request", bead.merge_request), ("merged as", bead.merged_commit),
    ]  # fmt: skip


def _agent(town: Town, address: Address) -> Why:
    agent, session = get_agent(town.db, address), find_live_session(town.db, address)
    bead = find_held_bead(town.db, address)
    facts = judge(read_facts(town, agent, session, holds=bead is not None))
    waits = _agent_waits(town, address)
    told = [facts.deciding, *facts.against]
    evidence = [f"health: {facts.health}", *(line.fact for line in told)]
    evidence += [f"on its hook: {bead.id} {bead.title}"] if bead else []
    state = view_state(agent.state, session.state if session else None, agent.hook)
    since = session.since if session is not None and state == session.state else agent.since
    ways = [f"gt status --explain {address}", f"gt log {address}"]
    return _why(town, address, "agent", bead.title if bead else agent.role, state, since, waits, evidence, ways)


def _agent_waits(town: Town, address: Address) -> tuple[Wait, ...]:
    now = TownNow(town.is_wanted(), town.is_frozen(address))
    agent, session = get_agent(town.db, address), find_live_session(town.db, address)
    return reasons.why_agent(agent, session, find_held_bead(town.db, address), now)


def _run(town: Town, run: Run) -> Why:
    waits = reasons.why_run(run, _bead_waits(town, run, reasons.beads_at_work(run)))
    evidence = [f"{run.done} of {run.total} steps are finished", *([run.reason] if run.reason else [])]
    ways = [f"gt run show {run.id}"]
    return _why(town, run.id, "run", run.title, run.state, run.updated, waits, evidence, ways)


def _step(town: Town, run: Run, id: str) -> Why:
    step = run.step(id)
    bead = step.bead or run.bead
    waits = reasons.why_step(run, step, _bead_waits(town, run, [bead] if bead else []))
    evidence = [f"{step.tries} of {step.retries + 1} tries were begun"] if step.tries else []
    evidence += [step.reason] if step.reason else []
    since = step.ended or step.started or step.freed or run.created
    ways = [f"gt run show {run.id}"] + ([f"gt bead show {bead}"] if bead else [])
    why = _why(town, run.id, "step", step.title, step.state, since, waits, evidence, ways, of=f'"step": "{id}"')
    return Why(f"{run.id}/{id}", why.kind, why.title, why.state, why.since, why.waits_for, why.evidence, why.next)


def _bead_waits(town: Town, run: Run, ids: Sequence[BeadId]) -> list[Wait]:
    if run.state in OVER:
        return []
    found = explain_beads(town, list_those(town.db, ids))
    return list(dict.fromkeys(wait for waits in found.values() for wait in waits))


def _request(town: Town, word: str) -> Why:
    request = lookup.resolve_merge_request(town, word)
    bead = find_bead(town.db, request.bead)
    waits = reasons.why_request(request, town.rig(request.rig), explain_bead(town, bead) if bead else ())
    evidence = [f"{name} {value}" for name, value in (
        ("bead", request.bead), ("attempts", request.attempts), ("reason", request.reason),
        ("tested in", request.tested_in), ("merged as", request.merged_commit), ("log", request.log),
    ) if value]  # fmt: skip
    ways = [f"gt mq show {request.id}"]
    return _why(town, request.id, "request", request.title, request.state, request.updated, waits, evidence, ways)


def _convoy(town: Town, convoy: Convoy) -> Why:
    beads = {bead.id: bead for bead in list_those(town.db, convoy.beads)}
    waits = reasons.why_convoy(convoy, [beads[id] for id in convoy.beads if id in beads])
    evidence = [f"{convoy.done} of {convoy.total} beads are done"]
    since = convoy.landed or convoy.created
    ways = [f"gt convoy show {convoy.id}"]
    return _why(town, convoy.id, "convoy", convoy.name, convoy.state, since, waits, evidence, ways)


def _escalation(town: Town, word: str) -> Why:
    found = lookup.resolve_escalation(town, word)
    evidence = [f"{found.severity}, raised by {found.agent}"] + ([f"about {found.bead}"] if found.bead else [])
    ways = [f"gt escalate show {found.id}"]
    waits = reasons.why_escalation(found)
    return _why(town, found.id, "escalation", found.text, found.state, found.updated, waits, evidence, ways)


def _mail(town: Town, word: str) -> Why:
    mail = inbox.status(town, word)
    waits, states = list[Wait](), list[str]()
    for each in mail.deliveries:
        row = find_delivery(town.db, mail.id, each.agent)
        telling = Telling(mail.id, Address(each.agent), each.state, mail.read, row.reason if row else None)
        states.append(each.state)
        try:
            reader = _agent_waits(town, Address(each.agent))
        except NotFoundError:
            reader = ()
        waits += reasons.why_mail(telling, reader)
    state = "archived" if mail.archived else "read" if mail.read else ", ".join(dict.fromkeys(states)) or "unread"
    since = max((each.time for each in mail.deliveries), default=mail.date)
    evidence = [line for line in mail.story.splitlines() if line]
    return Why(
        mail.id, "mail", mail.subject, state, since, _causes(waits), tuple(evidence),
        _ways(waits, [f"gt mail status {mail.id}"]),
    )  # fmt: skip


def _rig(town: Town, rig: Rig) -> Why:
    state = "parked" if rig.parked else f"queue {rig.queue}"
    evidence = [f"work lands on {rig.target} of {rig.remote}"]
    ways = [f"gt rig show {rig.name}"]
    return _why(town, rig.name, "rig", rig.source, state, None, reasons.why_rig(rig), evidence, ways, rig.created)


def _order(town: Town, name: str) -> Why:
    order = show_order(town, name)
    show = f"gt order show {order.name}"
    ways: tuple[str, ...]
    match order.state:
        case "broken":
            wait = Wait("person", None, order.reason or "its file is broken", (show,), stranded=True)
        case "waiting":
            ways = (f"gt order show {order.name}", f"gt order resume {order.name}")
            wait = Wait("person", None, order.reason or "it waits for a person", ways, stranded=True)
        case "paused":
            wait = Wait("person", None, f"{order.name} is paused", (f"gt order resume {order.name}",), stranded=True)
        case "running":
            ways = (f"gt why {order.run}",) if order.run else (show,)
            wait = Wait("run", order.run, order.reason or "it goes on", ways)
        case _ if not town.is_wanted():
            wait = Wait("town", None, "the town is down", ("gt up",), stranded=True)
        case _:
            due = f", which comes at {order.next}" if order.next else ""
            wait = Wait("turn", None, f"it is begun {order.when}{due}", (f"gt order run {order.name}",))
    evidence = [start.line for start in order.starts[:_EVENTS]] or ["it was not begun yet"]
    return Why(
        order.name,
        "order",
        order.does,
        order.state,
        order.last,
        _causes([wait]),
        tuple(evidence),
        _ways([wait], [show]),
    )


def _find_away(town: Town, word: str) -> Why | None:
    if "@" not in word or word.startswith("<"):  # a Message-ID
        return None
    address = lookup.resolve_away_agent(town, word)
    return _told(town, address, "agent", why_away(town, address))


def _find_host(town: Town, word: str) -> Why | None:
    host = find_host(town.db, word)
    return _told(town, host.name, "host", why_host(town, host)) if host else None


def _told(town: Town, subject: str, kind: str, facts: Facts) -> Why:
    return _why(town, subject, kind, facts.title, facts.state, facts.since, facts.waits, facts.evidence, facts.ways)


def _find_agent(town: Town, word: str) -> Why | None:
    try:
        return _agent(town, lookup.resolve_agent(town, word))
    except (NotFoundError, UsageError):
        return None


def _find_rig(town: Town, word: str) -> Why | None:
    rig = find_rig(town.db, word)
    return _rig(town, rig) if rig else None


def _find_order(town: Town, word: str) -> Why | None:
    try:
        return _order(town, find_order(town, word).id)
    except NotFoundError:
        return None


def _find_bead(town: Town, word: str) -> Why | None:
    found = matching_ids(town.db, "beads", word)
    if len(found) > 1:
        raise RefusedError(f"{word!r} may be {', '.join(found[:3])}", hint="type more of it")
    return _bead(town, get_bead(town.db, found[0])) if found else None


def _find_mail(town: Town, word: str) -> Why | None:
    try:
        return _mail(town, word)
    except NotFoundError:
        return None


def _run_or_step(town: Town, word: str) -> Why:
    id, slash, step = word.partition("/")
    run = lookup.resolve_run(town, id)
    return _step(town, run, step) if slash else _run(town, run)


_BY_PREFIX: dict[str, Callable[[Town, str], Why]] = {
    "run": _run_or_step,
    "mr": _request,
    "esc": _escalation,
    "cv": lambda town, word: _convoy(town, lookup.resolve_convoy(town, word)),
}


def _why(
    town: Town, subject: str, kind: str, title: str, state: str, since: Time | None, waits: Sequence[Wait],
    evidence: Sequence[str], ways: Sequence[str], fallback: Time | None = None, of: str = "",
) -> Why:  # fmt: skip
    events = list_newest(town.db, subject, _EVENTS, of)
    when = since or (events[-1].time if events else fallback)
    return Why(
        subject, kind, title, state, when, _causes(waits), (*evidence, *map(_line, events)), _ways(waits, ways),
    )  # fmt: skip


def _causes(waits: Sequence[Wait]) -> tuple[Cause, ...]:
    return tuple(Cause(wait.what, wait.id, wait.reason) for wait in waits)


def _ways(waits: Sequence[Wait], more: Sequence[str]) -> tuple[str, ...]:
    return reasons.without_hints([*(command for wait in waits for command in wait.next), *more])


def _line(event: Event) -> str:
    told = " ".join(f"{name}={value}" for name, value in event.data.items() if value not in (None, "", []))
    return " ".join(filter(None, (event.time, event.type, f"by {event.actor}", told)))
