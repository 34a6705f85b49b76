"""The server of pages: uvicorn on a socket of ours, on loopback alone, with nothing printed and nothing logged."""

import asyncio
import contextlib
import errno
import signal
import socket
import sys
from collections.abc import Callable, Collection, Iterator

import uvicorn
from starlette.types import ASGIApp

from gastown_tmux.errors import GtError, RefusedError
from gastown_tmux.operations.town.town import Town
from gastown_tmux.web.app import make_app
from gastown_tmux.web.connections import Crowd, connections_of
from gastown_tmux.web.desk import Desk
from gastown_tmux.web.gate import LARGEST_HEAD
from gastown_tmux.web.link_socket import LinkSocket
from gastown_tmux.web.tokens import Keys

HOST = "127.0.0.1"
#: Who waits to be accepted; more of them must not keep the loop from everybody else.
BACKLOG = 64
END_SECONDS = 2
SWITCH_SECONDS = 0.001


class _Server(uvicorn.Server):
    """Signals are ours, so that all is cleared away after one."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listen(port: int) -> socket.socket:
    """Raises RefusedError where another has the port."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno in (errno.EADDRINUSE, errno.EACCES):
            words = "is taken by another program" if error.errno == errno.EADDRINUSE else "is not yours to use"
            hint = "gt dashboard --port 0 takes a free one; gt config set dashboard.port N keeps one"
            raise RefusedError(f"port {port} {words}", hint=hint) from None
        raise GtError(f"cannot listen on port {port}: {error.strerror}", hint="gt dashboard --port 0") from None
    listener.setblocking(False)
    return listener


def configure(app: ASGIApp, crowd: Crowd) -> uvicorn.Config:
    return uvicorn.Config(
        app, http=connections_of(crowd), ws="none", lifespan="off", loop="asyncio", log_config=None, access_log=False,
        server_header=False, date_header=False, proxy_headers=False, backlog=BACKLOG,
        h11_max_incomplete_event_size=LARGEST_HEAD, timeout_graceful_shutdown=END_SECONDS,
    )  # fmt: skip


async def serve(
    town: Town, keys: Keys, listener: socket.socket, hosts: Collection[str], read_only: bool, version: str,
    link: LinkSocket, begun: Callable[[], None] = lambda: None,
) -> None:  # fmt: skip
    """Until a signal ends it; then every stream, thread and socket is gone."""
    # Threads that read must not keep a request waiting for Python's lock.
    sys.setswitchinterval(SWITCH_SECONDS)
    desk, crowd = Desk(town, read_only, version), Crowd()
    server = _Server(configure(make_app(desk, keys, crowd, hosts), crowd))
    loop = asyncio.get_running_loop()

    def end() -> None:
        desk.streams.end_all()
        server.should_exit = True

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # by nohup, or a shell's &
            loop.add_signal_handler(number, end)
    await link.open()
    keeping = loop.create_task(link.keep())
    desk.start()
    begun()
    try:
        await server.serve([listener])
    finally:
        keeping.cancel()
        link.close()
        desk.stop()
