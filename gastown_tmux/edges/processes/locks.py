"""Exclusive locks between processes, which the kernel frees when their holder dies."""

import fcntl
import os
import select
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from gastown_tmux.edges.files.atomic import plain_errors
from gastown_tmux.edges.processes.processes import ProcessRef, is_alive, is_of_this_boot, start_time
from gastown_tmux.errors import RefusedError
from gastown_tmux.reading import read_text


class Lock:
    """``flock`` on ``path``: a file, which is made when missing and must never be deleted by its users, or a folder.

    ``with Lock(path) as descriptor:`` waits up to ``timeout_seconds`` (``None``: for ever, and the kernel wakes
    us) and then raises ``RefusedError`` naming the holder. A child that is handed the descriptor keeps the lock
    after our own death, until it ends too. One object holds the lock once; it is not re-entrant.
    """

    def __init__(self, path: Path, timeout_seconds: float | None = 10.0) -> None:
        self.path = path
        self._timeout = timeout_seconds
        self._descriptor: int | None = None

    def __enter__(self) -> int:
        deadline = None if self._timeout is None else time.monotonic() + self._timeout
        pause = 0.001
        while not self._take(wait=deadline is None):
            if deadline is not None and time.monotonic() >= deadline:
                who = holder(self.path)
                by = f"process {who.pid}" if who else "another process"
                raise RefusedError(f"{self.path} is held by {by}")
            # flock has neither a time limit nor a descriptor to poll.
            select.select([], [], [], pause)
            pause = min(pause * 2, 0.02)
        assert self._descriptor is not None
        return self._descriptor

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def try_lock(self) -> bool:
        """Take the lock if it is free; say whether we hold it now."""
        return self._take(wait=False)

    def is_in_place(self) -> bool:
        """Whether it is held and ``path`` still names the locked file: else the lock keeps nobody out any more."""
        return self._descriptor is not None and _is_at(self._descriptor, self.path)

    def release(self) -> None:
        """Let go. Does nothing when the lock is not held."""
        if self._descriptor is not None:
            if not self.path.is_dir():
                with suppress(OSError):
                    os.ftruncate(self._descriptor, 0)
            # Closing, not LOCK_UN: an explicit unlock would take the lock from a child that still runs.
            os.close(self._descriptor)
            self._descriptor = None

    def _take(self, wait: bool) -> bool:
        if self._descriptor is not None:
            raise RuntimeError(f"{self.path} is already held here")
        while True:
            with plain_errors(self.path):
                self.path.parent.mkdir(parents=True, exist_ok=True)
                is_folder = self.path.is_dir()
                descriptor = os.open(self.path, os.O_RDONLY if is_folder else os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
                if _is_at(descriptor, self.path):
                    if not is_folder:
                        _sign(descriptor, self.path)
                    self._descriptor, descriptor = descriptor, -1
                    return True
            except BlockingIOError:
                return False
            finally:
                if descriptor >= 0:
                    os.close(descriptor)


def holder(path: Path) -> ProcessRef | None:
    """The living process that holds the lock at ``path``, if that is known; the lock is not touched by asking."""
    ref = _signed(path)
    return ref if ref is not None and is_alive(ref) else None


def is_held(path: Path) -> bool:
    """Whether anybody holds the lock; a copied file names the holder of another. Whoever takes it now may miss it."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def is_abandoned(path: Path) -> bool:
    """Whether the last who held the lock died while it did, since the machine was started."""
    ref = _signed(path)
    return ref is not None and not is_alive(ref) and is_of_this_boot(ref)


def forget(path: Path, ref: ProcessRef) -> None:
    """For whoever has ended this holder on purpose: it has not abandoned the lock."""
    if _signed(path) == ref:
        with suppress(OSError):
            os.truncate(path, 0)


def _signed(path: Path) -> ProcessRef | None:
    try:
        pid, started = read_text(path, 100).split()
        return ProcessRef(int(pid), started)
    except (OSError, ValueError):
        return None


def _sign(descriptor: int, path: Path) -> None:
    mine = f"{os.getpid()} {start_time(os.getpid())}\n"
    with plain_errors(path):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, mine.encode(), 0)


def _is_at(descriptor: int, path: Path) -> bool:
    """Whether ``path`` still names the opened file: a lock on a deleted file keeps nobody out."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
