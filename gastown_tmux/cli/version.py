"""What ``gt --version`` says."""

import os
import sys

_BEFORE, _BEHIND = "gastown_tmux-", ".dist-info"


def find_version() -> str:
    """As the name of the folder has it that the installer made: to read what is in it takes a library of 40 ms."""
    for folder in sys.path:
        try:
            names = os.listdir(folder)  # noqa: PTH208 (pathlib costs more than all of this)
        except OSError:
            continue
        for name in names:
            if name.startswith(_BEFORE) and name.endswith(_BEHIND):
                return name[len(_BEFORE) : -len(_BEHIND)]
    from importlib.metadata import version

    return version("gastown-tmux")
