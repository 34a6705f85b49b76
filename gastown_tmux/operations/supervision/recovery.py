"""A lost town.db: the newest whole backup in its place, and what happened since from everything else that knows."""

import re
import shutil
from pathlib import Path

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.agents import Role
from gastown_tmux.domain.events import EventType
from gastown_tmux.domain.ids import BeadId, Commit, SessionId, is_bead_id
from gastown_tmux.domain.rigs import Rig
from gastown_tmux.domain.work import BeadState, Reason
from gastown_tmux.edges.files import clock
from gastown_tmux.edges.files.atomic import OWNERS, sync_directory
from gastown_tmux.edges.files.faults import fault_point
from gastown_tmux.edges.tmux.panes import Pane
from gastown_tmux.errors import GtError, UsageError
from gastown_tmux.operations.hooks import upkeep
from gastown_tmux.operations.hooks.worktrees import put_away
from gastown_tmux.operations.sessions import daemons
from gastown_tmux.operations.sessions.daemon_control import stop_refineries
from gastown_tmux.operations.sessions.starting import look, settle_orphans
from gastown_tmux.operations.town.isolation import each
from gastown_tmux.operations.town.ledger import folder_of
from gastown_tmux.operations.town.town import Town
from gastown_tmux.reading import json_object, read_file, text_of
from gastown_tmux.store import agents, beads, ledger, recovered_beads
from gastown_tmux.store.db import Database, is_whole
from gastown_tmux.store.events import last_seq, put_back
from gastown_tmux.store.mailbox import Mailbox
from gastown_tmux.store.meta import get_meta, set_meta
from gastown_tmux.store.rigs import list_rigs

_CATCHING_UP = "catching up"
_LONGEST = 1 << 20


@dataclass(frozen=True, slots=True)
class _State:
    """What an agent's ``state.json`` says."""

    agent: Address
    role: Role
    bead: BeadId | None
    title: str
    body: str
    branch: str | None
    base: Commit | None


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
    aside.touch(mode=OWNERS)
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


def is_old(town: Town) -> bool:
    """Whether the ledger knows of events that town.db never had: somebody put a copy in its place."""
    return ledger.last_seq(folder_of(town)) > last_seq(town.db)


def catch_up(town: Town) -> list[str]:
    """What a restored database lacks; what was found. Killed anywhere, it goes on when it is called again."""
    with town.change() as change:
        put_back(change, ledger.read_after(folder_of(town), last_seq(change)))
        change.event(EventType.TOWN_RESTORED, "town", backup=get_meta(change, _CATCHING_UP))
    found = reconcile(town)
    with town.change() as change:
        set_meta(change, _CATCHING_UP, "")
    if town.is_wanted():
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
    recovered = each(town, f"recovery in {rig.name} from", paths, lambda path: _recover_hook(town, rig, path))
    return [line for lines in recovered for line in lines]


def _recover_hook(town: Town, rig: Rig, path: Path) -> list[str]:
    """Raises UsageError where ``state.json`` is not as we write it."""
    state = _read_state(path)
    address, held = state.agent, state.bead
    found = []
    with town.change() as change:
        if agents.find_agent(change, address) is None:
            agents.insert_agent(change, address, state.role, None)
            Mailbox(town.mail / address.folder).create()
            found.append(f"agent {address}")
        if held is None or not is_bead_id(held, rig.prefix):
            return found
        bead = beads.find_bead(change, held)
        if bead is None:
            recovered_beads.recover_bead(change, held, rig.name, state.title, state.body, state.branch)
            bead = beads.get_bead(change, held)
            found.append(f"bead {bead.id}")
        if bead.state is BeadState.OPEN:
            other = beads.find_held_bead(change, address)
            if other is not None:
                # Left since, and nothing here says how: a person does.
                beads.return_bead(change, other.id, Reason.PARKED)
                found.append(f"{other.id} off the hook of {address}")
            beads.sling_bead(change, bead.id, address)
            if state.branch and state.base:
                beads.set_branch(change, bead.id, state.branch, state.base)
            agents.move_agent(change, address, "start")
            found.append(f"{bead.id} on the hook of {address}")
    return found


def _read_state(path: Path) -> _State:
    known = json_object(read_file(path))
    bead = known.get("bead")
    held = bead if isinstance(bead, dict) else {}
    address = Address.parse(text_of(known.get("agent")) or "")
    role, base = str(known.get("role")), str(known.get("base"))
    if address.folder != path.parent.name or role not in list(Role):
        raise UsageError(f"{path} is not of {path.parent.name}")
    return _State(
        agent=address,
        role=Role(role),
        bead=BeadId(text_of(held.get("id")) or "") or None,
        title=text_of(held.get("title"), _LONGEST) or "",
        body=text_of(held.get("body"), _LONGEST) or "",
        branch=text_of(known.get("branch")),
        base=Commit(base) if re.fullmatch("[0-9a-f]{40,64}", base) else None,
    )


def _recover_merged(town: Town, rig: Rig) -> list[str]:
    """The refinery's trailer on the target says what has landed."""
    found = []
    repository = town.repository(rig.name)
    heads = (f"refs/remotes/origin/{rig.target}", f"refs/heads/{rig.target}")
    head = next((commit for ref in heads if (commit := repository.resolve(ref))), None)
    for commit, subject, name in repository.trailers("Gastown-Bead", head) if head else []:
        if not is_bead_id(name, rig.prefix):
            continue
        with town.change() as change:
            bead = beads.find_bead(change, name)
            if bead is None:
                recovered_beads.recover_bead(change, BeadId(name), rig.name, subject, "", None)
            if bead is None or bead.state is not BeadState.MERGED:
                recovered_beads.recover_merged(change, BeadId(name), Commit(commit))
                found.append(f"{name} is merged")
    return found


def _recover_branches(town: Town, rig: Rig) -> list[str]:
    """A bead of which nothing is left but its branch."""
    found = []
    repository = town.repository(rig.name)
    for ref, commit in repository.list_refs("refs/heads/bead").items():
        name = ref.removeprefix("refs/heads/bead/")
        with town.change() as change:
            if is_bead_id(name, rig.prefix) and beads.find_bead(change, name) is None:
                subject = repository.run("log", "-1", "--format=%s", commit, "--").text
                branch = ref.removeprefix("refs/heads/")
                recovered_beads.recover_bead(change, BeadId(name), rig.name, f"recovered: {subject}", "", branch)
                found.append(f"bead {name}")
    return found


def _adopt_sessions(town: Town) -> list[str]:
    """Agents that run in windows the old rows do not know."""
    adopted = each(town, "taking over of window", look(town), lambda pane: _adopt(town, pane), lambda pane: pane.pane)
    settle_orphans(town)
    return [f"the session of {agent}" for agent in adopted if agent is not None]


def _adopt(town: Town, pane: Pane) -> Address | None:
    agent = agents.find_agent(town.db, pane.agent)
    is_session = pane.kind == "agent" and not pane.dead and pane.gt_session.startswith("ses-")
    if agent is None or not is_session or agents.find_session(town.db, pane.gt_session) is not None:
        return None
    last = agents.find_last_session(town.db, agent.address)
    provider = agent.provider or (last.provider if last else None) or town.settings().text("provider.default")
    with town.change() as change:
        stale = agents.find_live_session(change, agent.address)
        if stale is not None:
            agents.end_session(change, stale.id, status=None, signal=None, reason="lost with town.db")
        # Nobody starts it any more: it is settled by what its launcher reported.
        agents.adopt_session(change, SessionId(pane.gt_session), agent.address, provider or "command", (0, "gone"))
    return agent.address
