"""What a system that hides others' processes lets us see of them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gastown_tmux.edges.processes import process_table

ASK = """
import os, runpy, sys
table = runpy.run_path(sys.argv[1])
print(table["look"](1), table["look"](os.getpid()).started != "", table["processor_time"](1), table["environment"](1))
"""


@pytest.mark.needs("unshare", "runuser")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may hide processes")
@pytest.mark.parametrize(("hidepid", "seen"), [(1, "ProcessStat(state='S', parent=0, started='')"), (2, "None")])
def test_hidden_processes_are_not_ours_and_end_nobody(short_tmp: Path, hidepid: int, seen: str) -> None:
    short_tmp.chmod(0o755)
    module = shutil.copy(process_table.__file__, short_tmp)
    python = Path(sys.executable).resolve()
    shell = f'mount -t proc -o hidepid={hidepid} proc /proc && exec runuser -u nobody -- "$@"'
    done = subprocess.run(
        ["unshare", "--mount", "--pid", "--fork", "sh", "-c", shell, "sh", python, "-I", "-c", ASK, module],
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.stdout.strip() == f"{seen} True 0.0 b''", done.stderr
