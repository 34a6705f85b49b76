"""Agents of hosts, as the town there listed them last: what faces show beside our own."""

from collections.abc import Iterator, Mapping
from typing import Any

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.following import clock_words
from gastown_tmux.domain.hosts import Host, HostState
from gastown_tmux.domain.ids import BeadId, RigName, Time, parse_time
from gastown_tmux.errors import UsageError
from gastown_tmux.operations.supervision.views import AgentView
from gastown_tmux.operations.town.town import Town
from gastown_tmux.reading import text_of
from gastown_tmux.store.following import Followed, find_followed
from gastown_tmux.store.hosts import list_hosts


def list_away_agents(town: Town) -> list[AgentView]:
    """Of all hosts. One whose host does not answer is ``away`` since then, for what it does now nobody knows."""
    return [
        agent
        for host in list_hosts(town.db)
        for item in find_followed(town.db, host.name, host.key).agents
        for agent in _view(host, item)
    ]


def _view(host: Host, item: Mapping[str, Any]) -> Iterator[AgentView]:
    try:
        address = Address.parse_elsewhere(f"{text_of(item.get('address'))}@{host.name}")
    except UsageError:  # a gt to come has other ones
        return
    away = host.state in (HostState.AWAY, HostState.UNFIT)
    pid, restarts = item.get("pid"), item.get("restarts")
    bead = text_of(item.get("bead"))
    yield AgentView(
        address=address,
        role=text_of(item.get("role")) or "",
        rig=RigName(address.rig) if address.rig else None,
        name=address.name,
        provider=text_of(item.get("provider")),
        state="away" if away else text_of(item.get("state")) or "unknown",
        health="unknown" if away else text_of(item.get("health")) or "unknown",
        bead=BeadId(bead) if bead else None,
        branch=text_of(item.get("branch")),
        window=None,
        pane=None,
        pid=pid if isinstance(pid, int) else None,
        session=text_of(item.get("session")),
        since=(host.trouble_since if away else parse_time(str(item.get("since")))) or host.created,
        restarts=restarts if isinstance(restarts, int) else 0,
        reason=host.trouble if away else text_of(item.get("reason")),
        title=text_of(item.get("title")),
    )


def describe_host(host: Host, known: Followed) -> list[str]:
    """What was seen of it, a line each, for people."""
    told = [f"heard last {host.last_heard}" if host.last_heard else "never heard yet"]
    if host.trouble is not None:
        told.append(f"{host.trouble}, since {host.trouble_since}")
    if (clock := clock_words(known.ahead)) is not None:
        told.append(clock)
    if known.restored is not None:
        told.append(f"it went back in time: restored from an older backup, seen {known.restored}")
    return told


def find_seen(town: Town, address: Address) -> tuple[AgentView, Time | None] | None:
    """An agent of a host, and when it was seen so; None for one that was not seen."""
    host = next((host for host in list_hosts(town.db) if host.name == address.host), None)
    found = next((agent for agent in list_away_agents(town) if agent.address == address), None)
    if host is None or found is None:
        return None
    return found, find_followed(town.db, host.name, host.key).seen
