"""The gates of conftest.py are shown closed: a suite that breaks each of its promises must fail."""

import os
import subprocess
import sys
from pathlib import Path

import psutil

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


def test_the_gates_close(tmp_path: Path) -> None:
    suite = tmp_path / "tests"
    suite.mkdir()
    conftest = (HERE / "conftest.py").read_text()
    assert "GRACE = 3.0" in conftest
    (suite / "conftest.py").write_text(conftest.replace("GRACE = 3.0", "GRACE = 0.2"))
    (suite / "test_careless.py").write_text(SUITE)
    (tmp_path / ".ci").mkdir()
    (tmp_path / ".ci" / "allowed-skips").write_text("needs another: not installed  # it is listed\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = needs(*programs)\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rA", suite],
        cwd=tmp_path,
        env={
            **os.environ,
            "CI": "true",
            "TMUX": "/tmp/theirs,1,0",
            "GT_TOWN": "/nowhere",
            "GIT_DIR": "/nowhere",
        },
        capture_output=True,
        text=True,
        timeout=50,
    )
    output = done.stdout + done.stderr
    assert done.returncode == 1
    assert "4 passed, 1 skipped, 2 errors" in output
    assert output.count("\nleft running: pid ") == 2
    assert "left running by this test session: pid " in output
    assert "test_needs_a_program: Skipped: needs a-program-nobody-has: not installed" in output
    pids = [int(line) for line in (suite / "pids").read_text().split()]
    assert len(pids) == 3
    assert not any(psutil.pid_exists(pid) for pid in pids)
