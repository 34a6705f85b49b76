"""The courier's look: every mail that nobody was told of gets a row, every open row gets what it is due.

The files and the rows are the truth. What is held here only saves asking again for what cannot have changed.
"""

import contextlib
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import assert_never

from gastown_tmux.dataclass import dataclass, field
from gastown_tmux.domain import delivery as rules
from gastown_tmux.domain.addresses import DEACON, Address
from gastown_tmux.domain.agents import Agent, Session, SessionState
from gastown_tmux.domain.delivery import (
    Availability,
    Delivery,
    DeliveryMove,
    DeliveryState,
    PendingMail,
    Reader,
    decide,
)
from gastown_tmux.domain.ids import SessionId, Time
from gastown_tmux.domain.mail import Message
from gastown_tmux.edges.files import clock
from gastown_tmux.edges.tmux.typing import When
from gastown_tmux.errors import NotFoundError, RefusedError, UsageError
from gastown_tmux.operations.mail import sending
from gastown_tmux.operations.mail.delivering import Observation, abilities_of, find_provider, line_of, observe
from gastown_tmux.operations.mail.inbox import box, take_in
from gastown_tmux.operations.town import lookup
from gastown_tmux.operations.town.isolation import each, isolated
from gastown_tmux.operations.town.town import Town
from gastown_tmux.providers.screens import holds
from gastown_tmux.store.agents import list_agents, list_live_sessions
from gastown_tmux.store.db import Change
from gastown_tmux.store.deliveries import insert_delivery, known_mails, list_open, list_quiet, move_delivery

#: A program says by its hook that its turn is over before its screen shows it: then the next look is soon.
#: Where that hook takes words too, it has as long to tell of the mail itself.
SETTLING_SECONDS, _SOON = 2.0, 0.05
#: An Enter that nothing confirmed is tried again after so long.
UNSURE_SECONDS = 30.0
#: Nothing waits longer than this for another look.
LONGEST_WAIT = 3600.0
#: What is remembered of boxes is forgotten now and then: rows may have been lost, as after the restore of a backup.
MEMORY_SECONDS = 60.0
#: Its file is gone, and nobody was told.
_LOST: tuple[DeliveryMove, str] = ("die", "it is no longer in the box")
#: A folder's time is trusted to show every change only when it is older than a tick of the clock that made it.
_SETTLED_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Notification:
    """Something to type for an agent, now."""

    agent: Address
    mail: str
    when: When


@dataclass(frozen=True, slots=True)
class _Recipient:
    """What rows say of an agent. While it stays the same, so does what was decided."""

    agent: Agent | None
    session: Session | None
    quiet: bool

    @property
    def key(self) -> object:
        agent, session = self.agent, self.session
        return agent and (agent.state, agent.since), session and (session.id, session.since), self.quiet

    @property
    def is_settling(self) -> bool:
        """Whether its hook has just told of a turn's end that its screen may not show yet."""
        session = self.session
        if session is None or session.state not in (SessionState.READY, SessionState.IDLE):
            return False
        return clock.seconds_since(session.since) < SETTLING_SECONDS


@dataclass
class _Box:
    """A mailbox as last listed: what made it up then, and its unread mails, which all have a row but those that could
    not be read."""

    marks: tuple[int, int] | None = None
    unread: frozenset[str] = frozenset()
    set_aside: frozenset[str] = frozenset()


@dataclass
class Courier:
    """Of one town, for one thread."""

    town: Town
    _boxes: dict[str, _Box] = field(default_factory=dict)
    _names: Sequence[str] = ()
    _found: Mapping[Address, Path] = field(default_factory=dict)
    _later: dict[tuple[str, str], tuple[object, float]] = field(default_factory=dict)
    _forget_at: float = 0.0

    def unread(self, address: str) -> int:
        """How many mails of the box nobody has read, as of the last look."""
        return len(self._boxes[address].unread) if address in self._boxes else 0

    def next_look(self) -> float:
        """In how many seconds something is due that no event will tell of."""
        now = clock.epoch()
        return max(
            _SOON / 2, min((until for _, until in self._later.values() if until > now), default=now + 60.0) - now
        )

    def folders(self) -> list[Path]:
        """The boxes of all who are told of their mail."""
        return list(self._find_boxes().values())

    def _find_boxes(self) -> Mapping[Address, Path]:
        try:
            names = sorted(os.listdir(self.town.mail))  # noqa: PTH208 - every look
        except FileNotFoundError:
            return {}
        if names != self._names:
            found = ((_address(name), self.town.mail / name) for name in names)
            self._names, self._found = names, {address: folder for address, folder in found if address is not None}
        return self._found

    def look(self) -> list[Notification]:
        """Rows follow the files; then what each open row is due. At most one errand for each agent."""
        if not 0 < self._forget_at - clock.epoch() <= MEMORY_SECONDS:
            self._boxes, self._forget_at = {}, clock.epoch() + MEMORY_SECONDS
        boxes = self._find_boxes()
        self._boxes = {address: known for address, known in self._boxes.items() if address in boxes}
        each(self.town, "listing of the mailbox", boxes, lambda address: self._list(address, boxes[address]))
        # What is written to another town is that one's to tell.
        rows = [row for row in list_open(self.town.db) if row.agent.host is None]
        if not rows:
            self._later.clear()
            return []
        agents = {agent.address: agent for agent in list_agents(self.town.db)}
        sessions = {session.agent: session for session in list_live_sessions(self.town.db)}
        rows = self._settle(rows, agents.keys(), {session.id: session for session in sessions.values()})
        open_rows = {(row.mail, row.agent) for row in rows}
        self._later = {key: later for key, later in self._later.items() if key in open_rows}
        quiet = list_quiet(self.town.db)

        def plan(address: Address) -> list[Notification]:
            recipient = _Recipient(agents.get(address), sessions.get(address), address in quiet)
            own = [row for row in rows if row.agent == address and row.state is DeliveryState.QUEUED]
            return self._plan(address, own, recipient)

        planned = each(self.town, "telling", dict.fromkeys(row.agent for row in rows), plan)
        return [notification for own in planned for notification in own]

    def _list(self, address: Address, folder: Path) -> None:
        """A row for each unread mail that has none: it came from another program, or its sender was killed."""
        known = self._boxes.get(address)
        marks = _marks(folder)
        if known is not None and marks is not None and known.marks == marks:
            return
        mails = box(self.town, address)
        entries = {mails.id_of(entry): entry for entry in mails.list_new()}
        entries.pop("", None)
        before = known.unread - known.set_aside if known is not None else frozenset()
        fresh = entries.keys() - before
        fresh = fresh - known_mails(self.town.db, address, _LOST[1]) if fresh else fresh

        def load(name: str) -> tuple[str, Message | None]:
            with contextlib.suppress(NotFoundError):
                return name, mails.load(entries[name])
            return name, None  # gone already

        loaded = dict(each(self.town, f"mail of {address}", sorted(fresh), load, lambda name: entries[name].key))
        if loaded:
            with self.town.change() as change:
                for name, message in loaded.items():
                    if message is not None:
                        self._insert(change, name, address, message, clock.from_epoch(entries[name].delivered))
        self._boxes[address] = _Box(marks, frozenset(entries), frozenset(fresh - loaded.keys()))

    @staticmethod
    def _insert(change: Change, mail: str, to: Address, message: Message, came: Time) -> None:
        known = not insert_delivery(change, mail, to, message.sender, message.priority, message.expires, queued=came)
        if known:
            move_delivery(change, mail, to, "restore", reason="it is in the box again")

    def _settle(
        self, rows: Iterable[Delivery], agents: Collection[str], sessions: Mapping[SessionId, Session]
    ) -> list[Delivery]:
        """Moves on the rows that the world has moved on from; those that are still open."""
        rest, lost = [], dict[tuple[Address, str, str], list[Delivery]]()
        began = {session.agent: session.started for session in sessions.values()}
        for row in rows:
            with isolated(self.town, "settling of mail", f"{row.mail} to {row.agent}"):
                if row.sender == DEACON and row.words is not None and row.queued < began.get(row.agent, ""):
                    move: tuple[DeliveryMove, str | None] | None = "expire", "it was about an earlier session"
                else:
                    move = self._find_move(row, sessions.get(row.session) if row.session else None)
                is_gone = move is None or move[1] == _LOST[1]
                if is_gone and row.agent.rig is not None and row.agent not in agents:
                    lost.setdefault((row.agent, row.sender, "the agent was removed"), []).append(row)
                elif move is None:
                    rest.append(row)
                elif move == _LOST:
                    lost.setdefault((row.agent, row.sender, _LOST[1]), []).append(row)
                else:
                    with self.town.change() as change:
                        move_delivery(change, row.mail, row.agent, move[0], reason=move[1])
        for (address, sender, reason), given_up in lost.items():
            with isolated(self.town, "giving up of mail", f"to {address} from {sender}"):
                self._give_up(given_up, reason)
        return rest

    def _find_move(self, row: Delivery, session: Session | None) -> tuple[DeliveryMove, str | None] | None:
        known = self._boxes.get(row.agent)
        if row.words is None and (known is None or row.mail not in known.unread):
            try:
                entry = box(self.town, row.agent).find(row.mail)
            except NotFoundError:
                # Who was told of it, or is a person, has put it away somewhere else.
                seen = row.state is DeliveryState.OFFERED or row.agent.is_person
                return ("accept", _LOST[1]) if seen else _LOST
            except UsageError:
                return None
            if entry.read or entry.archived or "T" in entry.flags:
                return "accept", None
        if row.state is not DeliveryState.OFFERED or row.session is None:
            return None
        if session is None:
            return "requeue", "its session ended"
        if session.since > row.time:
            return "accept", "the session went on"
        if row.attempts and clock.seconds_since(row.time) > UNSURE_SECONDS:
            return "requeue", row.reason
        return None

    def _plan(self, address: Address, rows: list[Delivery], recipient: _Recipient) -> list[Notification]:
        """The first thing that may be told now, if any; what may never be told is given up."""
        now = clock.epoch()
        due = [row for row in rows if self._is_due(row, recipient, now)]
        if not due:
            return []
        seen = _observe(self.town, address, recipient)
        limited = recipient.agent.not_before if recipient.agent else None
        reader = Reader(
            availability=seen.availability,
            person_typing=seen.person_typing,
            do_not_disturb=recipient.quiet,
            limited_until=clock.to_epoch(limited) if limited else None,
        )
        if seen.draft and seen.availability is Availability.IDLE:
            # A line of ours that a killed courier left there is taken up again.
            due.sort(key=lambda row: not holds(seen.draft, line_of(self.town, row) or ""))
            if holds(seen.draft, line_of(self.town, due[0]) or ""):
                return [self._send(due[0], When.IDLE, recipient, now)]
        provider = find_provider(self.town, recipient.session, recipient.agent) if recipient.session else None
        for row in sorted(due, key=lambda row: row.priority.rank):
            when = self._act(row, reader, abilities_of(provider, row), recipient, now)
            if when is not None:
                return [self._send(row, when, recipient, now)]
        return []

    def _send(self, row: Delivery, when: When, recipient: _Recipient, now: float) -> Notification:
        # Where the window refuses it after all, not at once again.
        self._later[row.mail, row.agent] = (recipient.key, now + 1.0)
        return Notification(row.agent, row.mail, when)

    def _is_due(self, row: Delivery, recipient: _Recipient, now: float) -> bool:
        if row.expires and clock.to_epoch(row.expires) <= now:
            return True
        then, until = self._later.get((row.mail, row.agent), (None, 0.0))
        # A time too far ahead means that the clock was set back.
        return then != recipient.key or not until - LONGEST_WAIT <= now < until

    def _act(
        self, row: Delivery, reader: Reader, abilities: rules.Abilities, recipient: _Recipient, now: float
    ) -> When | None:
        """How to tell of it now; None where that is later or never."""
        pending = PendingMail(
            priority=row.priority,
            expires_at=clock.to_epoch(row.expires) if row.expires else None,
            attempts=row.attempts,
            last_attempt=clock.to_epoch(row.tried) if row.tried else None,
        )
        decision = decide(pending, reader, abilities, now)
        if isinstance(decision, rules.Type) and abilities.hooks and recipient.is_settling:
            decision = rules.Wait(_SOON, "its own hook may be telling it")
        match decision:
            case rules.Type():
                return When.IDLE
            case rules.Steer():
                return When.TURN
            case rules.Interrupt():
                return When.INTERRUPT
            case rules.Offer() | rules.Wait():
                seconds = decision.seconds if isinstance(decision, rules.Wait) else 1.0
                self._later[row.mail, row.agent] = (recipient.key, now + (_SOON if recipient.is_settling else seconds))
            case rules.Expire():
                with self.town.change() as change:
                    move_delivery(change, row.mail, row.agent, "expire")
            case rules.Dead(reason=reason):
                self._give_up([row], reason)
            case _:
                assert_never(decision)
        return None

    def _give_up(self, rows: Sequence[Delivery], reason: str) -> None:
        """Of one sender to one reader. The sender is told first: killed in between, this is done again, and the same
        mail comes once."""
        agent = rows[0].agent
        with contextlib.suppress(NotFoundError, RefusedError, UsageError):
            sender = lookup.resolve_address(self.town, rows[0].sender)
            if not sender.is_daemon:
                what = "".join((row.words or f"gt mail status {row.mail}") + "\n" for row in rows)
                count = "" if len(rows) == 1 else f"{len(rows)} mails "
                body = f"{agent} was not told of {'it' if len(rows) == 1 else 'them'}: {reason}\n\n{what}"
                seed = " ".join(("dead", agent, *(row.mail for row in rows)))
                sending.notify(self.town, sender, f"{count}not told to {agent}: {reason}", body, seed)
        with self.town.change() as change:
            for row in rows:
                move_delivery(change, row.mail, row.agent, "die", reason=reason)
        for row in rows:
            take_in(self.town, row.agent, row.mail)


def _observe(town: Town, address: Address, recipient: _Recipient) -> Observation:
    if recipient.agent is None and address.rig is None:
        # The mayor before there is one: somebody will come.
        return Observation(Availability.ABSENT)
    return observe(town, recipient.agent, recipient.session)


def _address(folder: str) -> Address | None:
    """Whose box a folder is; None for a daemon's and for what is no box."""
    with contextlib.suppress(UsageError):
        address = Address.parse(folder.replace(".", "/", 1))
        return None if address.is_daemon else address
    return None


def _marks(folder: Path) -> tuple[int, int] | None:
    """What changes with every change of the box; None where it changed so lately that more may come unseen."""
    try:
        times = [os.stat(f"{folder}/{part}").st_mtime_ns for part in ("new", "cur")]  # noqa: PTH116 - every box, every look
    except OSError:
        return None
    if max(times) / 1e9 > clock.epoch() - _SETTLED_SECONDS:
        return None
    return times[0], times[1]
