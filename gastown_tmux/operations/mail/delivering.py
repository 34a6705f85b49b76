"""One agent told of one thing, in its window: the line, what is known of its program, and what is recorded after."""

import contextlib

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.agents import Agent, AgentState, Session, SessionState
from gastown_tmux.domain.delivery import Abilities, Availability, Delivery, DeliveryState
from gastown_tmux.domain.mail import pointer_line
from gastown_tmux.domain.observation import ScreenState
from gastown_tmux.edges.files import clock
from gastown_tmux.edges.files.faults import fault_point
from gastown_tmux.edges.processes.processes import ProcessRef, is_in_foreground
from gastown_tmux.edges.tmux import typing
from gastown_tmux.edges.tmux.panes import panes
from gastown_tmux.edges.tmux.server import ServerGoneError
from gastown_tmux.edges.tmux.typing import Outcome, Program, Refused, Typed, Unsure, When
from gastown_tmux.errors import NotFoundError
from gastown_tmux.operations.mail.inbox import box, take_in
from gastown_tmux.operations.mail.injection import delivery_lock, find_offered
from gastown_tmux.operations.sessions.rate_limits import seconds_left
from gastown_tmux.operations.town.town import Town
from gastown_tmux.providers import registry, screens
from gastown_tmux.providers.base import Provider, WhenBusy
from gastown_tmux.providers.plain import STILL_SECONDS, StillJudge
from gastown_tmux.store.agents import find_live_session, find_session
from gastown_tmux.store.deliveries import find_delivery, move_delivery, note_try

#: A session's own word that it works outweighs a screen that looks idle for so long.
FRESH_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Observation:
    """An agent's window as it was seen just now. ``draft`` is what stands in its composer, if it shows one."""

    availability: Availability
    person_typing: bool = False
    draft: str | None = None


def find_provider(town: Town, session: Session, agent: Agent | None) -> Provider:
    return registry.find(session.provider, town.settings(agent.rig if agent else None))


def program_of(provider: Provider) -> Program:
    """What the typing edge must know of a provider's program."""

    def judge(screen: str, title: str) -> screens.Screen:
        return screens.judge(provider.screen, screen, title)

    return Program(judge, screens.holds, provider.typing.settle, provider.typing.interrupt, provider.screen.inline)


def abilities_of(provider: Provider | None, delivery: Delivery) -> Abilities:
    """A nudge is always typed; a mail may be left to the hook that runs at a turn's end, where that takes words."""
    if provider is None:
        return Abilities(hooks=False, steers=False, interrupts=False)
    at_end = any(words.split()[:1] == ["idle"] and len(words.split()) > 1 for words in provider.events.values())
    return Abilities(
        hooks=at_end and delivery.words is None,
        steers=provider.typing.when_busy is WhenBusy.STEERS,
        interrupts=bool(provider.typing.interrupt),
    )


def observe(town: Town, agent: Agent | None, session: Session | None) -> Observation:
    """Where the agent's mind is, by its rows and by its screen as it is now."""
    if agent is None:
        return Observation(Availability.REMOVED)
    if town.is_frozen(agent.address):
        return Observation(Availability.PAUSED)
    if agent.state in (AgentState.PAUSED, AgentState.LIMITED):
        return Observation(Availability(agent.state))
    if agent.state is not AgentState.ON or session is None:
        return Observation(Availability.ABSENT)
    age = clock.seconds_since(session.since)
    if session.pane is None or (session.state is SessionState.STARTING and age < FRESH_SECONDS):
        return Observation(Availability.STARTING)
    seen = None
    with contextlib.suppress(ServerGoneError):
        seen = typing.look(town.tmux, session.pane, session.id)
    if seen is None or seen.dead:
        return Observation(Availability.ABSENT)
    provider = find_provider(town, session, agent)
    if provider.typing.quiet:
        still = is_still(town, session)
        return Observation(Availability.IDLE if still else Availability.WORKING, seen.is_attended)
    screen = screens.judge(provider.screen, seen.screen, seen.title)
    works = session.state is SessionState.WORKING and age < FRESH_SECONDS
    match screen.state:
        case ScreenState.LIMITED if seconds_left(agent, session, screen.reset_at_text) is not None:
            availability = Availability.LIMITED
        case ScreenState.LIMITED if screen.asks:
            availability = Availability.WAITING
        case ScreenState.READY | ScreenState.IDLE | ScreenState.ERROR | ScreenState.LIMITED:
            availability = Availability.WORKING if works else Availability.IDLE
        case ScreenState.WAITING if screen.takes_words:
            availability = Availability.IDLE
        case ScreenState.UNKNOWN if works:
            availability = Availability.WORKING
        case _:
            availability = Availability(screen.state)
    return Observation(availability, seen.is_attended or bool(screen.draft), screen.draft)


def is_still(town: Town, session: Session) -> bool:
    """Whether its window has shown nothing new for a while, and its own program would get what is typed."""
    pane = next((pane for pane in panes(town.tmux) if pane.gt_session == session.id and not pane.dead), None)
    if pane is None or session.pid is None:
        return False
    quiet = clock.seconds_since(clock.from_epoch(pane.activity)) > STILL_SECONDS
    return quiet and is_in_foreground(ProcessRef(session.pid, session.pid_started or ""))


def line_of(town: Town, delivery: Delivery) -> str | None:
    """What is typed to tell of it; None where its mail is read, put away or gone."""
    return point_out(town, delivery, unread=True)


def point_out(town: Town, delivery: Delivery, *, unread: bool = False) -> str | None:
    """The line that tells of it, or told; None where its mail is gone, or ``unread`` is wanted and it is not."""
    if delivery.words is not None:
        return delivery.words
    try:
        entry = box(town, delivery.agent).find(delivery.mail)
        if unread and (entry.read or entry.archived):
            return None
        message = box(town, delivery.agent).load(entry)
    except NotFoundError:
        return None
    return pointer_line(message.sender, message.subject, message.id)


def deliver(town: Town, mail: str, address: Address, when: When) -> Outcome:
    """Types what tells the agent of it, and records what came of that before anybody else may tell it too."""
    with delivery_lock(town, address):
        row, session = find_delivery(town.db, mail, address), find_live_session(town.db, address)
        told = mail in find_offered(town, session.id if session else None)
        if told or row is None or row.state is not DeliveryState.QUEUED:
            return Refused("somebody else told it")
        line = line_of(town, row)
        if line is None or session is None or session.pane is None:
            return Refused("there is nothing to tell" if line is None else "the agent has no window now")
        outcome = type_words(town, address, session, line, when)
        fault_point("tell.typed")
        with town.change() as change:
            match outcome:
                case Typed():
                    move_delivery(change, mail, address, "offer", session=session.id)
                    move_delivery(change, mail, address, "accept", reason=outcome.evidence)
                case Unsure():
                    note_try(change, mail, address, outcome.reason)
                    move_delivery(change, mail, address, "offer", session=session.id, reason=outcome.reason)
                case Refused(pasted=True):
                    note_try(change, mail, address, outcome.reason)
                case Refused():
                    pass
        if not isinstance(outcome, Refused):
            take_in(town, address, mail)
        return outcome


def type_words(town: Town, address: Address, session: Session, words: str, when: When) -> Outcome:
    """Into the window of a live session; the program's own hook, where it has one, tells that they were taken."""
    if town.is_frozen(address):
        return Refused("it stands still: gt thaw, or gt resume")
    provider = registry.find(session.provider, town.settings(address.rig))
    before = session.since

    def heard() -> bool:
        now = find_session(town.db, session.id)
        return now is not None and not now.ended and now.since != before

    assert session.pane is not None
    lock = town.run / f"typing.{address.folder}.lock"
    program = program_of(provider)
    if provider.typing.quiet:
        seen = typing.look(town.tmux, session.pane, session.id)
        if seen is None or not is_still(town, session):
            return Refused("its screen does not stand still, or another program is in its foreground")
        program = Program(StillJudge(seen.screen, words), screens.holds, provider.typing.settle)
    return typing.type_line(town.tmux, session.pane, session.id, words, program, lock, when=when, heard=heard)
