"""gt down and gt stop: the emergency exit. It needs no disk, no database, no git and no tmux that answers.

What runs is ended first: by locks, by rows, and at last by what the processes themselves were started with. An order
that no row takes stands beside them, or in memory, and holds all the same; what could not be done is told.
"""

import contextlib
import os
import signal
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from gastown_tmux.dataclass import asdict, dataclass
from gastown_tmux.domain.addresses import MAYOR, Address
from gastown_tmux.domain.agents import AgentState
from gastown_tmux.edges.processes import launch, locks, processes
from gastown_tmux.edges.processes.process_table import command_line, environment, pids
from gastown_tmux.edges.processes.processes import ProcessRef
from gastown_tmux.errors import GtError, MissingError, explain
from gastown_tmux.operations.sessions.ending import end_sessions, stop_sessions
from gastown_tmux.operations.supervision.pausing import release, tell_place
from gastown_tmux.operations.supervision.untouched_hosts import describe_untouched
from gastown_tmux.operations.supervision.views import show_agent
from gastown_tmux.operations.town.ledger import write_ledger
from gastown_tmux.operations.town.town import DOWN, OFF, Answer, Town
from gastown_tmux.store import agents as rows
from gastown_tmux.store.beads import find_held_bead
from gastown_tmux.store.meta import set_wanted
from gastown_tmux.town_path import is_town

#: How long those who are told to end have for it.
_LEAVE_SECONDS = 10.0
_TERM_SECONDS = 5.0
#: How long what is shown in the town's windows may take to end with the tmux server.
_WINDOWS_SECONDS = 3.0
#: Rounds of ending daemons: one that ends may just have started another.
_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Stopped(Answer):
    """``complaint``: something runs on, or nothing keeps it stopped."""

    complaint: GtError | None = None


class Shortfalls(list[str]):
    """What could not be done, in words."""

    failed = False

    @contextmanager
    def noting(self, what: str, *, fatal: bool = False) -> Iterator[None]:
        try:
            yield
        except (GtError, OSError) as error:
            self.append(f"{what}: {explain(error)[0]}")
            self.failed = self.failed or fatal

    def answer(self, value: dict[str, object], text: str) -> Stopped:
        lines = [text, *(f"not done: {words}" for words in self)]
        complaint = GtError("not everything is stopped for good", hint="gt status") if self.failed else None
        return Stopped({**value, "not_done": list(self)}, "\n".join(lines), complaint=complaint)

    def hold(self, town: Town, order: str) -> None:
        """What no row takes is kept beside them: whoever starts something reads it there."""
        with self.noting("nothing keeps it stopped", fatal=True):
            town.memory.put(order)
            self.append(tell_place(town, order))


def down(town: Town, agents: bool = False) -> Answer:
    """Stops the daemons and the Mayor's agent; other agents stay in their windows.

    With ``agents`` they and the tmux server end too. The REPL is a face, and stays as long as tmux does.
    """
    if not is_town(town.path):
        return end_remains(town)
    undone = Shortfalls()
    _end_daemons(town, undone)
    changed = True
    recorded = False
    with undone.noting("town.db does not say so"):
        with town.change() as change:
            changed = set_wanted(change, False)
        recorded = True
        town.memory.remove(DOWN)
    if not recorded:
        undone.hold(town, DOWN)
        # One that was just being started has not seen that.
        _end_daemons(town, undone)
    count = 0
    if agents:
        count = _end_agents(town, None, undone, recorded)
        _stop_tmux(town, undone)
        _end_helpers(town, undone)
    else:
        _end_agents(town, {MAYOR}, undone, recorded)
    with undone.noting("the ledger is not up to date"):
        write_ledger(town)
    if agents:
        stopped = "1 agent was stopped, its" if count == 1 else f"{count} agents were stopped, their"
        text = f"the town is down; {stopped} work is kept"
    elif changed:
        text = "the mayor and the daemons are down; agents stay in their windows (gt down --agents)"
    else:
        text = "the town is down already"
    if changed or agents:
        command = "down --agents" if agents else "down"
        text = "\n".join(
            [text, *describe_untouched(town, command, "go on; what they do lands when this town is up again")]
        )
    return undone.answer({"wanted": "down"}, text)


def has_remains(town: Town) -> bool:
    """Whether anything runs in the name of a town, be its folder there or not."""
    return bool(launch.agent_processes(str(town.path)) or _find_daemons(town) or _find_servers(town))


def end_remains(town: Town) -> Answer:
    """Ends what runs in the name of a town whose folder is gone: there is nothing left that it could work on."""
    undone = Shortfalls()
    _end_daemons(town, undone)
    running = launch.agent_processes(str(town.path))
    _sweep(town, None, undone)
    _stop_tmux(town, undone)
    for order in town.memory.names():
        town.memory.remove(order)
    text = f"{town.path} is gone; what was left of it has ended, {len(running)} agents among it"
    return undone.answer({"wanted": "down"}, text)


def stop_agent(town: Town, agent: Address) -> Answer:
    """Every descendant of its program is gone when this returns; the work is in the worktree and a snapshot."""
    undone = Shortfalls()
    ran = bool(launch.agent_processes(str(town.path)).get(agent))
    known = False
    with undone.noting(f"{agent} may be unsaved or unrecorded"):
        was = rows.get_agent(town.db, agent).state
        stopped = stop_sessions(town, [agent], why="stopped", move="stop")
        known = not stopped and was is AgentState.OFF
    if undone:
        _finish_agent(town, agent, undone)
    with undone.noting("its flag is up"):
        release(town, agent)
    value: dict[str, object] = {"address": agent, "state": "off"}
    if not undone:
        value = asdict(show_agent(town, agent))
    return undone.answer(value, _tell_stopped(town, agent, known and not ran))


def _tell_stopped(town: Town, agent: Address, already: bool) -> str:
    held = None
    with contextlib.suppress(GtError, OSError):
        held = find_held_bead(town.db, agent)
    text = f"{agent} is stopped" + (" already" if already else "")
    if held is None:
        return text
    return f"{text}; {held.id} stays on its hook: gt respawn {agent}, or gt unsling {held.id}"


def _finish_agent(town: Town, agent: Address, undone: Shortfalls) -> None:
    """What a stop that failed half-way left: the program, the order, the record."""
    _sweep(town, {agent}, undone)
    state = None
    with undone.noting("its row cannot be read"):
        state = rows.get_agent(town.db, agent).state
    if state is not AgentState.OFF:
        undone.hold(town, OFF + agent.folder)
        return
    with undone.noting("its end is not recorded"):
        session = rows.find_live_session(town.db, agent)
        end_sessions(town, [session] if session else [], "stopped")


def _end_agents(town: Town, only: Collection[Address] | None, undone: Shortfalls, rows_work: bool) -> int:
    """These agents' programs (none named: all); how many ran."""
    running = [name for name in launch.agent_processes(str(town.path)) if only is None or name in only]
    if rows_work:
        with undone.noting("work may be unsaved or unrecorded"):
            sessions = rows.list_live_sessions(town.db)
            stop_sessions(town, [s.agent for s in sessions if only is None or s.agent in only], why="down")
            running = [s.agent for s in sessions if only is None or s.agent in only] or running
    _sweep(town, only, undone)
    return len(running)


def _sweep(town: Town, only: Collection[Address] | None, undone: Shortfalls) -> None:
    """What still runs in an agent's name, known by the environment alone."""
    found = launch.agent_processes(str(town.path))
    refs = set[ProcessRef]().union(*(refs for name, refs in found.items() if only is None or name in only))
    if refs:
        with undone.noting("something runs on", fatal=True):
            processes.end(refs, _TERM_SECONDS)


def _end_daemons(town: Town, undone: Shortfalls) -> None:
    """Guard, deacon, witness and refineries, known by their locks or by their command lines; and the gates."""
    for _ in range(_ROUNDS):
        held = {}
        with undone.noting("locks cannot be read"):
            for path in town.run.glob("*.lock"):
                is_daemon = path.stem in ("guard", "deacon", "witness", "server") or path.stem.startswith("refinery.")
                ref = locks.holder(path) if is_daemon and locks.is_held(path) else None
                if ref is not None and ref.pid != os.getpid():
                    held[path] = ref
        refs = {*held.values(), *_find_daemons(town)}
        if not refs:
            break
        with undone.noting("a daemon runs on", fatal=True):
            processes.end(refs, _LEAVE_SECONDS)
        for path, ref in held.items():
            locks.forget(path, ref)
    with undone.noting("a gate runs on", fatal=True):
        gates = [town.gate_mark(path.name) for path in (town.path / "rigs").glob("*")]
        processes.end((), _TERM_SECONDS, sessions=gates)


def _find_daemons(town: Town) -> set[ProcessRef]:
    """Those of this town, by what they were started with; one that only waits for its turn is left to do so."""
    place = os.fsencode(town.path)
    found = set()
    for pid in pids():
        words = command_line(pid)
        if pid == os.getpid() or b"--standby" in words:
            continue
        is_daemon = b"gastown_tmux" in words and b"daemon" in words and b"run" in words
        is_guard = b"gastown_tmux.daemons.guard" in words
        is_refinery = b"refinery" in words and b"run" in words and b"--town" in words
        if not (is_daemon or is_guard or is_refinery):
            continue
        here = place in words or b"\0GT_TOWN=" + place + b"\0" in b"\0" + environment(pid) + b"\0"
        if here and (ref := processes.process(pid)) is not None and processes.is_alive(ref):
            found.add(ref)
    return found


def _stop_tmux(town: Town, undone: Shortfalls) -> None:
    """The server, and then what ran in its windows: the REPL takes a moment to end. A caller in one waits for none."""
    servers = _find_servers(town)
    shown = processes.descendants(servers)
    for ref in servers:
        if processes.is_stopped(ref):
            processes.send(ref, signal.SIGCONT)
    with undone.noting("the tmux server was not asked"), contextlib.suppress(MissingError):
        town.tmux.stop()
    # What answers nobody ends all the same.
    for number in (signal.SIGTERM, signal.SIGKILL):
        for ref in servers:
            if processes.is_alive(ref) and ref.pid != os.getpid():
                processes.send(ref, number)
                processes.send(ref, signal.SIGCONT)
        if not processes.wait_for_death(servers, _WINDOWS_SECONDS):
            break
    if os.getpid() not in {ref.pid for ref in shown}:
        with undone.noting("something of its windows runs on", fatal=True):
            processes.end(processes.wait_for_death(shown, _WINDOWS_SECONDS))


def _find_servers(town: Town) -> set[ProcessRef]:
    socket = os.fsencode(town.tmux.socket)
    return {ref for pid in pids() if socket in command_line(pid)[1:4] and (ref := processes.process(pid))}


def _end_helpers(town: Town, undone: Shortfalls) -> None:
    """Set-ups, and what they left running, have sessions of their own."""
    addresses = set[str]()
    with undone.noting("agents cannot be listed"):
        addresses |= {agent.address for agent in rows.list_agents(town.db)}
    with undone.noting("hooks cannot be listed"):
        addresses |= {path.name.replace(".", "/", 1) for path in (town.path / ".gt" / "hooks").glob("*")}
    with undone.noting("a set-up runs on", fatal=True):
        processes.end((), _TERM_SECONDS, sessions=[town.mark(f"setup.{address}") for address in sorted(addresses)])
