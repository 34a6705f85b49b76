import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gastown_tmux.edges.processes.processes import end, is_alive, process
from gastown_tmux.edges.processes.spawning import spawn_detached
from gastown_tmux.errors import MissingError, NotFoundError


def test_a_detached_process_has_its_own_session_log_and_environment(
    tmp_path: Path, wait_for: Callable[..., object]
) -> None:
    log, environment = tmp_path / "log", {"PATH": os.environ["PATH"], "GREETING": "hello"}
    script = "env; pwd; echo wrong >&2; exec sleep 60"
    ref = spawn_detached(["/bin/sh", "-c", script], environment, tmp_path, log, 9999)
    wait_for(lambda: "wrong" in log.read_text())
    assert os.getsid(ref.pid) == ref.pid
    lines = log.read_text().splitlines()
    assert "GREETING=hello" in lines and str(tmp_path) in lines
    assert not any(line.startswith("HOME=") for line in lines)
    end([ref], term_seconds=5)


def test_a_detached_process_outlives_its_starter(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from gastown_tmux.edges.processes.spawning import spawn_detached;"
        "here = Path(sys.argv[1]);"
        "print(spawn_detached(['sleep', '60'], {'PATH': '/usr/bin:/bin'}, here, here / 'log', 9999).pid)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, start_new_session=True
    )
    ref = process(int(done.stdout))
    assert ref and is_alive(ref)
    end([ref], term_seconds=5)


def test_what_cannot_be_spawned_is_said(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="cannot run no-such-program: No such file"):
        spawn_detached(["no-such-program"], {}, tmp_path, tmp_path / "log", 9999)
    with pytest.raises(NotFoundError, match="no such directory"):
        spawn_detached(["true"], {}, tmp_path / "gone", tmp_path / "log", 9999)
