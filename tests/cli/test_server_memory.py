"""What the server of verbs has in its memory costs its children little."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

_COPIED = """\
import os, resource, sqlite3, sys
from pathlib import Path
from gastown_tmux.cli.preload import preload, settle
from gastown_tmux.store.db import Database

def copied():
    \"\"\"Pages that a child comes to own when it opens the rows.\"\"\"
    child = os.fork()
    if not child:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        Database(Path(sys.argv[1])).rows("SELECT * FROM beads")
        os.write(1, b"%d " % (resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before))
        os._exit(0)
    os.waitpid(child, 0)

preload()
copied()
settle()
copied()
"""


def test_a_child_that_opens_a_town_copies_little_of_the_servers_memory(
    short_tmp: Path, run_gt: Callable[..., Any]
) -> None:
    assert run_gt("install", short_tmp / "town").code == 0
    line = [sys.executable, "-c", _COPIED, str(short_tmp / "town/.gt/town.db")]
    before, after = map(int, subprocess.run(line, capture_output=True, check=True, timeout=60).stdout.split())
    assert after < 0.7 * before
