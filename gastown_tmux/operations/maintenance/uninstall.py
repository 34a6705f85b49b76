"""gt uninstall: everything of a town ended and taken away, and what stays told."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from gastown_tmux.domain.rigs import Rig
from gastown_tmux.domain.work import OVER
from gastown_tmux.edges.configuration import settings_files
from gastown_tmux.edges.hosts.installation import removal
from gastown_tmux.errors import MissingError, RefusedError
from gastown_tmux.operations.sessions import service
from gastown_tmux.operations.supervision import stopping
from gastown_tmux.operations.town.skill import list_installed
from gastown_tmux.operations.town.town import Answer, Town
from gastown_tmux.reading import read_text
from gastown_tmux.store.beads import count_beads
from gastown_tmux.store.meta import get_meta, set_wanted
from gastown_tmux.store.rigs import list_rigs

#: Where shells look for completions, below home; and their start-up files, which are a person's own.
_COMPLETIONS = (
    ".local/share/bash-completion/completions/gt", ".bash_completion.d/gt", ".zfunc/_gt", ".zsh/completions/_gt",
    ".config/fish/completions/gt.fish",
)  # fmt: skip
_START_UP = (".bashrc", ".bash_profile", ".profile", ".zshrc", ".config/fish/config.fish")
#: Of a town whose data is kept, what is made anew.
_DISPOSABLE = ("run", "logs", "environment.json", "programs.json", "tmux.pid", "service", "unwritten")


def uninstall(town: Town, keep_data: bool = False, yes: bool = False) -> Answer:
    """Ends all that runs, then removes services, completions, caches and sockets; and the town's folder with all that
    is in it, unless its data is to be kept. Raises RefusedError without the person's own word for that, and GtError
    where something runs on: then nothing is removed.
    """
    name = get_meta(town.db, "name") or town.path.name
    if not keep_data and not yes and town.ask(f"{_at_stake(town)}\nType its name, {name}, to go on: ") != name:
        raise RefusedError(
            f"{town.path} is not removed: nobody said so", hint="gt uninstall --keep-data, or gt uninstall --yes"
        )
    mine = _list_left(town)
    removed = list(_remove_units(town))
    ended = stopping.down(town, agents=True)
    if isinstance(ended, stopping.Stopped) and ended.complaint is not None:
        raise ended.complaint
    socket, short = town.tmux.socket, not town.tmux.socket.is_relative_to(town.path)
    if short:
        for path in (socket, socket.with_name(socket.name + ".lock")):
            path.unlink(missing_ok=True)
    home = Path(town.environment.get("HOME", "/"))
    removed += [str(path) for path in _remove_completions(home)]
    orders = town.memory.names()
    town.close()
    if keep_data:
        for place in _DISPOSABLE:
            _remove(town.path / ".gt" / place)
        left = [f"{town.path}: its beads, mail, worktrees and repositories; 'gt up' there goes on with them", *mine]
    else:
        shutil.rmtree(town.path, ignore_errors=True)
        removed.append(str(town.path))
        left = mine + ([f"{town.path}: not everything could be deleted"] if town.path.exists() else [])
    for order in orders:
        town.memory.remove(order)
    left += [f"{path}: gt skill remove takes it back" for path in list_installed(town.environment)]
    left += [*_find_lines(home), f"the program itself: {removal()}"]
    text = [f"the town {name} is " + ("at rest" if keep_data else "gone")]
    text += [f"removed: {each}" for each in removed]
    text += [f"left: {each}" for each in left]
    return Answer({"town": name, "removed": removed, "left": left}, "\n".join(text))


def _at_stake(town: Town) -> str:
    beads = count_beads(town.db)
    ahead = sum(count for state, count in beads.items() if state not in OVER)
    parts = ["worktrees, mail, snapshots"]
    if ahead:
        parts.append(f"{ahead} bead{'s' * (ahead != 1)} that did not land")
    parts += [f"all that landed on {rig.target} of {rig.name}, which is nowhere else" for rig in _list_local(town)]
    return f"{town.path} is deleted with all that is in it: {', and '.join(parts)}."


def _list_local(town: Town) -> list[Rig]:
    """Whose work has landed in the town's own repository alone."""
    return [rig for rig in list_rigs(town.db) if rig.target_commit is not None]


def _list_left(town: Town) -> list[str]:
    """What is not the town's, though it has worked on it."""
    own = settings_files.user_path(town.environment)
    local = _list_local(town)
    left = [
        f"{rig.source}: the project of {rig.name}, with"
        + ("out what landed here" if rig in local else " all that landed")
        for rig in list_rigs(town.db)
    ]
    return left + ([f"{own}: your own settings"] if own.exists() else [])


def _remove_units(town: Town) -> Iterator[str]:
    """Before anything is ended: systemd would start it again."""
    if not town.service_mark.exists():
        return
    try:
        with town.change() as change:
            set_wanted(change, False)
        service.remove(town)
        yield "its systemd units"
    except MissingError as error:
        town.say(f"units of systemd may be left: {error.message}")


def _remove_completions(home: Path) -> Iterator[Path]:
    for place in _COMPLETIONS:
        with contextlib.suppress(OSError):
            if "gt __complete" in read_text(home / place):
                (home / place).unlink()
                yield home / place


def _find_lines(home: Path) -> Iterator[str]:
    for place in _START_UP:
        with contextlib.suppress(OSError):
            if "gt completion" in read_text(home / place):
                yield f"{home / place}: the line with 'gt completion' is yours to delete"


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
