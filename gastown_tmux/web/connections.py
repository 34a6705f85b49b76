"""The connections to the page's server: not too many, and none that lets us wait.

Who has shown a token once keeps his place. Of the others the oldest makes room, unless it came this very moment.
"""

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

MOST = 200
#: Until a request's head is there; until the rest of a body that nobody wants; of one that was just accepted.
HEAD_SECONDS, REST_SECONDS, GRACE_SECONDS = 5.0, 1.0, 0.25
KEPT_SECONDS, KEPT_TRUSTED_SECONDS = 5, 120


class Crowd:
    """All connections there are now, the oldest first."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._all: dict[Connection, float] = {}

    def __len__(self) -> int:
        return len(self._all)

    def enter(self, newcomer: "Connection", now: float) -> bool:
        """False where there is no room."""
        if len(self._all) >= self._most:
            old = next((each for each, since in self._all.items() if self._may_go(each, now - since)), None)
            if old is None:
                return False
            self.leave(old)
            old.transport.abort()
        self._all[newcomer] = now
        return True

    @staticmethod
    def _may_go(each: "Connection", age: float) -> bool:
        return not each.is_trusted and age >= GRACE_SECONDS

    def leave(self, connection: "Connection") -> None:
        self._all.pop(connection, None)

    def trust(self, client: tuple[str, int] | None) -> None:
        """Whoever is connected from there has shown a token."""
        for each in self._all:
            if each.client == client and not each.is_trusted:
                each.is_trusted = True
                each.timeout_keep_alive = KEPT_TRUSTED_SECONDS


class Connection(H11Protocol):
    """``crowd`` is set by ``connections_of``."""

    crowd: Crowd
    is_trusted = False
    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.timeout_keep_alive = KEPT_SECONDS
        if self.crowd.enter(self, self.loop.time()):
            self._wait(HEAD_SECONDS)
        else:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait(None)
        self.crowd.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._wait(None)
        elif self._waiting is None:
            self._wait(HEAD_SECONDS)

    def on_response_complete(self) -> None:
        if self.conn.their_state is h11.SEND_BODY:
            self._wait(REST_SECONDS)
        super().on_response_complete()

    def _wait(self, seconds: float | None) -> None:
        """It ends by then; None: it may go on."""
        if self._waiting is not None:
            self._waiting.cancel()
        self._waiting = None if seconds is None else self.loop.call_later(seconds, self._end)

    def _end(self) -> None:
        if not self.transport.is_closing():
            self.transport.abort()


def connections_of(crowd: Crowd) -> type[Connection]:
    """The protocol that puts all its connections into this crowd."""
    made: Any = type("Connection", (Connection,), {"crowd": crowd})
    return made  # type: ignore[no-any-return]
