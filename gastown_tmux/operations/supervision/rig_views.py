"""Rigs, as every face shows them: the row, what its settings say, and what is on it now."""

from collections import Counter

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.ids import RigName, Time
from gastown_tmux.domain.rigs import QueueState, RemoteKind, Rig
from gastown_tmux.errors import GtError
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store.agents import list_agents
from gastown_tmux.store.beads import count_ready
from gastown_tmux.store.merging import count_queued
from gastown_tmux.store.rigs import list_rigs


@dataclass(frozen=True, slots=True)
class RigView:
    """``kind``, ``source``, ``remote``, ``rewritten``, ``problem``: as the row has them, see ``Rig``.

    ``agents``, ``beads``, ``waiting``: how many workers it has, beads are ready, and requests wait in its queue.
    ``gates``: how many. ``publish`` is None and ``gates`` 0 where its settings cannot be read: ``problem`` says why.
    """

    name: RigName
    prefix: str
    source: str
    remote: str
    kind: RemoteKind
    target: str
    publish: str | None
    gates: int
    agents: int
    beads: int
    waiting: int
    queue: QueueState
    queue_reason: str | None
    problem: str | None
    email: str
    parked: bool
    created: Time
    rewritten: Time | None


def view_rigs(town: Town) -> list[RigView]:
    return _view(town, list_rigs(town.db))


def view_rig(town: Town, rig: Rig) -> RigView:
    return _view(town, [town.rig(rig.name)])[0]


def _view(town: Town, rigs: list[Rig]) -> list[RigView]:
    agents = Counter(agent.rig for agent in list_agents(town.db))
    ready, queued = count_ready(town.db), count_queued(town.db)
    views = []
    for rig in rigs:
        publish, gates, problem = None, 0, rig.problem
        try:
            settings = town.settings(rig.name)
            publish, gates = str(settings.get("merge.publish")), len(settings.gates())
        except GtError as error:
            problem = problem or error.message
        views.append(
            RigView(
                name=rig.name,
                prefix=rig.prefix,
                source=rig.source,
                remote=rig.remote,
                kind=rig.remote_kind,
                target=rig.target,
                publish=publish,
                gates=gates,
                agents=agents[rig.name],
                beads=ready.get(rig.name, 0),
                waiting=queued[rig.name],
                queue=rig.queue,
                queue_reason=rig.queue_reason,
                problem=problem,
                email=rig.email,
                parked=rig.parked,
                created=rig.created,
                rewritten=rig.rewritten,
            )
        )
    return views
