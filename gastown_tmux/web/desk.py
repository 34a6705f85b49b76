"""Between a town and the pages that show it: one watcher for all, one reading connection, and acts that are verbs.

Nothing here that reads rows, asks git or runs a verb does so on the server's own thread.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.addresses import Address
from gastown_tmux.edges.files import clock
from gastown_tmux.edges.processes.own_lines import run_line
from gastown_tmux.errors import GtError
from gastown_tmux.faces.model import Happened, Saw, Troubled
from gastown_tmux.faces.snapshot import Snapshot, read_snapshot
from gastown_tmux.faces.watcher import Listener, Watcher
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store.events import last_seq
from gastown_tmux.verbs.acts import Act
from gastown_tmux.verbs.text import harmless
from gastown_tmux.web.offers import Offers
from gastown_tmux.web.parts import Parts
from gastown_tmux.web.screens import Place, Screens
from gastown_tmux.web.streams import Message, Stream, Streams

#: Between two looks at the rows; how long a reading, a diff and a verb may take.
LOOK_SECONDS = 0.05
READ_SECONDS, VERB_SECONDS = 30.0, 180.0
#: So long after a page has asked, screens are looked at for it.
POLLED_SECONDS = 5.0
#: Events that a fresh page shows.
_EARLIER = 100
_MOST_VERBS = 4
_LONGEST_ANSWER = 4000

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Done:
    """What a verb said, and how it ended."""

    said: str
    failed: bool
    code: int
    hint: str = ""


class Desk:
    """Made by the server's own thread, while its loop runs; ``start`` and ``stop`` are called there."""

    def __init__(self, town: Town, read_only: bool, version: str) -> None:
        self.town, self.read_only = town, read_only
        self.offers, self.streams = Offers(), Streams()
        fixed = {"town": town.path.name, "path": str(town.path), "version": version, "read_only": read_only}
        self.parts = Parts(self.offers, fixed)
        self._loop = asyncio.get_running_loop()
        self._taking = threading.Lock()
        reads = Listener[Snapshot](
            changed=lambda seen: self._take(Saw(seen, clock.epoch())),
            troubled=lambda reason: self._take(Troubled(reason)),
        )
        hears = Listener[None](lambda events: self._take(Happened(tuple(events), clock.epoch())))
        self.watcher = Watcher(town.with_own_connection(), read_snapshot, Snapshot(), [reads], LOOK_SECONDS)
        # Apart: an event does not wait until all of the town was read.
        self._hearer = Watcher[None](town.with_own_connection(), lambda town: None, None, [hears], LOOK_SECONDS)
        self._reader, self._differ = (
            _Reader(town.with_own_connection(), "reader"),
            _Reader(town.with_own_connection(), "differ"),
        )
        self.screens = Screens(town.with_own_connection(), self._take_screen, self._find_places)
        self._polled: dict[Address, float] = {}
        self._verbs = ThreadPoolExecutor(_MOST_VERBS, "verb")

    def start(self) -> None:
        seq = None
        with contextlib.suppress(GtError, OSError):
            seq = max(last_seq(self.town.db) - _EARLIER, 0)
            self.town.close()
        self.watcher.start(seq)
        self._hearer.start(seq)
        self.screens.start()

    def stop(self) -> None:
        self.streams.end_all()
        self.watcher.stop()
        self._hearer.stop()
        self.screens.stop()
        for reader in (self._reader, self._differ):
            reader.stop()
        self._verbs.shutdown(wait=False, cancel_futures=True)

    def _take(self, message: Saw | Happened | Troubled) -> None:
        """In a watcher's thread."""
        with self._taking:
            told = self.parts.take(message)
            if told is not None:
                with contextlib.suppress(RuntimeError):  # the loop has ended
                    self._loop.call_soon_threadsafe(self.streams.publish, "model", told)

    def _find_places(self) -> dict[Address, Place]:
        """Where agents' windows are, as far as it was read last."""
        seen = self.parts.model.seen
        views = [worker.view for worker in seen.workers] if seen is not None else []
        return {view.address: Place(view.pane, view.session) for view in views if view.pane and view.session}

    def _take_screen(self, agent: Address, told: str) -> None:
        """In the thread of screens."""
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self.streams.send_screen, agent, told)

    def watch(self, stream: Stream, selected: Address | None, visible: frozenset[Address]) -> None:
        """From now on that page shows these; of those that it did not, it gets all that is known."""
        before = stream.watched()
        stream.selected, stream.visible = selected, visible
        for message in self._tell_whole(stream.watched() - before):
            stream.put(message.encode())
        self.show_wanted()

    def screens_of(self, stream: Stream) -> list[Message]:
        """All that is known of what it shows."""
        return self._tell_whole(stream.watched())

    def _tell_whole(self, agents: Collection[Address]) -> list[Message]:
        return [Message("screen", told) for agent in agents if (told := self.screens.whole(agent)) is not None]

    def poll_screens(self, agents: Collection[Address]) -> list[Message]:
        """What is known of these, which are looked at for a while from now on."""
        until = self._loop.time() + POLLED_SECONDS
        self._polled |= dict.fromkeys(agents, until)
        self._loop.call_later(POLLED_SECONDS + 0.1, self.show_wanted)
        self.show_wanted()
        return self._tell_whole(agents)

    def show_wanted(self) -> None:
        """Whenever pages come, go or show others."""
        now = self._loop.time()
        self._polled = {agent: until for agent, until in self._polled.items() if until > now}
        selected, visible = self.streams.wanted()
        self.screens.show(selected, visible | self._polled.keys())

    async def read(self, ask: Callable[[Town], Found]) -> Found:
        """What is read of rows. Raises GtError of any kind, TimeoutError where it takes too long."""
        return await self._reader.ask(ask)

    async def compare(self, ask: Callable[[Town], Found]) -> Found:
        """The same, of what asks git: it makes no other reading wait."""
        return await self._differ.ask(ask)

    async def act(self, act: Act, words: str) -> Done:
        """Carries it out, its lines one after the other to the first that fails."""
        lines = act.lines(words)
        if not lines:
            return Done("no words, nothing done", failed=True, code=2)
        return await self._loop.run_in_executor(self._verbs, self._run, lines)

    def _run(self, lines: Sequence[tuple[str, ...]]) -> Done:
        said = []
        for line in lines:
            done = self._run_one(line)
            if done.failed:
                return done
            said.append(done.said)
        self.watcher.refresh()
        return Done("\n".join(filter(None, said)) or "done", failed=False, code=0)

    def _run_one(self, line: tuple[str, ...]) -> Done:
        words = [f"--town={self.town.path}", *line]
        try:
            done = run_line(words, self.town.environment, VERB_SECONDS)
        except OSError as error:
            return Done(f"gt cannot be run: {error.strerror}", failed=True, code=1)
        self.watcher.refresh()
        if done.status is None:
            return Done(f"gt {line[0]} took longer than {VERB_SECONDS:.0f} s and was ended", failed=True, code=1)
        if done.status == 0:
            return Done(_harmless(done.out), failed=False, code=0)
        said, hint = _after("gt: ", done.err) or "failed", _after("hint: ", done.err)
        return Done(said, failed=True, code=done.status, hint=hint)


class _Reader:
    """One thread, with one connection that is opened where it reads, and again where the file is another."""

    def __init__(self, town: Town, name: str) -> None:
        self._town = town
        self._pool = ThreadPoolExecutor(1, name)
        self._file: int | None = None

    async def ask(self, ask: Callable[[Town], Found]) -> Found:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(READ_SECONDS):
            return await loop.run_in_executor(self._pool, self._ask, ask)

    def _ask(self, ask: Callable[[Town], Found]) -> Found:
        file = self._town.db_path.stat().st_ino
        if file != self._file:
            self._town.close()
            self._file = file
        self._town.reload_settings()
        return ask(self._town)

    def stop(self) -> None:
        self._pool.submit(self._town.close)
        self._pool.shutdown(wait=False)


def _harmless(text: str) -> str:
    return "\n".join(harmless(line) for line in text.strip()[:_LONGEST_ANSWER].split("\n"))


def _after(mark: str, text: str) -> str:
    lines = [line.removeprefix(mark) for line in text.splitlines() if line.startswith(mark)]
    return harmless(" ".join(lines)[:_LONGEST_ANSWER])
