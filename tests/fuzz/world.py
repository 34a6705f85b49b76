"""The town that is fed: two crew members with sessions, a real repository, nothing started. And one look at it."""

import contextlib
import io
import os
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from gastown_tmux import hot
from gastown_tmux.cli.main import run
from gastown_tmux.domain.addresses import DEACON, OVERSEER, Address
from gastown_tmux.domain.agents import Role
from gastown_tmux.domain.ids import SessionId
from gastown_tmux.operations.mail.inbox import box
from gastown_tmux.operations.town import isolation
from gastown_tmux.operations.town.isolation import list_troubles
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store.agents import insert_agent, insert_session, move_agent, move_session
from gastown_tmux.store.meta import set_wanted
from tests.operations.quiet_town import make_quiet_town

#: A look has so long on the processor, on one that others need too so long in all, and so much more memory.
SECONDS, PATIENCE, MEMORY = 6, 30, 400 << 20
ANN, BEN = Address("demo/ann"), Address("demo/ben")


class TooLongError(BaseException):
    """Nobody may catch it on the way."""


@dataclass
class World:
    """``town`` as the deacon sees it; ``sessions`` of the agents."""

    folder: Path
    town: Town
    sessions: dict[Address, SessionId]
    said: list[str] = field(default_factory=list)
    number: int = 0

    def fresh(self) -> str:
        """A name that nothing had before."""
        self.number += 1
        return f"n{self.number}"

    @contextlib.contextmanager
    def look(self) -> Iterator[None]:
        """What is done inside must come to its end, in time and in bounds, without a fault that nobody foresaw."""
        self.said.clear()
        self.forget()
        before = resource.getrlimit(resource.RLIMIT_AS)
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        # The test's own time limit is on the same clock.
        was, (left, _) = signal.signal(signal.SIGALRM, _stop), signal.setitimer(signal.ITIMER_REAL, PATIENCE)
        signal.signal(signal.SIGPROF, _stop)
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, before[1]))
        try:
            yield
        except TooLongError:
            raise AssertionError(f"a look took longer than {SECONDS} s") from None
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.signal(signal.SIGALRM, was)
            signal.setitimer(signal.ITIMER_REAL, left)
            resource.setrlimit(resource.RLIMIT_AS, before)
        faults = [trouble.trace for _, trouble in list_troubles(self.town) if trouble.trace is not None]
        assert not faults, faults[0]
        assert not any("a fault in gt" in line or "Traceback" in line for line in self.said), self.said

    def forget(self) -> None:
        isolation._said.clear()
        for path, _ in list_troubles(self.town):
            path.unlink()

    def is_told(self, name: str) -> bool:
        """Whether doctor tells of something that bears this name."""
        return any(name in f"{trouble.item} {trouble.kept}" for _, trouble in list_troubles(self.town))

    def hook(self, *arguments: str, stdin: bytes = b"", agent: Address = ANN) -> int | None:
        """A hot verb, called by an agent's program; what it prints is looked at, and dropped."""
        known = {
            "GT_TOWN": str(self.town.path),
            "GT_AGENT": agent,
            "GT_SESSION": self.sessions[agent],
            "GT_SOCKET": str(self.town.socket(self.sessions[agent])),
            "GT_HOOK": "idle",
        }
        before, streams = {name: os.environ.get(name) for name in known}, (sys.stdin, sys.stdout)
        os.environ.update(known)
        sys.stdin = io.TextIOWrapper(io.BytesIO(stdin))
        sys.stdout = io.TextIOWrapper(io.BytesIO(), "utf-8", errors="backslashreplace")
        try:
            return hot.run(list(arguments))
        finally:
            sys.stdin, sys.stdout = streams
            for name, value in before.items():
                os.environ.pop(name, None) if value is None else os.environ.update({name: value})

    def gt(self, *words: str) -> None:
        """The command line in this process; whatever it comes to, it says so in words."""
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            run(["--town", str(self.town.path), *words])
        assert "Traceback" not in err.getvalue() and "a fault in gt" not in err.getvalue(), (words, err.getvalue())

    def close(self) -> None:
        if self.town.tmux.seems_alive():
            self.town.tmux.stop()
        self.town.close()

    def state(self, agent: Address) -> Any:
        row = self.town.db.row("SELECT state FROM sessions WHERE id = ?", self.sessions[agent])
        return row and row[0]


@dataclass(frozen=True)
class Rim:
    """``check`` is given what came in, beside something good; it raises AssertionError where a promise is broken.

    ``known`` is what has been a fault before: it comes first.
    """

    name: str
    given: st.SearchStrategy[Any]
    check: Callable[[World, Any], None]
    known: tuple[Any, ...] = ()


def make_world(folder: Path) -> World:
    quiet = make_quiet_town(folder)
    world = World(folder, quiet.town.acting_as(DEACON), {})
    world.town.say, world.town.goes_on = world.said.append, True
    with quiet.town.change() as change:
        set_wanted(change, True)
        for address in (ANN, BEN):
            insert_agent(change, address, Role.CREW, None)
            move_agent(change, address, "start")
            # Our own process stands for whoever starts it, so that nobody settles the start.
            world.sessions[address] = insert_session(change, address, "pi", (os.getpid(), "x"))
            move_session(change, world.sessions[address], "work")
    for address in (ANN, BEN, OVERSEER):
        box(quiet.town, address).create()
    quiet.town.close()
    world.town.db.row("PRAGMA synchronous = OFF")  # no power is cut here
    world.town.prepare_run()
    for address, session in world.sessions.items():
        world.town.open_door(session, address)
    return world


def _stop(number: int, frame: object) -> None:
    raise TooLongError
