"""Files that are whole or not there."""

import errno
import itertools
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gastown_tmux.errors import GtError

#: A folder with more is not listed to its end: somebody waits at a key.
MOST_PATHS = 1000
#: A file that gt makes is nobody else's to read: settings may hold keys, logs and mail anything.
OWNERS = 0o600
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


def make_folder(path: Path) -> None:
    """Makes it, and what is missing above it, its owner's alone. Raises ``GtError``."""
    with plain_errors(path):
        for folder in reversed([folder for folder in (path, *path.parents) if not folder.is_dir()]):
            folder.mkdir(mode=0o700, exist_ok=True)


def sync_directory(path: Path) -> None:
    """Make the names in a directory survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_atomic(path: Path, data: bytes, mode: int | None = None, *, durable: bool = True) -> None:
    """Replace `path` by `data` so that a reader sees the old bytes or the new, never a part.

    `mode` is set whatever the umask; without one a file keeps the mode that it has, and a new one is its owner's
    alone. A link is replaced too: who wants the file behind it resolves it first. With `durable`, the new bytes
    survive a power cut once this returns. A failed write leaves the old file and nothing beside it. Raises `GtError`.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}.tmp")
    with plain_errors(path):
        try:
            if mode is None:
                mode = stat.S_IMODE(path.lstat().st_mode) if path.is_file() and not path.is_symlink() else OWNERS
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


def list_paths(begun: str) -> list[tuple[str, str]]:
    """What is in the folder of a path that is begun, written as that is; folders end in ``/``.

    >>> list_paths("/nowhere/at/all")
    []
    """
    folder = begun.rpartition("/")[0] + "/" if "/" in begun else ""
    try:
        with os.scandir(Path(folder).expanduser()) as entries:
            found = [(f"{folder}{entry.name}", entry.is_dir()) for entry in itertools.islice(entries, MOST_PATHS)]
    except (OSError, RuntimeError):  # no such folder, or no home of that name
        return []
    return sorted((f"{path}/" if is_folder else path, "") for path, is_folder in found)
