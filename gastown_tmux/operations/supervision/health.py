"""gt status --explain: what is known of an agent, the verdict that follows, and the facts that speak against it."""

from gastown_tmux.dataclass import asdict, replace
from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.agents import Session
from gastown_tmux.domain.health import Explanation, Facts, judge
from gastown_tmux.edges.files import clock
from gastown_tmux.edges.processes import processes
from gastown_tmux.edges.tmux import typing
from gastown_tmux.edges.tmux.panes import Pane
from gastown_tmux.errors import GtError
from gastown_tmux.operations.mail.delivering import find_provider
from gastown_tmux.operations.sessions.starting import look
from gastown_tmux.operations.supervision.facts import program_of, read_facts
from gastown_tmux.operations.town.town import Town
from gastown_tmux.providers import screens
from gastown_tmux.store import agents as rows
from gastown_tmux.store.beads import find_held_bead

#: How long processes are watched for signs of computing.
BUSY_SECONDS = 0.2


def explain(town: Town, agent: Address) -> Explanation:
    """Asks processes, tmux and the screen now. Raises NotFoundError for an agent that is not there."""
    known = rows.get_agent(town.db, agent)
    facts = gather(town, agent)
    verdict = judge(facts)
    return Explanation(agent, known.state, verdict.health, verdict.deciding, verdict.against, asdict(facts))


def gather(town: Town, agent: Address) -> Facts:
    known, session = rows.get_agent(town.db, agent), rows.find_live_session(town.db, agent)
    facts = read_facts(town, known, session, holds=find_held_bead(town.db, agent) is not None)
    if session is None:
        return facts
    program = program_of(session)
    pane, shown = _find_pane(town, session)
    screen = _judge_screen(town, session) if pane else None
    return replace(
        facts,
        shown=shown,
        output_age=clock.seconds_since(clock.from_epoch(pane.activity)) if pane else None,
        busy=processes.is_computing(program, BUSY_SECONDS) if program else None,
        screen=screen.state if screen else None,
        screen_evidence=screen.evidence if screen else None,
    )


def _find_pane(town: Town, session: Session) -> tuple[Pane | None, bool | None]:
    """The window, and whether there is one; None where tmux does not say."""
    try:
        panes = [pane for pane in look(town) if pane.gt_session == session.id and not pane.dead]
    except GtError:
        return None, None
    return (panes[0], True) if panes else (None, False)


def _judge_screen(town: Town, session: Session) -> screens.Screen | None:
    provider = find_provider(town, session, rows.find_agent(town.db, session.agent))
    try:
        seen = typing.look(town.tmux, session.pane, session.id) if session.pane else None
    except GtError:
        return None
    return screens.judge(provider.screen, seen.screen, seen.title) if seen else None
