"""gt up: what should run, runs; and nothing else."""

from collections.abc import Sequence

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.agents import Agent, AgentState, Ending
from gastown_tmux.domain.ids import Commit, RigName
from gastown_tmux.domain.work import Bead, BeadState
from gastown_tmux.edges.configuration import shipped
from gastown_tmux.edges.configuration.shipped import Restart
from gastown_tmux.edges.files import clock
from gastown_tmux.edges.processes import flags, locks
from gastown_tmux.errors import RefusedError, explain
from gastown_tmux.operations.hooks.worktrees import find_base, is_prepared, prepare_hook
from gastown_tmux.operations.sessions import daemons
from gastown_tmux.operations.sessions.headquarters import look_around, open_headquarters
from gastown_tmux.operations.sessions.layouts import arrange, check_layout
from gastown_tmux.operations.sessions.starting import resolve_provider, start_sessions
from gastown_tmux.operations.supervision import deaths
from gastown_tmux.operations.town import capacity
from gastown_tmux.operations.town.isolation import each, isolated, set_aside
from gastown_tmux.operations.town.town import DOWN, Answer, Town
from gastown_tmux.store.agents import get_agent, list_agents, list_live_sessions, move_agent
from gastown_tmux.store.beads import list_held_beads
from gastown_tmux.store.meta import set_wanted
from gastown_tmux.store.rigs import list_rigs

#: Whoever slings a bead has this long to come from the row to the lock; after that, the lock says whether it lives.
SLING_SECONDS = 1.0
#: Seconds before an agent that could not be made ready is tried again.
PUT_OFF_SECONDS = 10.0


def up(town: Town, layout: str | None = None) -> Answer:
    """Starts the tmux server, the daemons and every agent that should run, then opens views. Never attaches.

    Raises NotFoundError for views that are not there, UsageError for settings and views that are not understood, before
    anything is started.
    """
    town.settings()
    if layout is not None:
        check_layout(town, layout)
    changed = ensure_up(town)
    deaths.record_deaths(town, deaths.find_dead(list_live_sessions(town.db)))
    started = start_agents(town, find_missing(town))
    said = ["the town is up"] if changed or started else ["everything that should run runs already"]
    said += [f"started {session}" for session in started]
    if flags.TOWN in flags.raised(town.flags_folder, town.memory):
        said = [*said[1:], "the town stands still, and nothing else is started: gt thaw"]
    if layout is not None:
        said.append(arrange(town, layout).text)
    return Answer({"wanted": "up", "started": list(started)}, "\n".join(said))


def apply_layout(town: Town, name: str) -> Answer:
    """Its views, and no others; the town is started where it is down."""
    check_layout(town, name)
    ensure_up(town)
    return arrange(town, name)


def ensure_up(town: Town) -> list[str]:
    """What a person's verb needs: makes the town wanted, starts what is missing, and says so.

    Others start nothing: raises RefusedError for them while the town is down.
    """
    if not town.is_person:
        if town.is_wanted():
            return []
        raise RefusedError("the town is down, and only a person starts it", hint="gt up")
    said = []
    town.prepare_run()
    seen = look_around(town)
    if seen is None:
        town.tmux.require_version()  # without tmux nothing is wanted either
    with town.change() as change:
        if set_wanted(change, True):
            said.append("the town is to be up from now on")
    town.memory.remove(DOWN)
    if seen is None:
        town.tmux.start()
        said.append("started the tmux server")
    open_headquarters(town, seen)
    said += [f"started the {name}" for name in daemons.DAEMONS if daemons.start_daemon(town, name)]
    daemons.start_guard(town)
    for line in said:
        town.say(line)
    return said


def find_missing(town: Town) -> list[Address]:
    """The agents that should run and do not: on, in a rig that is not parked, and with a reason to run. None while the
    machine has no room.

    Without anything on its hook, only an agent whose role says so has one.
    """
    if not town.is_wanted():
        return []
    held, running = list_held_beads(town.db), {session.agent for session in list_live_sessions(town.db)}
    parked = {rig.name for rig in list_rigs(town.db) if rig.parked}
    on = [agent for agent in list_agents(town.db) if agent.state is AgentState.ON and agent.address not in running]

    def is_missing(agent: Agent) -> Address | None:
        wanted = (
            not town.is_frozen(agent.address)
            and agent.rig not in parked
            and (agent.address in held or _always_runs(town, agent))
            and not _is_being_slung(town, held.get(agent.address))
        )
        return agent.address if wanted else None

    found = each(town, "looking whether to start", on, is_missing, lambda agent: agent.address)
    missing = [address for address in found if address is not None]
    return [] if missing and capacity.refusal(town) else missing


def _is_being_slung(town: Town, bead: Bead | None) -> bool:
    """Whether somebody has put it on the hook, and starts its worker now."""
    if bead is None or bead.state is not BeadState.HOOKED or bead.assignee is None:
        return False
    fresh = clock.seconds_since(bead.updated) < SLING_SECONDS
    return fresh or locks.holder(town.sling_lock(bead.assignee)) is not None


def _always_runs(town: Town, agent: Agent) -> bool:
    return shipped.load_role(agent.role, town.path).restart is Restart.ALWAYS


def start_agents(town: Town, addresses: Sequence[Address]) -> list[Address]:
    """Starts these agents, a worktree made ready first where none stands; those that run then.

    One that cannot be started pauses like one that died, and the others go on.
    """
    ready = []
    bases: dict[RigName, Commit] = {}
    for address in addresses:
        with isolated(town, "starting of", address):
            try:
                agent = get_agent(town.db, address)
                resolve_provider(town, agent.rig, agent.provider)
                if agent.rig is not None:
                    rig = town.rig(agent.rig)
                    if not is_prepared(town, rig, address):
                        if rig.name not in bases:
                            bases[rig.name] = find_base(town, rig)
                        prepare_hook(town, rig, address, bases[rig.name])
                ready.append(address)
            except Exception as error:
                _put_off(town, address, explain(error)[0])
                raise

    def put_off(address: Address, error: Exception) -> None:
        _put_off(town, address, explain(error)[0])
        set_aside(town, "starting of", address, error)

    started = start_sessions(town, ready, put_off)
    failed = [session for session in started if session.ended]
    for session in failed:
        town.say(f"{session.agent} was {session.reason}")
    deaths.answer_each(town, failed)
    return [session.agent for session in started if not session.ended]


def _put_off(town: Town, address: Address, why: str) -> None:
    with town.change() as change:
        if get_agent(change, address).state is AgentState.ON:
            move_agent(
                change, address, "die", reason=f"{Ending.NOT_STARTED}{why}", not_before=clock.after(PUT_OFF_SECONDS)
            )
