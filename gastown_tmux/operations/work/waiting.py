"""What beads wait for, from recorded facts: what ``gt scheduler``, lists of beads and convoys, and the faces tell."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gastown_tmux.dataclass import dataclass, field
from gastown_tmux.domain import waiting
from gastown_tmux.domain.agents import AgentState
from gastown_tmux.domain.hosts import parse_place
from gastown_tmux.domain.ids import BeadId
from gastown_tmux.domain.rigs import QueueState
from gastown_tmux.domain.waiting import Needed, Wait
from gastown_tmux.domain.work import ATTEMPTS, Bead, BeadState
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store.agents import find_agent, find_live_session
from gastown_tmux.store.beads import list_those
from gastown_tmux.store.merging import list_states_of
from gastown_tmux.store.rigs import list_rigs
from gastown_tmux.store.runs import get_run, list_beads_of_open_runs
from gastown_tmux.store.scheduling import has_waiting, list_candidates, list_unmet

#: So many that wait are all looked at to say whose turn it is.
FEW = 200
_HELD = (BeadState.HOOKED, BeadState.WORKING)


def explain_bead(town: Town, bead: Bead) -> tuple[Wait, ...]:
    """What one bead waits for; nothing where it is merged or closed."""
    return explain_beads(town, [bead])[bead.id]


def explain_beads(
    town: Town, beads: Sequence[Bead], going: Mapping[BeadId, Wait] | None = None
) -> dict[BeadId, tuple[Wait, ...]]:
    """The same of many, for which the town is looked at once; ``going``: what the scheduler says, if asked."""
    open_ones = [bead for bead in beads if bead.state is BeadState.OPEN]
    found = _explain_queued(town, [bead for bead in beads if bead.state is BeadState.SUBMITTED])
    found |= {bead.id: _explain_held(town, bead) for bead in beads if bead.state in _HELD}
    away = [bead for bead in beads if bead.state is BeadState.AWAY]
    found |= _explain_away(town, away) if away else {}
    found |= {bead.id: () for bead in beads if bead.state is not BeadState.OPEN and bead.id not in found}
    return found | _explain_open(town, open_ones, going) if open_ones else found


def _explain_open(
    town: Town, beads: Sequence[Bead], going: Mapping[BeadId, Wait] | None
) -> dict[BeadId, tuple[Wait, ...]]:
    unmet = list_unmet(town.db, [bead.id for bead in beads])
    known = {bead.id: bead for bead in beads}
    further = {
        needed.id for needs in unmet.values() for needed in needs if needed.state is BeadState.OPEN
    } - known.keys()
    known |= {bead.id: bead for bead in list_those(town.db, further)}
    own = {id: waiting.given_to_nobody(bead, ATTEMPTS) or _explain_named(town, bead) for id, bead in known.items()}
    if going is None:
        asked = [id for id in known if own[id] is None and id not in unmet]
        going = _waits_of_the_scheduler(town, asked) if asked else {}
    explaining = _Explaining(unmet, own, going)
    return {bead.id: explaining.waits(bead.id) for bead in beads} | _explain_held_runs(town, beads)


def _explain_held_runs(town: Town, beads: Sequence[Bead]) -> dict[BeadId, tuple[Wait, ...]]:
    """Of beads under which a run is done that has nothing to do now: whoever had one would find nothing, and the run
    gives it out itself.
    """
    idle = {bead.id for bead in beads if bead.target is None}
    of_runs = list_beads_of_open_runs(town.db) if idle else {}
    found = {bead: get_run(town.db, run) for bead, run in of_runs.items() if bead in idle}
    if not found:
        return {}
    from gastown_tmux.domain.reasons import why_run  # few beads are a run's

    return {bead: waits for bead, run in found.items() if (waits := why_run(run, ()))}


def _waits_of_the_scheduler(town: Town, asked: Sequence[BeadId]) -> Mapping[BeadId, Wait]:
    """Of thousands that wait, only those that are asked for are read: what they wait for is a place then, or the same
    as for all, and whose turn is first ``gt scheduler`` tells.
    """
    from gastown_tmux.domain.scheduling import choose
    from gastown_tmux.operations.work.readings import read_town  # with agent programs 25 ms, and few beads ask for it

    among = asked if has_waiting(town.db, FEW) else None
    return choose(read_town(town, town.db, list_candidates(town.db, among=among))).waits


class _Root(NamedTuple):
    """The bead that nobody works at, and why."""

    id: BeadId
    wait: Wait


@dataclass
class _Explaining:
    unmet: Mapping[BeadId, Sequence[Needed]]
    own: Mapping[BeadId, Wait | None]
    going: Mapping[BeadId, Wait]
    roots: dict[BeadId, _Root | None] = field(default_factory=dict)

    def waits(self, id: BeadId) -> tuple[Wait, ...]:
        """Its needs first: without them nobody need give it out."""
        if id not in self.unmet:
            return (self.own[id] or self.going.get(id, waiting.TURN),)
        found = []
        for needed in self.unmet[id]:
            root = self._root(needed)
            plain = waiting.needs(id, needed)
            if root is None or plain.stranded:
                found.append(plain)
            else:
                found.append(waiting.needs_stranded(needed.id, root.id, root.wait))
        own = self.own[id]
        return (*found, own) if own is not None else tuple(found)

    def _root(self, first: Needed) -> _Root | None:
        """Why nobody works at this, or at what it needs in turn; None where somebody does or will. Without recursion,
        for a chain may be a thousand long.
        """
        stack = [first]
        while stack:
            needed = stack[-1]
            below = [each for each in self.unmet.get(needed.id, ()) if each.id not in self.roots]
            if needed.id not in self.roots and below and needed.state is BeadState.OPEN:
                stack += below
                continue
            stack.pop()
            self.roots.setdefault(needed.id, self._judge(needed))
        return self.roots[first.id]

    def _judge(self, needed: Needed) -> _Root | None:
        id = needed.id
        if needed.state is not BeadState.OPEN:
            return None
        for each in self.unmet.get(id, ()):
            if each.state is BeadState.CLOSED:
                return _Root(id, waiting.needs(id, each))
            if (root := self.roots.get(each.id)) is not None:
                return root
        wait = self.own.get(id) or (self.going.get(id) if id not in self.unmet else None)
        return _Root(id, wait) if wait is not None and wait.stranded else None


def _explain_away(town: Town, beads: Sequence[Bead]) -> dict[BeadId, tuple[Wait, ...]]:
    from gastown_tmux.store.delegations import find_delegation  # few towns have hosts
    from gastown_tmux.store.hosts import list_hosts

    hosts = {host.name: host for host in list_hosts(town.db)}
    found = dict[BeadId, tuple[Wait, ...]]()
    for bead in beads:
        one, host = find_delegation(town.db, bead.delegation or ""), hosts.get(bead.host or "")
        word = one.word if one else None
        heard, trouble = (host.last_heard, host.trouble) if host else (None, "it is not known any more")
        found[bead.id] = (waiting.at_host(bead.host or "a host", word, heard, trouble, bead.id),)
    return found


def _explain_named(town: Town, bead: Bead) -> Wait | None:
    """Of an open bead that goes to a host, or back to it, what that waits for."""
    if bead.state is BeadState.OPEN and bead.delegation is not None and bead.host is not None:
        return waiting.goes_back(bead.host, bead.reason)
    place = parse_place(bead.target) if bead.target else None
    if place is None or bead.state is not BeadState.OPEN:
        return None
    from gastown_tmux.store.hosts import find_host  # few towns have hosts

    host = find_host(town.db, place[1])
    return waiting.waits_for_host(place[1], host.state if host else None)


def _explain_queued(town: Town, beads: Sequence[Bead]) -> dict[BeadId, tuple[Wait, ...]]:
    if not beads:
        return {}
    paused = {rig.name: rig.queue_reason or "" for rig in list_rigs(town.db) if rig.queue is QueueState.PAUSED}
    requests = list_states_of(town.db, [bead.id for bead in beads])
    from gastown_tmux.store.delegations import find_home  # few beads are in a queue

    for rig in {bead.rig for bead in beads}:
        if find_home(town.db, rig) is not None:
            for id in (bead.id for bead in beads if bead.rig == rig and bead.id in requests):
                request, state, reason = requests[id]
                requests[id] = (request, state, reason or "the town that gave it lands it")
    return {
        bead.id: (waiting.in_queue(*requests[bead.id], paused.get(bead.rig)),) for bead in beads if bead.id in requests
    }


def _explain_held(town: Town, bead: Bead) -> tuple[Wait, ...]:
    agent = find_agent(town.db, bead.assignee) if bead.assignee else None
    if agent is None:
        return ()
    if not town.is_wanted():
        return (waiting.TOWN_DOWN,)
    if town.is_frozen(agent.address) and agent.state is not AgentState.PAUSED:
        return (waiting.STANDS_STILL,)
    if agent.state is not AgentState.ON:
        return (waiting.agent_is(agent.address, agent.state, agent.reason),)
    session = find_live_session(town.db, agent.address)
    return (waiting.agent_works(agent.address, session.state if session else None),)
