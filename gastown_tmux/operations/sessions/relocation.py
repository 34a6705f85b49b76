"""Where a town is: put right when it was moved, refused when it was copied."""

import os
from pathlib import Path

from gastown_tmux.domain.events import EventType
from gastown_tmux.domain.rigs import Rig
from gastown_tmux.edges.processes.locks import Lock
from gastown_tmux.errors import GtError, RefusedError
from gastown_tmux.operations.sessions import daemons
from gastown_tmux.operations.town.isolation import each
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store.agents import end_session, list_agents, list_live_sessions
from gastown_tmux.store.meta import get_meta, read_meta, set_meta
from gastown_tmux.store.rigs import list_rigs
from gastown_tmux.town_path import is_town

_LOCK_SECONDS = 60.0


class CopiedError(RefusedError):
    """This town is a copy, and the one it was copied from is still there."""


def settle(town: Town) -> None:
    """Before anything else is done in a town. One that was moved is put right, and says so; raises CopiedError.

    A database that cannot be read is left to whoever needs it.
    """
    was = refuse_copy(town)
    if was is None:
        return
    with Lock(town.run / "place.lock", _LOCK_SECONDS):
        if get_meta(town.db, "path") == was:
            _move_in(town, was)


def refuse_copy(town: Town) -> str | None:
    """Where it was made, when that is not here. Raises CopiedError: what a copy's rows, locks and notes name is the
    other town's, and runs.
    """
    try:
        was = get_meta(town.db, "path")
        if was is None or _is_same(was, town.path):
            return None
        is_copy = _is_original(Path(was), get_meta(town.db, "id"))
    except GtError:
        return None
    if is_copy:
        raise CopiedError(
            f"{town.path} is a copy of the town {was}, and both would do the same work",
            hint=f"gt --town {town.path} doctor --fix makes it a town of its own",
        )
    return was


def _is_same(was: str, path: Path) -> bool:
    return was == str(path) or os.path.realpath(was) == os.path.realpath(path)


def _is_original(path: Path, identity: str | None) -> bool:
    """A town whose name tag cannot be read may be the one."""
    return is_town(path) and read_meta(path / ".gt" / "town.db", "id") in (identity, None)


def _move_in(town: Town, was: str) -> None:
    # They hold the old path; their locks moved with the town.
    stopped = daemons.stop_daemons(town)
    tie_worktrees(town)
    with town.change() as change:
        set_meta(change, "path", str(town.path))
        change.event(EventType.TOWN_MOVED, "town", was=was, path=str(town.path))
    for name in stopped:
        daemons.start_daemon(town, name)
    running = " ".join(session.agent for session in list_live_sessions(town.db))
    town.say(
        f"the town was moved here from {was}: its worktrees are tied to their repositories again"
        + (f"; started at the old place: {running} (gt respawn)" if running else "")
    )


def tie_worktrees(town: Town) -> None:
    from gastown_tmux.edges.git import (
        worktree,
    )  # 15 ms that every verb would pay, for each asks this module where its town is

    def tie(rig: Rig) -> None:
        places = [town.worktree(agent.address) for agent in list_agents(town.db, rig.name)]
        worktree.repair(town.repository(rig.name), [*places, town.rig_folder(rig.name) / "gate"])

    each(town, "tying of the worktrees of", list_rigs(town.db), tie, lambda rig: rig.name)


def adopt(town: Town) -> None:
    """Makes a copy a town of its own, that is down: nothing that runs in the other one is its."""
    import shutil  # as above

    # Copied locks, sockets and notes name processes of the other town.
    town.tmux_memory.unlink(missing_ok=True)
    shutil.rmtree(town.run, ignore_errors=True)
    town.run.mkdir(mode=0o700, exist_ok=True)
    town.service_mark.unlink(missing_ok=True)
    tie_worktrees(town)
    with town.change() as change:
        for session in list_live_sessions(change):
            end_session(change, session.id, status=None, signal=None, reason="copied")
        was = get_meta(change, "path")
        for key, value in (("id", os.urandom(16).hex()), ("path", str(town.path)), ("wanted", "down")):
            set_meta(change, key, value)
        change.event(EventType.TOWN_COPIED, "town", was=was, path=str(town.path))
