"""What is told to all pages: numbered messages, the last of them kept, and the streams that wait for more.

Used by the server's own thread alone. Each message is encoded once, for however many pages.
"""

import asyncio
import secrets
from collections import deque
from collections.abc import Sequence

from gastown_tmux.dataclass import dataclass, field
from gastown_tmux.domain.addresses import Address

#: Messages that a page which was away may still catch up with.
MOST_KEPT = 400
#: What waits in a stream whose reader does not read; then it starts anew.
MOST_WAITING = 600
#: A browser gives one origin six connections: streams must leave some.
MOST_OF_A_BROWSER = 3


@dataclass(frozen=True, slots=True)
class Message:
    """``id`` where a page can go on from it."""

    event: str
    data: str
    id: str | None = None

    def encode(self) -> bytes:
        """As an event stream has it; the data is JSON, and so without line feeds."""
        head = f"id: {self.id}\n" if self.id is not None else ""
        return f"{head}event: {self.event}\ndata: {self.data}\n\n".encode(errors="replace")


@dataclass(slots=True)
class Stream:
    """One page that listens. ``selected`` and ``visible`` are the agents whose screens it shows."""

    id: str
    browser: str
    waiting: deque[bytes] = field(default_factory=deque)
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    selected: Address | None = None
    visible: frozenset[Address] = frozenset()
    ended: bool = False
    overrun: bool = False

    def put(self, data: bytes) -> None:
        if self.ended:
            return
        if len(self.waiting) >= MOST_WAITING:
            self.waiting.clear()
            self.overrun = True
        self.waiting.append(data)
        self.ready.set()

    def end(self, last: Message) -> None:
        self.put(last.encode())
        self.ended = True

    def watched(self) -> frozenset[Address]:
        return self.visible if self.selected is None else self.visible | {self.selected}


class Streams:
    """``epoch`` marks the ids of this process: another's are unknown to it."""

    def __init__(self) -> None:
        self.epoch = secrets.token_hex(4)
        self._kept: deque[tuple[int, bytes, Message]] = deque(maxlen=MOST_KEPT)
        self._last = 0
        self._all: dict[str, Stream] = {}

    @property
    def last_id(self) -> str:
        return f"{self.epoch}-{self._last}"

    def publish(self, event: str, data: str) -> None:
        self._last += 1
        message = Message(event, data, self.last_id)
        encoded = message.encode()
        self._kept.append((self._last, encoded, message))
        for stream in self._all.values():
            stream.put(encoded)

    def send_screen(self, agent: Address, told: str) -> None:
        """To those pages that show it; it is not kept, for who comes gets the whole of it."""
        encoded = Message("screen", told).encode()
        for stream in self._all.values():
            if agent in stream.watched():
                stream.put(encoded)

    def after(self, id: str) -> list[Message] | None:
        """What was published since; None where that cannot be told any more."""
        epoch, _, number = id.partition("-")
        if epoch != self.epoch or not (number.isascii() and number.isdecimal()) or int(number) > self._last:
            return None
        missing = [(seq, message) for seq, _, message in self._kept if seq > int(number)]
        return [message for _, message in missing] if len(missing) == self._last - int(number) else None

    def open(self, browser: str) -> Stream:
        """A stream more; beyond the third of a browser the oldest of its is told to ask from time to time."""
        own = [stream for stream in self._all.values() if stream.browser == browser]
        for old in own[: max(0, len(own) - MOST_OF_A_BROWSER + 1)]:
            old.end(Message("poll", '{"every":2}'))
            del self._all[old.id]
        stream = Stream(secrets.token_hex(8), browser)
        self._all[stream.id] = stream
        return stream

    def close(self, stream: Stream) -> None:
        stream.ended = True
        self._all.pop(stream.id, None)

    def find(self, id: str) -> Stream | None:
        return self._all.get(id)

    def all(self) -> Sequence[Stream]:
        return list(self._all.values())

    def end_all(self) -> None:
        for stream in self.all():
            stream.end(Message("bye", "{}"))
        self._all.clear()

    def wanted(self) -> tuple[frozenset[Address], frozenset[Address]]:
        """The agents that some page has selected, and those that one shows at all."""
        selected = frozenset(stream.selected for stream in self._all.values() if stream.selected is not None)
        return selected, selected.union(*(stream.visible for stream in self._all.values()))
