"""Where beads came from that were brought in: by what their source knows them, so that they come in once."""

import json
from typing import TYPE_CHECKING

from gastown_tmux.domain.events import EventType
from gastown_tmux.domain.ids import BeadId, RigName, Time
from gastown_tmux.domain.work import BEAD
from gastown_tmux.errors import RefusedError
from gastown_tmux.store.db import Change
from gastown_tmux.store.rows import Reader

if TYPE_CHECKING:
    from gastown_tmux.domain.bead_files import Record


def find_origin(reader: Reader, rig: str, source: str) -> BeadId | None:
    row = reader.row("SELECT bead FROM bead_origins WHERE rig = ? AND source = ?", rig, source)
    return BeadId(row["bead"]) if row else None


def insert_origin(change: Change, rig: str, source: str, bead: BeadId) -> None:
    change.execute("INSERT INTO bead_origins (rig, source, bead) VALUES (?, ?, ?)", rig, source, bead)


def keep_time(change: Change, bead: BeadId, updated: Time | None) -> None:
    """When its source changed it last, so that what it changes next counts as newer; never later than now."""
    if updated is not None and updated < change.time:
        change.execute("UPDATE beads SET updated = ? WHERE id = ?", updated, bead)


def set_parent(change: Change, bead: BeadId, parent: BeadId | None) -> None:
    """Raises RefusedError where that would make the bead a part of itself."""
    above = (
        "WITH RECURSIVE above (id) AS (SELECT ? UNION SELECT b.parent FROM above a JOIN beads b ON b.id = a.id"
        " WHERE b.parent IS NOT NULL) SELECT 1 FROM above WHERE id = ?"
    )
    if parent is not None and change.row(above, parent, bead) is not None:
        raise RefusedError(f"{parent} is {bead} itself, or a part of it", hint=f"gt bead show {parent}")
    change.execute("UPDATE beads SET parent = ? WHERE id = ?", parent, bead)


def list_children(reader: Reader, bead: BeadId) -> list[BeadId]:
    """What is a part of it, and not of its parts; the oldest first."""
    return [
        BeadId(row["id"]) for row in reader.rows("SELECT id FROM beads WHERE parent = ? ORDER BY created, id", bead)
    ]


def list_parts(reader: Reader, bead: BeadId) -> list[BeadId]:
    """What is a part of it, of its parts too, but nothing that has parts itself; itself, where it has none."""
    sql = (
        "WITH RECURSIVE part (id) AS (SELECT ? UNION SELECT b.id FROM part p JOIN beads b ON b.parent = p.id)"
        " SELECT b.id FROM part p JOIN beads b ON b.id = p.id"
        " WHERE NOT EXISTS (SELECT 1 FROM beads c WHERE c.parent = b.id) ORDER BY b.created, b.id"
    )
    return [BeadId(row["id"]) for row in reader.rows(sql, bead)]


def bring_in(change: Change, bead: BeadId, rig: RigName, record: "Record") -> None:
    """A bead that has its id and its times already."""
    change.execute(
        "INSERT INTO beads (id, rig, title, body, state, priority, labels, created, updated)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        bead, rig, record.title, record.body, BEAD.initial, record.priority, json.dumps(list(record.labels)),
        record.created or change.time, record.updated or change.time,
    )  # fmt: skip
    change.event(EventType.BEAD_CREATED, bead, rig=rig, title=record.title)
