import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gastown_tmux.edges import files
from gastown_tmux.errors import GtError, NotFoundError, RefusedError

HOLD = """
import sys, time
from pathlib import Path
from gastown_tmux.edges.files import locked
with locked(Path(sys.argv[1]), 5):
    print("held", flush=True)
    sys.stdin.read()
"""

COUNT = """
import sys
from pathlib import Path
from gastown_tmux.edges.files import locked
path = Path(sys.argv[1])
for _ in range(20):
    with locked(path.with_suffix(".lock"), 30):
        path.write_text(str(int(path.read_text()) + 1))
"""


def start(code: str, path: Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def test_write_atomic_replaces_and_sets_the_mode(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("old")
    files.write_atomic(path, b"new", 0o600)
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_write_keeps_the_old_file_and_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "taken"
    path.mkdir()
    (path / "inside").touch()
    with pytest.raises(GtError, match=r"cannot write .*taken"):
        files.write_atomic(path, b"new")
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux only")
def test_a_full_disk_is_one_clear_line() -> None:
    with (
        pytest.raises(GtError, match=r"^cannot write /dev/full: the disk is full$"),
        files.plain_errors(Path("/dev/full")),
        Path("/dev/full").open("wb", buffering=0) as file,
    ):
        file.write(b"x")


def test_a_read_only_file_system_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(GtError, match=r"the file system is read-only$"), files.plain_errors(tmp_path):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))


def test_read_json(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    with pytest.raises(NotFoundError):
        files.read_json(path)
    path.write_text("{")
    with pytest.raises(GtError, match=r"is not JSON"):
        files.read_json(path)
    path.write_text('{"a": 1}')
    assert files.read_json(path) == {"a": 1}


def test_a_held_lock_names_its_holder_and_dies_with_it(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "lock"
    with start(HOLD, path) as holder:
        assert holder.stdout and holder.stdout.readline() == b"held\n"
        with pytest.raises(RefusedError, match=rf"held by process {holder.pid}$"), files.locked(path, 0.05):
            pass
        holder.kill()
        holder.wait(10)
        with files.locked(path, 5):
            assert path.read_text() == f"{os.getpid()}\n"


def test_a_child_that_was_handed_the_lock_keeps_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with files.locked(path, 1) as descriptor:
        child = subprocess.Popen(["cat"], stdin=subprocess.PIPE, pass_fds=[descriptor])
    with pytest.raises(RefusedError), files.locked(path, 0.05):
        pass
    child.communicate(timeout=10)
    with files.locked(path, 5):
        pass


def test_a_lock_excludes(tmp_path: Path) -> None:
    path = tmp_path / "count"
    path.write_text("0")
    counters = [start(COUNT, path) for _ in range(5)]
    for counter in counters:
        counter.communicate(timeout=60)
        assert counter.returncode == 0
    assert path.read_text() == "100"
