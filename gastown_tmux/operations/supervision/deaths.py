"""Sessions whose program is gone: found, recorded with what killed it, and answered by the respawn policy."""

import random
import textwrap
from collections.abc import Sequence

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.agents import AgentState, Ending, Session
from gastown_tmux.domain.complaints import cause_of
from gastown_tmux.domain.events import EventType
from gastown_tmux.domain.respawn import MASS_DEATH_LIFE, MASS_DEATH_SECONDS, Budget, is_mass_death, next_delay
from gastown_tmux.edges.configuration import shipped
from gastown_tmux.edges.configuration.shipped import Restart
from gastown_tmux.edges.files import clock
from gastown_tmux.edges.files.faults import fault_point
from gastown_tmux.edges.processes import processes
from gastown_tmux.edges.processes.processes import ProcessRef
from gastown_tmux.edges.tmux.panes import capture
from gastown_tmux.errors import GtError
from gastown_tmux.operations.escalation.escalations import raise_escalation
from gastown_tmux.operations.hooks.state import write_state
from gastown_tmux.operations.hooks.worktrees import save_hook
from gastown_tmux.operations.sessions.ending import end_sessions
from gastown_tmux.operations.sessions.starting import find_pane, is_orphan, look, settle_orphans
from gastown_tmux.operations.town.isolation import each
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store import agents as rows
from gastown_tmux.store.beads import find_held_bead, return_bead
from gastown_tmux.store.db import Change
from gastown_tmux.store.events import list_events
from gastown_tmux.store.rows import Reader

#: Lines of the last screen that a handoff note keeps.
NOTE_LINES = 30
#: Within so many seconds a second loss of the tmux server is the same one.
MASS_EVENT_SECONDS = 10.0
#: A window that is missing for so long will not come.
WINDOW_SECONDS = 3.0


def find_dead(live: Sequence[Session]) -> list[Session]:
    """Those whose program has ended, whose window died, or whose tmux server is gone. Asks only the processes."""
    lost = {server for server in {session.server for session in live} if server is not None and not _lives(server)}
    return [session for session in live if session.pid is not None and (session.server in lost or _is_dead(session))]


def processes_of(live: Sequence[Session]) -> set[ProcessRef]:
    """All whose end ``find_dead`` would tell of."""
    found = {ref for session in live if session.pid is not None for ref in (_program(session), _launcher(session))}
    return found | {ref for server in {session.server for session in live} if server and (ref := _server(server))}


def find_unsettled(live: Sequence[Session]) -> list[Session]:
    """Starts that a killed starter left half-way."""
    return [session for session in live if session.pid is None and is_orphan(session)]


def _is_dead(session: Session) -> bool:
    return not (processes.is_alive(_program(session)) and processes.is_alive(_launcher(session)))


def _program(session: Session) -> ProcessRef:
    return ProcessRef(session.pid or 0, session.pid_started or "")


def _launcher(session: Session) -> ProcessRef:
    return ProcessRef(session.launcher or 0, session.launcher_started or "")


def _lives(server: str) -> bool:
    ref = _server(server)
    return ref is not None and processes.is_alive(ref)


def _server(server: str) -> ProcessRef | None:
    """A tmux server as a session's row names it, by pid and birth."""
    pid, _, started = server.partition(" ")
    return ProcessRef(int(pid), started) if pid.isdecimal() else None


def find_windowless(town: Town) -> list[Session]:
    """Sessions whose program runs on although tmux, asked now, has no window for it: nobody can see or reach them.

    Raises GtError where tmux does not answer, which says nothing about its windows.
    """
    shown = {pane.gt_session for pane in look(town) if not pane.dead}
    return [
        session
        for session in rows.list_live_sessions(town.db)
        if session.pid is not None and session.id not in shown and clock.seconds_since(session.started) > WINDOW_SECONDS
    ]


def record_deaths(town: Town, gone: Sequence[Session]) -> list[Address]:
    """Ends what is left of these sessions, records their ends and lets the policy decide on each; their agents."""
    settle_orphans(town)
    if not gone:
        return []
    each(town, "saving after the death of", gone, lambda session: _save(town, session), _agent)
    server_lost = not town.tmux.seems_alive()

    def end(session: Session) -> list[Session]:
        lost = server_lost or (session.server is not None and not _lives(session.server))
        # Whoever records an end answers it, once.
        return end_sessions(town, [session], Ending.SERVER_LOST if lost else Ending.DIED)

    recorded = [session for ended in each(town, "ending what is left of", gone, end, _agent) for session in ended]
    fault_point("death.recorded")
    _find_mass_death(town, gone)
    answer_each(town, recorded)
    return [session.agent for session in gone]


def _agent(session: Session) -> str:
    return session.agent


def _save(town: Town, session: Session) -> None:
    """A snapshot; and the note for the next session, unless this one has left its own: where the work is, what was
    seen last."""
    if session.agent.rig is None:
        return
    saved = save_hook(town, town.rig(session.agent.rig), session.agent, session.ending or "death")
    if session.ending is not None:
        return
    try:
        pane = find_pane(town, session.id)
        # A short life leaves its words at the top of a screen of which the rest is empty, but for tmux's last line.
        screen = capture(town.tmux, pane.pane, 4 * NOTE_LINES) if pane else ""
    except GtError:
        screen = ""
    shown = [f"    {line.rstrip()}" for line in screen.splitlines() if line.strip()][-NOTE_LINES:]
    lines = [f"Your earlier session died at {clock.now()}; nobody wrote this note for you."]
    lines.append("The worktree is as it was left" + (f", and saved as snapshot {saved.seq}." if saved else "."))
    if shown:
        lines += ["The last lines of its screen:", "", *shown]
    with town.change() as change:
        rows.leave_handoff(change, session, "\n".join(lines))


def _find_mass_death(town: Town, gone: Sequence[Session]) -> None:
    """Deaths of many within moments have one cause, which is none of the agents': one event, charged to nobody."""
    since = clock.after(-MASS_DEATH_SECONDS)
    with town.change() as change:
        lost = [s.agent for s in gone if (row := rows.find_session(change, s.id)) and row.reason == Ending.SERVER_LOST]
        died = {death.agent for death in rows.list_all_deaths(change, since) if _life(death) >= MASS_DEATH_LIFE}
        if lost:
            # Those of one stroke are found in more than one look: it stays one event.
            if not list_events(change, since=clock.after(-MASS_EVENT_SECONDS), type=EventType.TOWN_STRUCK):
                change.event(EventType.TOWN_STRUCK, "town", cause=Ending.SERVER_LOST, agents=lost)
        elif is_mass_death(len(died), len(rows.list_live_sessions(change))):
            rows.excuse_deaths(change, since, Ending.STRUCK)
            change.event(EventType.TOWN_STRUCK, "town", cause=Ending.STRUCK, agents=[s.agent for s in gone])


def answer_each(town: Town, ended: Sequence[Session]) -> None:
    each(town, "answering the death of", ended, lambda session: answer(town, session), _agent)


def answer(town: Town, session: Session) -> None:
    """What follows for the agent from the end of its session, or of a start that came to nothing; an end that was
    asked for has no consequences but those that were asked for.
    """
    agent, session = rows.find_agent(town.db, session.agent), rows.get_session(town.db, session.id)
    if agent is None or agent.state is not AgentState.ON or session.ending is not None:
        return
    with town.change() as change:
        held = find_held_bead(change, agent.address)
        role = shipped.load_role(agent.role, town.path)
        if role.restart is Restart.WHILE_WORK and held is None:
            rows.move_agent(change, agent.address, "stop", reason="nothing is on its hook")
        elif session.is_charged:
            _charge(town, change, session)
        else:
            # Nobody's fault: it stays on, and whoever starts what is wanted starts it now.
            rows.set_restarts(change, agent.address, agent.restarts + 1)
    write_state(town, session.agent)


def _charge(town: Town, change: Change, session: Session) -> None:
    settings = town.settings(session.agent.rig)
    most, window = settings.budget()
    budget = Budget(most, window, settings.seconds("respawn.delay"))
    agent = rows.get_agent(change, session.agent)
    deaths = rows.list_deaths(change, session.agent, max(clock.after(-window), agent.forgiven or agent.created))
    delay = next_delay(budget, [_life(death) for death in deaths], random.random())
    if delay is not None:
        how = _describe_end(session) + last_words(change, session)
        rows.move_agent(change, session.agent, "die", reason=how, not_before=clock.after(delay))
        return
    words = f"{len(deaths)} deaths within {window:.0f}s, the last by {_describe_end(session)}"
    words += last_words(change, session)
    rows.move_agent(change, session.agent, "exhaust", reason=words)
    held = find_held_bead(change, session.agent)
    if held is not None:
        return_bead(change, held.id, "escalated")
    raise_escalation(
        change, "high", f"{session.agent} has failed: {words}. Start it again by: gt respawn {session.agent}",
        bead=held.id if held else None, about=session.agent,
    )  # fmt: skip


def _life(session: Session) -> float:
    """Seconds from its start to its end."""
    return clock.to_epoch(session.ended or session.since) - clock.to_epoch(session.started)


def last_words(reader: Reader, session: Session) -> str:
    """``: `` and the telling line of what stood on its screen when it died; nothing where there was none."""
    note = rows.find_handoff(reader, session.agent)
    if note is None or note.session != session.id:
        return ""
    words = cause_of(textwrap.dedent(note.note.partition("\n\n")[2]))
    return f": {words}" if words else ""


def _describe_end(session: Session) -> str:
    if session.pid is None:
        return str(session.reason)
    if session.exit_signal is not None:
        return f"signal {session.exit_signal}"
    if session.exit_status is not None:
        return f"exit status {session.exit_status}"
    return "a signal that left no word"
