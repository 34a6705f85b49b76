"""What is gathered of convoys that land as a whole, before it lands."""

from collections.abc import Sequence

from gastown_tmux.domain.ids import BeadId, Commit, ConvoyId, MergeRequestId, RigName
from gastown_tmux.domain.merging import MergeRequest, MergeState
from gastown_tmux.domain.work import BeadState
from gastown_tmux.store.db import Change
from gastown_tmux.store.merging import list_merge_requests
from gastown_tmux.store.rows import Reader, word_of


def list_together(reader: Reader, rig: RigName) -> dict[BeadId, ConvoyId]:
    """The beads of open convoys of the rig that land as a whole."""
    sql = (
        "SELECT v.bead, v.convoy FROM convoys c JOIN convoy_beads v ON v.convoy = c.id JOIN beads b ON b.id = v.bead"
        " WHERE c.together AND c.state = 'open' AND b.rig = ?"
    )
    return {BeadId(row["bead"]): ConvoyId(row["convoy"]) for row in reader.rows(sql, rig)}


def find_gathering(reader: Reader, bead: BeadId) -> ConvoyId | None:
    """The open convoy with which the bead lands as a whole, if anything of it is gathered."""
    row = reader.row(
        "SELECT c.id FROM convoy_beads v JOIN convoys c ON c.id = v.convoy"
        " WHERE v.bead = ? AND c.together AND c.state = 'open' AND EXISTS (SELECT 1 FROM gatherings t"
        " JOIN merge_requests m ON m.id = t.request WHERE t.convoy = c.id AND t.current"
        " AND m.state IN ('gathered', 'testing'))",
        bead,
    )
    return ConvoyId(row["id"]) if row else None


def list_states(reader: Reader, convoy: ConvoyId) -> dict[BeadId, BeadState]:
    sql = "SELECT b.id, b.state FROM convoy_beads v JOIN beads b ON b.id = v.bead WHERE v.convoy = ? ORDER BY v.place"
    return {BeadId(row["id"]): word_of(row["state"], BeadState.OPEN) for row in reader.rows(sql, convoy)}


def list_gathered(reader: Reader, rig: RigName) -> list[MergeRequest]:
    return list_merge_requests(reader, rig=rig, state=MergeState.GATHERED)


def list_former(reader: Reader, convoy: ConvoyId) -> dict[MergeRequestId, list[Commit]]:
    """Each candidate of each request that was ever gathered in the convoy."""
    found: dict[MergeRequestId, list[Commit]] = {}
    for row in reader.rows("SELECT request, candidate FROM gatherings WHERE convoy = ?", convoy):
        found.setdefault(MergeRequestId(row["request"]), []).append(Commit(row["candidate"]))
    return found


def set_gathered(change: Change, convoy: ConvoyId, chain: Sequence[tuple[MergeRequestId, Commit]]) -> None:
    """These, and no others, are on the convoy's branch now."""
    change.execute("UPDATE gatherings SET current = 0 WHERE convoy = ?", convoy)
    for request, candidate in chain:
        change.execute(
            "INSERT OR REPLACE INTO gatherings (convoy, request, candidate, current) VALUES (?, ?, ?, 1)",
            convoy, request, candidate,
        )  # fmt: skip
