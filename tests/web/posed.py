"""The real server of pages before a town that is posed: a model by hand, and what was asked of it is noted."""

import asyncio
import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import uvicorn

from gastown_tmux.domain.addresses import Address
from gastown_tmux.errors import NotFoundError
from gastown_tmux.faces.model import Happened, Saw, Troubled
from gastown_tmux.operations.town.town import Town
from gastown_tmux.verbs.acts import Act
from gastown_tmux.web.app import make_app
from gastown_tmux.web.connections import Crowd
from gastown_tmux.web.desk import Desk, Done
from gastown_tmux.web.offers import Offers
from gastown_tmux.web.parts import Parts
from gastown_tmux.web.server import HOST, configure, listen
from gastown_tmux.web.streams import Streams
from gastown_tmux.web.tokens import Keys

SECONDS = 20.0


class PosedScreens:
    """Those that were drawn, for whoever asks."""

    def __init__(self) -> None:
        self.drawn: dict[str, str] = {}

    def whole(self, agent: Address) -> str | None:
        return self.drawn.get(agent)

    def show(self, selected: object, visible: object) -> None:
        pass


class PosedDesk(Desk):
    """As much of a desk as pages ask for; ``done`` are the lines of the acts that were carried out."""

    def __init__(self, read_only: bool = False) -> None:
        self.read_only = read_only
        self.offers, self.streams = Offers(), Streams()
        self.parts = Parts(self.offers, {"town": "posed", "path": "/posed", "version": "0", "read_only": read_only})
        self.screens = PosedScreens()  # type: ignore[assignment]
        self._loop, self._polled = asyncio.get_running_loop(), {}
        self.done: list[tuple[str, ...]] = []
        self.answer = Done("done", failed=False, code=0)

    async def read(self, ask: Callable[[Town], Any]) -> Any:
        raise NotFoundError("there is no town behind this page")

    compare = read

    async def act(self, act: Act, words: str) -> Done:
        self.done += act.lines(words)
        return self.answer


@dataclass
class Posed:
    """``url`` is its origin."""

    url: str
    desk: PosedDesk
    keys: Keys
    loop: asyncio.AbstractEventLoop
    secrets: list[str] = field(default_factory=list)

    @property
    def link(self) -> str:
        """A fresh one."""
        return f"{self.url}/#secret={self.keys.make_secret()}"

    def show(self, *messages: Saw | Happened | Troubled) -> None:
        """Returns once it is on its way to all pages."""
        for message in messages:
            if (told := self.desk.parts.take(message)) is not None:
                self.publish("model", told)

    def draw(self, agent: str, lines: list[list[list[Any]]]) -> None:
        """A whole screen, for all pages that show it."""
        numbered = {str(place): runs for place, runs in enumerate(lines)}
        told = {"agent": agent, "columns": 80, "lines_total": len(lines), "lines": numbered, "whole": True}
        self.desk.screens.drawn[agent] = json.dumps(told)  # type: ignore[attr-defined]
        self._call(lambda: self.desk.streams.send_screen(Address(agent), json.dumps(told)))

    def publish(self, event: str, data: str) -> None:
        self._call(lambda: self.desk.streams.publish(event, data))

    def _call(self, call: Callable[[], None]) -> None:
        done = threading.Event()
        self.loop.call_soon_threadsafe(lambda: (call(), done.set()))
        assert done.wait(SECONDS)


@contextlib.contextmanager
def pose(read_only: bool = False, port: int = 0) -> Iterator[Posed]:
    """In a thread of this process, until the end of the block."""
    begun: list[Posed] = []
    ready = threading.Event()
    servers: list[uvicorn.Server] = []

    async def run() -> None:
        listener = listen(port)
        desk, keys, crowd = PosedDesk(read_only), Keys(), Crowd()
        servers.append(uvicorn.Server(configure(make_app(desk, keys, crowd, frozenset()), crowd)))
        url = f"http://{HOST}:{listener.getsockname()[1]}"
        begun.append(Posed(url, desk, keys, asyncio.get_running_loop()))
        ready.set()
        await servers[0].serve([listener])

    thread = threading.Thread(target=lambda: asyncio.run(run()), name="posed", daemon=True)
    thread.start()
    assert ready.wait(SECONDS)
    posed = begun[0]
    try:
        yield posed
    finally:
        posed.loop.call_soon_threadsafe(posed.desk.streams.end_all)
        servers[0].should_exit = True
        thread.join(SECONDS)
        assert not thread.is_alive()
