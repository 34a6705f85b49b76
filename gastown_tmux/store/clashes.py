"""Works under way that conflict with one another, as the radar saw them last."""

import json
from collections.abc import Sequence

from gastown_tmux.domain.ids import BeadId, RigName
from gastown_tmux.domain.radar import Clash
from gastown_tmux.store.db import Change
from gastown_tmux.store.rows import Reader


def list_clashes(reader: Reader, rig: str | None = None, *, untold: bool = False) -> list[Clash]:
    """``untold``: only those that nobody was told of yet."""
    where = ("rig = ?" if rig is not None else "1") + (" AND told = 0" if untold else "")
    sql = f"SELECT one, other, files FROM clashes WHERE {where} ORDER BY one, other"
    found = reader.rows(sql, *([rig] if rig is not None else []))
    return [Clash(BeadId(row["one"]), BeadId(row["other"]), tuple(json.loads(row["files"]))) for row in found]


def replace_clashes(change: Change, rig: RigName, clashes: Sequence[Clash]) -> None:
    """These are all there are in the rig now; one that was there before stays told."""
    now = {(clash.one, clash.other): json.dumps(clash.files) for clash in clashes}
    for clash in list_clashes(change, rig):
        if (clash.one, clash.other) not in now:
            change.execute("DELETE FROM clashes WHERE one = ? AND other = ?", clash.one, clash.other)
    for (one, other), files in now.items():
        change.execute(
            "INSERT INTO clashes (rig, one, other, files) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (one, other) DO UPDATE SET files = excluded.files",
            rig, one, other, files,
        )  # fmt: skip


def mark_told(change: Change, clash: Clash) -> None:
    change.execute("UPDATE clashes SET told = 1 WHERE one = ? AND other = ?", clash.one, clash.other)
