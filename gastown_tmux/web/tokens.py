"""One-time secrets, and the tokens that a page gets for them: both die with this process."""

import hmac
import secrets
from collections.abc import Callable, Iterable

from gastown_tmux.edges.files import clock

SECRET_SECONDS = 60.0
#: So many links wait to be opened, and so many pages are known; the oldest are forgotten beyond that.
MOST_SECRETS, MOST_TOKENS = 20, 500


class Keys:
    """Used by one thread. ``now`` gives seconds of a clock that nobody can set."""

    def __init__(self, now: Callable[[], float] = clock.awake) -> None:
        self._now = now
        self._secrets: dict[str, float] = {}
        self._tokens: dict[str, None] = {}

    def make_secret(self) -> str:
        """Good once, and for ``SECRET_SECONDS``."""
        secret = secrets.token_urlsafe(32)
        self._secrets[secret] = self._now() + SECRET_SECONDS
        _forget_oldest(self._secrets, MOST_SECRETS)
        return secret

    def redeem(self, secret: str) -> str | None:
        """A token; None for a secret that was used, is too old or was never made."""
        known = _find(secret, self._secrets)
        if known is None or self._secrets.pop(known) < self._now():
            return None
        token = secrets.token_urlsafe(32)
        self._tokens[token] = None
        _forget_oldest(self._tokens, MOST_TOKENS)
        return token

    def knows(self, token: str) -> bool:
        known = _find(token, self._tokens)
        if known is None:
            return False
        # Whoever asked last is forgotten last.
        del self._tokens[known]
        self._tokens[known] = None
        return True


def _find(word: str, known: Iterable[str]) -> str | None:
    """How long it takes tells nothing of how much of the word is right."""
    given, found = word.encode(errors="surrogatepass"), None
    for each in known:
        if hmac.compare_digest(each.encode(), given):
            found = each
    return found


def _forget_oldest(known: dict[str, float] | dict[str, None], most: int) -> None:
    while len(known) > most:
        del known[next(iter(known))]
