"""A disk that takes nothing more, in each of the ways it may be so."""

from pathlib import Path

import pytest

from gastown_tmux.edges.files.room import find_full
from tests.journeys.small_disk import CANNOT_MOUNT, small_disk


def test_a_disk_without_bytes_or_inodes_or_the_right_to_write(short_tmp: Path) -> None:
    assert find_full(short_tmp) is None
    with small_disk(short_tmp / "disk", "2m", 100) as disk:
        if disk is None:
            pytest.skip(CANNOT_MOUNT)
        assert find_full(disk.path) is None
        disk.fill()
        assert find_full(disk.path) == f"the disk of {disk.path} is full"
        disk.mend()
        disk.use_up_inodes()
        assert find_full(disk.path) == f"the disk of {disk.path} has no inode left: it takes no more files"
        disk.mend()
        disk.make_read_only()
        assert find_full(disk.path) == f"the file system of {disk.path} is read-only"
        disk.mend()
        assert find_full(disk.path) is None
