"""gt estop, thaw, pause and resume: agents' processes stand still, and nothing is started or typed.

Estop and thaw ask flags and processes only: they work while the deacon is dead and the database locked.
"""

from collections.abc import Collection

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.agents import AgentState
from gastown_tmux.edges.files.waiting import wait
from gastown_tmux.edges.files.wake import poke
from gastown_tmux.edges.processes import flags, launch, processes
from gastown_tmux.edges.processes.processes import ProcessRef
from gastown_tmux.errors import GtError, NotFoundError, RefusedError, explain
from gastown_tmux.operations.supervision.untouched_hosts import describe_untouched
from gastown_tmux.operations.supervision.up import find_missing, start_agents
from gastown_tmux.operations.town.town import PAUSED, Answer, Town
from gastown_tmux.store import agents as rows

#: Looks that must find nobody running before all counts as frozen: a start may have been under way.
_QUIET_LOOKS = 2
_LOOKS = 100
#: An older launch file belongs to nobody who still lives.
_START_SECONDS = 3.0


def estop(town: Town, rig: str | None = None) -> Answer:
    """Freezes every agent of the town, or of one rig, at once; returns when all are seen to stand still.

    Raises GtError that names what goes on running.
    """
    if rig is not None and not town.rig_folder_exists(rig):
        raise NotFoundError(f"no rig {rig!r}", hint="gt rig list")
    name = flags.TOWN if rig is None else flags.rig_flag(rig)
    stopped = {ref for ref in _find(town, rig) if processes.is_stopped(ref)}
    fresh = flags.raise_flag(town.flags_folder, town.memory, name, stopped)
    frozen = freeze_until_quiet(town, rig)
    where = "the town" if rig is None else f"rig {rig}"
    count = "1 process is" if len(frozen) == 1 else f"{len(frozen)} processes are"
    text = f"{where} stands still: {count} frozen, nothing starts" + ("" if fresh else " (already)")
    undone = [tell_place(town, name)] if name in town.memory.names() else []
    lines = [text, *(f"not done: {words}" for words in undone)]
    command = "estop" if rig is None else f"estop --rig {rig}"
    lines += [*describe_untouched(town, command, "go on with what they have"), "gt thaw lets it go on"]
    return Answer({"stopped": rig or "town", "processes": len(frozen), "not_done": undone}, "\n".join(lines))


def freeze_until_quiet(town: Town, rig: str | None = None) -> set[ProcessRef]:
    """Everything that the agents run, seen stopped, those that were about to start among it."""
    frozen = set[ProcessRef]()
    quiet = 0
    for _ in range(_LOOKS):
        refs = _find(town, rig)
        running = {ref for ref in refs if not (processes.is_held(ref) if ref in frozen else processes.is_stopped(ref))}
        frozen |= refs
        # Whoever wrote a launch file before the flag was up starts it all the same.
        quiet = 0 if running or launch.is_starting(town.run / "launch", _START_SECONDS) else quiet + 1
        if quiet >= _QUIET_LOOKS:
            return {ref for ref in frozen if processes.is_alive(ref)}
        if running:
            processes.freeze(running)
        wait(0.05)
    raise GtError("new agents' processes come up faster than they are frozen", hint="gt estop, once more")


def thaw(town: Town, rig: str | None = None) -> Answer:
    """Lets go on what estop froze; agents that are paused stay so."""
    up = flags.raised(town.flags_folder, town.memory)
    names = sorted(name for name in up if name.startswith("@") and (rig is None or name == flags.rig_flag(rig)))
    kept = set[ProcessRef]().union(*(flags.stopped_before(town.flags_folder, town.memory, name) for name in names))
    for name in names:
        flags.lower_flag(town.flags_folder, town.memory, name)
    thawed = 0
    for address, refs in launch.agent_processes(str(town.path)).items():
        if not town.is_frozen(Address(address)):
            going_on = {ref for ref in refs - kept if processes.is_held(ref)}
            processes.thaw(going_on)
            thawed += len(going_on)
    if not names:
        return Answer({"thawed": thawed}, "nothing was stopped")
    poke(town.death_fifo)
    count = "1 process goes" if thawed == 1 else f"{thawed} processes go"
    text = f"{count} on; agents are started and told of mail again"
    hosts = describe_untouched(town, "thaw" if rig is None else f"thaw --rig {rig}", "were not asked")
    return Answer({"thawed": thawed}, "\n".join([text, *hosts]))


def pause(town: Town, agent: Address, why: str | None = None) -> Answer:
    """Its program stands still, and nothing is typed or started until ``gt resume``. Work and hook stay.
    ``why`` is kept as the reason; who asked for it, unless given.

    Raises RefusedError for one that is not to run anyway.
    """
    state, undone = None, list[str]()
    try:
        state = rows.get_agent(town.db, agent).state
        if state not in (AgentState.OFF, AgentState.FAILED, AgentState.PAUSED):
            with town.change() as change:
                rows.move_agent(change, agent, "pause", reason=why or f"paused by {town.actor}")
    except (GtError, OSError) as error:
        town.memory.put(PAUSED + agent.folder)
        undone = [f"town.db does not say so: {explain(error)[0]}", tell_place(town, PAUSED + agent.folder)]
    if state in (AgentState.OFF, AgentState.FAILED):
        raise RefusedError(f"{agent} is {state}: there is nothing to pause", hint=f"gt respawn {agent}")
    refs = launch.agent_processes(str(town.path)).get(agent, set())
    flags.raise_flag(town.flags_folder, town.memory, agent.folder, [ref for ref in refs if processes.is_stopped(ref)])
    frozen = processes.freeze(refs)
    if agent.folder in town.memory.names() and not undone:
        undone = [tell_place(town, agent.folder)]
    already = " already" if state is AgentState.PAUSED else ""
    said = [f"{agent} is paused{already}", *(f"not done: {words}" for words in undone), f"next: gt resume {agent}"]
    text = "\n".join(said[:-1] if already else said)
    return Answer({"agent": agent, "processes": len(frozen), "not_done": undone}, text)


def tell_place(town: Town, order: str) -> str:
    """Where an order stands that no row takes, and for how long."""
    if town.memory.is_lasting(order):
        return "it stands in a file beside town.db until it can be written there"
    return "it stands in memory until it can be written, or until this machine is started again"


def resume(town: Town, agent: Address) -> Answer:
    """Lets a paused agent go on; where its program has ended meanwhile, it is started."""
    known = rows.get_agent(town.db, agent)
    if known.state is AgentState.PAUSED:
        with town.change() as change:
            rows.move_agent(change, agent, "resume")
    was = town.memory.remove(PAUSED + agent.folder) or known.state is AgentState.PAUSED
    release(town, agent)
    if agent in find_missing(town):
        start_agents(town, [agent])
    text = f"{agent} goes on" if was else f"{agent} is {known.state}, not paused"
    return Answer({"agent": agent, "state": rows.get_agent(town.db, agent).state}, text)


def release(town: Town, agent: Address) -> None:
    """Takes down an agent's own flag, and continues what it froze unless the town stands still."""
    kept = flags.stopped_before(town.flags_folder, town.memory, agent.folder)
    if flags.lower_flag(town.flags_folder, town.memory, agent.folder) and not town.is_frozen(agent):
        processes.thaw(launch.agent_processes(str(town.path)).get(agent, set()) - kept)


def _find(town: Town, rig: str | None) -> set[ProcessRef]:
    found: Collection[tuple[str, set[ProcessRef]]] = launch.agent_processes(str(town.path)).items()
    return set[ProcessRef]().union(*(refs for address, refs in found if rig is None or address.startswith(f"{rig}/")))


def enforce(town: Town) -> int:
    """For the witness: what slipped through while a flag went up is frozen after all; how many processes."""
    running = {
        ref
        for address, refs in launch.agent_processes(str(town.path)).items()
        if town.is_frozen(Address(address))
        for ref in refs
        if not processes.is_stopped(ref)
    }
    processes.freeze(running)
    return len(running)
