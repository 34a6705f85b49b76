"""gt mail inbox, read, archive, thread, search, status: what is in a box, shown to whom it belongs."""

import contextlib
from collections.abc import Callable, Iterable, Sequence

from gastown_tmux.dataclass import dataclass, replace
from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.delivery import DeliveryState
from gastown_tmux.domain.events import EventType
from gastown_tmux.domain.ids import BeadId, Time
from gastown_tmux.domain.mail import Message, MessageType, short_id
from gastown_tmux.domain.pages import Page, first_of, has_words, most_of
from gastown_tmux.domain.quoting import one_line
from gastown_tmux.errors import GtError, NotFoundError, RefusedError, UsageError
from gastown_tmux.operations.town.events import moment
from gastown_tmux.operations.town.isolation import each
from gastown_tmux.operations.town.town import Answer, Town
from gastown_tmux.store.beads import find_bead
from gastown_tmux.store.deliveries import find_sent, list_deliveries, move_delivery
from gastown_tmux.store.events import list_events
from gastown_tmux.store.mailbox import Entry, Mailbox


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """Where telling one reader of a mail has come to."""

    agent: str
    state: DeliveryState
    session: str | None
    time: Time


@dataclass(frozen=True, slots=True)
class MailView:
    """A mail as it is shown, with the ``title`` of the bead it is about. ``id``, ``thread`` and ``in_reply_to`` are
    short ids, those that people type.
    """

    id: str
    from_: str
    to: list[str]
    subject: str
    body: str
    type: str
    priority: str
    thread: str
    in_reply_to: str | None
    date: Time
    read: bool
    archived: bool
    deliveries: list[DeliveryView]
    bead: BeadId | None
    expires: Time | None
    foreign: bool
    message_id: str
    title: str | None = None

    @property
    def titles(self) -> dict[str, str]:
        return {str(self.bead): self.title} if self.bead and self.title else {}

    @property
    def asks(self) -> str:
        """What its reader is asked for, by its type."""
        return MessageType(self.type).asks.replace("ID", self.id)


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened to a mail: sent, or told to one of its readers."""

    time: Time
    agent: str
    state: str
    session: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class MailStatus:
    """What became of a mail, step by step, oldest first."""

    id: str
    from_: str
    to: list[str]
    subject: str
    date: Time
    read: bool
    archived: bool
    deliveries: list[DeliveryView]
    steps: list[Step]

    @property
    def story(self) -> str:
        """The steps as lines."""
        lines = [[step.time, step.state, step.agent, step.session or "", step.reason or ""] for step in self.steps]
        return "\n".join("  ".join(filter(None, line)) for line in lines)


@dataclass(frozen=True, slots=True)
class Found:
    """A mail, and whose box it was found in: an address, or the folder of a box that another looks into."""

    address: str
    mailbox: Mailbox
    entry: Entry
    message: Message


def box(town: Town, address: str) -> Mailbox:
    return Mailbox(town.mail / address.replace("/", "."))


def take_in(town: Town, address: str, mail: str) -> None:
    """Out of ``new/``, unread, if it is there: what lies there nobody told the reader of."""
    with contextlib.suppress(NotFoundError):
        entry = box(town, address).find(mail)
        if entry.folder == "new":
            box(town, address).take_in(entry)


def find(town: Town, word: str) -> Found:
    """By short id, a unique leading part of one, or Message-ID: in the actor's own box first, then among what it
    sent; a person finds every mail. Raises NotFoundError, UsageError where several begin so, GtError where it may lie
    in a box that cannot be read.
    """
    trouble: GtError = NotFoundError(f"no mail {word!r}", hint="gt mail inbox --all")
    for address, mailbox in _boxes(town).items():
        try:
            entry = mailbox.find(word)
        except NotFoundError:
            continue
        except UsageError:
            raise
        except GtError as error:
            trouble = error
            continue
        try:
            message = mailbox.load(entry)
        except GtError as error:
            trouble = error
            continue
        if address == town.actor or town.is_person or message.sender == town.actor:
            return Found(address, mailbox, entry, message)
    raise trouble


def _boxes(town: Town) -> dict[str, Mailbox]:
    """The actor's own, then those it may look into, by address or folder; last those of agents that are gone."""
    if town.is_person:
        folders = [path.name for path in sorted(town.mail.iterdir()) if path.is_dir()] if town.mail.is_dir() else []
    else:
        folders = [agent for _, agent in find_sent(town.db, town.actor)]
    gone = {path.name: Mailbox(path) for path in sorted(town.archive.glob("mail.*"))}
    return {address: box(town, address) for address in (town.actor, *folders)} | gone


def view(town: Town, message: Message, entry: Entry | None = None) -> MailView:
    """As it lies in a box; without ``entry``, as it was sent."""
    mail = short_id(message.id)
    rows = [DeliveryView(row.agent, row.state, row.session, row.time) for row in list_deliveries(town.db, mail)]
    return MailView(
        id=mail,
        from_=message.sender,
        to=list(message.to),
        subject=one_line(message.subject),
        body=message.body,
        type=message.type,
        priority=message.priority,
        thread=short_id(message.thread),
        in_reply_to=short_id(message.in_reply_to) if message.in_reply_to else None,
        date=message.date,
        read=entry is not None and entry.read,
        archived=entry is not None and entry.archived,
        deliveries=rows or [DeliveryView(to, DeliveryState.QUEUED, None, message.date) for to in message.to],
        bead=message.bead,
        expires=message.expires,
        foreign=message.foreign,
        message_id=message.id,
        title=_find_title(town, message.bead),
    )


def _find_title(town: Town, bead: BeadId | None) -> str | None:
    found = find_bead(town.db, bead) if bead else None
    return found.title if found else None


def inbox(
    town: Town,
    address: Address | None = None,
    all: bool = False,
    since: str | None = None,
    search: str | None = None,
    limit: int | None = None,
) -> list[MailView] | Page[MailView]:
    """Read and unread, oldest first; the archived ones too with ``all``. Looking marks nothing.

    With a limit the unread and newest come first, and no other is opened, unless something is searched for.
    """
    owner = address or town.actor
    mails = box(town, owner)
    entries = mails.list_all(all)
    if since is not None or search is not None:
        start = moment(since) if since else ""
        found = [
            mail
            for mail in _views(town, owner, mails, entries)
            if mail.date >= start and has_words(f"{mail.id} {mail.from_} {mail.subject} {mail.body}", search)
        ]
        return first_of(found, limit, lambda mail: mail.read or mail.archived)
    if limit is None:
        return _views(town, owner, mails, entries)
    entries.reverse()
    entries.sort(key=lambda entry: entry.read or entry.archived)
    shown = entries[: most_of(limit)] if limit else entries
    return Page(_views(town, owner, mails, shown), len(entries) - len(shown))


def _views(town: Town, owner: str, mails: Mailbox, entries: Sequence[Entry]) -> list[MailView]:
    return [view(town, found.message, found.entry) for found in load_each(town, owner, mails, entries)]


def load_each(town: Town, address: str, mailbox: Mailbox, entries: Iterable[Entry]) -> list[Found]:
    """The mails of a box; one that cannot be read keeps no other from being shown."""

    def load(entry: Entry) -> Found | None:
        with contextlib.suppress(NotFoundError):  # removed while we looked
            return Found(address, mailbox, entry, mailbox.load(entry))
        return None

    return [found for found in each(town, f"mail of {address}", entries, load, lambda entry: entry.key) if found]


def read(town: Town, mail: str) -> MailView:
    """One mail; in the actor's own box it counts as read from now on."""
    found = find(town, mail)
    if found.address == town.actor:
        found = keep_read(town, found)
    return view(town, found.message, found.entry)


def keep_read(town: Town, found: Found) -> Found:
    """Marks a mail of the actor's own as read; whoever has read it need not be told of it."""
    entry = found.entry if found.entry.read else found.mailbox.mark_seen(found.entry)
    _accept(town, found.address, found.message)
    return replace(found, entry=entry)


def _accept(town: Town, address: str, message: Message) -> None:
    mail = short_id(message.id)
    if any(row.agent == address and row.is_open for row in list_deliveries(town.db, mail)):
        # The flag on the file says it already; where the database is locked, the courier's row follows that.
        with contextlib.suppress(RefusedError), town.change() as change:
            move_delivery(change, mail, address, "accept", session=town.session)


def archive(town: Town, mails: Sequence[str]) -> Answer:
    """Out of the inbox, kept for ever. The actor's own mails only."""
    views, known, own = [], True, box(town, town.actor)
    for entry in [own.find(word) for word in mails]:
        known = known and entry.archived
        message = own.load(entry)
        _accept(town, town.actor, message)
        views.append(view(town, message, own.archive(entry)))
    names = ", ".join(shown.id for shown in views)
    text = f"{names} {'is' if len(views) == 1 else 'are'} archived" + (" already" if known else "")
    return Answer(views[0] if len(views) == 1 else views, text)


def thread(town: Town, mail: str) -> list[MailView]:
    """The whole conversation that a mail belongs to, as far as the actor may see it, oldest first."""
    root = find(town, mail).message.thread
    return _collect(town, lambda message: root in (message.id, message.thread, *message.references))


def search(town: Town, words: Sequence[str]) -> list[MailView]:
    """Mails, archived ones too, that hold all the words in sender, subject or body, whatever their case."""
    wanted = [word.casefold() for word in words]

    def matches(message: Message) -> bool:
        text = f"{message.sender}\n{message.subject}\n{message.body}".casefold()
        return all(word in text for word in wanted)

    return _collect(town, matches)


def _collect(town: Town, wanted: Callable[[Message], bool]) -> list[MailView]:
    seen = dict[str, Found]()
    boxes = _boxes(town)

    def collect(address: str) -> None:
        for found in load_each(town, address, boxes[address], boxes[address].list_all(archived=True)):
            own = address == town.actor or town.is_person or found.message.sender == town.actor
            if own and wanted(found.message):
                seen.setdefault(found.message.id, found)

    each(town, "listing of the mailbox", boxes, collect)
    ordered = sorted(seen.values(), key=lambda found: found.message.date)
    return [view(town, found.message, found.entry) for found in ordered]


def _recall(town: Town, mail: str) -> Message | None:
    """What rows tell of a mail or nudge that lies in no box; its words are gone."""
    rows = list_deliveries(town.db, mail.strip().lower())
    if not rows or not (town.is_person or town.actor in (rows[0].sender, *(row.agent for row in rows))):
        return None
    sent = list_events(town.db, subject=rows[0].mail, type=EventType.MAIL_SENT)
    subject = rows[0].words or "".join(str(event.data.get("about", "")) for event in sent[:1])
    return Message(
        id=f"<{rows[0].mail}@town>",
        sender=rows[0].sender,
        to=tuple(row.agent for row in rows),
        subject=subject,
        body="",
        date=rows[0].queued,
        priority=rows[0].priority,
    )


def status(town: Town, mail: str) -> MailStatus:
    """What became of a mail: when it was sent, and each step of telling each reader.

    Rows tell it of a nudge, and of a mail that its reader has thrown away since.
    """
    try:
        shown = view(town, (found := find(town, mail)).message, found.entry)
    except NotFoundError as error:
        message = _recall(town, mail)
        if message is None:
            raise error from None
        shown = view(town, message)
    steps = []
    for event in list_events(town.db, subject=shown.id):
        data = {name: value for name, value in event.data.items() if isinstance(value, str)}
        who, state = data.get("agent", ""), data.get("state", "")
        if event.type == EventType.MAIL_SENT:
            steps.append(Step(event.time, event.actor, "sent", None, None))
        elif event.type == EventType.DELIVERY_CHANGED:
            steps.append(Step(event.time, who, state, data.get("session"), data.get("reason")))
    return MailStatus(
        id=shown.id,
        from_=shown.from_,
        to=shown.to,
        subject=shown.subject,
        date=shown.date,
        read=shown.read,
        archived=shown.archived,
        deliveries=shown.deliveries,
        steps=steps,
    )
