"""Agent and session rows."""

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.agents import (
    AGENT,
    HOOK,
    SESSION,
    Agent,
    AgentMove,
    AgentState,
    Ending,
    Handoff,
    HookMove,
    HookState,
    Role,
    Session,
    SessionMove,
    SessionState,
)
from gastown_tmux.domain.events import EventType
from gastown_tmux.domain.ids import BeadId, RigName, SessionId, Time
from gastown_tmux.domain.state_machine import IllegalMoveError
from gastown_tmux.errors import NotFoundError
from gastown_tmux.store.db import Change, Row
from gastown_tmux.store.rows import Reader, recall, word_of


def _agent(row: Row) -> Agent:
    return Agent(
        address=Address(row["address"]),
        role=word_of(row["role"], Role.CREW),
        rig=row["rig"] and RigName(row["rig"]),
        name=row["name"],
        provider=row["provider"],
        state=word_of(row["state"], AgentState.PAUSED),
        hook=word_of(row["hook"], HookState.READY),
        restarts=row["restarts"],
        reason=row["reason"],
        not_before=row["not_before"] and Time(row["not_before"]),
        created=Time(row["created"]),
        since=Time(row["since"]),
        forgiven=row["forgiven"] and Time(row["forgiven"]),
    )


def _session(row: Row) -> Session:
    return Session(
        id=SessionId(row["id"]),
        agent=Address(row["agent"]),
        provider=row["provider"],
        state=word_of(row["state"], SessionState.WAITING),
        starter=row["starter"],
        starter_started=row["starter_started"],
        pane=row["pane"],
        launcher=row["launcher"],
        launcher_started=row["launcher_started"],
        pid=row["pid"],
        pid_started=row["pid_started"],
        provider_session=row["provider_session"],
        started=Time(row["started"]),
        since=Time(row["since"]),
        ended=row["ended"] and Time(row["ended"]),
        exit_status=row["exit_status"],
        exit_signal=row["exit_signal"],
        reason=row["reason"],
        server=row["server"],
        bead=row["bead"] and BeadId(row["bead"]),
        resumed=bool(row["resumed"]),
        ending=row["ending"],
        transcript=row["transcript"],
    )


def list_agents(reader: Reader, rig: str | None = None) -> list[Agent]:
    if rig is None:
        sql = "SELECT * FROM agents ORDER BY rig, role, name"
        return recall(reader, sql, lambda: [_agent(row) for row in reader.rows(sql)])
    return [_agent(row) for row in reader.rows("SELECT * FROM agents WHERE rig = ? ORDER BY role, name", rig)]


def find_agent(reader: Reader, address: str) -> Agent | None:
    row = reader.row("SELECT * FROM agents WHERE address = ?", address)
    return _agent(row) if row else None


def get_agent(reader: Reader, address: str) -> Agent:
    agent = find_agent(reader, address)
    if agent is None:
        raise NotFoundError(f"no agent {address}", hint="gt agents lists them")
    return agent


def insert_agent(change: Change, address: Address, role: Role, provider: str | None) -> None:
    change.execute(
        "INSERT INTO agents (address, role, rig, name, provider, state, hook, created, since)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        address, role, address.rig, address.name, provider, AGENT.initial, HOOK.initial, change.time, change.time,
    )  # fmt: skip
    change.event(EventType.AGENT_ADDED, address, role=role, provider=provider)


def move_agent(
    change: Change, address: str, move: AgentMove, *, reason: str | None = None, not_before: Time | None = None
) -> AgentState:
    """Raises IllegalMoveError where the agent's state has no such move. A start forgives earlier deaths."""
    agent = get_agent(change, address)
    state = AGENT.next_state(agent.state, move)
    if move == "start":
        change.execute("UPDATE agents SET forgiven = ? WHERE address = ?", change.time, address)
    if state is not agent.state or reason != agent.reason or not_before != agent.not_before:
        change.execute(
            "UPDATE agents SET state = ?, reason = ?, not_before = ?, since = ? WHERE address = ?",
            state, reason, not_before, change.time, address,
        )  # fmt: skip
        change.event(EventType.AGENT_CHANGED, address, state=state, was=agent.state, reason=reason)
    return state


def set_reason(change: Change, address: str, reason: str | None) -> None:
    """Why it waits, of an agent that is on."""
    change.execute("UPDATE agents SET reason = ? WHERE address = ? AND state = 'on'", reason, address)


def put_off(change: Change, address: str, not_before: Time) -> None:
    """What keeps it from starting is as it was: no event tells of that."""
    change.execute("UPDATE agents SET not_before = ? WHERE address = ?", not_before, address)


def set_restarts(change: Change, address: str, restarts: int) -> None:
    change.execute("UPDATE agents SET restarts = ? WHERE address = ?", restarts, address)


def set_provider(change: Change, address: str, provider: str) -> None:
    """What its next session runs."""
    change.execute("UPDATE agents SET provider = ? WHERE address = ?", provider, address)


def move_hook(change: Change, address: str, move: HookMove) -> HookState:
    agent = get_agent(change, address)
    state = HOOK.next_state(agent.hook, move)
    if state is not agent.hook:
        change.execute("UPDATE agents SET hook = ? WHERE address = ?", state, address)
        change.event(EventType.HOOK_CHANGED, address, state=state)
    return state


def delete_agent(change: Change, address: Address) -> None:
    change.execute("DELETE FROM handoffs WHERE agent = ?", address)
    change.execute("DELETE FROM quiet_agents WHERE address = ?", address)
    change.execute("DELETE FROM agents WHERE address = ?", address)
    change.event(EventType.AGENT_REMOVED, address)


def find_live_session(reader: Reader, address: str) -> Session | None:
    row = reader.row("SELECT * FROM sessions WHERE agent = ? AND state <> 'ended'", address)
    return _session(row) if row else None


def find_last_session(reader: Reader, address: str) -> Session | None:
    row = reader.row("SELECT * FROM sessions WHERE agent = ? ORDER BY started DESC, id LIMIT 1", address)
    return _session(row) if row else None


def find_last_run(reader: Reader, address: str) -> Session | None:
    """The agent's newest session whose program was seen to run."""
    row = reader.row(
        "SELECT * FROM sessions WHERE agent = ? AND pid IS NOT NULL ORDER BY started DESC, id LIMIT 1", address
    )
    return _session(row) if row else None


def find_session(reader: Reader, session: str) -> Session | None:
    row = reader.row("SELECT * FROM sessions WHERE id = ?", session)
    return _session(row) if row else None


def get_session(reader: Reader, session: SessionId) -> Session:
    """Rows of sessions stay, so one that was seen is there."""
    found = find_session(reader, session)
    assert found is not None
    return found


def list_live_sessions(reader: Reader) -> list[Session]:
    sql = "SELECT * FROM sessions WHERE state <> 'ended' ORDER BY agent"
    return recall(reader, sql, lambda: [_session(row) for row in reader.rows(sql)])


def has_session_at(reader: Reader, start: Time, end: Time) -> bool:
    """Whether any agent ran at some moment between the two."""
    sql = "SELECT 1 FROM sessions WHERE started <= ? AND (ended IS NULL OR ended >= ?) LIMIT 1"
    return reader.row(sql, end, start) is not None


def list_live_programs(reader: Reader) -> dict[str, tuple[Address, int | None]]:
    """By live session, whose it is and its program's process, once that runs."""
    found = reader.rows("SELECT id, agent, pid FROM sessions WHERE state <> 'ended'")
    return {row["id"]: (Address(row["agent"]), row["pid"]) for row in found}


def list_busy(reader: Reader) -> set[Address]:
    """Agents that have a bead on the hook or a session."""
    rows = reader.rows(
        "SELECT assignee AS agent FROM beads WHERE state IN ('hooked', 'working')"
        " UNION SELECT agent FROM sessions WHERE state <> 'ended'"
    )
    return {Address(row["agent"]) for row in rows}


def list_deaths(reader: Reader, address: str, since: Time) -> list[Session]:
    """Sessions of the agent that died by themselves since then, or never came to life, newest first."""
    sql = "SELECT * FROM sessions WHERE agent = ? AND ended >= ? ORDER BY ended DESC"
    ended = [_session(row) for row in reader.rows(sql, address, since)]
    return [session for session in ended if session.is_charged]


def find_last_ended(reader: Reader, address: str) -> Session | None:
    row = reader.row(
        "SELECT * FROM sessions WHERE agent = ? AND ended IS NOT NULL ORDER BY ended DESC LIMIT 1", address
    )
    return _session(row) if row else None


def list_all_deaths(reader: Reader, since: Time) -> list[Session]:
    """Sessions of all agents that died since then."""
    rows = reader.rows("SELECT * FROM sessions WHERE ended >= ? AND reason = ?", since, Ending.DIED)
    return [_session(row) for row in rows]


def excuse_deaths(change: Change, since: Time, ending: Ending) -> None:
    """Deaths since then turn out to be one stroke that hit many."""
    change.execute("UPDATE sessions SET reason = ? WHERE ended >= ? AND reason = ?", ending, since, Ending.DIED)


def insert_session(
    change: Change, agent: Address, provider: str, starter: tuple[int, str], bead: BeadId | None = None
) -> SessionId:
    """A session row in ``starting``; ``starter`` is our pid and birth. TakenError where the agent has a live one."""
    session = change.insert_with_id(
        "ses",
        lambda fresh: change.execute(
            "INSERT INTO sessions (id, agent, provider, state, starter, starter_started, started, since, bead)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            fresh, agent, provider, SESSION.initial, *starter, change.time, change.time, bead,
        ),
        # Processes are known by it, those of all the user's towns beside each other.
        length=10,
    )  # fmt: skip
    return SessionId(session)


def adopt_session(change: Change, session: SessionId, agent: Address, provider: str, starter: tuple[int, str]) -> None:
    """A row for a session that runs and that a restored database knows nothing of."""
    change.execute(
        "INSERT INTO sessions (id, agent, provider, state, starter, starter_started, started, since)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        session, agent, provider, SESSION.initial, *starter, change.time, change.time,
    )  # fmt: skip


def set_session_process(
    change: Change,
    session: SessionId,
    *,
    pane: str,
    server: str | None,
    launcher: tuple[int, str],
    program: tuple[int, str],
) -> None:
    """What was started: the pane and its server, and pid with start time of its launcher and of the program itself."""
    change.execute(
        "UPDATE sessions SET pane = ?, server = ?, launcher = ?, launcher_started = ?, pid = ?, pid_started = ?"
        " WHERE id = ?",
        pane, server, *launcher, *program, session,
    )  # fmt: skip
    found = find_session(change, session)
    if found is not None:
        change.event(EventType.SESSION_STARTED, found.agent, session=session, pane=pane, pid=program[0])


def set_provider_session(change: Change, session: SessionId, provider_session: str) -> None:
    change.execute("UPDATE sessions SET provider_session = ? WHERE id = ?", provider_session, session)


def set_conversation(change: Change, session: SessionId, provider_session: str | None, *, resumed: bool) -> None:
    """The provider's own name for what this session talks about, where it is known before the start."""
    change.execute(
        "UPDATE sessions SET provider_session = ?, resumed = ? WHERE id = ?", provider_session, resumed, session
    )


def ask_to_end(change: Change, session: SessionId, why: str) -> None:
    """Notes that the session is to end; whoever records its end, records this reason. The first word counts."""
    change.execute(
        "UPDATE sessions SET ending = ?, since = ? WHERE id = ? AND ending IS NULL", why, change.time, session
    )


def leave_handoff(change: Change, session: Session, note: str) -> None:
    """Replaces what an earlier session of the same agent left."""
    change.execute(
        "INSERT OR REPLACE INTO handoffs (agent, session, bead, note, time) VALUES (?, ?, ?, ?, ?)",
        session.agent, session.id, session.bead, note, change.time,
    )  # fmt: skip


def find_handoff(reader: Reader, address: str) -> Handoff | None:
    row = reader.row("SELECT * FROM handoffs WHERE agent = ?", address)
    if row is None:
        return None
    bead = row["bead"] and BeadId(row["bead"])
    return Handoff(Address(row["agent"]), SessionId(row["session"]), bead, row["note"], Time(row["time"]))


def set_transcript(change: Change, session: SessionId, transcript: str) -> None:
    change.execute("UPDATE sessions SET transcript = ? WHERE id = ?", transcript, session)


def list_talkers(reader: Reader, since: Time) -> list[Session]:
    """Sessions with a transcript that live, or have ended since."""
    return [
        _session(row)
        for row in reader.rows(
            "SELECT * FROM sessions WHERE transcript IS NOT NULL AND (ended IS NULL OR ended >= ?) ORDER BY started",
            since,
        )
    ]


def move_session(
    change: Change, session: SessionId, move: SessionMove, *, reason: str | None = None
) -> SessionState | None:
    """The new state, or None where this session has ended or the move means nothing now: a late signal."""
    found = find_session(change, session)
    if found is None:
        return None
    try:
        state = SESSION.next_state(found.state, move)
    except IllegalMoveError:
        return None
    if state is not found.state:
        change.execute(
            "UPDATE sessions SET state = ?, since = ?, reason = ? WHERE id = ?",
            state,
            change.time,
            reason,
            session,
        )
        change.event(EventType.SESSION_CHANGED, found.agent, session=session, state=state)
    return state


def end_session(
    change: Change, session: SessionId, *, status: int | None, signal: int | None, reason: str | None = None
) -> bool:
    """False where it had ended before. Where somebody had asked for its end, that is the reason."""
    found = find_session(change, session)
    if found is None or not SESSION.can(found.state, "end"):
        return False
    reason = found.ending or reason
    change.execute(
        "UPDATE sessions SET state = 'ended', since = ?, ended = ?, exit_status = ?, exit_signal = ?, reason = ?"
        " WHERE id = ?",
        change.time, change.time, status, signal, reason, session,
    )  # fmt: skip
    change.event(EventType.SESSION_ENDED, found.agent, session=session, status=status, signal=signal, reason=reason)
    return True
