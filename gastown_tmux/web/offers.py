"""Acts as a page gets them: each has an id, and only what is offered at this moment is carried out.

The id is made of all that the act does, the digest of what was drawn included: what has changed since has another.
"""

import hashlib
import secrets
from collections.abc import Iterable
from typing import Any

from gastown_tmux.dataclass import dataclass
from gastown_tmux.verbs.acts import Act

#: Documents whose acts are remembered; what they answer, the verb compares with their head.
MOST_DOCUMENTS = 64


@dataclass(frozen=True, slots=True)
class Offer:
    """``digest`` is that of what the act was drawn beside."""

    act: Act
    digest: str | None = None


class Offers:
    """Written by the thread that watches the town, read by that of the server; each change is one assignment."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(16)
        self._ids: dict[tuple[Act, str | None], str] = {}
        self._current: dict[str, dict[str, Offer]] = {}
        self._documents: dict[str, dict[str, Offer]] = {}

    def offer(self, act: Act, digest: str | None = None) -> dict[str, Any]:
        """What a page gets of it. It may be carried out once it is among those of a part, or of a document."""
        return {
            "act": self.id_of(act, digest),
            "key": act.key,
            "words": act.words,
            "asks": act.asks,
            "may_be_empty": act.may_be_empty,
            "confirms": act.confirms,
            "shows": act.shows,
            "goes": act.goes,
            "line": list(act.commands[0]) if act.shows or act.goes else [],
        }

    def id_of(self, act: Act, digest: str | None) -> str:
        known = self._ids.get((act, digest))
        if known is None:
            if len(self._ids) > 20_000:
                self._ids.clear()
            words = repr((act, digest)).encode(errors="surrogatepass")
            known = hashlib.blake2b(words, key=self._key, digest_size=12).hexdigest()
            self._ids[act, digest] = known
        return known

    def make(self, offers: Iterable[tuple[Act, str | None]]) -> dict[str, Offer]:
        """By their ids."""
        return {self.id_of(act, digest): Offer(act, digest) for act, digest in offers}

    def set_current(self, part: str, offered: dict[str, Offer]) -> None:
        """From now on these are offered there, and no others."""
        self._current[part] = offered

    def add_document(self, id: str, acts: Iterable[Act]) -> None:
        documents = {**self._documents, id: self.make((act, None) for act in acts)}
        while len(documents) > MOST_DOCUMENTS:
            del documents[next(iter(documents))]
        self._documents = documents

    def find(self, id: str) -> Act | None:
        """None where it is not offered any more, as it was drawn."""
        for offers in (*list(self._current.values()), *self._documents.values()):
            if id in offers:
                return offers[id].act
        return None
