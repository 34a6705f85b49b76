"""gt doctor: rows against programs, files, tmux, git, mail and processes; each finding with its cause and a way out."""

import contextlib
import shlex
import shutil
from collections.abc import Iterator

from gastown_tmux.edges.files import clock
from gastown_tmux.edges.files.room import find_full
from gastown_tmux.edges.git import command
from gastown_tmux.edges.processes.locks import Lock
from gastown_tmux.errors import GtError, MissingError
from gastown_tmux.operations.hooks import upkeep
from gastown_tmux.operations.maintenance import doctor_checks, host_checks
from gastown_tmux.operations.maintenance.doctor_checks import Finding
from gastown_tmux.operations.sessions import daemon_deaths, daemons, moving, relocation, service
from gastown_tmux.operations.sessions.starting import resolve_provider
from gastown_tmux.operations.supervision import calls, recovery
from gastown_tmux.operations.town.isolation import list_troubles
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.work.orders import list_orders
from gastown_tmux.store.agents import list_agents
from gastown_tmux.store.db import LockedError, NewerError, UnwritableError, is_whole
from gastown_tmux.store.rigs import list_rigs

#: A tmux older than this one loses the exit status of panes now and then, and has crashed on others' mistakes.
GOOD_TMUX = (3, 6)
#: How long one doctor that mends waits for another.
FIX_SECONDS = 300.0
LEAST_SPACE = 512 * 2**20
#: A backup older than this means that nobody makes them.
BACKUP_AGE = 3 * upkeep.BACKUP_SECONDS


class Findings(list[Finding]):
    @property
    def complaint(self) -> GtError | None:
        """What remains wrong."""
        errors = sum(finding.level == "error" and not finding.fixed for finding in self)
        return GtError(f"{errors} error{'s' * (errors != 1)} remain{'s' * (errors == 1)}") if errors else None


def examine(town: Town, fix: bool = False) -> Findings:
    """Destroys nothing, with ``fix`` or without. What an error keeps it from looking at is left until it is mended."""
    if fix:
        with Lock(town.run / "doctor.lock", FIX_SECONDS):
            return _examine(town, fix)
    return _examine(town, fix)


def _examine(town: Town, fix: bool) -> Findings:
    findings = Findings(_examine_programs(town))
    findings += _examine_space(town)
    findings += _examine_database(town, fix)
    if findings.complaint is None:
        findings += _examine_copy(town, fix)
        findings += _examine_configuration(town)
    if findings.complaint is not None:
        return findings
    for look in (
        _examine_aside, _examine_orders, _examine_providers, _examine_calls, _examine_backups, _examine_daemons,
        _examine_service, doctor_checks.examine_repositories, doctor_checks.examine_hooks, doctor_checks.examine_mail,
        doctor_checks.examine_rows, doctor_checks.examine_processes, doctor_checks.examine_screens,
        host_checks.examine_hosts,
    ):  # fmt: skip
        findings += doctor_checks.guarded(look(town, fix))
    return findings


def _examine_programs(town: Town) -> Iterator[Finding]:
    for check in (command.require_version, town.tmux.require_version):
        try:
            check()
        except MissingError as error:
            yield Finding("error", error.message, "a program gt needs", error.hint or "install it")
            return
    found = town.tmux.version()
    if found < GOOD_TMUX:
        yield Finding(
            "warning",
            f"tmux {found[0]}.{found[1]} is old",
            "before 3.6 tmux now and then loses the exit status of a program, and more of its bugs end all windows",
            "install tmux 3.6 or newer",
        )


def _examine_space(town: Town) -> Iterator[Finding]:
    path = shlex.quote(str(town.path))
    if full := find_full(town.path):
        yield Finding(
            "error", full, "no mail, bead or snapshot can be saved", f"df -h {path} and df -i {path} say more"
        )
        return
    free = shutil.disk_usage(town.path).free
    if free < LEAST_SPACE:
        what = f"{free // 2**20} MiB are left on the disk of {town.path}"
        yield Finding("warning", what, "nothing can be saved on a full disk", "free some disk space")


def _examine_database(town: Town, fix: bool) -> Iterator[Finding]:
    try:
        row = town.db.row("PRAGMA integrity_check")
        if row is not None and row[0] == "ok":
            yield from _examine_restored(town, fix)
            return
        cause = str(row[0]) if row else "no answer"
    except GtError as error:
        if isinstance(error, NewerError | UnwritableError) or is_whole(town.db_path):
            # One that is locked, on a full disk or a newer gt's is not damaged.
            hint = "gt down --agents" if isinstance(error, LockedError) else error.hint or "gt doctor"
            yield Finding("error", "town.db cannot be opened", error.message, hint)
            return
        cause = error.message
    what = "town.db is damaged" if town.db_path.exists() else "town.db is gone"
    backup = recovery.find_backup(town)
    if backup is None:
        hint = f"there is no whole backup; after a move of town.db elsewhere, gt install {town.path} makes a new one"
        yield Finding("error", what, cause, hint)
    elif not fix:
        yield Finding("error", what, cause, f"gt doctor --fix restores {backup.name}")
    else:
        found = recovery.restore(town, backup)
        caught_up = f"; found since: {', '.join(found)}" if found else ""
        yield Finding("error", what, cause, f"{backup.name} was restored{caught_up}", fixed=True)


def _examine_restored(town: Town, fix: bool) -> Iterator[Finding]:
    if recovery.is_behind(town):
        cause = "the restore of a backup was cut off"
    elif recovery.is_old(town):
        cause = "the ledger tells of events that it does not know"
    else:
        return
    found = recovery.catch_up(town) if fix else []
    hint = f"found since: {', '.join(found)}" if found else "gt doctor --fix goes on with it"
    yield Finding("error", "town.db is an old copy", cause, hint, fixed=fix)


def _examine_copy(town: Town, fix: bool) -> Iterator[Finding]:
    try:
        relocation.settle(town)
    except relocation.CopiedError as error:
        if fix:
            moving.adopt(town)
        yield Finding("error", error.message, "its folder was copied", error.hint or "", fixed=fix)


def _examine_configuration(town: Town) -> Iterator[Finding]:
    known = set[str]()
    for rig in (None, *list_rigs(town.db)):
        try:
            for setting in town.settings(rig.name if rig else None).show():
                town.settings(rig.name if rig else None).get(setting.key)
        except GtError as error:
            if error.message not in known:
                yield Finding("error", error.message, "a configuration file", error.hint or "gt config path")
            known.add(error.message)


def _examine_orders(town: Town, fix: bool) -> Iterator[Finding]:
    for order in list_orders(town):
        if order.state == "broken":
            yield Finding("error", f"order {order.name} is broken", order.reason or "", order.hint or "gt order list")


def _examine_aside(town: Town, fix: bool) -> Iterator[Finding]:
    """What could not be handled, so that everything else went on."""
    for path, trouble in list_troubles(town):
        hint = trouble.hint or f"it is tried again by itself; {path} says more"
        if trouble.trace is not None:
            hint = f"{path} shows where; please report it"
        elif trouble.kept is not None:
            hint = f"look at {trouble.kept}, then delete it"
        what = f"{trouble.task} {trouble.item}".strip() + " is set aside"
        yield Finding("warning", what, f"{trouble.reason}, since {trouble.since}", hint)


def _examine_providers(town: Town, fix: bool) -> Iterator[Finding]:
    """The default one of each rig, and those that agents were given."""
    wanted: set[tuple[str | None, str | None]] = {(rig.name, None) for rig in list_rigs(town.db)}
    wanted |= {(agent.rig, agent.provider) for agent in list_agents(town.db) if agent.provider}
    for rig, provider in sorted(wanted, key=str):
        try:
            resolve_provider(town, rig, provider)
        except GtError as error:
            what = f"no agent of {rig or 'the town'} can be started" + (f" with {provider}" if provider else "")
            yield Finding("warning", what, error.message, error.hint or "gt config default-agent NAME")


def _examine_calls(town: Town, fix: bool) -> Iterator[Finding]:
    """Whether services that are to call the overseer can be asked, and what they did not take."""
    if trouble := calls.find_trouble(town):
        yield Finding("warning", "you may not hear what needs you", trouble, "gt notify test")


def _examine_backups(town: Town, fix: bool) -> Iterator[Finding]:
    if not town.is_wanted():
        return
    backups = upkeep.list_backups(town)
    age = clock.seconds_since(clock.from_epoch(backups[0].stat().st_mtime)) if backups else None
    if age is not None and age < BACKUP_AGE and is_whole(backups[0]):
        return
    deacon = daemons.find_daemon(town, "deacon")
    if not backups and deacon.since and clock.seconds_since(deacon.since) < BACKUP_AGE:
        return
    what = "there is no fresh and whole backup of town.db"
    if fix:
        upkeep.back_up(town)
    yield Finding("warning", what, f"see {town.logs / 'deacon.log'}", "gt doctor --fix makes one", fixed=fix)


def _examine_service(town: Town, fix: bool) -> Iterator[Finding]:
    fault = service.find_fault(town)
    if fault is None:
        return
    fixed = False
    if fix:
        with contextlib.suppress(GtError):
            service.install(town)
            fixed = True
    yield Finding("warning", "the systemd units do not start this town", fault, "gt service install", fixed=fixed)


def _examine_daemons(town: Town, fix: bool) -> Iterator[Finding]:
    for died in daemon_deaths.list_repeated(town):
        yield Finding("warning", f"the {died.name} dies again and again", str(died), f"gt log {died.name}")
    if not town.is_wanted():
        return
    if not town.tmux.is_alive():
        if fix:
            town.tmux.start()
        yield Finding("warning", "the tmux server does not run", "it ended or was killed", "gt up", fixed=fix)
    for daemon in daemons.list_daemons(town):
        log = town.logs / f"{daemon.name}.log"
        if not daemon.alive:
            if fix:
                daemons.start_daemon(town, daemon.name)
            yield Finding("warning", f"the {daemon.name} does not run", f"see {log}", "gt up", fixed=fix)
        elif daemons.is_silent(town, daemon.name):
            what = f"the {daemon.name} has not looked at anything for a while"
            yield Finding("warning", what, f"it hangs or is stopped; see {log}", "gt daemon stop, then gt up")
