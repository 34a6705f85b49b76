"""The gates of conftest.py are shown closed: a suite that breaks each of its promises must fail."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

HERE = Path(__file__).parent
SUITE = """
import os, subprocess, sys
from pathlib import Path

import pytest

pids = Path(__file__).with_name("pids")

def linger(env):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], env=env)
    with pids.open("a") as file:
        print(child.pid, file=file)

def test_leaves_a_process():
    linger(dict(os.environ))

def test_leaves_a_process_that_forgot_us():
    linger({})

@pytest.fixture(scope="session")
def server():
    linger(dict(os.environ))

def test_uses_a_wide_fixture(server):
    pass

@pytest.mark.needs("a-program-nobody-has")
def test_needs_a_program():
    pass

def test_is_in_a_world_of_its_own():
    assert "/gt-" in os.environ["HOME"]
    assert {"TMUX", "GT_TOWN", "GIT_DIR"} & set(os.environ) == set()
"""


MEETING = """
import os, subprocess, sys, time
from pathlib import Path

here = Path(__file__).parent

def wait_until(there):
    deadline = time.monotonic() + 20
    while not there.exists():
        assert time.monotonic() < deadline, there
        time.sleep(0.01)

def meet(own, other):
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as child:
        (here / own).touch()
        wait_until(here / other)
        child.kill()

def test_first():
    meet("first", "second")

def test_second():
    meet("second", "test_first is over")
"""
TELLS_WHAT_IS_OVER = """

def pytest_runtest_logfinish(nodeid: str) -> None:
    (Path(__file__).parent / f"{nodeid.split('::')[-1]} is over").touch()
"""

Suite = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run_suite(tmp_path: Path) -> Suite:
    """A suite with a copy of conftest.py that waits less for what was left running, and ``more`` at its end."""

    def run(tests: str, *arguments: str, more: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        suite = tmp_path / "tests"
        suite.mkdir()
        conftest = (HERE / "conftest.py").read_text()
        assert "GRACE = 3.0" in conftest
        (suite / "conftest.py").write_text(conftest.replace("GRACE = 3.0", "GRACE = 0.2") + more)
        (suite / "test_careless.py").write_text(tests)
        (tmp_path / ".ci").mkdir()
        (tmp_path / ".ci" / "allowed-skips").write_text("needs another: not installed  # it is listed\n")
        (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = needs(*programs)\n")
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rA", *arguments, suite],
            cwd=tmp_path,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=100,
        )

    return run


def runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["alone", "two workers"])
def test_the_gates_close(run_suite: Suite, tmp_path: Path, workers: list[str]) -> None:
    done = run_suite(SUITE, *workers, CI="true", TMUX="/tmp/theirs,1,0", GT_TOWN="/nowhere", GIT_DIR="/nowhere")
    assert done.returncode == 1, done.stdout
    assert "4 passed, 1 skipped, 2 errors" in done.stdout
    assert done.stdout.count("\nleft running: pid ") == 2
    assert done.stdout.count("left running by this test session: pid ") == 1
    assert "test_needs_a_program: Skipped: needs a-program-nobody-has: not installed" in done.stdout
    pids = [int(line) for line in (tmp_path / "tests" / "pids").read_text().split()]
    assert len(pids) == 3
    assert not any(runs(pid) for pid in pids)


ONLY_A_SKIP = """
import pytest

@pytest.mark.needs("a-program-nobody-has")
def test_needs_a_program():
    pass
"""
ONLY_A_WIDE_LEAK = f"""
{SUITE.partition("def test_leaves_a_process():")[0]}
{SUITE[SUITE.index("@pytest.fixture(scope") : SUITE.index("@pytest.mark.needs")]}
"""


@pytest.mark.parametrize("suite", [ONLY_A_SKIP, ONLY_A_WIDE_LEAK], ids=["a skip", "a wide leak"])
def test_each_of_them_alone_fails_the_run_of_workers(run_suite: Suite, suite: str) -> None:
    done = run_suite(suite, "-n", "2", CI="true")
    assert done.returncode == 1, done.stdout
    assert "failed" not in done.stdout and "error" not in done.stdout


def test_workers_leave_each_others_processes_alone(run_suite: Suite) -> None:
    """The first test ends while the second has a process, and the other way round no process is left to be found."""
    done = run_suite(MEETING, "-n", "2", more=TELLS_WHAT_IS_OVER)
    assert done.returncode == 0, done.stdout
