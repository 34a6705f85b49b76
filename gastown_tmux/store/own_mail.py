"""A mail that gt wrote, read for a hook: the email package costs more than all else that a hook does.

Only what ``store.message.encode`` writes is read here, and as ``store.message_parser`` reads it; all else is left
to that.
"""

import binascii
import re

from gastown_tmux.domain.quoting import PRIORITIES, Excerpt, one_line

TYPES = frozenset(("task", "status", "handoff", "escalation", "reply", "notification"))

_FIELDS = {
    *("From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "MIME-Version"),
    *("X-Gastown-Type", "X-Gastown-Priority", "X-Gastown-Date", "X-Gastown-Bead", "X-Gastown-Expires"),
    *("X-Gastown-Session", "X-Gastown-Hops", "Content-Type", "Content-Transfer-Encoding"),
}
_ADDRESS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-/")
_SHORT_ID = frozenset("abcdefghijklmnopqrstuvwxyz234567")
_WORD, _END = "=?utf-8?b?", "?="
#: As the clock writes it; of February 29 too the slow way has to say whether there is one.
_TIME = re.compile(r"[1-9]\d{3}-(\d\d)-(\d\d)T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z", re.ASCII)
_DAYS = (0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def read_own(data: bytes, name: str) -> Excerpt | None:
    """None for anything but a mail of ours under its own file ``name``."""
    head, _, body = data.partition(b"\n\n")
    try:
        fields = _fields(head)
        sender, plain, town = _sender(fields["From"])
        known = (
            len(name) == 12
            and _SHORT_ID.issuperset(name)
            and fields["Message-ID"] == f"<{name}@{town}>"
            and sender
            and _ADDRESS.issuperset(plain)
            and _ADDRESS.issuperset(town)
            and fields["X-Gastown-Type"] in TYPES
            and fields["X-Gastown-Priority"] in PRIORITIES
            and fields["Content-Type"] == "text/plain; charset=utf-8"
        )
        if not known:
            return None
        return Excerpt(
            name, sender, _text(fields.get("Subject", "")), _body(body, fields["Content-Transfer-Encoding"]),
            fields["X-Gastown-Type"], fields["X-Gastown-Priority"], _time(fields["X-Gastown-Date"]),
            _time(fields["X-Gastown-Expires"]) if "X-Gastown-Expires" in fields else "", False,
        )  # fmt: skip
    except (KeyError, ValueError):
        return None


def read_fields(data: bytes) -> dict[str, str]:
    """Of a mail that ``read_own`` has read: what stands in its header, unfolded."""
    return _fields(data.partition(b"\n\n")[0])


def _fields(head: bytes) -> dict[str, str]:
    fields: dict[str, str] = {}
    name = ""
    for line in head.decode("ascii").split("\n"):
        if line.startswith(" ") and name and line.isprintable():
            fields[name] += line
            continue
        name, colon, value = line.partition(": ")
        if not colon or name not in _FIELDS or name in fields or not value.isprintable():
            raise ValueError(name)
        fields[name] = value
    return fields


def _sender(field: str) -> tuple[str, str, str]:
    """Of ``NAME@TOWN``, or of ``"NAME@HOST"@TOWN`` for somebody elsewhere: who it is, the letters of that, the town."""
    local, _, town = field.rpartition("@")
    if not local.startswith('"'):
        return local, local, town
    name, _, host = local.strip('"').partition("@")
    if not (name and host) or local != f'"{name}@{host}"':
        raise ValueError(field)
    return f"{name}@{host}", name + host, town


def _text(value: str) -> str:
    text = value
    if "=?" in value:
        words = value.split(" ")
        if not all(word.startswith(_WORD) and word.endswith(_END) for word in words):
            raise ValueError(value)
        pieces = (binascii.a2b_base64(word[len(_WORD) : -len(_END)], strict_mode=True) for word in words)
        text = b"".join(pieces).decode()
    if one_line(text) != text:
        raise ValueError(text)
    return text


def _time(value: str) -> str:
    moment = _TIME.fullmatch(value)
    if moment is None or not 1 <= int(moment[1]) <= 12 or not 1 <= int(moment[2]) <= _DAYS[int(moment[1])]:
        raise ValueError(value)
    return value


def _body(body: bytes, encoding: str) -> str:
    match encoding:
        case "7bit" if b"\r" not in body:
            return body.decode("ascii")
        case "base64":
            return binascii.a2b_base64(body.replace(b"\n", b""), strict_mode=True).decode()
    raise ValueError(encoding)
