"""How the words a person types become a bead, a convoy, an agent, a rig."""

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gastown_tmux.domain.addresses import MAYOR, OVERSEER, TOWN_ADDRESSES, Address, is_group
from gastown_tmux.domain.agents import Role
from gastown_tmux.domain.rigs import Rig
from gastown_tmux.domain.work import Bead, Convoy, ConvoyState
from gastown_tmux.errors import NotFoundError, RefusedError, UsageError
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store import beads, convoys
from gastown_tmux.store.agents import list_agents, list_live_sessions
from gastown_tmux.store.homes import list_homes
from gastown_tmux.store.hosts import find_host, get_host, list_hosts
from gastown_tmux.store.rigs import find_rig, list_rigs
from gastown_tmux.store.rows import matching_ids

if TYPE_CHECKING:
    from gastown_tmux.domain.escalation import Escalation
    from gastown_tmux.domain.merging import MergeRequest
    from gastown_tmux.domain.runs import Run

_KINDS = {
    "beads": ("bead", "gt bead list"),
    "convoys": ("convoy", "gt convoy list"),
    "merge_requests": ("merge request", "gt mq list"),
    "escalations": ("escalation", "gt escalate list"),
    "runs": ("run", "gt run list"),
}

_GROUP_ROLES = {"crew": Role.CREW, "polecats": Role.POLECAT}


def resolve_bead(town: Town, word: str) -> Bead:
    """By id or a unique leading part of one."""
    return beads.get_bead(town.db, resolve_id(town, "beads", word))


def resolve_convoy(town: Town, word: str) -> Convoy:
    """By id, a unique leading part of one, or its name: of several with one name the only one that is open."""
    if word.startswith("cv-") or matching_ids(town.db, "convoys", word):
        return convoys.get_convoy(town.db, resolve_id(town, "convoys", word))
    named = [convoy for convoy in convoys.list_convoys(town.db) if convoy.name == word]
    found = [convoy for convoy in named if convoy.state is ConvoyState.OPEN] or named
    if not found:
        raise NotFoundError(f"no convoy {word!r}", hint="gt convoy list")
    if len(found) > 1:
        raise RefusedError(f"{word!r} may be {', '.join(convoy.id for convoy in found[:3])}", hint="name it by its id")
    return found[0]


def resolve_merge_request(town: Town, word: str) -> "MergeRequest":
    """By its own id, or by its bead's: then the bead's newest."""
    from gastown_tmux.store.merging import get_merge_request

    if not word.startswith("mr-") and matching_ids(town.db, "beads", word):
        bead = resolve_bead(town, word)
        if bead.merge_request is None:
            raise NotFoundError(f"{bead.id} has no merge request", hint="gt mq list")
        return get_merge_request(town.db, bead.merge_request)
    return get_merge_request(town.db, resolve_id(town, "merge_requests", word))


def resolve_id(town: Town, table: str, word: str) -> str:
    """The id in ``table`` that ``word`` is, or the only one it begins. Raises NotFoundError, RefusedError."""
    found = matching_ids(town.db, table, word)
    what, listing = _KINDS[table]
    if word in found:
        return word
    if not found:
        raise NotFoundError(f"no {what} {word!r}", hint=listing)
    if len(found) > 1:
        raise RefusedError(f"{word!r} may be {', '.join(found[:3])}", hint="type more of it")
    return found[0]


def resolve_agent(town: Town, word: str, rig: Rig | None = None, role: Role | None = None) -> Address:
    """By address, or by a name that is unique in the town, or among those that run; in ``rig`` and of ``role``, where
    they are given.

    Raises NotFoundError, RefusedError.
    """
    agents = list_agents(town.db, rig.name if rig else None)
    whole = Address.parse(word) if "/" in word else word
    agents = [agent for agent in agents if whole in (agent.address, agent.name)]
    named = [agent.address for agent in agents if role in (None, agent.role)]
    if len(named) > 1:
        running = {session.agent for session in list_live_sessions(town.db)}
        named = [address for address in named if address in running] or named
    if len(named) == 1:
        return named[0]
    if named:
        raise RefusedError(f"{word!r} may be {' or '.join(named)}", hint="use the whole address")
    if agents:
        found = agents[0]
        raise NotFoundError(f"{found.address} is of role {found.role}, not {role}", hint=f"gt {role} list")
    raise NotFoundError(
        f"no agent {word!r}" + (f" in rig {rig.name}" if rig else ""), hint=f"gt {role} list" if role else "gt agents"
    )


def find_agent_without_rows(town: Town, word: str) -> Address:
    """As files and processes tell of agents, while rows cannot be read. Raises NotFoundError, RefusedError."""
    from gastown_tmux.edges.processes import launch

    known = {path.name.replace(".", "/", 1) for path in (town.path / ".gt" / "hooks").glob("*")}
    known |= set(launch.agent_processes(str(town.path)))
    whole = Address.parse(word) if "/" in word else word
    named = sorted(name for name in known if whole in (name, name.rpartition("/")[2]))
    if len(named) > 1:
        raise RefusedError(f"{word!r} may be {' or '.join(named)}", hint="use the whole address")
    if not named:
        raise NotFoundError(f"no agent {word!r}", hint="gt doctor --fix")
    return Address(named[0])


def guess_rig(town: Town, here: Path | None = None) -> Rig:
    """The rig that is meant where none is named: the asking agent's own, that of the folder ``here`` (the working
    directory unless given), or the only one. Raises UsageError that names those there are.
    """
    if town.actor.rig:
        return town.rig(town.actor.rig)
    rigs = list_rigs(town.db)
    with contextlib.suppress(OSError):
        folder = (here or Path.cwd()).resolve()
        around = [rig for rig in rigs if any(folder.is_relative_to(place) for place in _places(town, rig))]
        if len(around) == 1:
            return around[0]
    if len(rigs) == 1:
        return rigs[0]
    if not rigs:
        raise UsageError("there is no rig yet", hint="gt rig add NAME URL|PATH")
    raise UsageError("which rig is meant?", hint=f"--rig {' or '.join(rig.name for rig in rigs)}")


def _places(town: Town, rig: Rig) -> list[Path]:
    """Its folders: the person's own checkout, where it was made from one, the rig's in the town, its worktrees."""
    hooks = town.worktree(Address.of(rig.name, "any")).parent.parent
    places = [town.rig_folder(rig.name), *hooks.glob(f"{rig.name}.*")]
    places += [Path(rig.source)] if rig.source.startswith("/") else []
    return [place.resolve() for place in places]


def find_target(town: Town, word: str) -> Rig | Address | None:
    """What a sling may go to; None where the word names neither rig nor agent."""
    rig = find_rig(town.db, word)
    if rig is not None:
        return rig
    try:
        return resolve_agent(town, word)
    except (NotFoundError, UsageError):
        if "/" in word:
            raise
        return None


def near_target(town: Town, word: str) -> str | None:
    """The rig, agent or address that may have been meant."""
    import difflib  # where nothing is found

    agents = list_agents(town.db)
    known = [rig.name for rig in list_rigs(town.db)] + [
        name for agent in agents for name in (agent.name, agent.address)
    ]
    return next(iter(difflib.get_close_matches(word, known, n=1)), None)


def resolve_address(town: Town, word: str) -> Address:
    """Anybody who may be written to: the town's own addresses, an agent, a refinery.

    Raises NotFoundError that names the nearest address, RefusedError for a name that several have.
    """
    if word in TOWN_ADDRESSES:
        return Address(word)
    if "@" in word:
        return resolve_away_agent(town, word)
    try:
        return resolve_agent(town, word)
    except (NotFoundError, UsageError):
        with contextlib.suppress(UsageError):
            address = Address.parse(word)
            if address.rig is None or (address.name == "refinery" and find_rig(town.db, address.rig)):
                return address
    raise _unknown(town, word)


def resolve_away_agent(town: Town, word: str) -> Address:
    """An agent of a host, by address, or by a name that is unique among those that were seen there last.

    Raises NotFoundError, RefusedError.
    """
    name, _, place = word.rpartition("@")
    if "/" in name or name in TOWN_ADDRESSES or find_host(town.db, place) is None:
        return _resolve_elsewhere(town, word)
    host = get_host(town.db, place)
    from gastown_tmux.store.following import find_followed

    seen = [str(agent.get("address")) for agent in find_followed(town.db, host.name, host.key).agents]
    found = [address for address in seen if name in (address, address.rpartition("/")[2])]
    if len(found) > 1:
        raise RefusedError(
            f"{word!r} may be {' or '.join(f'{each}@{place}' for each in found)}", "use the whole address"
        )
    if not found:
        raise NotFoundError(f"no agent {name!r} was seen on {place}", hint="gt --all agents")
    return Address.parse_elsewhere(f"{found[0]}@{place}")


def _resolve_elsewhere(town: Town, word: str) -> Address:
    """Whether there is such an agent, only the town there knows; and of a town that has a home, only that one may know
    which place is meant.
    """
    name, _, place = word.rpartition("@")
    homes = list_homes(town.db).values()
    known = [*homes, *(host.name for host in list_hosts(town.db))]
    if place not in known and not homes:
        import difflib  # where nothing is found

        near = difflib.get_close_matches(place, known, n=1)
        raise NotFoundError(f"no host {place!r}", hint=f"did you mean {name}@{near[0]}?" if near else "gt host list")
    return Address.parse_elsewhere(word)


def resolve_recipients(town: Town, words: Sequence[str]) -> list[Address]:
    """Addresses and groups as addresses, each once; a group never includes the one who asks.

    Raises NotFoundError where one is unknown or a group has nobody else in it.
    """
    found = dict[Address, None]()
    for word in words:
        members = _members(town, word) if word.startswith("@") else [resolve_address(town, word)]
        if not members:
            raise NotFoundError(f"there is nobody in {word} to write to", hint="gt agents")
        found.update(dict.fromkeys(members))
    return list(found)


def _members(town: Town, group: str) -> list[Address]:
    kind, _, rig = group.removeprefix("@").partition("/")
    if not is_group(group) or (rig and find_rig(town.db, rig) is None):
        raise _unknown(town, group)
    agents = list_agents(town.db, rig or None)
    if kind in _GROUP_ROLES:
        agents = [agent for agent in agents if agent.role is _GROUP_ROLES[kind]]
    members = [agent.address for agent in agents]
    if kind == "town":
        members = [MAYOR, *(address for address in members if address != MAYOR), OVERSEER]
    return [address for address in members if address != town.actor]


def _unknown(town: Town, word: str) -> NotFoundError:
    rigs = [rig.name for rig in list_rigs(town.db)]
    known = [*TOWN_ADDRESSES, *(f"{rig}/refinery" for rig in rigs), "@town"]
    known += [f"@{kind}/{rig}" for rig in rigs for kind in ("rig", *_GROUP_ROLES)]
    agents = {agent.name: agent.address for agent in list_agents(town.db)}
    import difflib  # where nothing is found

    near = difflib.get_close_matches(word, [*known, *agents.values(), *agents], n=1)
    hint = f"did you mean {agents.get(near[0], near[0])}?" if near else "gt agents"
    return NotFoundError(f"no address {word!r}", hint=hint)


def resolve_run(town: Town, word: str) -> "Run":
    from gastown_tmux.store.runs import get_run  # most lines name no run, escalation or merge request

    return get_run(town.db, resolve_id(town, "runs", word))


def resolve_escalation(town: Town, word: str) -> "Escalation":
    from gastown_tmux.store.escalations import get_escalation

    return get_escalation(town.db, resolve_id(town, "escalations", word))
