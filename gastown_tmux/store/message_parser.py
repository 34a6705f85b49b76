"""Any mail as a value, read as well as it can be.

What other programs write (mutt, mbsync, a mail server) never raises. What gt itself wrote, ``message.decode_own`` reads
without the library, which takes 10 ms to import and longer than all else that is done with a mail.
"""

import email
import re
from collections.abc import Iterable
from email.errors import MessageError
from email.header import decode_header
from email.message import Message as Part
from email.parser import BytesParser
from email.utils import getaddresses, parsedate_to_datetime
from enum import StrEnum
from typing import TypeVar

from gastown_tmux.domain.ids import BeadId, SessionId, Time, parse_time
from gastown_tmux.domain.mail import Message, MessageType, Priority
from gastown_tmux.domain.quoting import one_line

_MESSAGE_ID = re.compile(r"<[^<>\s]+>")
# Nobody reads a longer one, and the library takes minutes for some.
_LONGEST_FIELD = 20_000
_Choice = TypeVar("_Choice", bound=StrEnum)


def decode(data: bytes, fallback_id: str, fallback_date: Time, ours: bool = True) -> Message:
    """The message in these bytes; Message-ID and date as given where it has none of its own. Never raises.

    ``ours`` says that gt may have written it, so that its sender may be one of the town.
    """
    try:
        part = email.message_from_bytes(data)
        body = _body(part)
    except Exception:  # noqa: BLE001
        # The library gives up in many ways (parameters in pieces, thousands of parts): show it as it is.
        part = BytesParser().parsebytes(data, headersonly=True)
        body = re.split(rb"\r?\n\r?\n", data, maxsplit=1)[-1].decode("utf-8", "replace")
    foreign = not ours or "X-Gastown-Type" not in part
    own_id = _MESSAGE_ID.search(_text(part, "Message-ID"))
    replied = _MESSAGE_ID.search(_text(part, "In-Reply-To"))
    hops = _text(part, "X-Gastown-Hops")
    return Message(
        id=own_id[0] if own_id else fallback_id,
        sender=next(iter(_addresses(part, ("From", "Sender"), foreign)), ""),
        to=tuple(_addresses(part, ("To",), foreign)),
        subject=_text(part, "Subject"),
        body=body,
        date=parse_time(_text(part, "X-Gastown-Date")) or _date(_text(part, "Date")) or fallback_date,
        type=_choice(MessageType, _text(part, "X-Gastown-Type"), MessageType.NOTIFICATION),
        priority=_choice(Priority, _text(part, "X-Gastown-Priority"), Priority.NORMAL),
        in_reply_to=replied[0] if replied else None,
        references=tuple(_MESSAGE_ID.findall(_text(part, "References"))),
        bead=BeadId(_text(part, "X-Gastown-Bead")) or None,
        expires=parse_time(_text(part, "X-Gastown-Expires")),
        session=SessionId(_text(part, "X-Gastown-Session")) or None,
        hops=int(hops) if re.fullmatch("[0-9]{1,9}", hops) else 0,
        foreign=foreign,
    )


def _text(part: Part, name: str) -> str:
    """A field's value on one line, encoded words decoded; empty where there is none."""
    value = next((value for field, value in part.raw_items() if field.lower() == name.lower()), "")
    # Raw 8-bit bytes come as surrogates; most programs that write them mean UTF-8.
    raw = str(value)[:_LONGEST_FIELD].encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    unfolded = re.sub(r"[\r\n]+(?=[ \t])", "", raw)
    try:
        pieces = decode_header(unfolded)
    except (MessageError, ValueError):
        return one_line(unfolded)
    return one_line("".join(p if isinstance(p, str) else _decoded(p, charset) for p, charset in pieces))


def _decoded(data: bytes, charset: str | None) -> str:
    try:
        return _whole(data.decode(charset or "utf-8", "replace"))
    except (LookupError, ValueError):  # no such charset, or one that is not for text
        return data.decode("utf-8", "replace")


def _whole(text: str) -> str:
    """Without halves of characters, which some charsets spell, and which no row and no terminal takes."""
    return text.encode("utf-8", "replace").decode()


def _addresses(part: Part, names: Iterable[str], foreign: bool) -> list[str]:
    found = [address for name in names for _, address in getaddresses([_text(part, name)]) if address]
    if foreign:  # one without a host is of this machine, and never one of the town
        return [address if "@" in address else f"{address}@localhost" for address in found]
    return [address.rpartition("@")[0].strip('"') for address in found]


def _date(text: str) -> Time | None:
    try:
        return parse_time(parsedate_to_datetime(text).isoformat())
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _choice(choices: type[_Choice], text: str, default: _Choice) -> _Choice:
    return choices(text) if text in list(choices) else default


def _body(part: Part) -> str:
    leaves = [leaf for leaf in part.walk() if not leaf.is_multipart()]
    texts = [leaf for leaf in leaves if leaf.get_content_type() == "text/plain" and not leaf.get_filename()]
    shown = texts or [leaf for leaf in leaves if leaf.get_content_maintype() == "text"][:1]
    kept_back = [leaf for leaf in leaves if leaf.get_filename()]
    notes = [f"[not shown: {leaf.get_filename()}, {leaf.get_content_type()}]" for leaf in kept_back]
    return _whole("\n".join([*(_leaf_text(leaf) for leaf in shown), *notes]))


def _leaf_text(leaf: Part) -> str:
    payload = leaf.get_payload(decode=True)
    return _decoded(payload, leaf.get_content_charset()) if isinstance(payload, bytes) else ""
