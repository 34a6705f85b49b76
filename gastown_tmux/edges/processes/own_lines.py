"""A line of gt, run in a process of its own for a face that must not wait for it, nor end with it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress

from gastown_tmux.dataclass import dataclass

#: What leads to another session, agent or terminal than the face's own town.
_OTHERS = ("GT_AGENT", "GT_SESSION", "GT_SOCKET", "GT_TOWN", "TMUX", "TMUX_PANE")


@dataclass(frozen=True, slots=True)
class Said:
    """How it ended; ``status`` None: it was killed because it took too long."""

    status: int | None
    out: str
    err: str


def run_line(words: Sequence[str], environment: Mapping[str, str], seconds: float) -> Said:
    """Nothing of the words is in the process's own, which everybody may read. Raises OSError."""
    own = {name: value for name, value in environment.items() if name not in _OTHERS}
    child = subprocess.Popen(
        [sys.executable, "-m", "gastown_tmux.cli.line"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, env=own, cwd="/", start_new_session=True,
    )  # fmt: skip
    with child:
        try:
            out, err = child.communicate(json.dumps(list(words)).encode(), seconds)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            out, err = child.communicate()
            return Said(None, out.decode(errors="replace"), err.decode(errors="replace"))
    return Said(child.returncode, out.decode(errors="replace"), err.decode(errors="replace"))
