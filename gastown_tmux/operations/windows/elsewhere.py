"""A line of gt that is carried out on a host, with this process's own input, output and terminal."""

import re
import secrets
import shlex
from collections.abc import Sequence

from gastown_tmux.domain.hosts import Host
from gastown_tmux.domain.many_towns import terminal_words
from gastown_tmux.edges.hosts.prefix import Prefix
from gastown_tmux.edges.hosts.ssh import NO_CONNECTION
from gastown_tmux.edges.hosts.tunnel import carry
from gastown_tmux.edges.processes.terminal import run_in_terminal, tidy
from gastown_tmux.errors import GtError
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.workforce.hosts import reach

_SECONDS = 30.0
_SAFE_PATH = re.compile(r"/[A-Za-z0-9._/-]+")
_SAFE_WORD = re.compile(r"[A-Za-z0-9._+-]{1,64}")


def carry_out(town: Town, host: Host, words: Sequence[str], *, terminal: bool) -> int:
    """Runs ``gt WORDS`` in the town of the host; its exit status. ``terminal``: ours is given to it.

    For a terminal the line lies in a file there, whose path is one safe word: whatever the prefix makes of words, and a
    terminal cannot carry both a script and what is typed. Raises AwayError, and GtError where the connection is lost.
    """
    way = reach(town, host)
    town_given = [] if any(word == "--town" or word.startswith("--town=") for word in words) else ["--town", host.town]
    command = shlex.join([host.gt, *town_given, *words])
    status = _in_terminal(town, host, way, command) if terminal else carry(way, command)
    if status == NO_CONNECTION:
        tidy()
        words = f"{host.name} cannot be reached, or the line was lost; the town there goes on"
        raise GtError(words, f"gt host check {host.name}")
    return status


def _in_terminal(town: Town, host: Host, way: Prefix, command: str) -> int:
    folder = f"{host.town}/.gt/run"
    path = f"{folder if _SAFE_PATH.fullmatch(folder) else '/tmp'}/there.{secrets.token_hex(6)}"
    line = ['rm -f "$0"', f"exec {command}"]
    if _SAFE_WORD.fullmatch(kind := town.environment.get("TERM", "")):
        line.insert(1, f"export TERM={kind}")
    script = "\n".join(["#!/bin/sh", *line, ""]).encode()
    laid = way.run(["sh", "-c", 'cat > "$1" && chmod 700 "$1"', "sh", path], seconds=_SECONDS, data=script)
    if laid.status != 0:
        said = laid.said.strip() or f"status {laid.status}"
        raise GtError(f"{host.name} cannot take the line: {said}", f"gt host check {host.name}")
    return run_in_terminal([*terminal_words(way.words), path], town.environment)
