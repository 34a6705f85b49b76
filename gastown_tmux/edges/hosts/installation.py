"""This very installation: its version, and the ``gt`` that people and agents call."""

import os
import sys
from pathlib import Path

from gastown_tmux.errors import GtError

_BEFORE, _BEHIND = "gastown_tmux-", ".dist-info"


def find_version() -> str:
    """As the name of the folder has it that the installer made: to read what is in it takes a library of 40 ms."""
    found = version_on_disk()
    if found is not None:
        return found
    from importlib.metadata import version

    return version("gastown-tmux")


def version_on_disk() -> str | None:
    """What a process that is started now would be; None while an installer is at work."""
    for folder in sys.path:
        try:
            names = os.listdir(folder)  # noqa: PTH208 (pathlib costs more than all of this)
        except OSError:
            continue
        for name in names:
            if name.startswith(_BEFORE) and name.endswith(_BEHIND):
                return name[len(_BEFORE) : -len(_BEHIND)]
    return None


def gt_command() -> Path:
    """The ``gt`` that belongs to this very installation."""
    beside = Path(sys.executable).with_name("gt")
    if beside.exists():
        return beside
    from gastown_tmux.edges.hosts.bundle import find_bundle  # with shutil 5 ms, that hardly anybody pays

    if (packed := find_bundle()) is not None:
        return packed.command
    import shutil

    found = shutil.which("gt")
    if found is None:
        raise GtError("gt is not installed beside its interpreter", hint="pipx install gastown-tmux")
    return Path(found)


def removal() -> str:
    """The command that takes this installation away, as it came; of an environment that nobody manages, where it is."""
    import shlex

    from gastown_tmux.edges.hosts.bundle import find_bundle

    packed = find_bundle()
    if packed is None:
        tools = {"/uv/tools/": "uv tool", "/pipx/": "pipx"}
        tool = next((tool for part, tool in tools.items() if part in sys.prefix), None)
        return f"{tool} uninstall gastown-tmux" if tool else f"in {sys.prefix}"
    if any(command.exists() for command in packed.npm_commands):
        return f"npm uninstall -g gastown-tmux {packed.folder.name}"
    return f"rm -r {shlex.quote(str(packed.folder))}, and the link to its bin/gt"
