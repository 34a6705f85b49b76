"""What all worktrees of a rig share stays as it is to be: seen to before starts and landings, and when it changes."""

import os
from collections.abc import Mapping
from pathlib import Path

from gastown_tmux.domain.events import EventType
from gastown_tmux.domain.rigs import Rig
from gastown_tmux.edges.git import command_log, shared_files, worktree
from gastown_tmux.edges.git.shared_files import Stray
from gastown_tmux.operations.town.town import Town


def settle_shared_files(town: Town, rig: Rig) -> list[Stray]:
    """Puts back what somebody wrote there, or hands it to the worktree it came from, and says so. Cheap where all is
    well. A repository of an older gt is brought to today's layout.

    Raises GtError where the files cannot be written.
    """
    repository = town.repository(rig.name)
    if not repository.path.is_dir():
        return []
    strays = shared_files.settle(repository, rig.remote)
    for stray in strays:
        town.say(f"{rig.name}: {_describe(stray)}")
    if strays:
        with town.change() as change:
            for stray in strays:
                owners = [_name(admin) for admin in stray.owners]
                change.event(EventType.RIG_PUT_BACK, rig.name, what=stray.what, owners=owners)
    return strays


def log_commands(town: Town, rig: Rig, place: Path) -> Mapping[str, str]:
    """The environment for programs in a worktree by which git writes down what they make it do: see above."""
    try:
        return command_log.environment(worktree.git_dir(town.repository(rig.name), place))
    except worktree.BrokenWorktree:
        return {}


def _describe(stray: Stray) -> str:
    if not stray.owners:
        return f"{stray.what} was changed for all worktrees, and is as before"
    return f"{stray.what} was set for all worktrees, and holds in {', '.join(map(_name, stray.owners))} alone"


def _name(admin: Path) -> str:
    """The folder that a worktree is in, which is named after its agent."""
    place = Path(os.fsdecode((admin / "gitdir").read_bytes()).rstrip("\n")).parent
    return place.parent.name if place.name == "work" else place.name
