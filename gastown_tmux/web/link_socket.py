"""The socket by which ``gt dashboard --link`` asks the one that runs for a link: for this user's processes alone."""

import asyncio
import json
import os
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from gastown_tmux.edges.files.atomic import plain_errors
from gastown_tmux.errors import GtError, NotFoundError

ASK_SECONDS, KEEP_SECONDS = 5.0, 2.0
_LARGEST = 65_536


class LinkSocket:
    """Answers each who asks with what ``describe`` gives. Made by whoever holds the dashboard's lock."""

    def __init__(self, path: Path, describe: Callable[[], dict[str, Any]]) -> None:
        self._path, self._describe = path, describe
        self._server: asyncio.Server | None = None
        self._inode = 0

    async def open(self) -> None:
        listener = _listen(self._path)
        self._inode = self._path.stat().st_ino
        self._server = await asyncio.start_unix_server(self._answer, sock=listener)

    async def keep(self) -> None:
        """For ever: what is in .gt/run may be cleared away, and is there again soon."""
        while True:
            await asyncio.sleep(KEEP_SECONDS)
            if self._path.parent.parent.is_dir() and not self._path.exists():
                with suppress(GtError):
                    self._close_server()
                    await self.open()

    def _close_server(self) -> None:
        if self._server is not None:
            self._server.close()

    def close(self) -> None:
        self._close_server()
        try:
            if self._path.stat().st_ino == self._inode:
                self._path.unlink()
        except OSError:  # with the folder, or another's by now
            pass

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if is_own(writer.get_extra_info("socket")):
                writer.write(json.dumps(self._describe()).encode())
                async with asyncio.timeout(ASK_SECONDS):
                    await writer.drain()
        except (OSError, TimeoutError):  # who asked is gone
            pass
        finally:
            writer.close()


def ask_running(path: Path) -> dict[str, Any]:
    """What the dashboard that runs says of itself. Raises NotFoundError where none does."""
    none = NotFoundError("no dashboard of this town runs", hint="gt dashboard")
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with connection:
        connection.settimeout(ASK_SECONDS)
        try:
            folder = os.open(path.parent, os.O_PATH | os.O_CLOEXEC)
            try:
                connection.connect(f"/proc/self/fd/{folder}/{path.name}")
            finally:
                os.close(folder)
        except OSError:
            raise none from None
        if not is_own(connection):
            raise GtError(f"{path} is another user's", hint="gt doctor")
        try:
            said = b"".join(iter(lambda: connection.recv(_LARGEST), b""))
            told = json.loads(said)
        except (OSError, ValueError):
            raise GtError("the dashboard that runs does not answer", hint="end it, then: gt dashboard") from None
    if not isinstance(told, dict):
        raise none
    return told


def is_own(connection: Any) -> bool:
    """Whether the other side is this user's too."""
    size = struct.calcsize("3i")
    _, user, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    return bool(user == os.geteuid())


def _listen(path: Path) -> socket.socket:
    """In the place of one that a killed dashboard has left; a path that is too long goes by its folder."""
    with plain_errors(path):
        path.parent.mkdir(mode=0o700, exist_ok=True)
        folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        umask = os.umask(0o177)
        try:
            path.unlink(missing_ok=True)
            listener.bind(f"/proc/self/fd/{folder}/{path.name}")
            listener.listen(16)
            listener.setblocking(False)
        except BaseException:
            listener.close()
            raise
        finally:
            os.umask(umask)
            os.close(folder)
    return listener
