"""``gt --host user@box …``: the same line, carried out there."""

import os
from collections.abc import Sequence

from gastown_tmux.edges.configuration.settings_files import Configuration
from gastown_tmux.edges.hosts.ssh import Host
from gastown_tmux.edges.processes.terminal import is_terminal


def run_there(host: str, arguments: Sequence[str]) -> int:
    """The exit status it had there. Raises GtError where the host cannot be reached."""
    environment = dict(os.environ)
    config = Configuration(None, environment).settings().get("ssh.config")
    return Host(host, str(config) if config else None, environment).run(arguments, terminal=is_terminal())
