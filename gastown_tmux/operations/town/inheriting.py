"""The overseer's environment as it was at their last call from a terminal, for daemons and whatever these start; and
where agent programs were found.

A daemon lives for weeks, and its own environment is that of whoever started it. Agents' calls change nothing here, so
none of them chooses what others run.
"""

import json
import os
import shutil
import stat
from collections.abc import Mapping
from pathlib import Path

from gastown_tmux.domain.addresses import DEACON, OVERSEER, WITNESS
from gastown_tmux.domain.inheritance import is_followed, overlay, take
from gastown_tmux.edges.files.atomic import write_atomic
from gastown_tmux.edges.processes.own_environment import adopt
from gastown_tmux.errors import GtError
from gastown_tmux.operations.town.town import Town
from gastown_tmux.reading import json_object, read_file

_ENVIRONMENT, _PROGRAMS = "environment.json", "programs.json"


def note_environment(town: Town) -> bool:
    """For calls of the overseer's from a terminal: whether this changed what others inherit. A window of the town's
    own has what it inherited itself, and tells nothing new.
    """
    if town.actor != OVERSEER or town.session or _is_inside(town):
        return False
    seen = {name: value for name, value in town.environment.items() if is_followed(name)}
    if _read(town, _ENVIRONMENT).get("seen") == seen:
        return False
    kept = take(seen, lambda entry: is_safe(town, entry))
    _write(town, _ENVIRONMENT, {"seen": seen, "kept": kept})
    return True


def _is_inside(town: Town) -> bool:
    return town.environment.get("TMUX", "").partition(",")[0] == str(town.tmux.socket)


def is_safe(town: Town, folder: str) -> bool:
    """Whether nobody but its user and root can put a program there: outside the town, where agents have their
    worktrees, in folders that others may not write to. A folder that is not there yet counts by those above it.
    """
    try:
        place = Path(folder).resolve()
        if place.is_relative_to(town.path.resolve()):
            return False
        for each in (place, *place.parents):
            if not each.exists():
                continue
            found = each.stat()
            for_all = found.st_mode & stat.S_IWOTH and not (found.st_mode & stat.S_ISVTX and each != place)
            if for_all or found.st_uid not in (0, os.getuid()):
                return False
    except (OSError, RuntimeError):
        return False
    return True


def inherited(town: Town) -> Mapping[str, str]:
    """The environment that things are started with: a person's own at their own calls, else the overseer's last."""
    return town.environment if town.is_person else overlay(town.environment, _kept(town), os.path.exists)


def follow(town: Town) -> bool:
    """For a daemon: makes its own environment what it inherits; whether that changed."""
    kept = _kept(town)
    wanted = overlay(town.environment, kept, os.path.exists)
    if not kept or wanted == town.environment:
        return False
    if isinstance(town.environment, dict):  # the same for the towns of all its threads
        town.environment.clear()
        town.environment.update(wanted)
    adopt(wanted, is_followed)
    return True


def find_program(town: Town, program: str) -> str | None:
    """Its path: on PATH as it is now, else where it was when it was chosen or first found, if it is there still."""
    found = shutil.which(program, path=inherited(town).get("PATH"))
    if found is not None:
        # What an agent has on its PATH is no news for others.
        if town.actor in (OVERSEER, DEACON, WITNESS) and _is_lasting(town, found):
            _remember(town, program, found)
        return found
    known = _read(town, _PROGRAMS).get(program)
    return known if isinstance(known, str) and os.access(known, os.X_OK) else None


def _is_lasting(town: Town, found: str) -> bool:
    return Path(found).is_absolute() and is_safe(town, str(Path(found).parent))


def _remember(town: Town, program: str, path: str) -> None:
    known = _read(town, _PROGRAMS)
    if "/" not in program and known.get(program) != path and town.db_path.exists():
        _write(town, _PROGRAMS, {**known, program: path})


def _kept(town: Town) -> dict[str, str]:
    kept = _read(town, _ENVIRONMENT).get("kept")
    return {str(name): str(value) for name, value in kept.items()} if isinstance(kept, dict) else {}


def _read(town: Town, name: str) -> dict[str, object]:
    try:
        return json_object(read_file(town.path / ".gt" / name))
    except OSError:
        return {}


def _write(town: Town, name: str, value: object) -> None:
    try:
        write_atomic(town.path / ".gt" / name, json.dumps(value, indent=1).encode(), 0o600, durable=False)
    except GtError as error:  # on a full disk everything else goes on
        town.say(error.message)
