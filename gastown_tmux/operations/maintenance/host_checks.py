"""What gt doctor asks of hosts: whether each answers, fits, and is the town that was added."""

from collections.abc import Iterator

from gastown_tmux.domain.following import clock_words
from gastown_tmux.edges.hosts.prefix import AwayError
from gastown_tmux.errors import GtError
from gastown_tmux.operations.maintenance.doctor_checks import Finding, guarded
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.workforce.hosts import check_host
from gastown_tmux.store.delegations import find_home, list_open
from gastown_tmux.store.following import find_followed
from gastown_tmux.store.hosts import list_hosts
from gastown_tmux.store.rigs import list_rigs


def examine_hosts(town: Town, fix: bool) -> Iterator[Finding]:
    """One that is parked is left alone."""
    known = list_hosts(town.db)
    for host in known:
        if not host.parked:
            yield from guarded(_examine_host(town, host.name))
    names = {host.name for host in known}
    for one in list_open(town.db):
        if one.host not in names:
            cause = "town.db was restored from before it was added"
            yield Finding(
                "error", f"{one.bead} is at host {one.host}, which is not known", cause, f"gt host add {one.host} …"
            )
    for rig in list_rigs(town.db):
        if town.settings(rig.name).get("merge.publish") == "home" and find_home(town.db, rig.name) is None:
            what = f"nothing lands in {rig.name}: merge.publish is home, and no other town gave work to it"
            hint = f"gt config unset merge.publish --rig {rig.name}"
            yield Finding("error", what, "home is for rigs that another town has made here", hint)


def _examine_host(town: Town, name: str) -> Iterator[Finding]:
    host = next(host for host in list_hosts(town.db) if host.name == name)
    ahead = find_followed(town.db, host.name, host.key).ahead
    if (clock := clock_words(ahead)) is not None:
        yield Finding("warning", f"host {name}: {clock}", "times that it tells are off by that", "set the clock there")
    try:
        check_host(town, host)
    except AwayError as error:
        heard = f"heard last {host.last_heard}" if host.last_heard else "never heard"
        yield Finding(
            "warning", error.message, f"its beads go on there; {heard}", error.hint or f"gt host check {name}"
        )
    except GtError as error:
        yield Finding(
            "error", f"host {name}: {error.message}", "it is given nothing", error.hint or f"gt host show {name}"
        )
