"""Daemons and refineries by name: listed, and ended with what they run."""

import subprocess
import sys

from gastown_tmux.domain.ids import RigName
from gastown_tmux.edges.processes import processes
from gastown_tmux.operations.sessions import daemon_control
from gastown_tmux.operations.town.town import Town

AT_WORK = """
import subprocess, sys
from pathlib import Path
from gastown_tmux.edges.processes.locks import Lock
with Lock(Path(sys.argv[1])):
    null, gate = subprocess.DEVNULL, {"GT_SESSION": sys.argv[2]}
    subprocess.Popen(["sleep", "60"], start_new_session=True, env=gate, stdin=null, stdout=null, stderr=null)
    print("at work", flush=True)
    sys.stdin.read()
"""


def test_a_refinery_and_its_gates_end_with_the_daemons(town: Town) -> None:
    mark = town.gate_mark(RigName("demo"))
    words = [sys.executable, "-c", AT_WORK, town.run / "refinery.demo.lock", mark]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as refinery:
        assert refinery.stdout and refinery.stdout.readline()
        [found] = daemon_control.status(town, ("refinery",))
        assert (found.name, found.pid, found.alive) == ("demo/refinery", refinery.pid, True)
        gates = processes.session_processes(mark)
        assert len(gates) == 1
        answer = daemon_control.stop(town)
        assert answer.text == "stopped demo/refinery"
        assert not any(map(processes.is_alive, gates))
    assert not daemon_control.status(town, ("refinery",))[0].alive
    assert [daemon.name for daemon in daemon_control.status(town)] == ["deacon", "witness"]
    assert daemon_control.stop(town, ("refinery",)).text == "there was no refinery to stop"
