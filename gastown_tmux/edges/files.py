"""Files that are whole or not there, and locks that the kernel frees when their holder dies."""

import errno
import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from gastown_tmux.errors import GtError, NotFoundError, RefusedError

_PLAIN = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EROFS: "the file system is read-only",
    errno.EACCES: "permission denied",
    errno.EPERM: "not permitted",
    errno.EXDEV: "it is on another file system",
}


@contextmanager
def plain_errors(path: Path) -> Iterator[None]:
    """Turn an `OSError` about `path` into one clear `GtError` line."""
    try:
        yield
    except OSError as error:
        reason = _PLAIN.get(error.errno or 0) or error.strerror or str(error)
        raise GtError(f"cannot write {path}: {reason}") from error


def sync_directory(path: Path) -> None:
    """Make the names in a directory survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_atomic(path: Path, data: bytes, mode: int = 0o644, *, durable: bool = True) -> None:
    """Replace `path` by `data` so that a reader sees the old bytes or the new, never a part.

    `mode` is set whatever the umask. With `durable`, the new bytes survive a power cut once this returns.
    A failed write leaves the old file and nothing beside it. Raises `GtError`.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}.tmp")
    with plain_errors(path):
        try:
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fchmod(file.fileno(), mode)
                if durable:
                    os.fsync(file.fileno())
            beside.rename(path)
        except BaseException:
            with suppress(OSError):
                beside.unlink()
            raise
        if durable:
            sync_directory(path.parent)


def read_json(path: Path) -> Any:
    """The value in a JSON file. `NotFoundError` where there is none, `GtError` where it is not JSON."""
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise NotFoundError(f"no such file: {path}") from error
    except ValueError as error:
        raise GtError(f"{path} is not JSON: {error}") from error
    except OSError as error:
        raise GtError(f"cannot read {path}: {error.strerror}") from error


@contextmanager
def locked(path: Path, timeout: float) -> Iterator[int]:
    """Hold the exclusive lock on `path`, waiting at most `timeout` seconds for it.

    Yields the lock's descriptor: a child that is handed it keeps the lock after our own death, until it
    ends too. The file holds the pid of the last holder and is never removed. Raises `RefusedError` naming
    that pid when the time is up.
    """
    with plain_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _acquire(descriptor, path, time.monotonic() + timeout)
        with plain_errors(path):
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, b"%d\n" % os.getpid(), 0)
        yield descriptor
    finally:
        # Closing, not LOCK_UN: an explicit unlock would take the lock from a child that still runs.
        os.close(descriptor)


def _acquire(descriptor: int, path: Path, deadline: float) -> None:
    pause = 0.002
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError as error:
            if time.monotonic() >= deadline:
                holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip() or "unknown"
                raise RefusedError(f"{path} is held by process {holder}") from error
        # flock has no deadline of its own, and an alarm signal would only do in the main thread.
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)
