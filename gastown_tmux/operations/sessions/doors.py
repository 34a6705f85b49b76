"""Each session's door: the folder that it speaks through, made before its program runs and gone after its end."""

import contextlib
import os
import shutil
import time
from pathlib import Path, PurePosixPath

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.doors import SPOOL, is_session
from gastown_tmux.edges.files.atomic import write_atomic
from gastown_tmux.edges.hosts.installation import gt_command
from gastown_tmux.edges.processes import process_table
from gastown_tmux.errors import UsageError
from gastown_tmux.operations.town.isolation import each, set_aside
from gastown_tmux.operations.town.town import Town
from gastown_tmux.providers.base import guard_file
from gastown_tmux.store.agents import list_live_programs

#: Files that were no signals and no doors are kept to be looked at, the newest so many.
KEPT = 50
#: Sessions that an older gt started: they have no door, and need none.
_without = set[str]()


def keep_doors(town: Town) -> None:
    """Those of sessions that have ended go, once what is in their spools was taken in. Where somebody wiped the
    folder, those of sessions that run are made again, and the script that their programs' hooks call.
    """
    there = list_doors(town)
    live = list_live_programs(town.db)
    each(town, "removal of the door", [name for name in there if name not in live], lambda name: _remove(town, name))
    lost = [session for session in live.keys() - _without if not os.path.isdir(f"{town.doors}/{session}/{SPOOL}")]  # noqa: PTH112
    each(town, "making of the door", lost, lambda session: _make_again(town, session, *live[session]))


def list_doors(town: Town) -> set[str]:
    try:
        return set(os.listdir(town.doors))  # noqa: PTH208 - every look
    except FileNotFoundError:
        return set()


def _remove(town: Town, name: str) -> None:
    door = town.doors / name
    if not is_session(name) or door.is_symlink() or not door.is_dir():
        move_away(town, "door", door, UsageError("it is not the folder of a session"))
        return
    # A name with a dot is half a signal; whoever writes it has ended too.
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        if any(not entry.startswith(".") for entry in os.listdir(door / SPOOL)):  # noqa: PTH208
            return
    shutil.rmtree(door)


def _make_again(town: Town, session: str, agent: Address, pid: int | None) -> None:
    """One that starts now gets its door in a moment from whoever starts it."""
    if pid is None:
        return
    if b"\0GT_SOCKET=" not in b"\0" + process_table.environment(pid):
        _without.add(session)
        return
    town.open_door(session, agent)
    guard = guard_file(PurePosixPath(town.path), str(gt_command()))
    if not os.path.lexists(guard.path):
        write_atomic(Path(guard.path), guard.content.encode(), guard.mode, durable=False)


def renew_guard(town: Town) -> None:
    """The script that running programs' hooks call leads to this gt from now on."""
    guard = guard_file(PurePosixPath(town.path), str(gt_command()))
    if os.path.lexists(guard.path):
        write_atomic(Path(guard.path), guard.content.encode(), guard.mode, durable=False)


def move_away(town: Town, what: str, path: Path, error: Exception) -> None:
    """Out of the way, to be looked at."""
    folder = town.run / "aside"
    folder.mkdir(mode=0o700, exist_ok=True)
    kept = folder / f"{time.time_ns()}.{path.name[:200]}"
    path.rename(kept)
    set_aside(town, what, path.name, error, kept)
    for old in sorted(folder.iterdir())[:-KEPT]:
        if old.is_dir() and not old.is_symlink():
            shutil.rmtree(old, ignore_errors=True)
        else:
            old.unlink()
