"""Rigs that land on one branch of one remote do so in turns: each would test in vain what the other overtakes."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gastown_tmux.domain.rigs import Rig
from gastown_tmux.edges.processes.locks import Lock
from gastown_tmux.operations.town.town import Town
from gastown_tmux.store.rigs import list_rigs


@contextmanager
def turn(town: Town, rig: Rig) -> Iterator[None]:
    """Waits for it as long as another rig of the town is at work on the same target; says so, and is then alone there.

    What lands in repo.git is a rig's own, and waits for nobody.
    """
    others = [one.name for one in list_rigs(town.db) if one.name != rig.name and _place(one) == _place(rig)]
    if not others or town.settings(rig.name).get("merge.publish") == "local":
        yield
        return
    name = hashlib.sha256(repr(_place(rig)).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    lock = Lock(town.run / f"target.{name}.lock", None)
    if not lock.try_lock():
        town.say(f"waits for {' and '.join(others)}: {rig.target} of {rig.remote} is theirs too")
        lock.__enter__()
    try:
        yield
    finally:
        lock.release()


def _place(rig: Rig) -> tuple[str, str]:
    """One remote may be written in several ways; where that is not seen, the slower one tests anew."""
    path = Path(rig.remote)
    remote = str(path.resolve()) if path.is_absolute() else rig.remote.rstrip("/")
    return remote.removesuffix("/.git").removesuffix(".git"), rig.target
