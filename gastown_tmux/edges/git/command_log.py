"""Which git commands the programs in a worktree have run: git itself writes them down, where it is asked to.

Only so can be told who wrote what into files that all worktrees share.
"""

import os
import shlex
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from gastown_tmux.edges.files.atomic import OWNERS
from gastown_tmux.reading import open_file

LOG = "gt-commands"
#: Of a log that is longer the end is kept, and no more is ever read.
LONGEST = 2**18
_KEPT = LONGEST // 4

Command = tuple[str, ...]


def environment(admin: Path) -> dict[str, str]:
    """What makes every git that is started with it write its command line down for the worktree of that git directory.

    A line at each start and end, some 200 bytes; what git cannot write, it leaves. The log is its owner's alone, for a
    command may hold a password.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
    with suppress(OSError), os.fdopen(os.open(admin / LOG, flags, OWNERS), "wb") as log:
        os.fchmod(log.fileno(), OWNERS)  # an older gt let git make it
    trim(admin)
    return {"GIT_TRACE2": str(admin / LOG), "GIT_TRACE2_BRIEF": "1"}


def read_commands(admin: Path) -> list[Command]:
    """The words of each command after `git`, as far back as the log goes, the oldest first."""
    commands = []
    text = b""
    with suppress(OSError), open_file(admin / LOG, follow=False) as file:
        text = _read_end(file, LONGEST)
    # A word may have line ends.
    for part in os.fsdecode(text).split("\nstart ")[1:]:
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
    """Keeps the log short, down to the newest commands."""
    with suppress(OSError), open_file(admin / LOG, follow=False) as file:
        if os.fstat(file.fileno()).st_size > LONGEST:
            newest = _read_end(file, _KEPT)
            # In its place, which a full disk does not hinder; git opens it anew for each command, and appends.
            os.truncate(admin / LOG, 0)
            with (admin / LOG).open("ab") as emptied:
                emptied.write(newest)


def _read_end(file: BinaryIO, most: int) -> bytes:
    file.seek(max(0, file.seek(0, os.SEEK_END) - most))
    return file.read(most)
