import fcntl
import os
import select
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from gastown_tmux.edges.processes.locks import Lock, holder, is_held
from gastown_tmux.edges.processes.processes import process
from gastown_tmux.errors import RefusedError

HOLD = (
    "import sys; from pathlib import Path; from gastown_tmux.edges.processes.locks import Lock;"
    "lock = Lock(Path(sys.argv[1])); lock.__enter__(); print('held', flush=True); sys.stdin.read()"
)
COUNT = (
    "import sys; from pathlib import Path; from gastown_tmux.edges.processes.locks import Lock\n"
    "path = Path(sys.argv[1])\n"
    "for _ in range(20):\n"
    "    with Lock(path, 30):\n"
    "        count = path.with_name('count'); count.write_text(str(int(count.read_text()) + 1))"
)


def hold(path: Path) -> subprocess.Popen[str]:
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdout and other.stdout.readline() == "held\n"
    return other


def test_the_holder_is_named_and_its_death_frees_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert holder(path) is None and not is_held(path)
    with hold(path) as other:
        assert holder(path) == process(other.pid) and is_held(path)
        shutil.copy(path, tmp_path / "copy")
        os.mkfifo(tmp_path / "pipe")
        assert not is_held(tmp_path / "copy") and not is_held(tmp_path / "pipe")
        assert not Lock(path).try_lock()
        with pytest.raises(RefusedError, match=f"lock is held by process {other.pid}$"), Lock(path, 0.05):
            pass
        other.send_signal(signal.SIGKILL)
        with Lock(path, 5):
            mine = holder(path)
            assert mine and mine.pid == os.getpid()
    assert holder(path) is None


def test_without_a_limit_the_kernel_wakes_the_waiter(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    taken = threading.Event()

    def wait() -> None:
        with Lock(path, None):
            taken.set()

    with hold(path) as other:
        waiter = threading.Thread(target=wait)
        waiter.start()
        assert not taken.wait(0.05)
        other.kill()
        assert taken.wait(5)
        waiter.join()


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_a_lock_on_a_deleted_file_is_none(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    taken, enough = threading.Event(), threading.Event()

    def wait() -> None:
        with Lock(path, None):
            taken.set()
            enough.wait()

    held = os.open(path, os.O_RDWR | os.O_CREAT)
    fcntl.flock(held, fcntl.LOCK_EX)
    waiter = threading.Thread(target=wait)
    waiter.start()
    deadline = time.monotonic() + 30
    while len([fd for fd in Path("/proc/self/fd").iterdir() if _link(fd) == str(path)]) < 2:
        assert time.monotonic() < deadline
        select.select([], [], [], 0.002)
    path.unlink()
    os.close(held)
    assert taken.wait(5)
    assert path.exists()
    assert not Lock(path).try_lock()
    enough.set()
    waiter.join()


def _link(descriptor: Path) -> str:
    try:
        return str(descriptor.readlink())
    except FileNotFoundError:
        return ""


def test_one_at_a_time(tmp_path: Path) -> None:
    (tmp_path / "count").write_text("0")
    path = str(tmp_path / "lock")
    writers = [subprocess.Popen([sys.executable, "-c", COUNT, path]) for _ in range(4)]
    assert [writer.wait(30) for writer in writers] == [0, 0, 0, 0]
    assert (tmp_path / "count").read_text() == "80"


def test_a_lock_is_taken_once(tmp_path: Path) -> None:
    lock = Lock(tmp_path / "lock")
    assert lock.try_lock()
    with pytest.raises(RuntimeError):
        lock.try_lock()
    lock.release()
    lock.release()
    assert lock.try_lock()
    lock.release()


def test_a_child_that_was_handed_the_lock_keeps_it(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "lock"
    with Lock(path) as descriptor:
        child = subprocess.Popen(["cat"], stdin=subprocess.PIPE, pass_fds=[descriptor])
    assert not Lock(path).try_lock()
    child.communicate(timeout=10)
    assert Lock(path).try_lock()


def test_a_full_disk_is_said(tmp_path: Path) -> None:
    """As a limit on files' size looks, which needs no disk of our own."""
    limited = (
        "import resource, sys; from pathlib import Path; from gastown_tmux.edges.processes.locks import Lock\n"
        "from gastown_tmux.errors import GtError\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
        "try:\n    Lock(Path(sys.argv[1])).try_lock()\nexcept GtError as error:\n    sys.exit(error.message)"
    )
    done = subprocess.run([sys.executable, "-c", limited, tmp_path / "lock"], capture_output=True, text=True)
    assert done.stderr.startswith(f"cannot write {tmp_path / 'lock'}: "), done
    assert Lock(tmp_path / "lock").try_lock()
