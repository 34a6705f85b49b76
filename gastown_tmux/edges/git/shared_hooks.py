"""Hooks that a tool installs in the folder that all worktrees of a repository share: each holds in its worktree alone.

It moves to the git directory of the worktree in which somebody asked git for hooks, as tools do that install one. In
its place stands one of ours that leads there, and is gone with the last of them.
"""

import os
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from gastown_tmux.edges.files.atomic import write_atomic
from gastown_tmux.edges.git import command_log
from gastown_tmux.reading import read_file

#: In the place of a hook that some worktrees have for their own, in their git directories. `core.hooksPath` would lead
#: there too, but programs that install hooks (pre-commit) refuse where it is set.
_OWN_HOOK = b"""#!/bin/sh
dir=$(git rev-parse --absolute-git-dir) && [ -e "$dir/commondir" ] && [ -x "$dir/hooks/${0##*/}" ] || exit 0
exec "$dir/hooks/${0##*/}" "$@"
"""
#: A hook as git-lfs puts it wherever it is run, and puts it again: for locked files and nothing else.
_OF_LFS = re.compile(
    rb"#!/bin/sh\n"
    rb"command -v git-lfs >/dev/null 2>&1 \|\| \{ (?:echo|printf) >&2(?: \"(?:[^\"$`\\]|\\n)*\")+; exit 2; \}\n"
    rb"git lfs [a-z-]+ \"\$@\"\n"
)
#: In a worktree's git directory: see `_read_given`.
_GIVEN = "gt-hooks-given"
_TOGETHER = 10 * 10**9


def give_away(hooks: Path, worktrees: Sequence[Path]) -> Iterator[tuple[str, tuple[Path, ...]]]:
    """The names of hooks that somebody has put into the folder, and the git directories of the worktrees that have each
    for their own now; where there is none, it is where it was.
    """
    names = list_foreign(hooks)
    owners = _find_owners(worktrees) if names else ()
    for name in names:
        given = tuple(admin for admin in owners if _give(admin, hooks / name))
        if given:
            write_atomic(hooks / name, _OWN_HOOK, 0o755, durable=False)
        yield name, given
    for hook in list(hooks.iterdir()):
        if _is_ours(hook) and not any((admin / "hooks" / hook.name).exists() for admin in worktrees):
            hook.unlink()


def list_foreign(folder: Path) -> list[str]:
    """Those that somebody put there."""
    names = sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []
    return [name for name in names if not (_is_of_lfs(folder / name) or _is_ours(folder / name))]


def _is_ours(hook: Path) -> bool:
    return _read(hook) == _OWN_HOOK


def _is_of_lfs(hook: Path) -> bool:
    return _OF_LFS.fullmatch(_read(hook)) is not None


def _find_owners(worktrees: Sequence[Path]) -> tuple[Path, ...]:
    """Whose programs have asked for hooks since they got one. A tool asks once and writes several: where nobody has,
    those who got one just now.
    """
    now = time.time_ns()
    asked = {admin: sum(map(_asks_for_hooks, command_log.read_commands(admin))) for admin in worktrees}
    known = {admin: _read_given(admin) for admin in asked}
    owners = [admin for admin, count in asked.items() if count not in (0, known[admin][0])]
    last = max((moment for _, moment in known.values()), default=0)
    if not owners and now - last < _TOGETHER:
        owners = [admin for admin, (_, moment) in known.items() if moment == last]
    for admin in owners:
        write_atomic(admin / _GIVEN, f"{asked[admin]} {now}".encode(), durable=False)
    return tuple(owners)


def _asks_for_hooks(command: command_log.Command) -> bool:
    words = {word.lower() for word in command}
    return any("hook" in word for word in words) or {"lfs", "install"} <= words


def _read_given(admin: Path) -> tuple[int, int]:
    """How often a worktree's programs had asked for hooks when it got one last, and when that was."""
    count, _, moment = _read(admin / _GIVEN).partition(b" ")
    return (int(count), int(moment)) if count.isdigit() and moment.isdigit() else (0, 0)


def _give(admin: Path, hook: Path) -> bool:
    """As a second name, for whoever installs it may not be done with writing."""
    own = admin / "hooks" / hook.name
    try:
        own.parent.mkdir(exist_ok=True)
        own.unlink(missing_ok=True)
        os.link(hook, own, follow_symlinks=False)
        if not own.is_symlink():
            own.chmod(own.stat().st_mode | 0o111)
    except OSError:  # a folder, or taken away by whoever put it there
        return False
    return True


def _read(path: Path) -> bytes:
    """The content of a file; nothing where there is none."""
    with suppress(OSError):
        return read_file(path, follow=False)
    return b""
