"""The saved moments of a hook on a host: fetched, so that they are here too when the host is away."""

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.rigs import Rig
from gastown_tmux.edges.git.command import NETWORK_TIMEOUT, git
from gastown_tmux.edges.git.snapshot import PREFIX, Snapshot
from gastown_tmux.edges.hosts.prefix import AwayError
from gastown_tmux.edges.hosts.tunnel import git_environment
from gastown_tmux.errors import GtError, NotFoundError
from gastown_tmux.operations.hooks import snapshots
from gastown_tmux.operations.hooks.snapshots import Moment
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.workforce.hosts import reach
from gastown_tmux.store.hosts import get_host
from gastown_tmux.store.rigs import find_rig


def list_snapshots(town: Town, agent: Address) -> list[Snapshot]:
    """Oldest first; of an agent on a host, after they were fetched. Where that cannot be, those that were before."""
    _fetch(town, agent)
    return snapshots.list_snapshots(town, agent)


def show(town: Town, agent: Address, seq: int | None = None) -> Moment:
    _fetch(town, agent)
    return snapshots.show(town, agent, seq)


def _fetch(town: Town, agent: Address) -> None:
    if agent.host is None or agent.rig is None:
        return
    host = get_host(town.db, agent.host)
    rig = find_rig(town.db, agent.rig)
    if rig is None:
        # Its repository is not here, so there is nothing that a copy could be compared with.
        raise NotFoundError(f"no rig {agent.rig!r} here", hint=f"gt --host {host.name} snapshot list {agent.there}")
    try:
        _fetch_refs(town, rig, agent)
    except (AwayError, GtError) as error:
        town.say(f"{host.name} was not asked, these were fetched before: {error.message}")


def _fetch_refs(town: Town, rig: Rig, agent: Address) -> None:
    host = get_host(town.db, agent.host or "")
    way = reach(town, host)
    place = f"ssh://host{host.town}/rigs/{rig.name}/repo.git"
    refs = f"+{PREFIX}/{agent.there.folder}/*:{PREFIX}/{agent.folder}/*"
    git(
        "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--prune", place, refs,
        cwd=town.repository(rig.name).path, env=git_environment(way), timeout=NETWORK_TIMEOUT,
    )  # fmt: skip
