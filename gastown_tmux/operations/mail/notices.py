"""The overseer told of mail: in the status line, in attached terminals, by a command of the user's own."""

import contextlib
import time

from gastown_tmux.dataclass import dataclass, field
from gastown_tmux.domain.addresses import OVERSEER
from gastown_tmux.domain.delivery import Delivery, DeliveryState
from gastown_tmux.domain.mail import Message, Priority, pointer_line
from gastown_tmux.edges.processes.commands import run_logged
from gastown_tmux.edges.processes.processes import ProcessRef
from gastown_tmux.edges.tmux.messages import flash, set_count
from gastown_tmux.errors import GtError, NotFoundError
from gastown_tmux.operations.mail.inbox import box
from gastown_tmux.operations.town.isolation import each
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store.deliveries import list_open, list_quiet, move_delivery

COMMAND_SECONDS = 30.0
#: Pause between two looks whether somebody is attached to be told.
AGAIN_SECONDS = 5.0


@dataclass
class Notices:
    """For one thread. ``shown`` is what the status line of which server says, as far as is known."""

    town: Town
    shown: tuple[int, ProcessRef | None] | None = None
    _tried: set[str] = field(default_factory=set)
    _again: float = 0.0

    def count(self, unread: int) -> None:
        """Says in the status line how many mails wait, where that changed or the server is another one."""
        now = (unread, self.town.tmux.remembered())
        if now != self.shown:
            with contextlib.suppress(GtError):
                set_count(self.town.tmux, unread)
                self.shown = now

    def waiting(self) -> list[Delivery]:
        """Mails that the overseer was not told of: when one is new, and now and then, for nobody may be attached."""
        rows = [row for row in list_open(self.town.db) if row.agent == OVERSEER and row.state is DeliveryState.QUEUED]
        quiet = bool(rows) and OVERSEER in list_quiet(self.town.db)
        rows = [row for row in rows if not quiet or row.priority is Priority.URGENT]
        mails, now = {row.mail for row in rows}, time.monotonic()
        if mails <= self._tried and now < self._again:
            return []
        self._tried, self._again = mails, now + AGAIN_SECONDS
        return rows


def notify_overseer(town: Town, rows: list[Delivery]) -> None:
    """One notice for all of them; they stay queued where nobody is attached and no command is set or works."""
    mails = box(town, OVERSEER)

    def load(row: Delivery) -> tuple[Delivery, Message | None]:
        with contextlib.suppress(NotFoundError):
            return row, mails.load(mails.find(row.mail))
        return row, None

    loaded = each(town, "notice of mail", rows, load, lambda row: row.mail)
    messages = [message for _, message in loaded if message is not None]
    if not messages:
        return
    told = _flash(town, messages)
    told = _run_command(town, messages) or told
    if told:
        with town.change() as change:
            for row, _ in loaded:
                move_delivery(change, row.mail, OVERSEER, "offer")


def _flash(town: Town, messages: list[Message]) -> bool:
    last = messages[-1]
    line = pointer_line(last.sender, last.subject, last.id)
    text = line if len(messages) == 1 else f"{len(messages)} new mails, the last: {line}"
    try:
        return flash(town.tmux, text) > 0
    except GtError:
        return False


def _run_command(town: Town, messages: list[Message]) -> bool:
    command = town.settings().get("ui.notify")
    if not command:
        return False
    told = False
    for message in messages:
        line = pointer_line(message.sender, message.subject, message.id)
        about = {"GT_MAIL_FROM": message.sender, "GT_MAIL_SUBJECT": message.subject, "GT_MAIL_LINE": line}
        environment, log = {**town.environment, **about}, town.logs / "notify.log"
        status = run_logged(
            ["sh", "-c", str(command)], town.path, environment, log, COMMAND_SECONDS, "notify", town.log_size()
        )
        told = told or status == 0
    return told
