import errno
import os
from pathlib import Path

import pytest

from gastown_tmux.edges.files import atomic
from gastown_tmux.errors import GtError


def test_write_atomic_replaces_and_sets_the_mode(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("old")
    atomic.write_atomic(path, b"new", 0o600)
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o640])
def test_a_file_keeps_its_mode_and_a_new_one_is_its_owners(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "a"
    atomic.write_atomic(path, b"new")
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(mode)
    atomic.write_atomic(path, b"newer")
    assert path.stat().st_mode & 0o777 == mode


def test_a_failed_write_keeps_the_old_file_and_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "taken"
    path.mkdir()
    (path / "inside").touch()
    with pytest.raises(GtError, match=r"cannot write .*taken"):
        atomic.write_atomic(path, b"new")
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux only")
def test_a_full_disk_is_one_clear_line() -> None:
    with (
        pytest.raises(GtError, match=r"^cannot write /dev/full: the disk is full$"),
        atomic.plain_errors(Path("/dev/full")),
        Path("/dev/full").open("wb", buffering=0) as file,
    ):
        file.write(b"x")


def test_a_read_only_file_system_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(GtError, match=r"the file system is read-only$"), atomic.plain_errors(tmp_path):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))
