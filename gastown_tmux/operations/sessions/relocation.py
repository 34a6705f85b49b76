"""Whether a town is where it was made: asked before each verb, so nothing is imported that costs."""

import os
from pathlib import Path

from gastown_tmux.errors import GtError, RefusedError
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store.meta import get_meta, read_meta
from gastown_tmux.town_path import is_town

_LOCK_SECONDS = 60.0


class CopiedError(RefusedError):
    """This town is a copy, and the one it was copied from is still there."""


def settle(town: Town) -> None:
    """Before anything else is done in a town. One that was moved is put right, and says so; raises CopiedError.

    A database that cannot be read is left to whoever needs it.
    """
    was = refuse_copy(town)
    if was is None:
        return
    from gastown_tmux.edges.processes.locks import Lock
    from gastown_tmux.operations.sessions.moving import move_in  # once in a town's life

    with Lock(town.run / "place.lock", _LOCK_SECONDS):
        if get_meta(town.db, "path") == was:
            move_in(town, was)


def refuse_copy(town: Town) -> str | None:
    """Where it was made, when that is not here. Raises CopiedError: what a copy's rows, locks and notes name is the
    other town's, and runs.
    """
    try:
        was = get_meta(town.db, "path")
        if was is None or _is_same(was, town.path):
            return None
        is_copy = _is_original(Path(was), get_meta(town.db, "id"))
    except GtError:
        return None
    if is_copy:
        import shlex  # every verb looks here, and few find a copy

        raise CopiedError(
            f"{town.path} is a copy of the town {was}, and both would do the same work",
            hint=f"gt --town {shlex.quote(str(town.path))} doctor --fix makes it a town of its own",
        )
    return was


def _is_same(was: str, path: Path) -> bool:
    return was == str(path) or os.path.realpath(was) == os.path.realpath(path)


def _is_original(path: Path, identity: str | None) -> bool:
    """A town whose name tag cannot be read may be the one."""
    return is_town(path) and read_meta(path / ".gt" / "town.db", "id") in (identity, None)
