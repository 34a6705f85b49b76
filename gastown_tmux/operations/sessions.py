"""Sessions: one run of an agent's program in a window. The row comes first, "started" only when the program runs."""

import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from gastown_tmux.domain.agents import Agent, AgentState, Session
from gastown_tmux.domain.ids import Address, SessionId
from gastown_tmux.domain.work import Bead
from gastown_tmux.edges import clock, launch, processes, resources
from gastown_tmux.edges.faults import fault_point
from gastown_tmux.edges.files import write_atomic
from gastown_tmux.edges.panes import Pane, WindowSpec, kill_pane, open_windows, panes, respawn
from gastown_tmux.edges.processes import ProcessRef
from gastown_tmux.edges.tmux import ServerGoneError
from gastown_tmux.errors import GtError
from gastown_tmux.operations.hooks import save_hook, write_state
from gastown_tmux.operations.town import Town
from gastown_tmux.providers import registry
from gastown_tmux.providers.base import LaunchContext, LaunchPlan, Provider
from gastown_tmux.store import agents as rows
from gastown_tmux.store.db import TakenError
from gastown_tmux.store.work import find_held_bead, start_bead

#: How long a launcher may take to say that its program runs.
START_SECONDS = 30.0
TERM_SECONDS = 5.0
FIRST_PROMPT = "Run `gt prime`, then do what is on your hook."


@dataclass(frozen=True, slots=True)
class _Start:
    agent: Agent
    session: SessionId
    provider: Provider
    plan: LaunchPlan
    bead: Bead | None


def gt_command() -> Path:
    """The ``gt`` that belongs to this very installation."""
    beside = Path(sys.executable).with_name("gt")
    if beside.exists():
        return beside
    found = shutil.which("gt")
    if found is None:
        raise GtError("gt is not installed beside its interpreter", hint="pipx install gastown-tmux")
    return Path(found)


def resolve_provider(town: Town, rig: str | None, named: str | None) -> Provider:
    """The provider an agent is started with. Raises MissingError where its program is not there."""
    settings = town.settings(town.rig(rig).name if rig else None)
    path = town.environment.get("PATH")

    def which(program: str) -> str | None:
        return shutil.which(program, path=path)

    provider = registry.find(named or registry.default(settings, which), settings)
    registry.require_program(provider, which)
    return provider


def start_sessions(town: Town, addresses: Sequence[Address]) -> list[Session]:
    """Starts the programs of agents that are on, in windows of their own, and waits until each of them runs.

    Those that have a live session are left alone. One that cannot be started is in state ended, with the reason; so
    the caller looks at each. Hooks are prepared before.
    """
    settle_orphans(town)
    starts = []
    for address in addresses:
        start = _claim(town, address)
        if start is not None:
            starts.append(start)
    if not starts:
        return []
    try:
        _run(town, starts)
    finally:
        for start in starts:
            _settle(town, start)
    found = [rows.find_session(town.db, start.session) for start in starts]
    return [session for session in found if session is not None]


def _claim(town: Town, address: Address) -> _Start | None:
    """The session's row, by which nobody else can start one, and what to run."""
    agent = rows.get_agent(town.db, address)
    provider = resolve_provider(town, agent.rig, agent.provider)
    ours = processes.process(os.getpid())
    assert ours is not None
    try:
        with town.change() as change:
            if rows.get_agent(change, address).state is not AgentState.ON:
                return None
            session = rows.insert_session(change, address, provider.name, (ours.pid, ours.started))
    except TakenError:
        return None
    fault_point("session.claimed")
    try:
        bead = find_held_bead(town.db, address)
        return _Start(agent, session, provider, _plan(town, agent, session, provider, bead), bead)
    except BaseException as error:
        with town.change() as change:
            rows.end_session(change, session, status=None, signal=None, reason=f"not started: {error}")
        raise


def _plan(town: Town, agent: Agent, session: SessionId, provider: Provider, bead: Bead | None) -> LaunchPlan:
    gt = gt_command()
    rig = agent.rig and town.rig(agent.rig)
    branch = bead.branch if bead else None
    role = resources.load_role(agent.role, town.path)
    plan = provider.launch(
        LaunchContext(
            address=agent.address,
            role=agent.role,
            role_text=role.text_for(agent.address),
            session=session,
            town=PurePosixPath(town.path),
            worktree=PurePosixPath(town.worktree(agent.address) if rig else town.path),
            repository=PurePosixPath(town.repository(rig.name).path if rig else town.path),
            folder=PurePosixPath(town.hook(agent.address)),
            first_prompt=FIRST_PROMPT,
            resume=None,
            gt=str(gt),
            python=sys.executable,
            environment=town.environment,
        )
    )
    own = {
        "GT_TOWN": str(town.path),
        "GT_AGENT": agent.address,
        "GT_ROLE": agent.role,
        "GT_RIG": agent.rig or "",
        "GT_BEAD": bead.id if bead else "",
        "GT_SESSION": session,
        "GT_BRANCH": branch or "",
        "PATH": f"{gt.parent}:{plan.environment.get('PATH', '/usr/bin:/bin')}",
    }
    email = rig.email if rig else "gt@localhost"
    for who in ("AUTHOR", "COMMITTER"):
        own |= {f"GIT_{who}_NAME": agent.address, f"GIT_{who}_EMAIL": email}
    return replace(plan, environment=plan.environment | own)


def _run(town: Town, starts: Sequence[_Start]) -> None:
    town.tmux.start()
    folder = town.run / "launch"
    folder.mkdir(mode=0o700, exist_ok=True)
    (town.run / "sessions").mkdir(mode=0o700, exist_ok=True)
    dead = {pane.agent: pane for pane in look(town) if pane.dead and pane.agent}
    with launch.Starter(folder) as starter:
        specs = []
        for start in starts:
            for file in start.plan.files:
                place = Path(file.path)
                place.parent.mkdir(parents=True, exist_ok=True)
                write_atomic(place, file.content.encode(), file.mode, durable=False)
            command = starter.prepare(
                launch.Launch(
                    session=start.session,
                    command=start.plan.command,
                    cwd=_directory(town, start),
                    environment=start.plan.environment,
                    report=report_path(town, start.session),
                    wake=[town.wake_fifo],
                )
            )
            spec = WindowSpec(
                session=start.agent.rig or "hq",
                name=start.agent.name,
                command=command,
                cwd=_directory(town, start),
                environment={},
                options={"@gt_agent": start.agent.address, "@gt_session": start.session, "@gt_kind": "agent"},
            )
            old = dead.get(start.agent.address)
            if old is not None:
                respawn(town.tmux, old.pane, old.gt_session, spec)
            else:
                specs.append(spec)
        open_windows(town.tmux, specs)
        fault_point("session.opened")
        starter.await_started(START_SECONDS)


def _directory(town: Town, start: _Start) -> Path:
    return town.worktree(start.agent.address) if start.agent.rig else town.path


def report_path(town: Town, session: SessionId) -> Path:
    return town.run / "sessions" / f"{session}.log"


def _settle(town: Town, start: _Start) -> None:
    """Rows follow what was seen, and nothing else: a program that was not seen to start has not started."""
    record_start(town, start.session, find_pane(town, start.session))
    write_state(town, start.agent.address)


def record_start(town: Town, session: SessionId, pane: Pane | None) -> bool:
    """Whether the session's launcher reports a running program; if it reports none, the session ends."""
    said = launch.read_report(report_path(town, session))
    first = said[0] if said else None
    launcher = processes.process(pane.pid) if pane and not pane.dead else None
    with town.change() as change:
        found = rows.find_session(change, session)
        if found is None or found.ended:
            return False
        match first:
            case launch.Started(process=program) if pane is not None:
                place = (launcher.pid, launcher.started) if launcher else (pane.pid, "")
                rows.set_session_process(
                    change, session, pane=pane.pane, launcher=place, program=(program.pid, program.started)
                )
                if not registry.find(found.provider, town.settings()).has_hooks:
                    rows.move_session(change, session, "ready")
                bead = find_held_bead(change, found.agent)
                if bead is not None:
                    start_bead(change, bead.id, session)
                return True
            case launch.Failed(reason=words):
                rows.end_session(change, session, status=127, signal=None, reason=f"not started: {words}")
            case _ if pane is None or pane.dead or clock.seconds_since(found.started) > START_SECONDS:
                rows.end_session(change, session, status=None, signal=None, reason="not started: no word of it")
    return False


def settle_orphans(town: Town) -> None:
    """Finishes or ends the starts whose starter was killed half-way."""
    for session in rows.list_live_sessions(town.db):
        if session.pid is None and not processes.is_alive(ProcessRef(session.starter, session.starter_started)):
            record_start(town, session.id, find_pane(town, session.id))


def look(town: Town) -> list[Pane]:
    """The panes of the town's server; none where it does not run."""
    try:
        return panes(town.tmux)
    except ServerGoneError:
        return []


def find_pane(town: Town, session: str) -> Pane | None:
    """The pane that was opened for a session."""
    return next((pane for pane in look(town) if pane.gt_session == session), None)


def session_refs(session: Session) -> set[ProcessRef]:
    """The program, and whatever else was started with the session's id in its environment."""
    refs = set(processes.session_processes(session.id))
    if session.pid is not None and session.pid_started is not None:
        refs.add(ProcessRef(session.pid, session.pid_started))
    return refs


def stop_sessions(town: Town, addresses: Sequence[Address], *, why: str, state: str | None = None) -> list[Address]:
    """Ends what runs for these agents, after a snapshot of each hook; the agents' state moves by ``state`` first.

    Those that had a live session. Every descendant is gone when this returns; GtError names what would not die.
    """
    sessions = []
    for address in addresses:
        with town.change() as change:
            if state is not None:
                rows.move_agent(change, address, state, reason=why)
            session = rows.find_live_session(change, address)
        if session is not None:
            sessions.append(session)
    refs = set[ProcessRef]()
    for session in sessions:
        if session.agent.rig:
            save_hook(town, town.rig(session.agent.rig), session.agent, why)
        refs |= session_refs(session)
    processes.end(refs, TERM_SECONDS)
    for session in sessions:
        processes.end(set(), TERM_SECONDS, session=session.id)
        record_end(town, session, why)
    seen = {pane.gt_session: pane for pane in look(town)}
    for session in sessions:
        if session.id in seen:
            kill_pane(town.tmux, seen[session.id].pane, session.id)
    return [session.agent for session in sessions]


def record_end(town: Town, session: Session, reason: str | None) -> None:
    """The row's last state, with the exit status or signal that the launcher reported, where it did."""
    ended = [entry for entry in launch.read_report(report_path(town, session.id)) if isinstance(entry, launch.Ended)]
    status, signal = (ended[-1].status, ended[-1].signal) if ended else (None, None)
    with town.change() as change:
        rows.end_session(change, session.id, status=status, signal=signal, reason=reason)
