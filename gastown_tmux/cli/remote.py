"""``gt --host user@box …``: the same line, carried out there."""

import os
from collections.abc import Sequence

from gastown_tmux.domain.rights import Right
from gastown_tmux.edges.configuration.settings_files import Configuration
from gastown_tmux.edges.hosts.ssh import Host
from gastown_tmux.edges.processes.person import is_terminal
from gastown_tmux.errors import RefusedError


def run_there(host: str, arguments: Sequence[str]) -> int:
    """The exit status it had there. Raises GtError where the host cannot be reached, RefusedError for an agent."""
    environment = dict(os.environ)
    if environment.get("GT_SOCKET") or environment.get("GT_AGENT"):
        raise RefusedError(
            f"an agent would be the overseer on {host}: that takes the right {Right.DECIDE.value!r}",
            hint="only the overseer may: gt escalate TEXT asks",
        )
    config = Configuration(None, environment).settings().get("ssh.config")
    return Host(host, str(config) if config else None, environment).run(arguments, terminal=is_terminal())
