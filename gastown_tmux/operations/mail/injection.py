"""gt mail check: what is new, for people and, with ``--inject``, for the hooks of agents' programs."""

import contextlib
from collections.abc import Collection, Iterator, Mapping

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.delivery import DeliveryState
from gastown_tmux.domain.doors import SPOOL
from gastown_tmux.domain.ids import SessionId
from gastown_tmux.domain.mail import Message, Priority, is_short_id, short_id
from gastown_tmux.domain.quoting import frame, injection
from gastown_tmux.edges.files import clock
from gastown_tmux.edges.processes.locks import Lock
from gastown_tmux.errors import GtError, NotFoundError, UsageError
from gastown_tmux.operations.mail.inbox import MailView, box, load_each, view
from gastown_tmux.operations.town.town import Town
from gastown_tmux.reading import json_object, read_file, text_of
from gastown_tmux.store.agents import find_session, move_session
from gastown_tmux.store.deliveries import find_delivery, insert_delivery, list_quiet, move_delivery

#: How long a hook waits for a courier that is telling the same agent at this moment.
_LOCK_SECONDS = 5.0


def check(town: Town, inject: bool = False) -> list[MailView] | Iterator[str]:
    """The actor's unread mails, none of them marked by this.

    With ``inject``, text in the form that the calling hook wants (``GT_INJECT``) of mails that the agent was not told
    of yet. Those it shows are offered to this session once the text is out, the others come next time. Nothing is
    raised then, whatever is wrong.
    """
    if inject:
        return _inject(town)
    mails = box(town, town.actor)
    return [view(town, found.message, found.entry) for found in load_each(town, town.actor, mails, mails.list_new())]


def delivery_lock(town: Town, address: str, seconds: float = _LOCK_SECONDS) -> Lock:
    """Held by whoever tells an agent of its mail, until that is recorded: so that nobody else does it too."""
    return Lock(town.run / f"tell.{address.replace('/', '.')}.lock", seconds)


def _inject(town: Town) -> Iterator[str]:
    with contextlib.suppress(GtError), delivery_lock(town, town.actor):
        text, told = injection(message.excerpt for message in _untold(town))
        shown = answer_hook(town, text) if told else ""
        if shown:
            # Whoever prints this comes back only after it is written: nobody is told of it less than once.
            yield shown
            _record(town, town.actor, told, town.session, town.environment.get("GT_HOOK", ""))
        if shown or not told:
            _take_in(town)


def _untold(town: Town) -> list[Message]:
    """What lies in ``new/``: whoever tells of a mail moves it on. An earlier gt left it there."""
    now, quiet = clock.now(), town.actor in list_quiet(town.db)
    if not quiet:
        town.quiet_mark(town.actor).unlink(missing_ok=True)
    untold, mails = [], box(town, town.actor)
    for found in load_each(town, town.actor, mails, mails.list_new()):
        message = found.message
        row = find_delivery(town.db, short_id(message.id), town.actor)
        told = found.entry.folder != "new" or (row is not None and row.state is not DeliveryState.QUEUED)
        late = message.expires is not None and message.expires <= now
        if not told and not late and (not quiet or message.priority is Priority.URGENT):
            untold.append(message)
    return untold


def answer_hook(town: Town, text: str) -> str:
    """The text as the program that runs this hook takes it; empty where it must not be stopped again."""
    payload = json_object(town.hear()) if "GT_HOOK" in town.environment else {}
    return frame(text, town.environment.get("GT_INJECT", ""), payload)


def take_offer(town: Town, session: SessionId, offer: Mapping[str, object]) -> None:
    """Rows follow what a hook said that it told its agent: that of the session. One that nobody knows has told none."""
    found = find_session(town.db, session) if session else None
    if session and found is None:
        return
    agent = found.agent if found else text_of(offer.get("agent"))
    mails, hook = offer.get("mails"), offer.get("hook")
    if agent is None or not isinstance(mails, list) or not all(is_short_id(str(mail)) for mail in mails):
        raise UsageError("it is not an offer of mail to an agent")
    _record(town, Address.parse(agent), list(map(str, mails)), session or None, str(hook))


def find_offered(town: Town, session: SessionId | None) -> set[str]:
    """Mails that the session's hooks have just told of, and whose rows do not say so yet."""
    found = set[str]()
    spools = [town.run / SPOOL, *([town.doors / session / SPOOL] if session else [])]
    for path in (path for spool in spools for path in spool.glob("*.offered")):
        with contextlib.suppress(OSError):  # taken in meanwhile, or no signal: then it is set aside soon
            mails = json_object(read_file(path, follow=False)).get("mails")
            found.update(map(str, mails if isinstance(mails, list) else ()))
    return found


def _record(town: Town, agent: Address, mails: Collection[str], session: SessionId | None, hook: str) -> None:
    found = []
    for mail in mails:
        with contextlib.suppress(GtError):  # one that cannot be read must not keep back all other signals
            found.append(box(town, agent).load(box(town, agent).find(mail)))
    with town.change() as change:
        for message in found:
            insert_delivery(change, short_id(message.id), agent, message.sender, message.priority, message.expires)
        for mail in mails:
            move_delivery(change, mail, agent, "offer", session=session)
        if session and hook == "idle":
            # The turn was about to end, and goes on with what it was told.
            move_session(change, session, "work")


def _take_in(town: Town) -> None:
    """Out of ``new/``, unread: the next hook need not start Python to find that there is nothing new."""
    for entry in box(town, town.actor).list_new():
        row = find_delivery(town.db, entry.key, town.actor)
        if entry.folder == "new" and row is not None and row.state is not DeliveryState.QUEUED:
            with contextlib.suppress(NotFoundError):
                box(town, town.actor).take_in(entry)
