"""How a page hears of what happens: a stream, or now and then a question, and which screens it shows."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from gastown_tmux.domain.addresses import Address
from gastown_tmux.errors import GtError, NotFoundError
from gastown_tmux.web.desk import Desk
from gastown_tmux.web.requests import read_object
from gastown_tmux.web.streams import Message, Stream

#: A comment so often shows both sides that the other is there.
BEAT_SECONDS = 15.0
MOST_VISIBLE = 64


class Listening:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def stream(self, request: Request) -> Response:
        asked = request.query_params
        stream = self._desk.streams.open(asked.get("browser", "")[:64])
        stream.put(Message("hello", json.dumps({"stream": stream.id})).encode())
        for message in self._missed(asked.get("after", "")):
            stream.put(message.encode())
        self._desk.watch(stream, *_find_watched(asked.get("selected"), asked.get("visible", "").split(",")))
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        return StreamingResponse(self._send(stream), media_type="text/event-stream", headers=headers)

    def _missed(self, after: str) -> list[Message]:
        """What a page that knows all up to there does not know; or everything."""
        found = self._desk.streams.after(after)
        return [self._whole()] if found is None else found

    def _whole(self) -> Message:
        return Message("model", self._desk.parts.whole(), self._desk.streams.last_id)

    async def _send(self, stream: Stream) -> AsyncIterator[bytes]:
        try:
            while True:
                if not stream.waiting:
                    if stream.ended:
                        return
                    stream.ready.clear()
                    try:
                        async with asyncio.timeout(BEAT_SECONDS):
                            await stream.ready.wait()
                    except TimeoutError:
                        yield b": \n\n"
                        continue
                parts = [stream.waiting.popleft() for _ in range(len(stream.waiting))]
                if stream.overrun:
                    stream.overrun = False
                    parts = [message.encode() for message in (self._whole(), *self._desk.screens_of(stream))]
                yield b"".join(parts)
        finally:
            self._desk.streams.close(stream)
            self._desk.show_wanted()

    async def poll(self, request: Request) -> Response:
        asked = request.query_params
        selected, visible = _find_watched(asked.get("selected"), asked.get("visible", "").split(","))
        agents = visible | ({selected} if selected is not None else set())
        messages = [*self._missed(asked.get("after", "")), *self._desk.poll_screens(agents)]
        told = ",".join(f'{{"event":"{message.event}","data":{message.data}}}' for message in messages)
        text = f'{{"id":"{self._desk.streams.last_id}","messages":[{told}]}}'
        return Response(text.encode(errors="replace"), media_type="application/json")

    async def watch(self, request: Request) -> Response:
        given = await read_object(request)
        stream = self._desk.streams.find(str(given.get("stream") or ""))
        if stream is None:
            raise NotFoundError("this stream has ended")
        self._desk.watch(stream, *_find_watched(given.get("selected"), given.get("visible")))
        return Response(b"{}", media_type="application/json")


def _find_watched(selected: Any, visible: Any) -> tuple[Address | None, frozenset[Address]]:
    """What names no agent is left out."""
    names = visible if isinstance(visible, list) else []
    found = (_parse(name) for name in names[:MOST_VISIBLE])
    return _parse(selected), frozenset(address for address in found if address is not None)


def _parse(name: object) -> Address | None:
    try:
        return Address.parse(name) if isinstance(name, str) and name else None
    except GtError:
        return None
