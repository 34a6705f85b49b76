"""gt dashboard: the town in a browser of this machine, until Ctrl-C."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gastown_tmux.dataclass import dataclass, values_of
from gastown_tmux.edges.files.waiting import looks
from gastown_tmux.edges.processes.locks import Lock
from gastown_tmux.edges.tmux import clients
from gastown_tmux.errors import GtError, NotFoundError, RefusedError, UsageError
from gastown_tmux.operations.town.town import Answer, Town
from gastown_tmux.web.link_socket import LinkSocket, ask_running
from gastown_tmux.web.server import HOST, listen, serve
from gastown_tmux.web.tokens import SECRET_SECONDS, Keys

#: Until one that has begun answers.
START_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Link:
    """Where the dashboard is. ``link`` is good once, for ``seconds``: whoever opens it may do all that you may."""

    url: str
    link: str
    seconds: int
    pid: int
    read_only: bool

    town: str
    running: bool = False

    def __str__(self) -> str:
        """What a person reads."""
        kind = ", and only shows" if self.read_only else ""
        runs = f"runs already at {self.url} (process {self.pid})" if self.running else f"is at {self.url}{kind}"
        told = [f"the dashboard of {self.town} {runs}", f"open within {self.seconds} s, once: {self.link}"]
        return "\n".join(told if self.running else [*told, "gt dashboard --link gives a fresh link; Ctrl-C ends it"])


def dashboard(
    town: Town, port: int | None = None, read_only: bool = False, link: bool = False
) -> Answer | Iterator[Link]:
    """Runs until it is interrupted, and gives its link before; ``link`` asks the one that runs for a fresh one.

    Raises RefusedError in a window of the town, whose screens agents may read, and where the port is another's;
    NotFoundError where a link is asked of none.
    """
    if clients.is_inside(town.tmux, town.environment):
        raise RefusedError(
            "a link is not shown in a window of the town, where agents may read it",
            hint="gt dashboard, in a terminal of your own",
        )
    path = town.run / "dashboard.sock"
    if link:
        found = _read(ask_running(path))
        return Answer(found, found.link)
    if port is not None and not 0 <= port <= 65_535:
        raise UsageError(f"there is no port {port}", hint="gt dashboard --port 0")
    lock = Lock(town.run / "dashboard.lock")
    if (running := _find_running(path, lock)) is not None:
        return Answer(running, str(running))
    return _run(town, lock, town.settings().count("dashboard.port") if port is None else port, read_only)


def _find_running(path: Path, lock: Lock) -> Link | None:
    """The one that runs; None where it is ours to begin, and the lock is held.

    One that has just begun does not answer yet; the lock of one may have been cleared away with .gt/run.
    """
    for _ in looks(START_SECONDS, 0.05):
        free = lock.try_lock()
        try:
            found = _read(ask_running(path))
        except NotFoundError:
            if free:
                return None
        else:
            lock.release()
            return found
    raise GtError("a dashboard of this town has begun, and does not answer", hint="gt dashboard --link")


def _run(town: Town, lock: Lock, port: int, read_only: bool) -> Iterator[Link]:
    try:
        listener = listen(port)
        url = f"http://{HOST}:{listener.getsockname()[1]}"
        keys = Keys()

        def make_link(running: bool = False) -> Link:
            link, seconds = f"{url}/#secret={keys.make_secret()}", int(SECRET_SECONDS)
            return Link(url, link, seconds, os.getpid(), read_only, str(town.path), running)

        hosts = frozenset(name.lower() for name in town.settings().texts("dashboard.hosts"))
        yield make_link()
        socket = LinkSocket(town.run / "dashboard.sock", lambda: values_of(make_link(running=True)))
        asyncio.run(serve(town, keys, listener, hosts, read_only, _version(), socket))
    finally:
        lock.release()


def _read(told: dict[str, Any]) -> Link:
    try:
        return Link(**told)
    except TypeError:
        raise GtError("the dashboard that runs is of another gt", hint="end it, then: gt dashboard") from None


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("gastown-tmux")
    except PackageNotFoundError:
        return ""
