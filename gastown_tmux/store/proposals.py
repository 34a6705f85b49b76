"""Pull requests of beads: which one, what was pushed there, and what of it was told."""

import json
from collections.abc import Iterable

from gastown_tmux.domain.ids import BeadId, Commit, MergeRequestId, RigName, Time
from gastown_tmux.domain.proposals import Proposal
from gastown_tmux.store.db import Change, Row
from gastown_tmux.store.rows import Reader


def _proposal(row: Row) -> Proposal:
    return Proposal(
        bead=BeadId(row["bead"]),
        rig=RigName(row["rig"]),
        number=row["number"],
        url=row["url"],
        branch=row["branch"],
        base=row["base"],
        pushed=Commit(row["pushed"]),
        heads=frozenset(json.loads(row["heads"])),
        rounds=row["rounds"],
        seen=frozenset(json.loads(row["seen"])),
    )


def find_proposal(reader: Reader, bead: BeadId) -> Proposal | None:
    row = reader.row("SELECT * FROM proposals WHERE bead = ?", bead)
    return _proposal(row) if row else None


def find_pushed(reader: Reader, bead: BeadId) -> Commit | None:
    """Our last value of the bead's branch at the remote, perhaps of a pull request that was never opened."""
    row = reader.row("SELECT pushed FROM proposed_branches WHERE bead = ?", bead)
    return Commit(row["pushed"]) if row else None


def set_pushed(change: Change, bead: BeadId, head: Commit) -> None:
    change.execute("INSERT OR REPLACE INTO proposed_branches (bead, pushed) VALUES (?, ?)", bead, head)


def set_proposal(
    change: Change, bead: BeadId, rig: RigName, number: int, url: str, branch: str, base: str, pushed: Commit
) -> None:
    """It is open, with this head. Of one that is known already, what was told and how often it went back stays."""
    known = find_proposal(change, bead)
    heads = sorted((known.heads if known else frozenset()) | {pushed})
    same = known is not None and known.number == number
    seen = sorted(known.seen) if known is not None and same else []
    change.execute(
        "INSERT OR REPLACE INTO proposals (bead, rig, number, url, branch, base, pushed, heads, rounds, seen)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        bead, rig, number, url, branch, base, pushed, json.dumps(heads), known.rounds if known else 0, json.dumps(seen),
    )  # fmt: skip


def set_base(change: Change, bead: BeadId, base: str) -> None:
    """It is against that branch now, because we said so."""
    change.execute("UPDATE proposals SET base = ? WHERE bead = ?", base, bead)


def mark_seen(change: Change, bead: BeadId, marks: Iterable[str], *, back: bool = False) -> None:
    """``back``: it has gone to its author once more."""
    known = find_proposal(change, bead)
    if known is not None:
        seen = json.dumps(sorted(known.seen | set(marks)))
        change.execute("UPDATE proposals SET seen = ?, rounds = rounds + ? WHERE bead = ?", seen, back, bead)


def set_person(change: Change, bead: BeadId, person: bool) -> None:
    """Whether it waits for what people do at the forge."""
    change.execute("UPDATE proposals SET person = ? WHERE bead = ?", person, bead)


def list_at_people(reader: Reader) -> dict[MergeRequestId, str]:
    """The proposed merge requests that wait for what people do at the forge, and where that is."""
    sql = "SELECT m.id, p.url FROM proposals p JOIN merge_requests m ON m.bead = p.bead"
    found = reader.rows(f"{sql} WHERE m.state = 'proposed' AND p.person")
    return {MergeRequestId(row["id"]): row["url"] for row in found}


def put_off_proposed(change: Change, rig: RigName, not_before: Time) -> None:
    """The forge is not asked of the rig's pull requests before that."""
    change.execute("UPDATE merge_requests SET not_before = ? WHERE rig = ? AND state = 'proposed'", not_before, rig)


#: Rigs with beads that came back although people have their pull requests, which is looked at now and then.
RIGS_TO_LOOK_AT = """SELECT p.rig FROM proposals p JOIN beads b ON b.id = p.bead
    JOIN merge_requests l ON l.id = b.merge_request WHERE b.state IN ('open', 'hooked', 'working')
    AND l.state IN ('conflicted', 'rejected') AND (l.not_before IS NULL OR l.not_before <= ?)"""
#: Of beads on which work goes on, or is to.
_UNFINISHED = "b.state IN ('open', 'hooked', 'working', 'submitted')"


def list_returned(reader: Reader, rig: RigName, now: Time) -> list[Proposal]:
    """Those whose work is not before people any more, for it came back or there is newer; they are to be looked at."""
    sql = (
        f"SELECT p.* FROM proposals p JOIN beads b ON b.id = p.bead WHERE p.rig = ? AND {_UNFINISHED}"
        " AND EXISTS (SELECT 1 FROM merge_requests m WHERE m.bead = p.bead AND m.rig = p.rig AND m.head = p.pushed"
        " AND m.state IN ('conflicted', 'rejected', 'superseded') AND (m.not_before IS NULL OR m.not_before <= ?))"
        " AND NOT EXISTS (SELECT 1 FROM merge_requests m WHERE m.bead = p.bead AND m.state = 'proposed')"
    )
    return [_proposal(row) for row in reader.rows(sql, rig, now)]


def put_off_returned(change: Change, rig: RigName, not_before: Time) -> None:
    """Those are not looked at before that."""
    change.execute(
        "UPDATE merge_requests SET not_before = ? WHERE rig = ? AND state IN ('conflicted', 'rejected', 'superseded')"
        " AND bead IN (SELECT p.bead FROM proposals p JOIN beads b ON b.id = p.bead"
        f" WHERE p.rig = ? AND {_UNFINISHED})",
        not_before, rig, rig,
    )  # fmt: skip
