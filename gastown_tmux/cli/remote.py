"""Lines for other towns: ``gt --host BOX …``, ``gt peek toast@box``, ``gt --all status``."""

import os
import sys
from collections.abc import Sequence

from gastown_tmux.cli.notices import say
from gastown_tmux.domain.hosts import Host as KnownHost
from gastown_tmux.domain.rights import Right
from gastown_tmux.edges.configuration.settings_files import Configuration
from gastown_tmux.edges.hosts.ssh import Host
from gastown_tmux.edges.processes.person import ask, is_terminal
from gastown_tmux.errors import GtError, RefusedError
from gastown_tmux.operations.town.asking import require
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.workforce.hosts import is_connected
from gastown_tmux.store.hosts import find_host, get_host
from gastown_tmux.verbs.flags import Globals
from gastown_tmux.verbs.opening import open_town
from gastown_tmux.verbs.table import Verb


def run_there(host: str, arguments: Sequence[str]) -> int:
    """The exit status it had there. A host of the town is meant before what ssh knows by that name.

    Raises GtError where the host cannot be reached, RefusedError for an agent.
    """
    environment = dict(os.environ)
    if environment.get("GT_SOCKET") or environment.get("GT_AGENT"):
        raise RefusedError(
            f"an agent would be the overseer on {host}: that takes the right {Right.DECIDE.value!r}",
            hint="only the overseer may: gt escalate TEXT asks",
        )
    if (known := _find_known(host)) is not None:
        return _carry_out(*known, arguments)
    config = Configuration(None, environment).settings().get("ssh.config")
    return Host(host, str(config) if config else None, environment).run(arguments, terminal=is_terminal())


def needs_no_terminal(name: str) -> bool:
    """Whether a line for that host can be carried out by a process that has no terminal: it is not given one there, and
    nobody can be asked for a password on the way, for there is a connection, or nobody sits here.
    """
    if is_terminal() or (found := _find_known(name)) is None:
        return False
    town, host = found
    try:
        return not any(map(os.isatty, (0, 1, 2))) or (host.target is not None and is_connected(town, host.target))
    finally:
        town.close()


def _find_known(name: str) -> tuple[Town, KnownHost] | None:
    """The town here, and its host of that name; None where there is no such town or host, or none can be read."""
    try:
        town = open_town(Globals(), dict(os.environ), say)
        host = find_host(town.db, name)
    except GtError:
        return None
    return None if host is None else (town, host)


def run_about(verb: Verb, host: str, words: Sequence[str], given: Globals) -> int:
    """A line about agents of that host; the exit status it had there.

    Raises NotFoundError for no host of the town, RefusedError where the caller has not the right.
    """
    from gastown_tmux.verbs.there import require_there  # not for a line that names its host

    town = _open(given)
    known = get_host(town.db, host)
    require_there(town, verb)
    flags = [f"--{name}" for name in ("json", "quiet") if getattr(given, name)]
    return _carry_out(town, known, [*flags, *verb.words.split(), *words])


def _carry_out(town: Town, host: KnownHost, words: Sequence[str]) -> int:
    from gastown_tmux.operations.windows.elsewhere import carry_out

    town.ask = ask
    try:
        return carry_out(town, host, words, terminal=is_terminal())
    finally:
        town.close()


def run_everywhere(verb: Verb, words: Sequence[str], given: Globals) -> None:
    """Shows what this town and those of all hosts answer. Raises GtError where this one cannot."""
    from gastown_tmux.cli import render  # with tables and their colours, 30 ms
    from gastown_tmux.verbs.many_towns import answer_all

    town = _open(given, remains=verb.emergency)
    require(town, verb.right)
    for text in answer_all(verb, words, town, render.display(), as_json=given.json):
        render.write(text)
    sys.stdout.flush()


def _open(given: Globals, *, remains: bool = False) -> Town:
    town = open_town(given, dict(os.environ), say, remains=remains)
    town.ask = ask
    return town
