"""A lost town.db: the newest whole backup in its place, and what happened since from everything else that knows."""

import json
import shutil
from pathlib import Path
from typing import Any

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.agents import Role
from gastown_tmux.domain.events import EventType
from gastown_tmux.domain.ids import BeadId, Commit, SessionId
from gastown_tmux.domain.rigs import Rig
from gastown_tmux.domain.work import BeadState, Reason
from gastown_tmux.edges.files import clock
from gastown_tmux.edges.files.atomic import sync_directory
from gastown_tmux.edges.files.faults import fault_point
from gastown_tmux.errors import GtError, NotFoundError
from gastown_tmux.operations.hooks import upkeep
from gastown_tmux.operations.hooks.worktrees import put_away
from gastown_tmux.operations.sessions import daemons
from gastown_tmux.operations.sessions.daemon_control import stop_refineries
from gastown_tmux.operations.sessions.starting import look, settle_orphans
from gastown_tmux.operations.town.ledger import folder_of
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store import agents, beads
from gastown_tmux.store.db import Database, is_whole
from gastown_tmux.store.events import last_seq, put_back
from gastown_tmux.store.ledger import read_after
from gastown_tmux.store.mailbox import Mailbox
from gastown_tmux.store.meta import get_meta, is_wanted, set_meta
from gastown_tmux.store.rigs import list_rigs

_CATCHING_UP = "catching up"


def find_backup(town: Town) -> Path | None:
    """The newest one that is whole."""
    return next((backup for backup in upkeep.list_backups(town) if is_whole(backup)), None)


def restore(town: Town, backup: Path) -> list[str]:
    """Puts the backup in the place of town.db, and catches up; what was found. The damaged files are kept."""
    daemons.stop_daemons(town)
    stop_refineries(town)
    town.close()
    for name in ("town.db", "town.db-wal", "town.db-shm"):
        path = town.db_path.with_name(name)
        if path.exists():
            put_away(town, path, town.actor)
    aside = town.db_path.with_name("town.db.restored")
    shutil.copyfile(backup, aside)
    copy = Database(aside)
    with copy.change(town.actor, clock.now()) as change:
        set_meta(change, _CATCHING_UP, backup.name)
    copy.close()
    aside.rename(town.db_path)
    sync_directory(town.db_path.parent)
    fault_point("recovery.restored")
    return catch_up(town)


def is_behind(town: Town) -> bool:
    """Whether a restore was cut off before it had caught up."""
    return bool(get_meta(town.db, _CATCHING_UP))


def catch_up(town: Town) -> list[str]:
    """What a restored database lacks; what was found. Killed anywhere, it goes on when it is called again."""
    with town.change() as change:
        put_back(change, read_after(folder_of(town), last_seq(change)))
        change.event(EventType.TOWN_RESTORED, "town", backup=get_meta(change, _CATCHING_UP))
    found = reconcile(town)
    with town.change() as change:
        set_meta(change, _CATCHING_UP, "")
    if is_wanted(town.db):
        for name in daemons.DAEMONS:
            daemons.start_daemon(town, name)
    return found


def reconcile(town: Town) -> list[str]:
    """Brings rows up to what hooks, git and tmux show, and says what these were; safe to run again."""
    found: list[str] = []
    for rig in list_rigs(town.db):
        # What has landed is on no hook any more; and what no hook holds is known by its branch alone.
        for recover in (_recover_merged, _recover_hooks, _recover_branches):
            try:
                found += recover(town, rig)
            except GtError as error:
                failed = f"rig {rig.name}: {error.message}"
                found += [failed] if failed not in found else []
    return found + _adopt_sessions(town)


def _recover_hooks(town: Town, rig: Rig) -> list[str]:
    paths = sorted((town.path / ".gt" / "hooks").glob(f"{rig.name}.*/state.json"))
    return [line for path in paths for line in _recover_hook(town, rig, path)]


def _recover_hook(town: Town, rig: Rig, path: Path) -> list[str]:
    try:
        state: dict[str, Any] = json.loads(path.read_bytes())
        address, role, held = Address.parse(state["agent"]), Role(state["role"]), state["bead"]
    except (OSError, ValueError, KeyError, TypeError, GtError):
        return []
    found = []
    with town.change() as change:
        if agents.find_agent(change, address) is None:
            agents.insert_agent(change, address, role, None)
            Mailbox(town.mail / address.folder).create()
            found.append(f"agent {address}")
        if not held or not str(held["id"]).startswith(f"{rig.prefix}-"):
            return found
        bead = beads.find_bead(change, held["id"])
        if bead is None:
            beads.recover_bead(
                change, BeadId(held["id"]), rig.name, held["title"], held.get("body") or "", state["branch"]
            )
            bead = beads.get_bead(change, held["id"])
            found.append(f"bead {bead.id}")
        if bead.state is BeadState.OPEN:
            other = beads.find_held_bead(change, address)
            if other is not None:
                # Left since, and nothing here says how: a person does.
                beads.return_bead(change, other.id, Reason.PARKED)
                found.append(f"{other.id} off the hook of {address}")
            beads.sling_bead(change, bead.id, address)
            if state.get("branch") and state.get("base"):
                beads.set_branch(change, bead.id, state["branch"], Commit(state["base"]))
            agents.move_agent(change, address, "start")
            found.append(f"{bead.id} on the hook of {address}")
    return found


def _recover_merged(town: Town, rig: Rig) -> list[str]:
    """The refinery's trailer on the target says what has landed."""
    found = []
    repository = town.repository(rig.name)
    heads = (f"refs/remotes/origin/{rig.target}", f"refs/heads/{rig.target}")
    head = next((commit for ref in heads if (commit := repository.resolve(ref))), None)
    for commit, subject, name in repository.trailers("Gastown-Bead", head) if head else []:
        if not name.startswith(f"{rig.prefix}-"):
            continue
        with town.change() as change:
            bead = beads.find_bead(change, name)
            if bead is None:
                beads.recover_bead(change, BeadId(name), rig.name, subject, "", None)
            if bead is None or bead.state is not BeadState.MERGED:
                beads.recover_merged(change, BeadId(name), Commit(commit))
                found.append(f"{name} is merged")
    return found


def _recover_branches(town: Town, rig: Rig) -> list[str]:
    """A bead of which nothing is left but its branch."""
    found = []
    repository = town.repository(rig.name)
    for ref, commit in repository.list_refs("refs/heads/bead").items():
        name = ref.removeprefix("refs/heads/bead/")
        with town.change() as change:
            if name.startswith(f"{rig.prefix}-") and beads.find_bead(change, name) is None:
                subject = repository.run("log", "-1", "--format=%s", commit, "--").text
                branch = ref.removeprefix("refs/heads/")
                beads.recover_bead(change, BeadId(name), rig.name, f"recovered: {subject}", "", branch)
                found.append(f"bead {name}")
    return found


def _adopt_sessions(town: Town) -> list[str]:
    """Agents that run in windows the old rows do not know."""
    found = []
    for pane in look(town):
        if pane.kind != "agent" or pane.dead or agents.find_session(town.db, pane.gt_session) is not None:
            continue
        try:
            agent = agents.get_agent(town.db, pane.agent)
        except NotFoundError:
            continue
        last = agents.find_last_session(town.db, agent.address)
        provider = agent.provider or (last.provider if last else None) or town.settings().text("provider.default")
        with town.change() as change:
            stale = agents.find_live_session(change, agent.address)
            if stale is not None:
                agents.end_session(change, stale.id, status=None, signal=None, reason="lost with town.db")
            # Nobody starts it any more: it is settled by what its launcher reported.
            agents.adopt_session(change, SessionId(pane.gt_session), agent.address, provider or "command", (0, "gone"))
        found.append(f"the session of {agent.address}")
    settle_orphans(town)
    return found
