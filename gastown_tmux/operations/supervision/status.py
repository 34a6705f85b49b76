"""gt status: the town at a glance, and what waits in it."""

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.addresses import OVERSEER, Address
from gastown_tmux.domain.rigs import QueueState
from gastown_tmux.domain.work import BeadState
from gastown_tmux.edges.files import clock
from gastown_tmux.edges.processes.flags import TOWN, raised, rig_flag
from gastown_tmux.edges.tmux import server
from gastown_tmux.errors import GtError, MissingError
from gastown_tmux.operations.sessions import daemon_deaths
from gastown_tmux.operations.sessions.daemons import Daemon, list_daemons
from gastown_tmux.operations.supervision.rig_views import RigView, view_rigs
from gastown_tmux.operations.supervision.views import AgentView, list_agents
from gastown_tmux.operations.town import budgets, capacity, disk
from gastown_tmux.operations.town.town import Answer, Town
from gastown_tmux.store.beads import count_beads
from gastown_tmux.store.clashes import list_clashes
from gastown_tmux.store.escalations import list_escalations
from gastown_tmux.store.hosts import list_hosts
from gastown_tmux.store.mailbox import Mailbox
from gastown_tmux.store.merging import count_held, count_queued, list_hindered
from gastown_tmux.store.meta import get_meta
from gastown_tmux.store.rigs import list_rigs
from gastown_tmux.store.scheduling import list_waiting

WAITING_SHOWN = 5


@dataclass(frozen=True, slots=True)
class TmuxView:
    socket: str
    alive: bool


@dataclass(frozen=True, slots=True)
class Status:
    town: str
    path: str
    wanted: str
    tmux: TmuxView
    daemons: list[Daemon]
    agents: list[AgentView]
    rigs: list[RigView]
    counts: dict[str, int]
    notes: list[str]


def count_waiting(town: Town) -> dict[str, int]:
    """What waits: for the refineries (queue), and for a person (held, mail, escalations)."""
    return {
        "queue": count_queued(town.db).total(),
        "held": count_held(town.db).total(),
        "mail": len(Mailbox(town.mail / OVERSEER).list_new()),
        "escalations": len(list_escalations(town.db, state="open")),
    }


def _describe_tmux() -> list[str]:
    try:
        server.find_tmux()
    except MissingError as error:
        return [f"{error.message}: {error.hint}"]
    return []


def describe_frozen(town: Town) -> str:
    """For a line that has little room: ``FROZEN``, ``FROZEN web``, or nothing."""
    up = raised(town.flags_folder, town.memory)
    if TOWN in up:
        return "FROZEN"
    # Most of the time nothing is raised, and rigs need not be looked for.
    rigs = [rig.name for rig in list_rigs(town.db) if rig_flag(rig.name) in up] if up else []
    return f"FROZEN {' '.join(rigs)}" if rigs else ""


def _describe_orders(town: Town) -> list[str]:
    up = raised(town.flags_folder, town.memory)
    words = ["the town stands still: gt thaw"] if TOWN in up else []
    return words + [f"rig {rig.name} stands still: gt thaw" for rig in list_rigs(town.db) if rig_flag(rig.name) in up]


def _describe_capacity(town: Town) -> list[str]:
    try:
        full = capacity.refusal(town)
    except GtError as error:  # settings that cannot be read
        return [error.message]
    return [*budgets.notes(town), *disk.notes(town), *([f"no agent is started: {full}"] if full else [])]


def status(town: Town, agent: Address | None = None) -> Status | Answer:
    """The town at a glance; with an agent, why its health is what it is."""
    if agent is not None:
        # What looks at screens costs three times what all the rest does, and most want the town only.
        from gastown_tmux.operations.supervision.health import explain

        explanation = explain(town, agent)
        return Answer(explanation, explanation.text())
    beads = count_beads(town.db)
    rigs = view_rigs(town)
    counts = {
        **{str(state): beads.get(state, 0) for state in BeadState},
        **count_waiting(town),
    }
    notes = [*_describe_tmux(), *_describe_orders(town), *_describe_capacity(town)]
    notes += [f"{rig.name}: {rig.problem}" for rig in rigs if rig.problem and rig.problem not in notes]
    notes += [
        f"the merge queue of {rig.name} is paused: {rig.queue_reason}: gt mq resume --rig {rig.name}"
        for rig in rigs
        if rig.queue is QueueState.PAUSED
    ]
    notes += [
        f"{host.trouble}, since {clock.local_time(host.trouble_since or host.created)}: gt host check {host.name}"
        for host in list_hosts(town.db)
        if host.trouble is not None and not host.parked
    ]
    notes += map(str, daemon_deaths.list_repeated(town))
    for view in rigs:
        if view.publish is not None and not view.gates:
            notes.append(f"{view.name} has no merge gates: what merges cleanly lands (gt help merge.gates)")
    for view in rigs:
        # What for is the scheduler's word, which looks at far more than this verb may cost.
        notes += [f"{id} is not given out yet: gt why {id}" for id in list_waiting(town.db, view.name, WAITING_SHOWN)]
    notes += [f"{id}: {reason}" for id, reason in list_hindered(town.db)]
    if clashes := list_clashes(town.db):
        from gastown_tmux.domain.radar import describe  # 2 ms, where there is one

        notes += [f"{one.one} and {one.other} change the same: {describe(one)}" for one in clashes]
    return Status(
        town=get_meta(town.db, "name") or "",
        path=str(town.path),
        wanted="up" if town.is_wanted() else "down",
        tmux=TmuxView(str(town.tmux.socket), town.tmux.is_alive()),
        daemons=list_daemons(town),
        agents=list_agents(town),
        rigs=rigs,
        counts=counts,
        notes=notes,
    )
