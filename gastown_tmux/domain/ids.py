"""Names and ids: strings become these at the rim, and below it none is a bare ``str``.

Every parser raises ``UsageError`` with the rule in its words; a value that exists is a value that is well formed.
"""

import re
from datetime import UTC, datetime
from typing import NewType

from gastown_tmux.domain.timestamps import timestamp
from gastown_tmux.errors import UsageError

RigName = NewType("RigName", str)
BeadId = NewType("BeadId", str)
ConvoyId = NewType("ConvoyId", str)
MergeRequestId = NewType("MergeRequestId", str)
RunId = NewType("RunId", str)
EscalationId = NewType("EscalationId", str)
SessionId = NewType("SessionId", str)
#: RFC 3339 in UTC with milliseconds, ``2026-11-22T10:02:08.123Z``: sorts as text in the order of time.
Time = NewType("Time", str)
#: A full hexadecimal object name.
Commit = NewType("Commit", str)

RESERVED = frozenset(("hq", "mayor", "deacon", "witness", "refinery", "overseer", "crew", "polecats", "lock"))
RESERVED_PREFIXES = frozenset(("cv", "mr", "run", "esc", "ses"))
ID_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"

_NAME = r"[a-z][a-z0-9-]{0,31}\Z"
_PREFIX = r"[a-z]{2,4}\Z"
# The last second of a year of four digits.
_LAST = 253402300799.0


def time_at(seconds: float) -> Time:
    """Of Unix time. Files bear any: one before 1970 or after 9999 is the nearest that has this form.

    >>> time_at(1.5), time_at(-1), time_at(1e30)
    ('1970-01-01T00:00:01.500Z', '1970-01-01T00:00:00.000Z', '9999-12-31T23:59:59.000Z')
    """
    return Time(timestamp(min(max(seconds, 0.0), _LAST)))


def parse_time(text: str) -> Time | None:
    """A moment of RFC 3339 or ISO 8601, as ``time_at`` has it; one without a zone is UTC. None for anything else.

    >>> parse_time("2026-11-22T11:02:08+01:00"), parse_time("tomorrow")
    ('2026-11-22T10:02:08.000Z', None)
    """
    try:
        moment = datetime.fromisoformat(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return time_at(moment.astimezone(UTC).timestamp())
    except (ValueError, OverflowError):
        return None


def is_name(text: str) -> bool:
    """Whether a rig, agent or town may be called so."""
    return bool(re.match(_NAME, text)) and text not in RESERVED


def is_bead_id(text: str, prefix: str) -> bool:
    """Whether a bead of the rig with this prefix may be called so."""
    return re.fullmatch(rf"{prefix}-[0-9a-z]{{1,20}}", text) is not None


def parse_name(text: str, what: str) -> str:
    """A rig's, agent's or town's name; ``what`` names the thing in the error."""
    if not re.match(_NAME, text):
        raise UsageError(f"{text!r} is not a {what} name: a lower-case letter, then letters, digits or '-', 32 at most")
    if text in RESERVED:
        raise UsageError(
            f"{text!r} is a reserved name", hint="choose another; reserved: " + ", ".join(sorted(RESERVED))
        )
    return text


def parse_prefix(text: str) -> str:
    """A rig's bead prefix: two to four letters."""
    if not re.match(_PREFIX, text) or text in RESERVED_PREFIXES:
        raise UsageError(
            f"{text!r} is not a bead prefix: two to four lower-case letters, none of "
            + ", ".join(sorted(RESERVED_PREFIXES))
        )
    return text


def suggest_prefix(rig: str, taken: frozenset[str]) -> str:
    """A free prefix that reminds of the rig's name.

    >>> suggest_prefix("gastown-tmux", frozenset())
    'gt'
    >>> suggest_prefix("demo", frozenset())
    'de'
    >>> suggest_prefix("demo", frozenset({"de"}))
    'dem'
    """
    letters = re.sub(r"[^a-z]", "", rig)
    initials = "".join(word[0] for word in rig.split("-") if word and word[0].isalpha())
    candidates = [initials[:4], letters[:2], letters[:3], letters[:4]]
    candidates += [letters[:1] + a + b for a in "abcdefghijklmnopqrstuvwxyz" for b in "abcdefghijklmnopqrstuvwxyz"]
    for candidate in candidates:
        if re.match(_PREFIX, candidate) and candidate not in taken | RESERVED_PREFIXES:
            return candidate
    raise UsageError(f"no bead prefix is free for {rig!r}", hint="gt rig add NAME URL --prefix P")
