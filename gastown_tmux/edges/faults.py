"""Named moments at which a test may kill the process, so that a kill falls exactly there."""

import os
import signal


def fault_point(name: str) -> None:
    """Ends this process with SIGKILL where ``GT_FAULT`` names this point; else nothing."""
    if os.environ.get("GT_FAULT") == name:
        os.kill(os.getpid(), signal.SIGKILL)
