"""A mail as a value, its short id, and the line that points at it.

A Message-ID is ``<short@town>``. The short part is what people see and type (``gt mail read k3x9q7m2p4ab``).
Mail from elsewhere has Message-IDs of any shape; their short id is a hash, so that what is shown and pasted
into a shell is always plain letters and digits.
"""

import re
from enum import StrEnum

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.ids import BeadId, SessionId, Time
from gastown_tmux.domain.quoting import PRIORITIES, Excerpt, one_line, shortened

_SHORT_ID = "[a-z2-7]{12}"
_OWN_MESSAGE_ID = rf"<({_SHORT_ID})@[^<>\s]+>"


class MessageType(StrEnum):
    TASK = "task"
    STATUS = "status"
    HANDOFF = "handoff"
    ESCALATION = "escalation"
    REPLY = "reply"
    NOTIFICATION = "notification"

    @property
    def asks(self) -> str:
        """What its reader is asked for."""
        return _ASKED[self]


_ASKED = {
    MessageType.TASK: "do it, then answer: gt mail reply ID",
    MessageType.STATUS: "nothing: it is for you to know",
    MessageType.HANDOFF: "go on with it where the sender left it",
    MessageType.ESCALATION: "decide, and answer: gt mail reply ID",
    MessageType.REPLY: "nothing, unless a question is left",
    MessageType.NOTIFICATION: "nothing: it is for you to know",
}


class Priority(StrEnum):
    """How much a mail may disturb. ``rank`` orders them, the most urgent first (0)."""

    URGENT = "urgent"
    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"

    @property
    def rank(self) -> int:
        return PRIORITIES.index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One mail.

    ``id``, ``in_reply_to`` and ``references`` are Message-IDs, brackets included. ``sender`` and ``to`` are
    addresses of the town, in foreign mail whatever it says. ``hops`` counts the agents' mails that led to this
    one without a person between. ``foreign`` says that something other than gt wrote the file: its sender is a
    claim.
    """

    id: str
    sender: str
    to: tuple[str, ...]
    subject: str
    body: str
    date: Time
    type: MessageType = MessageType.NOTIFICATION
    priority: Priority = Priority.NORMAL
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    bead: BeadId | None = None
    expires: Time | None = None
    session: SessionId | None = None
    hops: int = 0
    foreign: bool = False

    @property
    def thread(self) -> str:
        """The Message-ID of the mail that began this conversation."""
        return self.references[0] if self.references else self.in_reply_to or self.id

    @property
    def excerpt(self) -> Excerpt:
        """What an agent is shown of it."""
        return Excerpt(
            short_id(self.id), self.sender, self.subject, self.body, self.type, self.priority, self.date,
            self.expires or "", self.foreign,
        )  # fmt: skip


def message_id(seed: bytes, town: str) -> str:
    """A Message-ID: always the same for the same seed (a ``--key``)."""
    return f"<{_hashed(seed)}@{town}>"


def fresh_message_id(random: bytes, town: str) -> str:
    """One of eight random bytes or more, of which 60 bits are taken."""
    return f"<{_as_short_id(random)}@{town}>"


def short_id(message_id: str) -> str:
    """Twelve characters of ``[a-z2-7]`` that stand for a Message-ID in what people type and in file names."""
    own = re.fullmatch(_OWN_MESSAGE_ID, message_id)
    return own[1] if own else _hashed(message_id.encode("utf-8", "surrogatepass"))


def is_short_id(text: str) -> bool:
    return re.fullmatch(_SHORT_ID, text) is not None


def _hashed(data: bytes) -> str:
    import hashlib  # 3 ms, and most commands hash nothing

    return _as_short_id(hashlib.sha256(data).digest())


def _as_short_id(data: bytes) -> str:
    import base64

    return base64.b32encode(data)[:12].decode("ascii").lower()


def reply_subject(subject: str) -> str:
    """``Re: `` once, however often it was replied to."""
    return "Re: " + re.sub(r"^(re:\s*)+", "", one_line(subject), flags=re.IGNORECASE)


def pointer_line(sender: str, subject: str, message_id: str) -> str:
    """The one line that is typed into an agent's window to point at a mail."""
    return f"gt: mail from {shortened(sender)}: {shortened(subject)} (gt mail read {short_id(message_id)})"
