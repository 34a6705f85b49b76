"""The town's daemons, seen from outside: which run, started, stopped. What they do is in ``gastown_tmux.daemons``."""

import os
import signal
from pathlib import Path

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.ids import Time
from gastown_tmux.edges.files import clock
from gastown_tmux.edges.files.waiting import wait_until
from gastown_tmux.edges.processes import locks, processes
from gastown_tmux.edges.processes.interpreter import own_python
from gastown_tmux.errors import GtError
from gastown_tmux.operations.town.town import Answer, Town

DAEMONS = ("deacon", "witness")
#: Looked after by the deacon, and like the guard no daemon that anybody misses.
GUARD, SERVER = "guard", "server"
START_SECONDS = 20.0
STOP_SECONDS = 10.0
SILENT_SECONDS = 30.0
#: What ties a process to one agent's session must not reach a daemon: it would be ended with that session.
PERSONAL = frozenset((
    "GT_AGENT", "GT_ROLE", "GT_RIG", "GT_BEAD", "GT_SESSION", "GT_SOCKET", "GT_BRANCH", "TMUX", "TMUX_PANE", "GT_FAULT",
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Daemon:
    name: str
    pid: int | None
    alive: bool
    since: Time | None


def list_daemons(town: Town) -> list[Daemon]:
    return [find_daemon(town, name) for name in DAEMONS]


def find_holder(town: Town, name: str) -> processes.ProcessRef | None:
    """The daemon's process, known by its lock."""
    return locks.holder(town.run / f"{name}.lock")


def find_daemon(town: Town, name: str) -> Daemon:
    """Alive is one that holds its lock."""
    path = town.run / f"{name}.lock"
    holder = locks.holder(path)
    if holder is None:
        return Daemon(name, None, False, None)
    return Daemon(name, holder.pid, True, clock.from_epoch(path.stat().st_mtime))


def start_daemon(town: Town, name: str) -> bool:
    """Whether it was not running before; True only once it holds its lock. Raises GtError where it ends at once."""
    if find_daemon(town, name).alive:
        return False
    town.prepare_run()
    log = town.logs / f"{name}.log"
    since = log.stat().st_size if log.exists() else 0
    from gastown_tmux.edges.processes.spawning import spawn_detached  # with what it needs 2 ms

    process = spawn_detached(
        [*own_python(), "-m", "gastown_tmux", "daemon", "run", name], _environment(town), town.path, log,
        town.log_size(),
    )  # fmt: skip

    def is_settled() -> bool:
        return find_daemon(town, name).alive or not processes.is_alive(process)

    wait_until(is_settled, START_SECONDS)
    if not find_daemon(town, name).alive:
        from gastown_tmux.edges.processes.commands import last_words

        raise GtError(f"the {name} did not start{last_words(log, since)}", hint=f"gt log {name}")
    return True


def _environment(town: Town) -> dict[str, str]:
    from gastown_tmux.operations.town.inheriting import inherited  # 4 ms, for who starts one

    own = {key: value for key, value in inherited(town).items() if key not in PERSONAL}
    return {**own, "GT_TOWN": str(town.path)}


def start_successor(town: Town, name: str, command: Path) -> None:
    """A newer gt's daemon of that name, which asks ours to end when it is ready itself."""
    from gastown_tmux.edges.processes.spawning import spawn_detached

    words = [str(command), "--town", str(town.path), "daemon", "run", name, "--take-over"]
    spawn_detached(words, _environment(town), town.path, town.logs / f"{name}.log", town.log_size())


def take_over(town: Town, name: str) -> None:
    """Ends the older daemon of that name, and those that nobody misses: they are started anew, the guard by whichever
    of the two daemons sees first that there is none, the older one among them.
    """
    stop_daemon(town, name)
    for old in (GUARD, SERVER):
        stop_daemon(town, old)


def stop_daemon(town: Town, name: str) -> bool:
    """Whether it was running; it is gone when this returns."""
    holder = locks.holder(town.run / f"{name}.lock")
    if holder is None:
        return False
    processes.send(holder, signal.SIGTERM)
    processes.send(holder, signal.SIGCONT)
    if processes.wait_for_death([holder], STOP_SECONDS):
        processes.send(holder, signal.SIGKILL)
        processes.wait_for_death([holder], STOP_SECONDS)
    locks.forget(town.run / f"{name}.lock", holder)
    return True


def wake_up(name: str, holder: processes.ProcessRef) -> str | None:
    """Continues a daemon that was stopped; what was done, if anything."""
    if not processes.is_stopped(holder):
        return None
    processes.send(holder, signal.SIGCONT)
    return f"the {name} was stopped: continued"


def end_hung(town: Town, name: str) -> None:
    """Kills exactly the process that holds the daemon's lock; the next one starts from the rows."""
    holder = find_holder(town, name)
    if holder is not None:
        processes.send(holder, signal.SIGKILL)
        processes.wait_for_death([holder], STOP_SECONDS)


def beat_path(town: Town, name: str) -> Path:
    """The file a daemon touches at each look."""
    return town.run / f"{name}.beat"


def is_silent(town: Town, name: str) -> bool:
    """Whether a daemon that lives has not looked for a while."""
    try:
        return clock.seconds_since(clock.from_epoch(beat_path(town, name).stat().st_mtime)) > SILENT_SECONDS
    except OSError:
        return False


def start_guard(town: Town) -> bool:
    """Whether the guard did not run before. It is not waited for: it only matters when all else is dead."""
    return _start_unwatched(town, GUARD, "gastown_tmux.daemons.guard")


def start_server(town: Town) -> bool:
    """Whether the server of verbs did not run before. It is not waited for: until it listens, lines do without it."""
    return _start_unwatched(town, SERVER, "gastown_tmux.cli.server", str(os.getpid()))


def _start_unwatched(town: Town, name: str, module: str, *more: str) -> bool:
    if find_holder(town, name) is not None:
        return False
    from gastown_tmux.edges.processes.spawning import spawn_detached

    command = [*own_python(), "-m", module, str(town.path), *more]
    spawn_detached(command, _environment(town), town.path, town.logs / f"{name}.log", town.log_size())
    return True


def revive(town: Town) -> Answer:
    """Starts the daemons of a town that is wanted up; for those who watch over them from outside."""
    if not town.is_wanted():
        return Answer({"started": []}, "the town is not meant to be up")
    started = [name for name in DAEMONS if start_daemon(town, name)]
    return Answer({"started": started}, f"started {' and '.join(started)}" if started else "the daemons run")


def stop_daemons(town: Town, names: tuple[str, ...] = DAEMONS) -> list[str]:
    """Those that ran; in a town that is wanted up, somebody may start them again. Needs no rows."""
    stopped = list[str]()
    if set(names) == set(DAEMONS):
        stop_daemon(town, GUARD)
    # Once more, for one that ends may just have started another.
    while running := [name for name in names if find_daemon(town, name).alive]:
        stopped += [name for name in running if stop_daemon(town, name) and name not in stopped]
    if set(names) == set(DAEMONS):
        stop_daemon(town, SERVER)
    return stopped
