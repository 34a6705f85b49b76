"""What keeps a town safe and small: snapshots, backups, the trash."""

import contextlib
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from gastown_tmux.domain.agents import Session, SessionState
from gastown_tmux.domain.doors import SPOOL
from gastown_tmux.domain.ids import RigName, SessionId, Time
from gastown_tmux.domain.rigs import Rig
from gastown_tmux.edges.files import clock
from gastown_tmux.edges.git import removal, snapshot_change, snapshot_history
from gastown_tmux.edges.git.repository import SCRATCH, Repository
from gastown_tmux.edges.git.snapshot import PREFIX
from gastown_tmux.errors import GtError
from gastown_tmux.operations.hooks.state import describe_hook
from gastown_tmux.operations.hooks.worktrees import save_hook
from gastown_tmux.operations.town.isolation import do_all, each
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store.agents import list_live_sessions
from gastown_tmux.store.rigs import list_rigs

BACKUP_SECONDS = 300.0
CLEAN_SECONDS = 3600.0
#: How long what was removed can still be taken out of the trash.
GRACE_SECONDS = 7 * 24 * 3600.0
HALF_SECONDS = 24 * 3600.0
BACKUPS = 12
LEDGER_LOOSE = 200


def save_hooks(town: Town, saved: dict[SessionId, object]) -> None:
    """A snapshot of every hook whose agent runs, but for those that are as they were; ``saved`` is the caller's
    memory."""
    live = list_live_sessions(town.db)
    for gone in saved.keys() - {session.id for session in live}:
        del saved[gone]

    def save(session: Session) -> None:
        if not session.agent.rig:
            return
        known = saved.pop(session.id, None)
        now = _mark(town, session, known)
        same = now is not None and now == known
        if same or save_hook(town, town.rig(session.agent.rig), session.agent, "timer") is not None:
            saved[session.id] = now

    each(town, "snapshot at timer of", live, save, lambda session: session.agent)


def _mark(town: Town, session: Session, known: object) -> object | None:
    """What the hook is like; None where only a snapshot can tell."""
    assert session.agent.rig is not None
    earlier = known[0] if isinstance(known, tuple) else None
    with contextlib.suppress(GtError):
        now = snapshot_change.mark(town.repository(session.agent.rig), town.worktree(session.agent), earlier)
        return now and (now, describe_hook(town, session.agent))
    return None


def save_sessions(town: Town, sessions: Sequence[Session], why: str) -> None:
    """A snapshot of the hook of each; one that cannot be made keeps no other from being made."""

    def save(session: Session) -> None:
        if session.agent.rig:
            save_hook(town, town.rig(session.agent.rig), session.agent, why)

    each(town, f"snapshot at {why} of", sessions, save, lambda session: session.agent)


def find_turn_ends(town: Town, saved: Mapping[SessionId, Time]) -> list[Session]:
    """Sessions whose turn is over, but for those whose state has been the same since ``saved``."""
    return [
        session
        for session in list_live_sessions(town.db)
        if session.state in (SessionState.IDLE, SessionState.WAITING) and saved.get(session.id) != session.since
    ]


def push_snapshots(town: Town, pushed: dict[RigName, Mapping[str, str]]) -> None:
    """What is new to the backup repository of each rig that has one; ``pushed`` is the caller's memory."""

    def push(rig: Rig) -> None:
        remote = town.settings(rig.name).text("snapshot.remote")
        refs = town.repository(rig.name).list_refs(PREFIX) if remote else {}
        if remote and refs and refs != pushed.get(rig.name):
            snapshot_history.push(town.repository(rig.name), remote)
            pushed[rig.name] = refs

    each(town, "push of snapshots of", list_rigs(town.db), push, lambda rig: rig.name)


def back_up(town: Town) -> Path:
    """A whole copy of town.db in ``.gt/backups``; the newest dozen are kept."""
    folder = town.path / ".gt" / "backups"
    folder.mkdir(mode=0o700, exist_ok=True)
    target = folder / f"town.db.{re.sub('[^0-9]', '', clock.now())}"
    town.db.backup(target)
    for old in sorted(folder.glob("town.db.*"), reverse=True)[BACKUPS:]:
        old.unlink(missing_ok=True)
    return target


def back_up_in_time(town: Town) -> None:
    """A deacon that dies again and again must not take the dozen for the last minute."""
    newest = next(iter(list_backups(town)), None)
    age = clock.epoch() - newest.stat().st_mtime if newest is not None else None
    # One from the future was made before the clock was set.
    if age is None or not 0 <= age < BACKUP_SECONDS / 2:
        back_up(town)


def list_backups(town: Town) -> list[Path]:
    """Newest first; those made before a migration last."""
    backups = sorted((town.path / ".gt" / "backups").glob("town.db.*"), reverse=True)
    return backups + sorted((town.path / ".gt").glob("town.db.schema-*"), reverse=True)


def clean(town: Town) -> None:
    """Thins snapshots by age, packs repositories, empties the trash of what is past its grace time, and takes away what
    killed hooks left half-written."""

    def clean_rig(rig: Rig) -> None:
        repository = town.repository(rig.name)

        def thin(agent: str) -> None:
            snapshot_history.thin(repository, agent, clock.now())

        each(town, f"thinning of snapshots in {rig.name} of", snapshot_history.list_agents(repository), thin)
        repository.maintain()

    each(town, "cleaning of", list_rigs(town.db), clean_rig, lambda rig: rig.name)
    # Each commit of the ledger holds the whole file of the day.
    ledger = Repository(town.path / ".git", town.run / "repo.town.lock")
    steps = {
        "ledger": lambda: ledger.maintain(LEDGER_LOOSE),
        "trash": lambda: removal.empty_trash(town.trash, GRACE_SECONDS),
        "halves": lambda: each(town, "removal of half a signal,", _list_halves(town), _remove_half),
        "scratch": lambda: each(town, "removal of a scratch folder,", town.run.glob(f"{SCRATCH}*"), _remove_half),
    }
    do_all(town, "cleaning of the town's", steps)


def _list_halves(town: Town) -> list[Path]:
    return [*(town.run / SPOOL).glob(".*"), *town.doors.glob(f"*/{SPOOL}/.*")]


def _remove_half(path: Path) -> None:
    """What a killed command left."""
    with contextlib.suppress(FileNotFoundError):
        if clock.epoch() - path.lstat().st_mtime > HALF_SECONDS:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
