"""Where the target of a rig was seen: one row a history of it, the newest for the history it has now."""

from gastown_tmux.domain.events import EventType
from gastown_tmux.domain.ids import Commit, RigName
from gastown_tmux.store.db import Change
from gastown_tmux.store.rows import Reader


def find_tip(reader: Reader, rig: RigName, branch: str) -> Commit | None:
    """Where it was when it was last looked at."""
    row = reader.row("SELECT tip FROM target_tips WHERE rig = ? AND branch = ? ORDER BY seq DESC LIMIT 1", rig, branch)
    return Commit(row["tip"]) if row else None


def list_replaced(reader: Reader, rig: RigName, branch: str) -> list[Commit]:
    """The last commits of the histories it had before it was rewritten, newest first."""
    rows = reader.rows("SELECT tip FROM target_tips WHERE rig = ? AND branch = ? ORDER BY seq DESC", rig, branch)
    return [Commit(row["tip"]) for row in rows][1:]


def move_tip(change: Change, rig: RigName, branch: str, tip: Commit) -> None:
    """It went on, or is seen for the first time."""
    moved = change.execute(
        "UPDATE target_tips SET tip = ? WHERE seq = (SELECT max(seq) FROM target_tips WHERE rig = ? AND branch = ?)",
        tip, rig, branch,
    ).rowcount  # fmt: skip
    if not moved:
        _insert(change, rig, branch, tip)


def replace_tip(change: Change, rig: RigName, branch: str, old: Commit, tip: Commit) -> None:
    """It was rewritten: what it had since the two parted is gone from it."""
    _insert(change, rig, branch, tip)
    change.event(EventType.TARGET_REWRITTEN, rig, target=branch, was=old, now=tip)


def _insert(change: Change, rig: RigName, branch: str, tip: Commit) -> None:
    change.execute(
        "INSERT INTO target_tips (rig, branch, tip, since) VALUES (?, ?, ?, ?)", rig, branch, tip, change.time
    )
