"""What the server of verbs has imported before anybody asks, and whether that is still what is on the disk."""

import gc
import importlib
import os
import pkgutil
import sqlite3
import sysconfig
from contextlib import suppress
from pathlib import Path

import gastown_tmux
from gastown_tmux.operations.town.upgrading import own
from gastown_tmux.store.db import in_memory

#: Packages that no verb of the server's needs: faces of their own, daemons, agents.
_OTHERS = ("agents", "daemons", "repl", "tui", "web")
#: What verbs import late, since most need it not.
_LATE = ("_strptime", "difflib", "git", "importlib.metadata", "tempfile", "traceback", "wcwidth", "yaml")


def preload() -> None:
    """Imports all of it; opens nothing."""
    for found in pkgutil.walk_packages(gastown_tmux.__path__, "gastown_tmux."):
        if found.name.split(".")[1] not in _OTHERS and not found.name.endswith("__main__"):
            importlib.import_module(found.name)
    for name in _LATE:
        with suppress(ImportError):
            importlib.import_module(name)


#: So many take up the holes that the imports left.
_DATABASES = 2
#: Bytes for which the C library first puts together what was freed in small pieces.
_LARGE = 100_000
_kept = list[sqlite3.Connection]()


def settle() -> None:
    """Makes the memory such that a child copies little of it.

    A child that opens a town allocates thousands of small pieces. In holes among what was imported, each of these
    costs it a copy of a page: so the holes are filled by databases of the same schema, and a child's lie together.
    """
    own()
    _kept.extend(in_memory() for _ in range(_DATABASES))
    gc.collect()
    gc.freeze()
    bytes(_LARGE)


class Stamp:
    """The package as it was when this was made, and the folder of the packages that it needs."""

    def __init__(self) -> None:
        folder = Path(gastown_tmux.__file__ or "").parent
        paths = [entry for entry in folder.rglob("*") if entry.is_file() and "__pycache__" not in entry.parts]
        self._known = {str(path): _look(str(path)) for path in (*paths, Path(sysconfig.get_path("purelib")))}

    def holds(self) -> bool:
        """Whether every file is the same."""
        return all(_look(path) == known for path, known in self._known.items())


def _look(path: str) -> tuple[int, int, int] | None:
    try:
        status = os.stat(path)  # noqa: PTH116 - several hundred, for each line
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size
