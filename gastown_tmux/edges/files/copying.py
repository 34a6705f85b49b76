"""Files of people, copied as they are: links as links, and nothing but files, links and folders."""

import os
import shutil
import stat
from pathlib import Path

from gastown_tmux.reading import open_file


def copy_path(source: Path, target: Path) -> None:
    """A file, a link or a folder with all in it, modes and times kept; what is there of it already is replaced. Of a
    link to a folder, what is in that is copied.

    A folder is copied as far as it can be. Raises OSError that names the first thing that could not.
    """
    source = source.resolve() if source.is_dir() else source
    target.parent.mkdir(parents=True, exist_ok=True)
    failed: list[OSError] = []
    _copy(source, target, failed)
    if failed:
        raise failed[0]


def _copy(source: Path, target: Path, failed: list[OSError]) -> None:
    try:
        mode = source.lstat().st_mode
        if stat.S_ISDIR(mode):
            target.mkdir(exist_ok=True)
            for entry in sorted(os.listdir(source)):  # noqa: PTH208 - only names
                _copy(source / entry, target / entry, failed)
            shutil.copystat(source, target)
            return
        if target.is_symlink() or stat.S_ISLNK(mode):
            target.unlink(missing_ok=True)  # what lies behind a link is nobody's to write here
        if stat.S_ISLNK(mode):
            target.symlink_to(source.readlink())
        else:
            open_file(source, follow=False).close()  # a pipe or a device has no end
            shutil.copy2(source, target, follow_symlinks=False)
    except OSError as error:
        failed.append(error)
