"""What rows tell of beads that were done: how long they took, and whose work they are."""

import json
from collections.abc import Iterable

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.ids import BeadId, Time
from gastown_tmux.domain.work import Bead
from gastown_tmux.store.rows import Reader


def list_durations(reader: Reader, rig: str, most: int) -> list[float]:
    """Seconds from the first sling to the end of work, of the rig's beads that were done last; none that was only
    closed by hand.
    """
    sql = (
        "SELECT (julianday((SELECT max(time) FROM events WHERE subject = b.id AND type IN ('bead.merged',"
        " 'bead.reported'))) - julianday((SELECT min(time) FROM events WHERE subject = b.id AND type = 'bead.slung')))"
        " * 86400.0 AS seconds FROM (SELECT id FROM beads WHERE state IN ('merged', 'closed') AND rig = ?"
        " AND assignee IS NOT NULL ORDER BY updated DESC LIMIT ?) b"
    )
    return [max(0.0, row["seconds"]) for row in reader.rows(sql, rig, most) if row["seconds"] is not None]


def list_slung(reader: Reader, beads: Iterable[BeadId]) -> dict[BeadId, Time]:
    """When each of them was put on a hook last."""
    sql = (
        "SELECT subject, max(time) FROM events WHERE subject IN (SELECT value FROM json_each(?))"
        " AND type = 'bead.slung' GROUP BY subject"
    )
    return {BeadId(row[0]): Time(row[1]) for row in reader.rows(sql, json.dumps(list(beads)))}


def find_author(reader: Reader, bead: Bead) -> Address | None:
    """Whose work a bead is: of the agent that submitted it last, here or at a host, else of who has or had it."""
    row = reader.row("SELECT author FROM merge_requests WHERE bead = ? ORDER BY seq DESC LIMIT 1", bead.id)
    return Address(row["author"]) if row else bead.assignee
