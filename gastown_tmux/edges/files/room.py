"""Whether a disk takes anything more."""

import errno
import os
from pathlib import Path

#: What a system call says where nobody's next one would go better: of a disk, or of what a machine has to give.
NO_ROOM = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE, errno.ENFILE))
#: Bytes: with less, git and gates fail as they do with none.
_LEAST = 2**20


def find_full(path: Path) -> str | None:
    """What is said of the disk of ``path`` where nothing can be written there, whoever's it is. Raises OSError."""
    disk = os.statvfs(path)
    if disk.f_flag & os.ST_RDONLY:
        return f"the file system of {path} is read-only"
    if disk.f_bavail * disk.f_frsize < _LEAST:
        return f"the disk of {path} is full"
    if disk.f_files and not disk.f_favail:  # some file systems have no table of inodes, and say 0 of 0
        return f"the disk of {path} has no inode left: it takes no more files"
    return None
