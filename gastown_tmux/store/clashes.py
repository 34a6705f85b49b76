"""Works under way that conflict with one another, as the radar saw them last."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gastown_tmux.domain.ids import BeadId, RigName
from gastown_tmux.store.db import Change
from gastown_tmux.store.rows import Reader

if TYPE_CHECKING:
    from gastown_tmux.domain.radar import Clash

#: Seen a while ago, perhaps: of rigs that are looked at, and of beads that are still under way.
_CURRENT = (
    "rig IN (SELECT name FROM rigs WHERE NOT parked)"
    " AND NOT EXISTS (SELECT 1 FROM beads b WHERE b.id IN (one, other) AND b.state IN ('merged', 'closed'))"
)


def list_clashes(reader: Reader, rig: str | None = None, *, untold: bool = False) -> "list[Clash]":
    """``untold``: only those that nobody was told of yet."""
    where = _CURRENT + (" AND rig = ?" if rig is not None else "") + (" AND told = 0" if untold else "")
    sql = f"SELECT one, other, files FROM clashes WHERE {where} ORDER BY one, other"
    found = reader.rows(sql, *([rig] if rig is not None else []))
    if not found:
        return []
    from gastown_tmux.domain.radar import Clash  # 2 ms, where there is one

    return [Clash(BeadId(row["one"]), BeadId(row["other"]), tuple(json.loads(row["files"]))) for row in found]


def replace_clashes(change: Change, rig: RigName, clashes: "Sequence[Clash]") -> None:
    """These are all there are in the rig now; one that was there before stays told."""
    now = {(clash.one, clash.other): json.dumps(clash.files) for clash in clashes}
    for row in change.rows("SELECT one, other FROM clashes WHERE rig = ?", rig):
        if (row["one"], row["other"]) not in now:
            change.execute("DELETE FROM clashes WHERE one = ? AND other = ?", row["one"], row["other"])
    for (one, other), files in now.items():
        change.execute(
            "INSERT INTO clashes (rig, one, other, files) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (one, other) DO UPDATE SET files = excluded.files",
            rig, one, other, files,
        )  # fmt: skip


def mark_told(change: Change, clash: "Clash") -> None:
    change.execute("UPDATE clashes SET told = 1 WHERE one = ? AND other = ?", clash.one, clash.other)
