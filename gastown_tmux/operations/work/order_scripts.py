"""The scripts that a command of an order names: what they say is a part of what the order says."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from gastown_tmux.dataclass import dataclass
from gastown_tmux.domain.orders.commands import fill, list_words
from gastown_tmux.operations.town.town import Town

#: Of a larger file its size and times stand for what it says.
_MOST_BYTES = 1_000_000
#: What comes from here is installed, and not written by agents.
_SYSTEM = ("/bin", "/sbin", "/lib", "/usr", "/opt", "/nix", "/snap", "/dev", "/proc", "/sys")


@dataclass(frozen=True, slots=True)
class Script:
    """``is_watched``: it lies in the town's folder, so a change of it is a change of the order."""

    path: Path
    is_watched: bool

    @property
    def digest(self) -> str:
        try:
            status = self.path.stat()
            if status.st_size > _MOST_BYTES:
                return f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"
            return hashlib.sha256(self.path.read_bytes()).hexdigest()
        except OSError as error:
            return str(error.strerror)


def list_scripts(town: Town, commands: Iterable[str]) -> list[Script]:
    """Files that one of them calls, by name; not what those call in turn. Commands run in the town's folder."""
    found = dict.fromkeys(path for command in commands for path in _list_called(town, command))
    home = Path(os.path.realpath(town.path))
    scripts = [Script(path, Path(os.path.realpath(path)).is_relative_to(home)) for path in found]
    return [script for script in scripts if script.is_watched or not any(map(script.path.is_relative_to, _SYSTEM))]


def _list_called(town: Town, command: str) -> Iterator[Path]:
    known = {"GT_TOWN": str(town.path), "PWD": str(town.path), "HOME": town.environment.get("HOME", "~")}
    words = [(fill(word.text, known), word.is_called) for word in list_words(command)]
    # Wherever it goes first, to call something there.
    folders = [town.path, *(path for text, _ in words if (path := town.path / text).is_dir())]
    for text, is_called in words:
        for path in dict.fromkeys(Path(os.path.normpath(folder / text)) for folder in folders):
            if path.is_file() and (is_called or os.access(path, os.X_OK)):
                yield path
