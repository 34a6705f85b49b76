"""gt daemon: deacon, witness and the rigs' refineries, started, stopped and listed by name."""

import contextlib
from collections.abc import Sequence

from gastown_tmux.domain.ids import RigName
from gastown_tmux.edges.files import clock
from gastown_tmux.edges.files.waiting import wait_until
from gastown_tmux.edges.hosts.installation import gt_command
from gastown_tmux.edges.processes import processes
from gastown_tmux.edges.tmux.panes import WindowSpec, open_windows, respawn
from gastown_tmux.errors import GtError
from gastown_tmux.operations.sessions.daemons import (
    DAEMONS,
    START_SECONDS,
    Daemon,
    find_daemon,
    start_daemon,
    stop_daemon,
    stop_daemons,
)
from gastown_tmux.operations.sessions.starting import look
from gastown_tmux.operations.town.isolation import each
from gastown_tmux.operations.town.town import DOWN, Answer, Town
from gastown_tmux.store.delegations import find_home
from gastown_tmux.store.merging import list_rigs_with_work
from gastown_tmux.store.meta import set_wanted
from gastown_tmux.store.rigs import list_rigs

REFINERY = "refinery"
EVERYTHING = (*DAEMONS, REFINERY)


def start(town: Town, names: tuple[str, ...] = DAEMONS) -> Answer:
    """No daemon stays up in a town that is not wanted up, so it is from now on. A refinery runs while there is work,
    and deacon and witness beside it.
    """
    if town.is_person:
        with town.change() as change:
            set_wanted(change, True)
    started = _start_refineries(town) if REFINERY in names else []
    started += [name for name in DAEMONS if (name in names or REFINERY in names) and start_daemon(town, name)]
    text = f"started {_in_words(started)}" if started else f"{_in_words(names)} run already"
    if not started and REFINERY in names:
        text = "nothing waits to be landed, or a refinery is at work on it"
    return Answer(status(town, names), text)


def _start_refineries(town: Town) -> list[str]:
    """Those that are at work then, or have been."""
    town.tmux.start()
    started = start_refineries(town, list_rigs_to_land(town))

    def is_settled() -> bool:
        idle = {rig.name for rig in list_rigs(town.db)} - set(list_rigs_to_land(town))
        return all(daemon.alive or daemon.name.partition("/")[0] in idle for daemon in status(town, (REFINERY,)))

    wait_until(is_settled, START_SECONDS)
    return started


def list_rigs_to_land(town: Town) -> list[RigName]:
    """Rigs whose refinery has something to do. What belongs to another town is landed there."""
    found = []
    for rig in list_rigs_with_work(town.db, clock.now()):
        with contextlib.suppress(GtError):  # one whose settings cannot be read says so when it runs
            if is_landed_elsewhere(town, rig):
                continue
        found.append(rig)
    return found


def is_landed_elsewhere(town: Town, rig: RigName) -> bool:
    """Whether another town lands what is done here: a rig that one made is landed by nobody else, whatever is set."""
    return find_home(town.db, rig) is not None or town.settings(rig).get("merge.publish") == "home"


def start_refineries(town: Town, rigs: Sequence[RigName]) -> list[str]:
    """Opens the refinery's window in each of these rigs that has none at work; their addresses."""
    panes = {(pane.kind, pane.session): pane for pane in look(town)}

    def start(rig: RigName) -> str | None:
        pane = panes.get((REFINERY, rig))
        if pane is not None and not pane.dead:
            return None
        command = [str(gt_command()), "--town", str(town.path), "refinery", "run", "--rig", rig]
        mark = f"refinery.{rig}"
        options = {"@gt_kind": REFINERY, "@gt_session": mark}
        spec = WindowSpec(rig, REFINERY, command, town.path, {}, options)
        if pane is not None:
            respawn(town.tmux, pane.pane, mark, spec)
        else:
            open_windows(town.tmux, [spec])
        return f"{rig}/refinery"

    return [name for name in each(town, "starting of the refinery of", rigs, start) if name is not None]


def stop(town: Town, names: tuple[str, ...] = EVERYTHING) -> Answer:
    """The town is not wanted up from now on, or each would be started again; returns when none of them runs."""
    try:
        with town.change() as change:
            set_wanted(change, False)
    except (GtError, OSError):
        town.memory.put(DOWN)
    stopped = stop_daemons(town, tuple(name for name in DAEMONS if name in names))
    if REFINERY in names:
        stopped += stop_refineries(town)
    text = f"stopped {_in_words(stopped)}" if stopped else f"there was no {' and no '.join(names)} to stop"
    return Answer(status(town, names), text)


def stop_refineries(town: Town) -> list[str]:
    """Those that ran; what they were at is taken up again by the next one. Needs no rows."""
    stopped = []
    for lock in sorted(town.run.glob("refinery.*.lock")):
        rig = lock.name.removeprefix("refinery.").removesuffix(".lock")
        if stop_daemon(town, lock.stem):
            stopped.append(f"{rig}/refinery")
        processes.end((), sessions=[town.gate_mark(rig)])
    return stopped


def status(town: Town, names: tuple[str, ...] = DAEMONS) -> list[Daemon]:
    found = [find_daemon(town, name) for name in DAEMONS if name in names]
    if REFINERY in names:
        for rig in list_rigs(town.db):
            daemon = find_daemon(town, f"refinery.{rig.name}")
            found.append(Daemon(f"{rig.name}/refinery", daemon.pid, daemon.alive, daemon.since))
    return found


def _in_words(names: Sequence[str]) -> str:
    return " and ".join(names)
