"""gt doctor: rows against tmux, git, mail and processes; every finding with its cause and a way out."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gastown_tmux.domain.ids import Address
from gastown_tmux.domain.rigs import Rig
from gastown_tmux.edges import git, worktree
from gastown_tmux.errors import GtError, MissingError
from gastown_tmux.operations import daemons, place, upkeep
from gastown_tmux.operations.hooks import find_base, prepare_hook
from gastown_tmux.operations.sessions import settle_orphans
from gastown_tmux.operations.town import Town
from gastown_tmux.store.agents import list_agents
from gastown_tmux.store.db import DamagedError
from gastown_tmux.store.meta import is_wanted
from gastown_tmux.store.rigs import list_rigs

#: A tmux older than this one loses the exit status of panes now and then.
GOOD_TMUX = (3, 6)


@dataclass(frozen=True, slots=True)
class Finding:
    """``fixed`` says that it is mended now. ``way_out`` is a command, or words where no command helps."""

    level: str
    what: str
    cause: str
    way_out: str
    fixed: bool = False


def examine(town: Town, fix: bool = False) -> list[Finding]:
    """Destroys nothing, with ``fix`` or without."""
    findings = list(_examine_programs(town))
    findings += _examine_database(town, fix)
    findings += _examine_copy(town, fix)
    if any(finding.level == "error" and "town.db" in finding.what and not finding.fixed for finding in findings):
        return findings
    for look in (_examine_place, _examine_configuration, _examine_daemons, _examine_hooks):
        findings += look(town, fix)
    return findings


def _examine_programs(town: Town) -> Iterator[Finding]:
    for check in (git.require_version, town.tmux.require_version):
        try:
            check()
        except MissingError as error:
            yield Finding("error", error.message, "a program gt needs", error.hint or "install it")


def _examine_database(town: Town, fix: bool) -> Iterator[Finding]:
    try:
        row = town.db.row("PRAGMA integrity_check")
        if row is not None and row[0] == "ok":
            return
        cause = str(row[0]) if row else "no answer"
    except DamagedError as error:
        cause = error.message
    except GtError as error:
        if town.db_path.exists():
            yield Finding("error", "town.db cannot be opened", error.message, error.hint or "")
            return
        cause = "it is gone"
    backups = upkeep.list_backups(town)
    if not backups:
        yield Finding("error", "town.db is damaged", cause, "there is no backup to restore")
        return
    if not fix:
        yield Finding("error", "town.db is damaged", cause, f"gt doctor --fix restores {backups[0].name}")
        return
    _restore(town, backups[0])
    yield Finding("error", "town.db is damaged", cause, f"restored {backups[0]}; the damaged one is kept", fixed=True)


def _examine_copy(town: Town, fix: bool) -> Iterator[Finding]:
    try:
        place.settle(town)
    except place.CopiedError as error:
        if fix:
            place.adopt(town)
        yield Finding("error", error.message, "its folder was copied", error.hint or "", fixed=fix)


def _restore(town: Town, backup: Path) -> None:
    """The damaged files are kept under another name."""
    town.close()
    for name in ("town.db", "town.db-wal", "town.db-shm"):
        path = town.db_path.with_name(name)
        if path.exists():
            path.rename(path.with_name(f"{name}.damaged"))
    shutil.copyfile(backup, town.db_path.with_name("town.db.restored"))
    town.db_path.with_name("town.db.restored").rename(town.db_path)


def _examine_place(town: Town, fix: bool) -> Iterator[Finding]:
    for rig in list_rigs(town.db):
        if not town.repository(rig.name).path.is_dir():
            cause = f"{town.repository(rig.name).path} is gone"
            yield Finding("error", f"rig {rig.name} has no repository", cause, f"gt rig remove {rig.name} --force")


def _examine_configuration(town: Town, fix: bool) -> Iterator[Finding]:
    for rig in (None, *list_rigs(town.db)):
        try:
            town.settings(rig.name if rig else None).show()
        except GtError as error:
            yield Finding("error", error.message, "a configuration file", error.hint or "gt config path")
            return


def _examine_daemons(town: Town, fix: bool) -> Iterator[Finding]:
    if not is_wanted(town.db):
        return
    if not town.tmux.is_alive():
        yield Finding("warning", "the tmux server does not run", "it ended or was killed", "gt up")
    for daemon in daemons.list_daemons(town):
        if not daemon.alive:
            log = town.logs / f"{daemon.name}.log"
            if fix:
                daemons.start_daemon(town, daemon.name)
            yield Finding("warning", f"the {daemon.name} does not run", f"see {log}", "gt up", fixed=fix)


def _examine_hooks(town: Town, fix: bool) -> Iterator[Finding]:
    if fix:
        settle_orphans(town)
    for rig in list_rigs(town.db):
        repository = town.repository(rig.name)
        for agent in list_agents(town.db, rig.name):
            if agent.hook == "empty":
                continue
            try:
                worktree.git_dir(repository, town.worktree(agent.address))
            except worktree.BrokenWorktree as error:
                yield _mend_hook(town, rig, agent.address, str(error), fix)


def _mend_hook(town: Town, rig: Rig, address: Address, cause: str, fix: bool) -> Finding:
    """Ties it to the repository again, or makes it anew where it is gone; its saved moments stay."""
    if not fix:
        return Finding("error", f"the worktree of {address} is broken", cause, "gt doctor --fix")
    try:
        if town.worktree(address).exists():
            worktree.repair(town.repository(rig.name), [town.worktree(address)])
        prepare_hook(town, rig, address, find_base(town, rig))
    except GtError as error:
        return Finding("error", f"the worktree of {address} is broken", error.message, f"gt snapshot list {address}")
    return Finding("error", f"the worktree of {address} was broken", cause, f"gt snapshot list {address}", fixed=True)
