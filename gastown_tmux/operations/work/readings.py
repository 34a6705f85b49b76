"""One look at the town for whoever chooses what is worked at next, or says why something is not."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache

from gastown_tmux.dataclass import dataclass, field
from gastown_tmux.domain import waiting
from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.agents import Agent, AgentState, Ending, Role, Session
from gastown_tmux.domain.budgets import Scope
from gastown_tmux.domain.ids import RigName, Time
from gastown_tmux.domain.outages import Death, find_outages
from gastown_tmux.domain.scheduling import Candidate, Reading, Worker
from gastown_tmux.domain.waiting import Wait
from gastown_tmux.domain.work import Bead
from gastown_tmux.edges.configuration import shipped
from gastown_tmux.edges.files import clock
from gastown_tmux.errors import GtError
from gastown_tmux.operations.sessions.starting import resolve_provider
from gastown_tmux.operations.town import budgets, capacity
from gastown_tmux.operations.town.isolation import list_troubles
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store import agents as rows
from gastown_tmux.store.beads import get_bead, list_held_beads
from gastown_tmux.store.rigs import list_rigs
from gastown_tmux.store.rows import Reader
from gastown_tmux.store.scheduling import list_ends
from gastown_tmux.store.spending import list_spenders

#: What is set aside when the workers of a rig could not be started, by the rig's name.
STARTING = "starting of workers in"
#: Deaths before that say nothing of a program any more.
_OUTAGE_SECONDS = 600.0
_CHARGED = (Ending.DIED, Ending.NOT_STARTED)
#: A session that has lived so long has come up.
_UP_SECONDS = 10.0


@dataclass
class _Programs:
    """``names`` by rig and by what a bead asks for, the best first; ``missing``: those that cannot be started."""

    names: dict[tuple[str, str | None], Sequence[str]] = field(default_factory=dict)
    missing: dict[str, Wait] = field(default_factory=dict)


def read_town(
    town: Town,
    reader: Reader,
    candidates: Sequence[Candidate],
    *,
    person: bool = False,
    resting: Mapping[str, Wait] | None = None,
) -> Reading:
    """``resting``: rigs that are given nothing for now; where none are named, those that are known to have failed.
    ``person``: a person or the mayor gives the work out.
    """
    agents, rigs, held = rows.list_agents(reader), list_rigs(reader), list_held_beads(reader)
    sessions = {session.agent: session for session in rows.list_live_sessions(reader)}
    asked = {(each.rig, each.provider) for each in candidates}
    asked |= {(bead.rig, bead.provider) for bead in held.values()}
    asked |= {(rig, None) for rig, _ in asked}
    programs = _find_programs(town, asked)
    workers = [_worker(agent, sessions.get(agent.address), held.get(agent.address), programs) for agent in agents]
    settings = town.settings()
    out, rest = _find_down(reader, agents, sessions, workers, programs)
    limits = {**settings.counts("limits.providers"), **rest}
    broken, in_rigs = _find_limits(town, {rig for rig, _ in asked})
    closed: dict[str, Wait] = broken | {rig.name: waiting.rig_parked(rig.name) for rig in rigs if rig.parked}
    closed.update(_find_resting(town) if resting is None else resting)
    closed.update({rig.name: waiting.STANDS_STILL for rig in rigs if town.stands_still(rig.name)})
    return Reading(
        now=clock.epoch(),
        waiting=candidates,
        workers=workers,
        programs=programs.names,
        limit=settings.count("limits.agents"),
        limits=in_rigs,
        provider_limits=limits,
        closed=closed,
        out=programs.missing | out,
        spent=_find_spent(town, reader, candidates, workers),
        halt=_find_halt(town, reader, person=person),
        person=person,
    )


def _find_halt(town: Town, reader: Reader, *, person: bool) -> Wait | None:
    if not person and not town.is_wanted(reader):
        return waiting.TOWN_DOWN
    full = capacity.refusal(town)
    if full is None:
        return None
    return waiting.over_budget(full) if full.startswith(budgets.OVER) else waiting.machine_full(full)


def _find_limits(town: Town, rigs: Iterable[str]) -> tuple[dict[str, Wait], dict[str, int]]:
    """Those whose settings cannot be read get nothing, and hold up no other."""
    broken, limits = dict[str, Wait](), dict[str, int]()
    for rig in rigs:
        limits[rig] = 0
        try:
            limits[rig] = town.settings(RigName(rig)).count("limits.agents")
        except GtError as error:
            broken[rig] = waiting.rig_broken(rig, error.message, error.hint)
    return broken, limits


def _find_spent(
    town: Town, reader: Reader, candidates: Iterable[Candidate], workers: Iterable[Worker]
) -> dict[str, Wait]:
    """Beads and agents whose own budget is used up. Only what has a budget, and has used anything, is looked at."""
    has_budget = cache(lambda rig, scope: town.settings(rig).use_budget(scope.key) is not None)
    beads, agents = list_spenders(reader)
    words = dict[str, str | None]()
    found: dict[str, Wait] = {}
    for candidate in candidates:
        rig = candidate.rig
        used: list[str] = [candidate.id] if candidate.id in beads and has_budget(rig, Scope.BEAD) else []
        used += [candidate.convoy] if candidate.convoy in beads and has_budget(rig, Scope.CONVOY) else []
        if not used:
            continue
        if used[0] not in words:
            words[used[0]] = budgets.refusal(town, bead=get_bead(reader, candidate.id), reader=reader)
        if (why := words[used[0]]) is not None:
            found[candidate.id] = waiting.over_budget(why)
    for worker in workers:
        rig_of, address = worker.address.rig, worker.address
        if address in agents and rig_of is not None and worker.holds is None and has_budget(rig_of, Scope.AGENT):
            why = budgets.refusal(town, agent=address, reader=reader)
            found.update({address: waiting.over_budget(why)} if why else {})
    return found


def _find_resting(town: Town) -> dict[str, Wait]:
    troubles = (trouble for _, trouble in list_troubles(town) if trouble.task == STARTING)
    return {trouble.item: waiting.rig_rests(trouble.item, trouble.reason) for trouble in troubles}


def _find_programs(town: Town, asked: Collection[tuple[str, str | None]]) -> _Programs:
    """A worker's role may name other programs, for when the first cannot be had; who asks for one gets no other."""
    found = _Programs()
    role = shipped.load_role(Role.POLECAT, town.path)
    for rig, provider in asked:
        first = provider or role.provider
        names = list[str]()
        for name in (first, *(role.fallback if provider is None else ())):
            try:
                names.append(resolve_provider(town, rig, name).name)
            except GtError as error:
                # Another rig may know it.
                lacking = f"{name or 'the default'} in {rig}"
                found.missing[lacking] = waiting.provider_missing(name or "default", error.message, error.hint)
                names.append(lacking)
        found.names[rig, provider] = list(dict.fromkeys(names))
    return found


def _worker(agent: Agent, session: Session | None, bead: Bead | None, programs: _Programs) -> Worker:
    runs = session.provider if session else None
    if runs is None and bead is not None:
        runs = bead.provider or agent.provider or programs.names[bead.rig, None][0]
    return Worker(
        address=agent.address,
        role=agent.role,
        state=agent.state,
        provider=agent.provider,
        holds=bead.id if bead else None,
        convoy=bead.convoy if bead else None,
        runs=runs,
        has_session=session is not None,
    )


def _find_down(
    reader: Reader,
    agents: Iterable[Agent],
    sessions: Mapping[Address, Session],
    workers: Iterable[Worker],
    programs: _Programs,
) -> tuple[dict[str, Wait], dict[str, int]]:
    """Providers at their limit or that do not come up, and of which only one more may be started, to see."""
    now = clock.now()
    until: dict[str, str] = {}
    for agent in agents:
        if agent.state is AgentState.LIMITED and agent.not_before is not None and agent.not_before > now:
            session = sessions.get(agent.address)
            default = programs.names.get((agent.rig or "", None), ("",))[0]
            name = session.provider if session else agent.provider or default
            until[name] = max(until.get(name, ""), agent.not_before)
    out = {name: waiting.provider_limited(name, Time(moment)) for name, moment in until.items()}
    ends = [
        Death(end.provider, end.agent, clock.to_epoch(end.ended), end.seconds, (end.reason or "").startswith(_CHARGED))
        for end in list_ends(reader, clock.after(-_OUTAGE_SECONDS))
    ]
    old = clock.after(-_UP_SECONDS)
    up = {session.provider for session in sessions.values() if session.pid and session.started < old}
    running = Counter(worker.runs for worker in workers if worker.is_busy)
    one_more = {}
    for name, outage in find_outages(ends, up).items():
        tried = (clock.to_epoch(each.started) for each in sessions.values() if each.provider == name)
        is_tried = any(moment >= outage.until for moment in tried)
        if is_tried or clock.epoch() < outage.until:
            out.setdefault(name, waiting.provider_down(name, outage.deaths))
        else:
            one_more[name] = running[name] + 1
    return out, one_more
