"""Rows of beads that a restored database knows too little of, from what git and tmux prove."""

from gastown_tmux.domain.events import EventType
from gastown_tmux.domain.ids import BeadId, Commit, RigName
from gastown_tmux.domain.work import Reason
from gastown_tmux.store.beads import get_bead
from gastown_tmux.store.convoys import land_convoy
from gastown_tmux.store.db import Change


def recover_bead(change: Change, bead: BeadId, rig: RigName, title: str, body: str, branch: str | None) -> None:
    """A row for a bead that a restored database knows nothing of; open, and waiting for a person's word."""
    change.execute(
        "INSERT INTO beads (id, rig, title, body, state, reason, priority, labels, branch, created, updated)"
        " VALUES (?, ?, ?, ?, 'open', ?, 2, '[]', ?, ?, ?)",
        bead, rig, title, body, Reason.PARKED, branch, change.time, change.time,
    )  # fmt: skip
    change.event(EventType.BEAD_CREATED, bead, rig=rig, title=title, recovered=True)


def recover_merged(change: Change, bead: BeadId, commit: Commit) -> None:
    """What git proves after a restore, from whatever state the old row was in."""
    change.execute(
        "UPDATE beads SET state = 'merged', reason = NULL, target = NULL, merged_commit = ?, updated = ? WHERE id = ?",
        commit, change.time, bead,
    )  # fmt: skip
    change.execute(
        "UPDATE merge_requests SET state = 'merged', reason = NULL, merged_commit = ?, updated = ?"
        " WHERE bead = ? AND state NOT IN ('merged', 'superseded')",
        commit, change.time, bead,
    )  # fmt: skip
    change.event(EventType.BEAD_MERGED, bead, commit=commit, recovered=True)
    land_convoy(change, get_bead(change, bead).convoy)
