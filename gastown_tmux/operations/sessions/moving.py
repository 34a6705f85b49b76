"""A town at another place than it was made at: put right where it was moved; where copied, made one of its own."""

import os
import shutil

from gastown_tmux.domain.events import EventType
from gastown_tmux.domain.rigs import Rig
from gastown_tmux.edges.git import worktree
from gastown_tmux.operations.sessions import daemons
from gastown_tmux.operations.town.isolation import each
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store.agents import end_session, list_agents, list_live_sessions
from gastown_tmux.store.meta import get_meta, set_meta
from gastown_tmux.store.rigs import list_rigs


def move_in(town: Town, was: str) -> None:
    """Makes a town that was moved whole again at its new place, and says so. For who holds the lock on its place."""
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
    def tie(rig: Rig) -> None:
        places = [town.worktree(agent.address) for agent in list_agents(town.db, rig.name)]
        worktree.repair(town.repository(rig.name), [*places, town.rig_folder(rig.name) / "gate"])

    each(town, "tying of the worktrees of", list_rigs(town.db), tie, lambda rig: rig.name)


def adopt(town: Town) -> None:
    """Makes a copy a town of its own, that is down: nothing that runs in the other one is its."""
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
