"""What a system that hides others' processes lets us see of them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import gastown_tmux

ASK = """
import os, sys
sys.path.insert(0, sys.argv[1])
from gastown_tmux.edges.processes.process_table import environment, look, processor_time
print(look(1), look(os.getpid()).started != "", processor_time(1), environment(1))
"""


@pytest.mark.needs("unshare", "runuser")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may hide processes")
@pytest.mark.parametrize(("hidepid", "seen"), [(1, "ProcessStat(state='S', parent=0, started='')"), (2, "None")])
def test_hidden_processes_are_not_ours_and_end_nobody(short_tmp: Path, hidepid: int, seen: str) -> None:
    short_tmp.chmod(0o755)
    # Where the user nobody may read it.
    shutil.copytree(Path(gastown_tmux.__path__[0]), short_tmp / "gastown_tmux")
    python = Path(sys.executable).resolve()
    shell = f'mount -t proc -o hidepid={hidepid} proc /proc && exec runuser -u nobody -- "$@"'
    done = subprocess.run(
        ["unshare", "--mount", "--pid", "--fork", "sh", "-c", shell, "sh", python, "-I", "-c", ASK, short_tmp],
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.stdout.strip() == f"{seen} True 0.0 b''", done.stderr
