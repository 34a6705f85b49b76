"""gt up and gt down: what should run, runs; and nothing else."""

from collections.abc import Sequence

from gastown_tmux.domain.agents import Agent, AgentState, Role
from gastown_tmux.domain.ids import Address
from gastown_tmux.edges.panes import WindowSpec, open_windows
from gastown_tmux.errors import GtError
from gastown_tmux.operations import daemons
from gastown_tmux.operations.hooks import find_base, prepare_hook
from gastown_tmux.operations.sessions import look, start_sessions, stop_sessions
from gastown_tmux.operations.town import Answer, Town
from gastown_tmux.store.agents import find_live_session, list_agents, list_live_sessions
from gastown_tmux.store.meta import is_wanted, set_wanted
from gastown_tmux.store.work import list_held_beads


def up(town: Town) -> Answer:
    """Starts the tmux server, the daemons and every agent that should run. Never attaches."""
    said = ensure_up(town)
    started = start_wanted(town)
    said += [f"started {session}" for session in started]
    if not said:
        return Answer({"wanted": "up", "started": []}, "everything that should run runs already")
    return Answer({"wanted": "up", "started": list(started)}, "\n".join(said))


def ensure_up(town: Town) -> list[str]:
    """What a person's verb needs: makes the town wanted, starts what is missing, and says so."""
    said = []
    with town.change() as change:
        if set_wanted(change, True):
            said.append("the town is wanted up")
    if not town.tmux.is_alive():
        town.tmux.start()
        said.append("started the tmux server")
    open_headquarters(town)
    said += [f"started the {name}" for name in daemons.DAEMONS if daemons.start_daemon(town, name)]
    for line in said:
        town.say(line)
    return said


def open_headquarters(town: Town) -> None:
    """The windows of session hq: where a person lands, and the daemons' logs."""
    there = {pane.kind for pane in look(town)}
    commands = {
        "mayor": ["sh", "-l"],
        **{name: ["tail", "-n", "200", "-F", _log(town, name)] for name in daemons.DAEMONS},
    }
    open_windows(
        town.tmux,
        [
            WindowSpec(
                session="hq", name=name, command=command, cwd=town.path, environment={"GT_TOWN": str(town.path)},
                options={"@gt_kind": name, "@gt_session": f"hq.{name}"},
            )
            for name, command in commands.items()
            if name not in there
        ],
    )  # fmt: skip


def _log(town: Town, name: str) -> str:
    path = town.logs / f"{name}.log"
    path.touch()
    return str(path)


def start_wanted(town: Town, among: Sequence[Address] | None = None) -> list[Address]:
    """Starts the agents that should run and do not: those that are on, whose rig is not parked.

    A polecat with nothing on its hook has no reason to run.
    """
    if not is_wanted(town.db):
        return []
    held = list_held_beads(town.db)
    missing = []
    for agent in list_agents(town.db):
        if among is not None and agent.address not in among:
            continue
        if _should_run(town, agent, agent.address in held) and not find_live_session(town.db, agent.address):
            missing.append(agent)
    ready = []
    bases = {}
    for agent in missing:
        try:
            if agent.rig is not None:
                rig = town.rig(agent.rig)
                if rig.name not in bases:
                    bases[rig.name] = find_base(town, rig)
                prepare_hook(town, rig, agent.address, bases[rig.name])
            ready.append(agent.address)
        except GtError as error:
            town.say(f"{agent.address} cannot be started: {error.message}")
    return [session.agent for session in start_sessions(town, ready) if not session.ended]


def _should_run(town: Town, agent: Agent, holds: bool) -> bool:
    if agent.state is not AgentState.ON:
        return False
    if agent.rig is not None and town.rig(agent.rig).parked:
        return False
    return holds or agent.role is not Role.POLECAT


def down(town: Town, agents: bool = False) -> Answer:
    """Stops the daemons; agents stay in their windows, unless ``agents``: then they and the tmux server end too."""
    with town.change() as change:
        set_wanted(change, False)
    daemons.stop(town)
    if not agents:
        return Answer({"wanted": "down"}, "the daemons are down; agents stay in their windows")
    sessions = list_live_sessions(town.db)
    stop_sessions(town, [session.agent for session in sessions], why="down")
    town.tmux.stop()
    return Answer({"wanted": "down"}, f"the town is down; {len(sessions)} agents were stopped, their work is kept")
