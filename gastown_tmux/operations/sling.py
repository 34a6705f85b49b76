"""gt sling: put work on a hook and start the worker. One transaction claims before any process starts."""

from collections.abc import Sequence
from dataclasses import dataclass

from gastown_tmux.domain.agents import AgentState, Role
from gastown_tmux.domain.ids import Address, BeadId
from gastown_tmux.domain.naming import next_name
from gastown_tmux.domain.rigs import Rig
from gastown_tmux.domain.work import RETRIED, Bead, BeadState, is_met
from gastown_tmux.errors import GtError, RefusedError
from gastown_tmux.operations.hooks import find_base, prepare_hook, save_hook, write_state
from gastown_tmux.operations.lookup import find_target, resolve_bead
from gastown_tmux.operations.sessions import resolve_provider, start_sessions, stop_sessions
from gastown_tmux.operations.town import Answer, Town
from gastown_tmux.operations.up import ensure_up
from gastown_tmux.store import agents as agent_rows
from gastown_tmux.store import work as rows
from gastown_tmux.store.db import Change
from gastown_tmux.store.meta import find_result, is_wanted, keep_result

RIG_AGENTS = 8
TOWN_AGENTS = 30


@dataclass(frozen=True, slots=True)
class Slung:
    """``agent`` holds the bead; without one, ``waits`` says what for."""

    bead: BeadId
    agent: Address | None
    waits: str | None


def sling(
    town: Town,
    words: Sequence[str] = (),
    message: str | None = None,
    provider: str | None = None,
    rig: Rig | None = None,
    key: str | None = None,
) -> Answer:
    """``words`` are beads, the last one perhaps a rig or an agent; with ``message`` the bead is made too.

    Beads beyond the rig's capacity, or with needs that are not met, stay open with the target noted, and start by
    themselves. Raises RefusedError for a bead that another agent holds, and then nothing is claimed.
    """
    given, target = _split(town, words, message, rig)
    if town.is_person:
        ensure_up(town)
    slung = _claim(town, given, target, message, provider, key)
    _start(town, [(item.bead, item.agent) for item in slung if item.agent is not None])
    beads = [rows.get_bead(town.db, item.bead) for item in slung]
    said = [_describe(bead, item.waits) for bead, item in zip(beads, slung, strict=True)]
    return Answer(beads, "\n".join(said))


def _describe(bead: Bead, waits: str | None) -> str:
    match bead.state:
        case BeadState.OPEN:
            return f"{bead.id} stays open" + (f": {waits}" if waits else "")
        case BeadState.HOOKED | BeadState.WORKING:
            return f"{bead.id} is on the hook of {bead.assignee}"
        case _:
            return f"{bead.id} is {bead.state}"


def _split(
    town: Town, words: Sequence[str], message: str | None, rig: Rig | None
) -> tuple[list[BeadId], Rig | Address | None]:
    """Beads and target. A bead id is told from a name by its prefix and '-'."""
    given, target = list(words), rig
    place: Rig | Address | None = target
    if given:
        found = find_target(town, given[-1])
        if found is not None:
            place = found
            given.pop()
    if message is not None:
        if given:
            raise RefusedError("-m makes a bead of its own: name no other", hint="gt sling -m WORDS RIG")
        if place is None:
            raise RefusedError("a rig or an agent is needed", hint="gt sling -m WORDS RIG")
    elif not given:
        raise RefusedError("no bead is named", hint="gt sling BEAD… [TARGET], or gt sling -m WORDS RIG")
    return [resolve_bead(town, word).id for word in given], place


def _claim(
    town: Town,
    given: Sequence[BeadId],
    target: Rig | Address | None,
    message: str | None,
    provider: str | None,
    key: str | None,
) -> list[Slung]:
    if provider is not None or not isinstance(target, str):
        # Before anything is claimed: an agent whose program is not there cannot be started.
        resolve_provider(town, target.name if isinstance(target, Rig) else None, provider)
    with town.change() as change:
        done = find_result(change, "sling", key)
        if done is not None:
            first = [rows.get_bead(change, bead) for bead in done.split()]
            return [Slung(bead.id, bead.assignee, None) for bead in first]
        if message is not None:
            rig = target if isinstance(target, Rig) else town.rig(str(target).partition("/")[0])
            given = [
                rows.insert_bead(
                    change, rig.name, rig.prefix, title=message.partition("\n")[0], body=message,
                    priority=2, labels=(), needs=(),
                )
            ]  # fmt: skip
        slung = [_claim_one(town, change, bead, target, provider) for bead in dict.fromkeys(given)]
        keep_result(change, "sling", key, " ".join(item.bead for item in slung))
    return slung


def _claim_one(
    town: Town, change: Change, bead_id: BeadId, target: Rig | Address | None, provider: str | None
) -> Slung:
    bead = rows.get_bead(change, bead_id)
    rig = town.rig(bead.rig)
    if isinstance(target, Rig) and target.name != bead.rig:
        raise RefusedError(f"{bead.id} belongs to rig {bead.rig}, not {target.name}")
    address = target if isinstance(target, Address) else None
    if address is not None and address.rig not in (bead.rig, None):
        raise RefusedError(f"{bead.id} belongs to rig {bead.rig}; {address} works on another")
    if bead.state in (BeadState.HOOKED, BeadState.WORKING):
        if address is not None and bead.assignee == address:
            return Slung(bead.id, address, None)
        raise RefusedError(f"{bead.id} is held by {bead.assignee}", hint=f"gt unsling {bead.id}")
    if bead.state is not BeadState.OPEN:
        raise RefusedError(f"{bead.id} is {bead.state}", hint=f"gt bead show {bead.id}")
    if rig.parked:
        raise RefusedError(f"rig {rig.name} is parked", hint=f"gt rig unpark {rig.name}")
    note = address or rig.name
    rows.note_target(change, bead.id, note, provider)
    waits = _give(town, change, rig, rows.get_bead(change, bead.id), person=True)
    if isinstance(waits, Address):
        return Slung(bead.id, waits, None)
    return Slung(bead.id, None, waits)


def _give(town: Town, change: Change, rig: Rig, bead: Bead, *, person: bool) -> Address | str:
    """Puts an open bead on a hook that is free for it; else what it waits for."""
    needed = [rows.get_bead(change, other) for other in bead.needs]
    unmet = [other.id for other in needed if not is_met(other.state, other.reason)]
    if unmet:
        return "it needs " + ", ".join(unmet)
    wanted = Address(bead.target) if bead.target and "/" in bead.target else None
    worker = None
    if wanted is not None:
        agent = agent_rows.find_agent(change, wanted)
        if agent is not None and (person or agent.state in (AgentState.ON, AgentState.OFF)):
            holding = rows.find_held_bead(change, wanted)
            if holding is None:
                worker = wanted
            elif agent.role is Role.CREW or bead.reason not in RETRIED:
                return f"{wanted} has {holding.id} on its hook"
    if worker is None:
        chosen = _choose(town, change, rig, bead.provider)
        if chosen is None:
            return "all places for agents are taken"
        worker = chosen
    rows.sling_bead(change, bead.id, worker)
    if bead.provider is not None:
        agent_rows.set_provider(change, worker, bead.provider)
    agent_rows.move_agent(change, worker, "start")
    return worker


def _choose(town: Town, change: Change, rig: Rig, provider: str | None) -> Address | None:
    """A polecat of the rig with nothing on its hook and no session, or a new one; None at the limits."""
    limits = town.settings(rig.name).get("limits.agents"), town.settings().get("limits.agents")
    in_rig, in_town = limits[0] or RIG_AGENTS, limits[1] or TOWN_AGENTS
    agents = agent_rows.list_agents(change)
    busy = {agent.address for agent in agents if _is_busy(change, agent.address)}
    assert isinstance(in_rig, int) and isinstance(in_town, int)
    if len(busy) >= in_town or sum(Address(address).rig == rig.name for address in busy) >= in_rig:
        return None
    wanted = resolve_provider(town, rig.name, provider).name
    for agent in agents:
        idle = agent.rig == rig.name and agent.role is Role.POLECAT and agent.address not in busy
        fits = agent.provider == wanted or (agent.provider is None and provider is None)
        if idle and fits and agent.state in (AgentState.OFF, AgentState.ON):
            return agent.address
    address = Address.of(rig.name, next_name({agent.name for agent in agents if agent.rig == rig.name}))
    agent_rows.insert_agent(change, address, Role.POLECAT, provider)
    return address


def _is_busy(change: Change, address: Address) -> bool:
    held = rows.find_held_bead(change, address) is not None
    return held or agent_rows.find_live_session(change, address) is not None


def _start(town: Town, claimed: Sequence[tuple[BeadId, Address]], *, target: str | None = None) -> None:
    """Worktrees, then windows. A bead whose worker cannot be made ready goes back to open, for ``target`` if given.

    Raises the first such failure, after the others were started.
    """
    if not is_wanted(town.db):
        return
    bases = {}
    ready = []
    failure: GtError | None = None
    for bead, address in claimed:
        held = rows.find_held_bead(town.db, address)
        if held is None or held.id != bead or agent_rows.find_live_session(town.db, address):
            continue
        rig = town.rig(str(address.rig or held.rig))
        try:
            if rig.name not in bases:
                bases[rig.name] = find_base(town, rig)
            prepare_hook(town, rig, address, bases[rig.name])
            ready.append(address)
        except GtError as error:
            _take_back(town, bead, address, target)
            failure = failure or error
    for session in start_sessions(town, ready):
        if session.ended:
            held = rows.find_held_bead(town.db, session.agent)
            if held is not None:
                _take_back(town, held.id, session.agent, target)
            failure = failure or GtError(f"{session.agent} was {session.reason}", hint=f"gt log {session.agent}")
    if failure is not None:
        raise failure


def _take_back(town: Town, bead: BeadId, address: Address, target: str | None) -> None:
    with town.change() as change:
        rows.take_back_bead(change, bead, target=target)
        agent_rows.move_agent(change, address, "stop")
    write_state(town, address)


def schedule(town: Town, rig: Rig) -> list[Slung]:
    """Gives out the rig's open beads that wait for a worker, and those that came back to be done again.

    Raises GtError where a worker could not be started; its bead goes on waiting.
    """
    given = []
    for bead in rows.list_waiting(town.db, rig.name):
        with town.change() as change:
            fresh = rows.get_bead(change, bead.id)
            worker = _give(town, change, rig, fresh, person=False) if fresh.state is BeadState.OPEN else "another"
        if isinstance(worker, Address):
            given.append(Slung(bead.id, worker, None))
    _start(town, [(item.bead, item.agent) for item in given if item.agent is not None], target=rig.name)
    return given


def unsling(town: Town, bead: Bead) -> Answer:
    """Takes a bead off its hook: the work is saved, the session ends, the bead is open and keeps its branch."""
    if bead.state is BeadState.OPEN:
        if bead.target is None:
            return Answer(bead, f"{bead.id} is on no hook")
        with town.change() as change:
            rows.note_target(change, bead.id, None, None)
        return Answer(rows.get_bead(town.db, bead.id), f"{bead.id} waits for no worker any more")
    if bead.state not in (BeadState.HOOKED, BeadState.WORKING) or bead.assignee is None:
        raise RefusedError(f"{bead.id} is {bead.state}: it is on no hook", hint=f"gt bead show {bead.id}")
    address = bead.assignee
    save_hook(town, town.rig(bead.rig), address, "unsling")
    with town.change() as change:
        rows.return_bead(change, bead.id, "unslung", target=None)
    agent = agent_rows.get_agent(town.db, address)
    if agent.role is Role.POLECAT:
        stop_sessions(town, [address], why="unslung", state="stop")
    write_state(town, address)
    return Answer(rows.get_bead(town.db, bead.id), f"{bead.id} is off the hook of {address}, and open")
