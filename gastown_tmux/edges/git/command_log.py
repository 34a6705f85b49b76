"""Which git commands the programs in a worktree have run: git itself writes them down, where it is asked to.

Only so can be told who wrote what into files that all worktrees share.
"""

import os
import shlex
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

LOG = "gt-commands"
#: A log that is longer begins anew.
LONGEST = 2**18

Command = tuple[str, ...]


def environment(admin: Path) -> dict[str, str]:
    """What makes every git that is started with it write its command line down for the worktree of that git directory.

    A line at each start and end, some 200 bytes; what git cannot write, it leaves.
    """
    return {"GIT_TRACE2": str(admin / LOG), "GIT_TRACE2_BRIEF": "1"}


def read_commands(admin: Path) -> list[Command]:
    """The words of each command after `git`, since the log began, the oldest first."""
    commands = []
    with suppress(FileNotFoundError):
        text = os.fsdecode((admin / LOG).read_bytes())
        # A word may have line ends.
        for part in text.split("\nstart ")[1:] if "\nstart " in text else ():
            words = part.split("\ncmd_", 1)[0]
            with suppress(ValueError):
                commands.append(tuple(shlex.split(words)[1:]))
    return commands


def has_set(commands: Iterable[Command], key: str, value: str | None) -> bool:
    """Whether one of these commands can have written that into the settings.

    >>> has_set([("config", "core.hooksPath", "x")], "core.hookspath", "x")
    True
    >>> has_set([("remote", "add", "fork", "/far")], "remote.fork.fetch", "+refs/heads/*:refs/remotes/fork/*")
    True
    >>> has_set([("config", "core.hooksPath", "x")], "core.hookspath", "y")
    False
    """
    section, _, rest = key.partition(".")
    inner = rest.rpartition(".")[0]
    for command in commands:
        if any(word.lower() == key.lower() for word in command) and (value is None or value in command):
            return True
        if section == "remote" and section in command and inner in command:
            return True
        if section == "submodule" and any(word.startswith("submodule") for word in command):
            return True
    return False


def trim(admin: Path) -> None:
    """Keeps the log short."""
    with suppress(FileNotFoundError):
        if (admin / LOG).stat().st_size > LONGEST:
            os.truncate(admin / LOG, 0)
