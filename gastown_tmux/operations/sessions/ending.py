"""Sessions ended: every process gone, and only then the row that says so."""

import contextlib
from collections.abc import Sequence
from queue import SimpleQueue

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.agents import AgentMove, Session
from gastown_tmux.edges.files.faults import fault_point
from gastown_tmux.edges.processes import launch, processes
from gastown_tmux.edges.processes.processes import ProcessRef
from gastown_tmux.edges.tmux.panes import kill_panes
from gastown_tmux.edges.tmux.server import ServerGoneError
from gastown_tmux.errors import MissingError
from gastown_tmux.operations.hooks.worktrees import save_hook
from gastown_tmux.operations.sessions.starting import TERM_SECONDS, look, report_path
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store import agents as rows
from gastown_tmux.store.beads import find_held_bead
from gastown_tmux.store.db import Change

#: How long a launcher may take to report the end of its program.
REPORT_SECONDS = 1.0
#: Snapshots that are made at once, and after how many a person hears how far they are.
SAVERS, TOLD = 4, 25


def stop_sessions(
    town: Town, addresses: Sequence[Address], *, why: str, move: AgentMove | None = None, unless_held: bool = False
) -> list[Address]:
    """Ends what runs for these agents, after a snapshot of each hook; the agents make the ``move`` first.
    ``unless_held``: not of those that have a bead on their hook.

    Those that had a live session. Every descendant is gone when this returns; GtError names what would not die.
    Killed half-way, the witness does the rest.
    """
    sessions = []
    with town.change() as change:
        for address in addresses:
            if unless_held and find_held_bead(change, address) is not None:
                continue
            if move is not None:
                rows.move_agent(change, address, move, reason=why)
            session = rows.find_live_session(change, address)
            if session is not None:
                rows.ask_to_end(change, session.id, why)
                sessions.append(session)
    fault_point("stop.asked")
    _save_all(town, sessions, why)
    end_sessions(town, sessions, why)
    ended = {session.id for session in sessions}
    with contextlib.suppress(ServerGoneError, MissingError):
        kill_panes(town.tmux, {pane.pane: pane.gt_session for pane in look(town) if pane.gt_session in ended})
    return [session.agent for session in sessions]


def _save_all(town: Town, sessions: Sequence[Session], why: str) -> None:
    """A snapshot of each hook, several at once. Raises the first error, when the others are saved."""

    def save(own: Town, session: Session) -> None:
        if session.agent.rig:
            save_hook(own, own.rig(session.agent.rig), session.agent, why)

    if len(sessions) < 2:
        for session in sessions:
            save(town, session)
        return
    from concurrent.futures import ThreadPoolExecutor, as_completed  # 8 ms that one alone need not pay

    # A database connection is one thread's.
    towns = SimpleQueue[Town]()
    for _ in range(SAVERS):
        towns.put(town.acting_as(town.actor))

    def save_aside(session: Session) -> None:
        own = towns.get()
        try:
            save(own, session)
        finally:
            own.close()
            towns.put(own)

    with ThreadPoolExecutor(SAVERS) as pool:
        work = [pool.submit(save_aside, session) for session in sessions]
        for number, _ in enumerate(as_completed(work), start=1):
            if number % TOLD == 0 and number < len(work):
                town.say(f"saved the work of {number} of {len(work)} agents")
    for done in work:
        done.result()


def end_sessions(town: Town, sessions: Sequence[Session], reason: str) -> list[Session]:
    """Ends whatever is left of the sessions' processes, then records their ends; those that nobody recorded before.

    Raises what ``processes.end`` does.
    """
    if not sessions:
        return []
    for session in sessions:
        launch.withdraw(town.run / "launch", session.id)
    programs = {ProcessRef(s.pid, s.pid_started) for s in sessions if s.pid is not None and s.pid_started is not None}
    launchers = [ProcessRef(s.launcher, s.launcher_started) for s in sessions if s.launcher and s.launcher_started]
    started = programs | processes.descendants(launchers)
    processes.end(started, TERM_SECONDS, sessions=[session.id for session in sessions])
    # They report the exit status and what was left behind, and then they end.
    processes.wait_for_death(launchers, REPORT_SECONDS)
    reports = [entry for session in sessions for entry in launch.read_report(report_path(town, session.id))]
    processes.end({entry.process for entry in reports if isinstance(entry, launch.Left)}, TERM_SECONDS)
    with town.change() as change:
        return [session for session in sessions if _record_end(town, change, session, reason)]


def _record_end(town: Town, change: Change, session: Session, reason: str) -> bool:
    """The row's last state, with the exit status or signal that the launcher reported, where it did."""
    ended = [entry for entry in launch.read_report(report_path(town, session.id)) if isinstance(entry, launch.Ended)]
    status, signal = (ended[-1].status, ended[-1].signal) if ended else (None, None)
    return rows.end_session(change, session.id, status=status, signal=signal, reason=reason)
