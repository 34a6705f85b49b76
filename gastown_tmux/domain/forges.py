"""GitHub, or what speaks as it does: where a repository is there, and what its answers mean."""

import re
from collections.abc import Mapping
from enum import Enum

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.odd_bytes import printable

GITHUB = "github.com"
#: Seconds: where a forge says that it is asked too often and not until when; and the most that is waited for one.
LIMIT_SECONDS, LONGEST_LIMIT = 60.0, 3600.0
_SCP = r"(?:[^@/]+@)?([^:/@]+):(?!//)(.+)\Z"
_NAME = r"[A-Za-z0-9_.-]+\Z"
_HOST = r"[A-Za-z0-9.-]+(:\d+)?\Z"
#: Other names under which the same forge is reached by ssh.
_ALIASES = {"ssh.github.com": GITHUB, "www.github.com": GITHUB}
_MOST_LETTERS = 300


@dataclass(frozen=True, slots=True)
class ForgeRepository:
    """``host`` may end in a port. As text, ``HOST/OWNER/NAME``."""

    host: str
    owner: str
    name: str

    @property
    def path(self) -> str:
        """In the REST API."""
        return f"repos/{self.owner}/{self.name}"

    def __str__(self) -> str:
        return f"{self.host}/{self.owner}/{self.name}"


def parse_repository(value: str) -> ForgeRepository | None:
    """Of ``OWNER/NAME`` on GitHub, or ``HOST/OWNER/NAME``.

    >>> str(parse_repository("cli/cli"))
    'github.com/cli/cli'
    """
    parts = value.split("/")
    if len(parts) == 2:
        parts = [GITHUB, *parts]
    if len(parts) != 3 or not re.match(_HOST, parts[0]) or not all(_is_name(part) for part in parts[1:]):
        return None
    return ForgeRepository(parts[0].lower(), parts[1], parts[2])


def find_repository(remote: str) -> ForgeRepository | None:
    """Which one a git remote names; None for a path, and where there is no owner with a repository.

    >>> str(find_repository("git@github.com:cli/cli.git"))
    'github.com/cli/cli'
    """
    if "://" in remote:
        from urllib.parse import urlsplit  # the settings need none of it, and every verb reads those

        parts = urlsplit(remote)
        host, path = (parts.hostname or "").lower(), parts.path
        try:
            port = parts.port
        except ValueError:
            return None
        # Of ssh's port nothing follows for the API.
        if parts.scheme in ("http", "https") and port is not None:
            host = f"{host}:{port}"
        elif parts.scheme not in ("http", "https", "ssh", "git", "git+ssh"):
            return None
    elif found := re.match(_SCP, remote):
        host, path = found[1].lower(), found[2]
    else:
        return None
    names = path.strip("/").removesuffix(".git")
    return parse_repository(f"{_ALIASES.get(host, host)}/{names}") if host and names.count("/") == 1 else None


def _is_name(part: str) -> bool:
    return bool(re.match(_NAME, part)) and part not in (".", "..")


class Trouble(Enum):
    """Why a forge gave no answer of use."""

    LOGIN = "login"
    LIMITED = "limited"
    GONE = "gone"
    REFUSED = "refused"
    BROKEN = "broken"


def judge(status: int, headers: Mapping[str, str], said: str) -> Trouble | None:
    """Of an answer's status; header names are in small letters. None where it is an answer.

    GitHub says 403 where a login may not, and where it is asked too often.
    """
    if 200 <= status < 300:
        return None
    if status == 401:
        return Trouble.LOGIN
    if status == 429 or (status == 403 and _is_limit(headers, said)):
        return Trouble.LIMITED
    if status in (404, 410):
        return Trouble.GONE
    return Trouble.REFUSED if 400 <= status < 500 else Trouble.BROKEN


def _is_limit(headers: Mapping[str, str], said: str) -> bool:
    return (
        "retry-after" in headers
        or headers.get("x-ratelimit-remaining") == "0"
        or bool(re.search(r"rate limit|abuse detection", said, re.I))
    )


def limit_seconds(headers: Mapping[str, str], now: float) -> float:
    """How long a forge wants not to be asked; ``now`` in seconds since 1970."""
    after, reset = headers.get("retry-after", ""), headers.get("x-ratelimit-reset", "")
    if after.isascii() and after.isdecimal():
        seconds = float(after)
    elif reset.isascii() and reset.isdecimal() and headers.get("x-ratelimit-remaining") == "0":
        seconds = float(reset) - now
    else:
        return LIMIT_SECONDS
    return min(max(seconds, 1.0), LONGEST_LIMIT)


def complaint(body: object) -> str:
    """What a forge says is wrong, in one line; empty where it does not say it in JSON."""
    if not isinstance(body, dict):
        return ""
    parts = [body.get("message")]
    errors = body.get("errors")
    for error in errors if isinstance(errors, list) else ():
        if isinstance(error, dict):
            field = " ".join(str(error[key]) for key in ("field", "code") if error.get(key))
            parts.append(error.get("message") or field)
        else:
            parts.append(error)
    words = dict.fromkeys(" ".join(printable(part).split()) for part in parts if isinstance(part, str) and part)
    return ": ".join(words)[:_MOST_LETTERS]
