"""Trees that passed a rig's gates, so that the same is not tested twice in a day."""

from gastown_tmux.domain.ids import RigName, Time
from gastown_tmux.store.db import Change
from gastown_tmux.store.rows import Reader


def is_green(reader: Reader, rig: RigName, tree: str, rules: str, since: Time) -> bool:
    sql = "SELECT 1 FROM green_trees WHERE rig = ? AND tree = ? AND rules = ? AND time >= ?"
    return reader.row(sql, rig, tree, rules, since) is not None


def keep_green(change: Change, rig: RigName, tree: str, rules: str, since: Time) -> None:
    """Those from before ``since`` count no more, and go."""
    change.execute("DELETE FROM green_trees WHERE rig = ? AND time < ?", rig, since)
    change.execute(
        "INSERT OR REPLACE INTO green_trees (rig, tree, rules, time) VALUES (?, ?, ?, ?)", rig, tree, rules, change.time
    )
