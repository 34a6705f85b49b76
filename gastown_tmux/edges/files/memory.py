"""Small files of one town for what must be said although its database, or even its disk, takes nothing.

A name alone often finds room on a disk that is full; else it stands in memory, until the machine is started again.
Whoever reads looks at every place where anybody may have written.
"""

import os
import stat
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from gastown_tmux.edges.files.atomic import plain_errors
from gastown_tmux.errors import GtError
from gastown_tmux.reading import read_text

_SHARED = Path("/dev/shm")


class Memory:
    """``put``, ``names``, ``read`` and ``remove`` need neither daemon nor database, nor a disk that takes anything."""

    def __init__(self, town: Path) -> None:
        self._town, user = town, os.getuid()
        parents = [_SHARED / f"gt-{user}", Path(f"/run/user/{user}/gt")]
        # The first, whatever the environment is: a service and a person's shell are to find the same file.
        if given := os.environ.get("XDG_RUNTIME_DIR"):
            parents.append(Path(given) / "gt")
        self._parents = list(dict.fromkeys(parents))
        self._lasting = town / ".gt" / "unwritten"

    @cached_property
    def _folders(self) -> list[Path]:
        import hashlib  # 4 ms, and most towns never had to write here

        mine = hashlib.sha256(os.fsencode(os.path.realpath(self._town))).hexdigest()[:16]
        return [parent / mine for parent in self._parents]

    def put(self, name: str, text: str = "") -> bool:
        """Whether it was not there before. Raises GtError where no place takes it."""
        if name in self.names():
            return False
        error: GtError | None = None
        # On a full disk a file finds room, and what stands in it does not.
        for folder in self._folders if text else (self._lasting, *self._folders):
            try:
                with plain_errors(folder):
                    _make(folder)
                    descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
                    with suppress(OSError), os.fdopen(descriptor, "w") as file:
                        file.write(text)
                return True
            except GtError as refusal:
                error = error or refusal
        raise error or GtError("there is no memory to write to")

    def is_lasting(self, name: str) -> bool:
        """Whether it will still be there after the machine was started again."""
        return (self._lasting / name).exists()

    def names(self) -> frozenset[str]:
        found = set[str]()
        with suppress(OSError):
            found.update(path.name for path in self._lasting.iterdir())
        for number, parent in enumerate(self._parents):
            # Another user's is no word of ours.
            with suppress(OSError):
                if _is_ours(parent) and any(parent.iterdir()):
                    found.update(path.name for path in self._folders[number].iterdir())
        return frozenset(found)

    def read(self, name: str) -> str:
        """Empty where there is none."""
        for folder in self._folders:
            with suppress(OSError):
                return read_text(folder / name)
        return ""

    def remove(self, name: str) -> bool:
        """Whether it was there."""
        removed = False
        for folder in (self._lasting, *self._folders):
            with suppress(OSError):
                (folder / name).unlink()
                removed = True
                folder.rmdir()
        return removed


def _make(folder: Path) -> None:
    if folder.parent.parent.is_dir():
        folder.parent.mkdir(mode=0o700, exist_ok=True)
    if not _is_ours(folder.parent):
        raise GtError(f"{folder.parent} is not a folder of yours alone")
    folder.mkdir(mode=0o700, exist_ok=True)


def _is_ours(folder: Path) -> bool:
    status = folder.lstat()
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid() and not status.st_mode & 0o077
