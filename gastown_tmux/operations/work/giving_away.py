"""Beads that go to hosts: the claim, in one transaction; what follows is told to the host by whoever looks after it."""

from collections.abc import Collection, Sequence

from gastown_tmux.domain import waiting
from gastown_tmux.domain.delegations import Errand, Room, count_by_host, place
from gastown_tmux.domain.hosts import HostState, parse_place
from gastown_tmux.domain.ids import BeadId
from gastown_tmux.domain.scheduling import Candidate, choose, order
from gastown_tmux.domain.waiting import Wait
from gastown_tmux.domain.work import Bead
from gastown_tmux.edges.files import clock
from gastown_tmux.edges.files.faults import fault_point
from gastown_tmux.errors import GtError, RefusedError
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store import beads as rows
from gastown_tmux.store.convoys import list_unmet
from gastown_tmux.store.db import Change
from gastown_tmux.store.delegations import insert_delegation, list_open
from gastown_tmux.store.hosts import get_host, list_hosts
from gastown_tmux.store.rows import Reader
from gastown_tmux.store.scheduling import list_candidates, list_named_for_hosts


def give_away(town: Town, change: Change, bead: Bead, host: str) -> Wait | None:
    """To the host that somebody names now; or why it waits for that. Raises RefusedError for one that takes nothing."""
    if list_unmet(change, bead.id):
        return None
    known = get_host(change, host)
    if known.state is HostState.PARKED:
        raise RefusedError(f"host {host} is parked", hint=f"gt host unpark {host}")
    if known.state is HostState.UNFIT:
        raise RefusedError(f"{known.trouble}", hint=f"gt host check {host} --yes")
    if bead.provider is not None and bead.provider not in known.offers:
        has = ", ".join(known.offers) or "no agent program"
        raise RefusedError(f"host {host} is not for {bead.provider}: it has {has}", hint=f"gt host show {host}")
    if known.capacity <= count_by_host(list_open(change)).get(host, 0):
        return waiting.host_full(host, known.capacity)
    insert_delegation(change, bead.id, bead.rig, host)
    return None


def give_to_hosts(town: Town) -> list[tuple[BeadId, str]]:
    """What was slung at a host that has room by now; and of what waits for a place here, that whose rig allows a host
    that has room. In one transaction with the choice.
    """
    rooms = list_rooms(town.db)
    if not any(room.free > 0 for room in rooms) or not town.is_wanted():
        return []
    overflow = _find_overflow(town)
    if not list_named_for_hosts(town.db) and not overflow:
        return []
    given = list[tuple[BeadId, str]]()
    with town.change() as change:
        placed = place(_list_errands(town, change, overflow), list_rooms(change))
        for bead, host in placed.items():
            rig = rows.get_bead(change, bead).rig
            insert_delegation(change, bead, rig, host)
            given.append((bead, host))
    fault_point("hosts.given")
    return given


def _find_overflow(town: Town) -> list[BeadId]:
    """What waits for a place here, and may go to a host."""
    seen = [each for each in list_candidates(town.db) if _find_allowed(town, each.rig)]
    if not seen:
        return []
    from gastown_tmux.operations.work.readings import read_town  # 25 ms, for towns that have hosts

    waits = choose(read_town(town, town.db, seen)).waits
    return [id for id, wait in waits.items() if wait.is_full]


def list_rooms(reader: Reader) -> list[Room]:
    """The hosts that take beads now."""
    counts = count_by_host(list_open(reader))
    return [
        Room(
            host.name, host.labels, host.offers, host.capacity - counts.get(host.name, 0),
            counts.get(host.name, 0) / max(1, host.capacity),
        )
        for host in list_hosts(reader)
        if host.state is HostState.ON
    ]  # fmt: skip


def _list_errands(town: Town, reader: Reader, overflow: Collection[BeadId]) -> list[Errand]:
    named = list_named_for_hosts(reader)
    errands = list[Errand]()
    for candidate in order(named, clock.epoch()):
        words = parse_place(rows.get_bead(reader, candidate.id).target or "")
        if words is not None and not _is_closed(town, candidate.rig):
            errands.append(Errand(candidate.id, words[1]))
    allowed = dict[str, Sequence[str]]()
    fresh: list[Candidate] = list_candidates(reader, among=list(overflow)) if overflow else []
    for candidate in order(fresh, clock.epoch()):
        if candidate.rig not in allowed:
            allowed[candidate.rig] = _find_allowed(town, candidate.rig)
        # One that is meant for an agent waits for that agent.
        if allowed[candidate.rig] and candidate.target is None and not candidate.retried:
            errands.append(Errand(candidate.id, None, allowed[candidate.rig], candidate.provider))
    return errands


def _find_allowed(town: Town, rig: str) -> Sequence[str]:
    try:
        found = town.settings(town.rig(rig).name).get("hosts.allowed")
    except GtError:
        return ()
    return [str(name) for name in found] if isinstance(found, list | tuple) and not _is_closed(town, rig) else ()


def _is_closed(town: Town, rig: str) -> bool:
    return town.rig(rig).parked or town.stands_still(rig)
