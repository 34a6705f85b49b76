"""Where beads came from that were brought in: by what their source knows them, so that they come in once."""

import json

from gastown_tmux.domain.bead_files import Record
from gastown_tmux.domain.events import EventType
from gastown_tmux.domain.ids import BeadId, RigName
from gastown_tmux.domain.work import BEAD
from gastown_tmux.store.db import Change
from gastown_tmux.store.rows import Reader


def find_origin(reader: Reader, rig: str, source: str) -> BeadId | None:
    row = reader.row("SELECT bead FROM bead_origins WHERE rig = ? AND source = ?", rig, source)
    return BeadId(row["bead"]) if row else None


def insert_origin(change: Change, rig: str, source: str, bead: BeadId) -> None:
    change.execute("INSERT INTO bead_origins (rig, source, bead) VALUES (?, ?, ?)", rig, source, bead)


def set_parent(change: Change, bead: BeadId, parent: BeadId | None) -> None:
    change.execute("UPDATE beads SET parent = ? WHERE id = ?", parent, bead)


def list_parts(reader: Reader, bead: BeadId) -> list[BeadId]:
    """What is a part of it, of its parts too, but nothing that has parts itself; itself, where it has none."""
    sql = (
        "WITH RECURSIVE part (id) AS (SELECT ? UNION SELECT b.id FROM part p JOIN beads b ON b.parent = p.id)"
        " SELECT b.id FROM part p JOIN beads b ON b.id = p.id"
        " WHERE NOT EXISTS (SELECT 1 FROM beads c WHERE c.parent = b.id) ORDER BY b.created, b.id"
    )
    return [BeadId(row["id"]) for row in reader.rows(sql, bead)]


def bring_in(change: Change, bead: BeadId, rig: RigName, record: Record) -> None:
    """A bead that has its id and its times already."""
    change.execute(
        "INSERT INTO beads (id, rig, title, body, state, priority, labels, created, updated)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        bead, rig, record.title, record.body, BEAD.initial, record.priority, json.dumps(list(record.labels)),
        record.created or change.time, record.updated or change.time,
    )  # fmt: skip
    change.event(EventType.BEAD_CREATED, bead, rig=rig, title=record.title)
