"""A mail as RFC 5322 text, written exactly.

What gt writes comes back equal, whatever its subject and body hold; what others wrote, ``message_parser`` reads.

The header is put together here rather than by the library's folding, which loses spaces between words.
"""

import base64
import re
from datetime import datetime

from gastown_tmux.domain.ids import BeadId, SessionId, Time, parse_time
from gastown_tmux.domain.mail import Message, MessageType, Priority
from gastown_tmux.domain.quoting import one_line
from gastown_tmux.errors import UsageError
from gastown_tmux.store.own_mail import read_fields, read_own

# Bytes of UTF-8 in one encoded word: RFC 2047 allows 75 characters for all of it.
_WORD = 45
# RFC 5322 allows 998 characters in a line, the field's name among them.
_LINE = 900
_PLAIN = re.compile("[!-~]+(?: [!-~]+)*")
_EXACT_BODY = re.compile(rb"(?:(?!From )(?:[\t -~]{0,899}[!-~])?\n)*")
#: Their names stand in each mail, whatever language is spoken here.
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ID = r"<[^<>\s]+>"
#: One of ours, or of another town.
_READER = '(?:[a-z0-9/-]+|"[a-z0-9/-]+@[a-z0-9-]+")@[a-z0-9-]+'
#: What stands in the fields of our own mail, where it stands as it is.
_OWN = {
    "To": re.compile(f"{_READER}(, {_READER})*"),
    "In-Reply-To": re.compile(f"({_ID})?"),
    "References": re.compile(f"({_ID}( {_ID})*)?"),
    "X-Gastown-Bead": re.compile("[a-z0-9-]*"),
    "X-Gastown-Session": re.compile("[a-z0-9-]*"),
    "X-Gastown-Hops": re.compile("[0-9]{1,9}"),
}
#: The library is not given all of a longer field.
_LONGEST = 10_000


def encode(message: Message) -> bytes:
    """The message as RFC 5322 text with ``\\n`` line ends, as Maildirs keep it.

    A subject is put on one line. Raises UsageError for text that has no UTF-8 form (a lone surrogate).
    """
    town = message.id.rpartition("@")[2].rstrip(">")
    body = _utf8(message.body, "body")
    exact = _EXACT_BODY.fullmatch(body) is not None
    fields = {
        "From": _mailbox(message.sender, town),
        "To": ",\n ".join(_mailbox(address, town) for address in message.to),
        "Subject": _encoded(message.subject),
        "Date": _date(message.date),
        "Message-ID": _encoded(message.id),
        "In-Reply-To": _encoded(message.in_reply_to or ""),
        "References": "\n ".join(map(_encoded, message.references)),
        "X-Gastown-Type": message.type,
        "X-Gastown-Priority": message.priority,
        # The Date field has whole seconds only.
        "X-Gastown-Date": message.date,
        "X-Gastown-Bead": _encoded(message.bead or ""),
        "X-Gastown-Expires": _encoded(message.expires or ""),
        "X-Gastown-Session": _encoded(message.session or ""),
        "X-Gastown-Hops": str(message.hops),
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Transfer-Encoding": "7bit" if exact else "base64",
    }
    head = "".join(f"{name}: {value}\n" for name, value in fields.items() if value)
    return head.encode("ascii") + b"\n" + (body if exact else base64.encodebytes(body))


def decode_own(data: bytes, name: str) -> Message | None:
    """A mail of ours under its own file ``name``, as ``message_parser.decode`` reads it; None for any other."""
    found = read_own(data, name)
    if found is None:
        return None
    fields = read_fields(data)
    values = {field: fields.get(field, "") for field in _OWN}
    date, expires = parse_time(found.date), parse_time(found.expires)
    plain = all(pattern.fullmatch(values[field]) and "=?" not in values[field] for field, pattern in _OWN.items())
    if date is None or not plain or max(map(len, fields.values())) > _LONGEST:
        return None
    return Message(
        id=fields["Message-ID"],
        sender=found.sender,
        to=tuple(reader.rpartition("@")[0].strip('"') for reader in values["To"].split(", ")),
        subject=found.subject,
        body=found.body,
        date=date,
        type=MessageType(found.type),
        priority=Priority(found.priority),
        in_reply_to=values["In-Reply-To"] or None,
        references=tuple(values["References"].split()),
        bead=BeadId(values["X-Gastown-Bead"]) or None,
        expires=expires,
        session=SessionId(values["X-Gastown-Session"]) or None,
        hops=int(values["X-Gastown-Hops"]),
    )


def _utf8(text: str, what: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        message = f"the {what} is not valid text: half a character (lone surrogate) at position {error.start}"
        raise UsageError(message, "send it as UTF-8") from None


def _encoded(text: str) -> str:
    line = one_line(text)
    if len(line) <= _LINE and _PLAIN.fullmatch(line) and "=?" not in line:
        return line
    words, word = [], b""
    for character in line:
        piece = _utf8(character, "header")
        if len(word) + len(piece) > _WORD:
            words.append(word)
            word = b""
        word += piece
    return "\n ".join(f"=?utf-8?b?{base64.b64encode(w).decode('ascii')}?=" for w in [*words, word] if w)


def _mailbox(address: str, town: str) -> str:
    """``acme/nux`` as ``acme/nux@town``; a group's own ``@`` must be quoted."""
    return _encoded(f'"{address}"@{town}' if "@" in address else f"{address}@{town}")


def _date(moment: Time) -> str:
    then = datetime.fromisoformat(moment)
    return f"{_DAYS[then.weekday()]}, {then.day:02} {_MONTHS[then.month - 1]} {then.year:04} {then:%H:%M:%S %z}"
