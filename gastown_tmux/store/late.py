"""Requests that were given up and may be on the target nevertheless: a push outlives the refinery that began it."""

from gastown_tmux.domain.ids import Commit, MergeRequestId, RigName, Time
from gastown_tmux.domain.merging import MergeRequest
from gastown_tmux.store.db import Change
from gastown_tmux.store.merging import SET_ASIDE, get_merge_request
from gastown_tmux.store.rows import Reader

#: Superseded by one that is on its way, or rejected last of all that there was of a bead.
_GIVEN_UP = """(m.state = 'superseded' AND m.bead IN (SELECT bead FROM merge_requests l WHERE l.rig = m.rig
        AND l.state IN ('queued', 'testing', 'publishing', 'held', 'gathered'))
    OR m.state = 'rejected' AND EXISTS (SELECT 1 FROM beads b
        WHERE b.id = m.bead AND b.state = 'open' AND b.merge_request = m.id))"""


def list_late(reader: Reader, rig: RigName) -> list[tuple[MergeRequest, Commit]]:
    """Each with the candidates of it that were ever about to be pushed."""
    sql = (
        "SELECT p.request, p.candidate FROM publications p JOIN merge_requests m ON m.id = p.request"
        f" WHERE m.rig = ? AND {_GIVEN_UP}"
    )
    pairs = [(row["request"], Commit(row["candidate"])) for row in reader.rows(sql, rig)]
    return [(get_merge_request(reader, id), candidate) for id, candidate in pairs]


def look_later(change: Change, id: MergeRequestId, when: Time) -> None:
    """Whether a request that was set aside is on the target is to be seen then, if it was ever about to be pushed."""
    change.execute(
        "UPDATE merge_requests SET not_before = ? WHERE id = ? AND state = 'rejected'"
        " AND id IN (SELECT request FROM publications)",
        when, id,
    )  # fmt: skip


def list_to_look_at(reader: Reader, rig: RigName, now: Time) -> list[MergeRequestId]:
    rows = reader.rows(f"SELECT id FROM merge_requests WHERE rig = ? AND {SET_ASIDE}", rig, now)
    return [MergeRequestId(row["id"]) for row in rows]


def end_looking(change: Change, id: MergeRequestId) -> None:
    change.execute("UPDATE merge_requests SET not_before = NULL WHERE id = ? AND state = 'rejected'", id)
