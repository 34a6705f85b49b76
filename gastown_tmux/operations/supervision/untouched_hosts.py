"""What an order that stops or goes on here leaves as it is: the towns of hosts, which go on by themselves."""

import contextlib

from gastown_tmux.domain.delegations import count_by_host
from gastown_tmux.errors import GtError
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store.delegations import list_open
from gastown_tmux.store.hosts import list_hosts


def describe_untouched(town: Town, command: str, what: str) -> list[str]:
    """A line where there are hosts: which have beads of ours, that they ``what``, and the command that reaches them.

    Nothing where rows cannot be read: whoever stops things is not kept from it.
    """
    with contextlib.suppress(GtError, OSError):
        counts = count_by_host(list_open(town.db))
        names = [f"{name} ({count} bead{'s' * (count != 1)})" for name, count in sorted(counts.items())]
        names = names or [host.name for host in list_hosts(town.db)]
        if names:
            return [f"hosts {what}: {', '.join(names)}; for them too: gt --all {command}"]
    return []
