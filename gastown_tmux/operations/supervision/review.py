"""Everything that waits for a person, as it is now."""

from collections.abc import Mapping, Sequence

from gastown_tmux.domain.addresses import OVERSEER, Address
from gastown_tmux.domain.agents import Agent, AgentState, Session
from gastown_tmux.domain.health import Health, judge
from gastown_tmux.domain.ids import BeadId, Time
from gastown_tmux.domain.merging import MergeState
from gastown_tmux.domain.needs import Asked, Need, Situation, find_needs
from gastown_tmux.domain.orders.starts import Approval
from gastown_tmux.domain.work import Bead
from gastown_tmux.edges.files import clock
from gastown_tmux.operations.supervision.dialogs import list_waiting
from gastown_tmux.operations.supervision.facts import read_facts
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store import agents as rows
from gastown_tmux.store.beads import find_bead, list_held_beads, list_returned
from gastown_tmux.store.escalations import list_escalations
from gastown_tmux.store.mailbox import Mailbox
from gastown_tmux.store.merging import get_merge_request, list_merge_requests
from gastown_tmux.store.orders import list_approvals, list_records
from gastown_tmux.store.proposals import list_at_people
from gastown_tmux.store.rigs import list_rigs
from gastown_tmux.store.runs import get_run, list_open_runs

#: What makes no headway for so long is no hiccup.
STALLED_SECONDS = 600.0


def review(town: Town) -> list[Need]:
    """What stands still comes first."""
    return find_needs(look(town))


def look(town: Town) -> Situation:
    """By rows and processes; only the windows of those that wait are looked at."""
    agents, held = rows.list_agents(town.db), list_held_beads(town.db)
    merges = list_merge_requests(town.db, state=MergeState.HELD)
    merges += [get_merge_request(town.db, id) for id in list_at_people(town.db)]
    escalations = list_escalations(town.db, state="open")
    about = {request.bead for request in merges} | {asked.bead for asked in escalations if asked.bead}
    found = [bead for bead in (find_bead(town.db, id) for id in about) if bead is not None]
    return Situation(
        agents=agents,
        asked=[
            Asked(each.agent, each.since, each.question, each.screen, each.digest, each.cause)
            for each in list_waiting(town)
        ],
        held=held,
        stalled=_list_stalled(town, agents, held),
        merges=merges,
        escalations=escalations,
        beads=list_returned(town.db),
        runs=[get_run(town.db, run) for run in list_open_runs(town.db)],
        orders=_list_asked_orders(town),
        rigs=list_rigs(town.db),
        titles={BeadId(bead.id): bead.title for bead in found},
        unread=len(Mailbox(town.mail / OVERSEER).list_new()),
    )


def _list_stalled(town: Town, agents: Sequence[Agent], held: Mapping[Address, Bead]) -> dict[Address, tuple[Time, str]]:
    live = {session.agent: session for session in rows.list_live_sessions(town.db)}
    found = {}
    for agent in agents:
        session = live.get(agent.address)
        if session is not None and agent.state is AgentState.ON and _is_old(session):
            verdict = judge(read_facts(town, agent, session, holds=agent.address in held))
            if verdict.health is Health.STALLED:
                found[agent.address] = (session.since, verdict.deciding.fact)
    return found


def _list_asked_orders(town: Town) -> dict[str, Approval]:
    """A pause is an answer too."""
    asked = {id: known for id, known in list_approvals(town.db).items() if known.asked}
    records = list_records(town.db) if asked else {}
    return {id: known for id, known in asked.items() if id not in records or not records[id].paused}


def _is_old(session: Session) -> bool:
    return clock.seconds_since(session.since) > STALLED_SECONDS
