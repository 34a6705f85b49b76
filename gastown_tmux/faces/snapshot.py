"""What every face shows of a town: one reading of what the operations say, as values that do not change."""

from collections.abc import Iterable, Mapping

from gastown_tmux.dataclass import dataclass, field
from gastown_tmux.domain.addresses import OVERSEER
from gastown_tmux.domain.ids import BeadId, MergeRequestId
from gastown_tmux.domain.merging import MergeRequest, MergeState
from gastown_tmux.domain.needs import Need
from gastown_tmux.domain.pages import Page
from gastown_tmux.domain.runs import Run
from gastown_tmux.domain.waiting import Wait
from gastown_tmux.domain.work import Bead, Convoy
from gastown_tmux.edges.tmux.panes import capture_many
from gastown_tmux.errors import GtError
from gastown_tmux.operations.mail.inbox import MailView, inbox
from gastown_tmux.operations.merging.queue import read_gate
from gastown_tmux.operations.merging.views import RefineryView, refineries
from gastown_tmux.operations.supervision.costs import costs
from gastown_tmux.operations.supervision.review import review
from gastown_tmux.operations.supervision.status import Status, status
from gastown_tmux.operations.supervision.views import AgentView
from gastown_tmux.operations.town.isolation import isolated
from gastown_tmux.operations.town.town import Town
from gastown_tmux.operations.town.upgrading import require_newest
from gastown_tmux.operations.work.waiting import explain_beads
from gastown_tmux.operations.workforce.away_agents import list_away_agents
from gastown_tmux.store.beads import BeadFilter, find_bead, page_beads
from gastown_tmux.store.convoys import ConvoyFilter, page_convoys
from gastown_tmux.store.merging import list_held, list_queue
from gastown_tmux.store.rigs import list_rigs
from gastown_tmux.store.runs import list_latest_runs

#: Of what is over, so much is shown; the rest is for ``gt bead list`` and its like.
MOST_BEADS, MOST_LANDED, MOST_CONVOYS, MOST_RUNS, MOST_MAILS = 200, 30, 60, 30, 40


#: What lines of agents' programs begin with that are a frame or a prompt.
_FRAMES = "│┃|╭╰>❯›"


@dataclass(frozen=True, slots=True)
class Worker:
    """An agent, what it works at, what it has cost so far, and the last words on its screen."""

    view: AgentView
    title: str = ""
    cost: str = ""
    last_line: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A town as it was. ``wanted`` is up or down, ``alive`` whether its tmux server runs, ``frozen`` whether
    all of it stands still. ``more_beads`` are not among ``beads``. ``gates``: what runs at this moment prints.
    """

    name: str = ""
    wanted: str = "down"
    alive: bool = False
    frozen: bool = False
    notes: tuple[str, ...] = ()
    needs: tuple[Need, ...] = ()
    workers: tuple[Worker, ...] = ()
    beads: tuple[Bead, ...] = ()
    more_beads: int = 0
    waits: Mapping[BeadId, tuple[Wait, ...]] = field(default_factory=dict)
    landed: tuple[Bead, ...] = ()
    convoys: tuple[Convoy, ...] = ()
    runs: tuple[Run, ...] = ()
    members: Mapping[BeadId, Bead] = field(default_factory=dict)
    requests: tuple[MergeRequest, ...] = ()
    refineries: tuple[RefineryView, ...] = ()
    gates: Mapping[MergeRequestId, str] = field(default_factory=dict)
    mails: tuple[MailView, ...] = ()


def read_snapshot(town: Town) -> Snapshot:
    """Everything. What cannot be read of one part is set aside, and the others are there.

    Raises NewerError where a newer gt runs the town, whose rows may mean what this one does not know.
    """
    require_newest(town.db)
    db, now = town.db, status(town)
    assert isinstance(now, Status)
    open_beads = page_beads(db, BeadFilter(), MOST_BEADS)
    merged = page_beads(db, BeadFilter(state="merged"), MOST_LANDED).items
    convoys = page_convoys(db, ConvoyFilter(), MOST_CONVOYS).items
    requests = [request for rig in list_rigs(db) for request in (*list_queue(db, rig.name), *list_held(db, rig.name))]
    requests = list({request.id: request for request in requests}.values())
    members = {bead.id: bead for bead in (*merged, *open_beads.items)}
    for id in (id for convoy in convoys for id in convoy.beads if id not in members):
        if (bead := find_bead(db, id)) is not None:
            members[id] = bead
    waiting = [bead for bead in open_beads.items if bead.state == "open"]
    waits, mails, needs = dict[BeadId, tuple[Wait, ...]](), list[MailView](), list[Need]()
    with isolated(town, "reasons of waiting"):
        waits = explain_beads(town, waiting)
    with isolated(town, "mail of the overseer"):
        found = inbox(town, OVERSEER, limit=MOST_MAILS)
        mails = found.items if isinstance(found, Page) else found
    with isolated(town, "what waits for a person"):
        needs = review(town)
    return Snapshot(
        name=now.town,
        wanted=now.wanted,
        alive=now.tmux.alive,
        frozen=any(note.startswith("the town stands still") for note in now.notes),
        notes=tuple(now.notes),
        needs=tuple(needs),
        workers=_workers(town, [*now.agents, *list_away_agents(town)], members),
        beads=tuple(open_beads.items),
        more_beads=open_beads.more,
        waits=waits,
        landed=tuple(sorted(merged, key=lambda bead: bead.updated, reverse=True)),
        convoys=tuple(convoys),
        runs=tuple(list_latest_runs(db, MOST_RUNS)),
        members=members,
        requests=tuple(requests),
        refineries=tuple(refineries(town)),
        gates={
            request.id: gate
            for request in requests
            if request.state is MergeState.TESTING and (gate := read_gate(town, request))
        },
        mails=tuple(mails),
    )


def _workers(town: Town, agents: Iterable[AgentView], beads: Mapping[BeadId, Bead]) -> tuple[Worker, ...]:
    spent, screens = dict[str, str](), dict[str, str]()
    with isolated(town, "costs"):
        spent = {
            cost.name: f"${cost.cost:.2f}" if cost.cost is not None else _tokens(cost.total) for cost in costs(town)
        }
    panes = {agent.pane: agent.session for agent in agents if agent.pane and agent.session}
    try:
        screens = capture_many(town.tmux, panes)
    except GtError:  # the server ends, or does not answer now: then there is no last line
        screens = {}
    found = []
    for agent in agents:
        bead = (beads.get(agent.bead) or find_bead(town.db, agent.bead)) if agent.bead else None
        title = bead.title if bead else agent.title or ""
        line = last_line(screens.get(agent.pane or "", ""))
        found.append(Worker(agent, title, spent.get(agent.address, ""), line))
    return tuple(found)


def last_line(screen: str) -> str:
    """The last line that says something: no frame, no prompt, no rule, nor that it goes on.

    >>> last_line("running tests\\n╭────╮\\n│ >  │\\n╰────╯\\n\\n")
    'running tests'
    """
    for line in reversed(screen.splitlines()):
        words = line.strip()
        if sum(letter.isalnum() for letter in words) >= 3 and words[0] not in _FRAMES and "interrupt" not in words:
            return words
    return ""


def _tokens(count: int) -> str:
    """
    >>> _tokens(0), _tokens(950), _tokens(12_400), _tokens(3_200_000)
    ('', '950 t', '12k t', '3.2M t')
    """
    if count >= 1_000_000:
        return f"{count / 1_000_000:.1f}M t"
    return f"{count // 1000}k t" if count >= 1000 else f"{count} t" if count else ""
