"""Why a host, or an agent there, is as it is: by what was heard of it last."""

from collections.abc import Sequence

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.hosts import Host, HostState
from gastown_tmux.domain.ids import Time
from gastown_tmux.domain.waiting import Wait
from gastown_tmux.errors import NotFoundError
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.workforce.away_agents import describe_host, find_seen
from gastown_tmux.store.following import find_followed
from gastown_tmux.store.hosts import get_host


@dataclass(frozen=True, slots=True)
class Facts:
    """As ``gt why`` tells of anything."""

    title: str
    state: str
    since: Time | None
    waits: Sequence[Wait]
    evidence: Sequence[str]
    ways: Sequence[str]


def why_host(town: Town, host: Host) -> Facts:
    evidence = describe_host(host, find_followed(town.db, host.name, host.key))
    ways = [f"gt host show {host.name}", f"gt host check {host.name}"]
    return Facts(f"the town {host.town}", host.state, host.trouble_since, _waits(host), evidence, ways)


def why_away(town: Town, address: Address) -> Facts:
    """Of an agent on a host. Raises NotFoundError for one that was not seen there."""
    host = get_host(town.db, address.host or "")
    seen = find_seen(town, address)
    if seen is None:
        raise NotFoundError(f"no agent {address.there} was seen on {host.name}", hint="gt --all agents")
    agent, when = seen
    evidence = [f"host {host.name}", *([f"seen so {when}"] if when else [])]
    evidence += describe_host(host, find_followed(town.db, host.name, host.key))
    evidence += [agent.reason] if agent.reason and agent.reason != host.trouble else []
    ways = [f"gt peek {address}", f"gt log {address}", f"gt host show {host.name}"]
    return Facts(agent.title or agent.role, agent.state, agent.since, _waits(host), evidence, ways)


def _waits(host: Host) -> list[Wait]:
    show, check = f"gt host show {host.name}", f"gt host check {host.name}"
    match host.state:
        case HostState.AWAY:
            return [Wait("host", host.name, f"{host.name} does not answer: {host.trouble}", (check,))]
        case HostState.UNFIT:
            return [Wait("host", host.name, host.trouble or "its gt does not fit", (check,), stranded=True)]
        case HostState.PARKED:
            way = (f"gt host unpark {host.name}",)
            return [Wait("person", None, f"{host.name} is parked", way, stranded=True)]
        case HostState.ON:
            return [Wait("host", host.name, f"{host.name} answers", (show,))]
