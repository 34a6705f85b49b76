"""Sessions: one run of an agent's program in a window. The row comes first, "started" only when the program runs."""

import contextlib
import os
import shlex
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from gastown_tmux.dataclass import dataclass, replace
from gastown_tmux.domain.addresses import MAYOR, Address
from gastown_tmux.domain.agents import Agent, AgentState, Ending, Session
from gastown_tmux.domain.ids import SessionId
from gastown_tmux.domain.mail import Priority
from gastown_tmux.domain.quoting import one_line
from gastown_tmux.domain.work import Bead
from gastown_tmux.edges.configuration import shipped
from gastown_tmux.edges.files import clock
from gastown_tmux.edges.files.faults import fault_point
from gastown_tmux.edges.hosts.bundle import find_bundle
from gastown_tmux.edges.hosts.installation import gt_command
from gastown_tmux.edges.processes import launch, processes
from gastown_tmux.edges.processes.processes import ProcessRef
from gastown_tmux.edges.tmux.panes import Pane, WindowSpec, open_windows, panes, respawn
from gastown_tmux.edges.tmux.server import KEEPER_SESSION, ServerGoneError
from gastown_tmux.errors import RefusedError, explain, meets_all
from gastown_tmux.operations.hooks.shared_files import settle_shared_files
from gastown_tmux.operations.hooks.state import write_state
from gastown_tmux.operations.sessions.plans import find_conversation, plan_launch, write_files
from gastown_tmux.operations.town import budgets, capacity
from gastown_tmux.operations.town.inheriting import find_program, inherited
from gastown_tmux.operations.town.isolation import each
from gastown_tmux.operations.town.town import Town
from gastown_tmux.providers import registry
from gastown_tmux.providers.base import LaunchPlan, Provider
from gastown_tmux.store import agents as rows
from gastown_tmux.store.beads import find_held_bead, start_bead
from gastown_tmux.store.db import TakenError
from gastown_tmux.store.deliveries import queue_words

#: How long a launcher may take to say that its program runs.
START_SECONDS = 30.0
TERM_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class _Start:
    agent: Agent
    session: SessionId
    provider: Provider
    plan: LaunchPlan
    bead: Bead | None


def gt_as_typed(environment: Mapping[str, str]) -> str:
    """What a person types for it: its name, where that leads here, else its path."""
    own, found = gt_command(), shutil.which("gt", path=environment.get("PATH"))
    known = (own, *(packed.npm_commands if (packed := find_bundle()) is not None else ()))
    leads_here = found is not None and Path(found).resolve() in [path.resolve() for path in known]
    return "gt" if leads_here else shlex.quote(str(own))


def resolve_provider(town: Town, rig: str | None, named: str | None) -> Provider:
    """The provider an agent is started with. Raises MissingError where its program is not there."""
    settings = town.settings(town.rig(rig).name if rig else None)

    def which(program: str) -> str | None:
        return find_program(town, program)

    provider = registry.find(named or registry.default(settings, which), settings)
    registry.require_program(provider, which)
    program = provider.command[0]
    found = which(program)
    if found is None or shutil.which(program, path=inherited(town).get("PATH")) is not None:
        return provider
    return replace(provider, command=(found, *provider.command[1:]))


def start_sessions(
    town: Town, addresses: Sequence[Address], on_failure: Callable[[Address, Exception], None] | None = None
) -> list[Session]:
    """Starts the programs of agents that are on, in windows of their own, and waits until each of them runs.

    Those that have a live session are left alone. One that cannot be started is in state ended, with the reason; so
    the caller looks at each. One for which not even a session could be made is given to ``on_failure``, and the others
    are started; without that the error is raised. Hooks are prepared before.
    """
    settle_orphans(town)
    starts = []
    full = capacity.refusal(town) if addresses else None
    if full is not None:
        raise RefusedError(f"nothing is started: {full}", hint=_show_limits(full))
    settled = set[str]()
    for address in addresses:
        try:
            _refuse_frozen(town, address)
            _refuse_spent(town, address)
            if address.rig and address.rig not in settled:
                settle_shared_files(town, town.rig(address.rig))
                settled.add(address.rig)
            start = _claim(town, address)
        except Exception as error:
            if on_failure is None or meets_all(error):
                raise
            on_failure(address, error)
            continue
        if start is not None:
            starts.append(start)
    if not starts:
        return []
    try:
        _run(town, starts)
    finally:
        seen = {pane.gt_session: pane for pane in look(town)}
        each(
            town,
            "recording the start of",
            starts,
            lambda start: _record(town, start, seen),
            lambda start: start.session,
        )
    found = [rows.find_session(town.db, start.session) for start in starts]
    return [session for session in found if session is not None]


def _record(town: Town, start: _Start, seen: Mapping[str, Pane]) -> None:
    record_start(town, start.session, seen.get(start.session))
    write_state(town, start.agent.address)


def _show_limits(why: str) -> str:
    return "gt config show budget" if why.startswith(budgets.OVER) else "gt config show limits"


def _refuse_spent(town: Town, address: Address) -> None:
    why = budgets.refusal(town, agent=address, bead=find_held_bead(town.db, address))
    if why is not None:
        raise RefusedError(f"{address} is not started: {why}", hint=_show_limits(why))


def _refuse_frozen(town: Town, address: Address) -> None:
    if town.is_frozen(address):
        raise RefusedError(f"{address} is to stand still", hint="gt thaw")


def _claim(town: Town, address: Address) -> _Start | None:
    """The session's row, by which nobody else can start one, and what to run."""
    agent = rows.get_agent(town.db, address)
    held = find_held_bead(town.db, address)
    named = (held and held.provider) or agent.provider or shipped.load_role(agent.role, town.path).provider
    provider = resolve_provider(town, agent.rig, named)
    ours = processes.process(os.getpid())
    assert ours is not None
    try:
        with town.change() as change:
            if rows.get_agent(change, address).state is not AgentState.ON or not town.is_wanted(change):
                return None
            bead = find_held_bead(change, address)
            resume = find_conversation(change, agent, provider, bead)
            session = rows.insert_session(
                change, address, provider.name, (ours.pid, ours.started), bead.id if bead else None
            )
    except TakenError:
        return None
    fault_point("session.claimed")
    try:
        plan = plan_launch(town, agent, session, provider, bead, resume, gt_command())
        with town.change() as change:
            rows.set_conversation(change, session, plan.provider_session, resumed=resume is not None)
            if plan.typed_prompt is not None:
                # The courier types it, once the program is there to take it.
                queue_words(change, f"prompt {session}", address, one_line(plan.typed_prompt), Priority.HIGH)
        return _Start(agent, session, provider, plan, bead)
    except BaseException as error:
        _give_up(town, session, error)
        raise


def _give_up(town: Town, session: SessionId, error: BaseException) -> None:
    words = explain(error)[0] if isinstance(error, Exception) else str(error)
    with town.change() as change:
        rows.end_session(change, session, status=None, signal=None, reason=f"{Ending.NOT_STARTED}{words}")


def _run(town: Town, starts: Sequence[_Start]) -> None:
    town.prepare_run()
    seen = look(town)
    if not (town.tmux.seems_alive() and any(pane.session == KEEPER_SESSION for pane in seen)):
        town.tmux.start()
        seen = look(town)
    dead = {pane.agent: pane for pane in seen if pane.dead and pane.agent}
    # The Mayor's agent is a pane beside the REPL, where there is one.
    repl = next((pane.window for pane in seen if pane.kind == MAYOR), None)
    with launch.Starter(town.run / "launch") as starter:
        specs, running = dict[SessionId, WindowSpec](), list[SessionId]()
        for start in starts:
            try:
                command = _prepare(town, starter, start)
            except Exception as error:
                _give_up(town, start.session, error)
                if len(starts) == 1:
                    raise
                continue
            # Asked again, now that the launch file stands for an estop to see.
            _refuse_frozen(town, start.agent.address)
            spec = WindowSpec(
                session=start.agent.rig or "hq",
                name=start.agent.name,
                command=command,
                cwd=_directory(town, start),
                environment={},
                options={"@gt_agent": start.agent.address, "@gt_session": start.session, "@gt_kind": "agent"},
                beside=repl if start.agent.address == MAYOR else None,
            )
            old = dead.get(start.agent.address)
            if old is None or not _take_over(town, old, spec):
                specs[start.session] = spec
            running.append(start.session)
        _open(town, specs)
        fault_point("session.opened")
        _await(town, starter, running)


def _prepare(town: Town, starter: launch.Starter, start: _Start) -> list[str]:
    """The command of its window."""
    write_files(town, start.agent, start.provider, start.plan)
    town.open_door(start.session, start.agent.address)
    return starter.prepare(
        launch.Launch(
            session=start.session,
            command=start.plan.command,
            cwd=_directory(town, start),
            environment=start.plan.environment,
            report=report_path(town, start.session),
            wake=[town.wake_fifo, town.death_fifo],
        )
    )


def _open(town: Town, specs: Mapping[SessionId, WindowSpec]) -> None:
    """At once; where tmux refuses that, one by one, for only one of them may be to blame."""
    try:
        open_windows(town.tmux, list(specs.values()))
    except Exception as error:
        if len(specs) == 1 or meets_all(error):
            raise
        for session, spec in specs.items():
            try:
                open_windows(town.tmux, [spec])
            except Exception as refused:  # noqa: BLE001 - whatever it is, it is of this window
                _give_up(town, session, refused)


def _take_over(town: Town, old: Pane, spec: WindowSpec) -> bool:
    """Whether the window of an earlier session took in the new one."""
    with contextlib.suppress(RefusedError):  # closed meanwhile
        respawn(town.tmux, old.pane, old.gt_session, spec)
        return True
    return False


def _await(town: Town, starter: launch.Starter, sessions: Sequence[SessionId]) -> None:
    """Until each launcher has said what became of it, or its window is gone and nobody will."""
    deadline = time.monotonic() + START_SECONDS
    while (missing := set(sessions) - starter.await_started(1.0).keys()) and time.monotonic() < deadline:
        living = {pane.gt_session for pane in look(town) if not pane.dead}
        if not missing & living:
            return


def _directory(town: Town, start: _Start) -> Path:
    return town.worktree(start.agent.address) if start.agent.rig else town.path


def report_path(town: Town, session: SessionId) -> Path:
    return town.run / "sessions" / f"{session}.log"


def record_start(town: Town, session: SessionId, pane: Pane | None) -> bool:
    """Whether the session's launcher reports a running program; if none will, the session ends with all it started.

    ``pane`` is the session's own as last seen. A launch that no launcher has taken by now is withdrawn, so nothing
    starts any more in the name of a session that has ended.
    """
    found = rows.find_session(town.db, session)
    if found is None or found.ended:
        return False
    if not launch.withdraw(town.run / "launch", session):
        pane = pane or find_pane(town, session)  # opened since that look
    said = launch.read_report(report_path(town, session))
    first = said[0] if said else None
    if pane is not None and not pane.dead and first is None and clock.seconds_since(found.started) < START_SECONDS:
        return False  # its launcher is about to say what came of it
    if isinstance(first, launch.Started) and pane is not None:
        _record_running(town, found, first.process, pane)
        return True
    processes.end((), TERM_SECONDS, sessions=[session])
    status = 127 if isinstance(first, launch.Failed) else None
    words = first.reason if isinstance(first, launch.Failed) else "no word of it"
    reason = Ending.NOT_STARTED + words if town.tmux.is_alive() else Ending.SERVER_LOST
    with town.change() as change:
        rows.end_session(change, session, status=status, signal=None, reason=reason)
    return False


def _record_running(town: Town, session: Session, program: ProcessRef, pane: Pane) -> None:
    launcher = processes.process(pane.pid) if not pane.dead else None
    server = town.tmux.remembered()
    with town.change() as change:
        rows.set_session_process(
            change,
            session.id,
            pane=pane.pane,
            server=f"{server.pid} {server.started}" if server else None,
            launcher=(launcher.pid, launcher.started) if launcher else (pane.pid, ""),
            program=(program.pid, program.started),
        )
        if not registry.find(session.provider, town.settings()).has_hooks:
            rows.move_session(change, session.id, "ready")
        bead = find_held_bead(change, session.agent)
        if bead is not None:
            start_bead(change, bead.id, session.id)


def settle_orphans(town: Town) -> None:
    """Finishes or ends the starts whose starter was killed half-way."""
    orphans = [session for session in rows.list_live_sessions(town.db) if session.pid is None and is_orphan(session)]
    if orphans:
        seen = {pane.gt_session: pane for pane in look(town)}
        each(
            town, "settling of a start of", orphans, lambda start: record_start(town, start.id, seen.get(start.id)),
            lambda start: start.agent,
        )  # fmt: skip


def is_orphan(session: Session) -> bool:
    """Whether nobody is about to say any more what became of this start."""
    starter = ProcessRef(session.starter, session.starter_started)
    return not processes.is_alive(starter) or clock.seconds_since(session.started) > 2 * START_SECONDS


def look(town: Town) -> list[Pane]:
    """The panes of the town's server; none where it does not run."""
    try:
        return panes(town.tmux)
    except ServerGoneError:
        return []


def find_pane(town: Town, session: str) -> Pane | None:
    """The pane that was opened for a session."""
    return next((pane for pane in look(town) if pane.gt_session == session), None)
