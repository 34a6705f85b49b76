"""What is in a worktree's folder and is neither the project's nor ignored, taken away; modes as git writes them."""

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from gastown_tmux.dataclass import dataclass, field
from gastown_tmux.edges.git.worktree import SUBMODULE

_PROGRAM = "100755"
#: All that a mode can say of a file, and of a folder but for the group that its files get.
_FILE, _FOLDER = 0o7777, 0o5777


@dataclass
class Found:
    """What was taken away, by name without folder, and which files of the project were not there."""

    taken: set[str] = field(default_factory=set)
    missing: list[str] = field(default_factory=list)
    changed_modes: bool = False

    @property
    def is_clean(self) -> bool:
        return not (self.taken or self.missing)


def sweep(
    top: Path,
    tracked: Mapping[str, str],
    ignored: Iterable[str],
    plain: int,
    discard: Callable[[Path, str], None],
    forget: Callable[[Path, str], None],
) -> Found:
    """Leaves in the folder `top` the files of `tracked` (name → git's mode), the `ignored`, and folders with these.

    A submodule's folder is left empty. `plain` is the mode of a file that git has just written. `discard` gets what is
    to go, and a name for it below `work/`; `forget` what was in a submodule's folder. A link is never followed.
    """
    kept = {".git", *(name.rstrip("/") for name in ignored)}
    folders: set[str] = set()
    for name in (*tracked, *kept):
        while (name := name.rpartition("/")[0]) and name not in folders:
            folders.add(name)
    found = Found()
    unseen = set(tracked)
    program = plain | (plain & 0o444) >> 2

    def set_mode(path: Path, mode: int, mask: int) -> None:
        if path.lstat().st_mode & mask != mode:
            path.chmod(mode)
            found.changed_modes = True

    def take(path: Path, name: str, how: Callable[[Path, str], None] = discard) -> None:
        how(path, f"work/{name}")
        found.taken.add(path.name)

    def visit(folder: str) -> None:
        with os.scandir(top / folder) as listed:
            entries = list(listed)
        for entry in entries:
            name = f"{folder}/{entry.name}" if folder else entry.name
            path = top / name
            mode, is_folder = tracked.get(name), entry.is_dir(follow_symlinks=False)
            if name in kept:
                continue
            if mode is not None and is_folder == (mode == SUBMODULE):
                unseen.discard(name)
                if is_folder:
                    set_mode(path, program, _FOLDER)
                    # Files in the folder of a submodule that is not there are in no snapshot: git sees none of them.
                    how = forget if (path / ".git").is_file() else discard
                    for inside in list(path.iterdir()):
                        take(inside, f"{name}/{inside.name}", how)
                elif not entry.is_symlink():
                    set_mode(path, program if mode == _PROGRAM else plain, _FILE)
            elif name in folders and is_folder:
                set_mode(path, program, _FOLDER)
                visit(name)
            else:
                take(path, name)

    set_mode(top, program, _FOLDER)
    visit("")
    found.missing = sorted(unseen)
    return found
