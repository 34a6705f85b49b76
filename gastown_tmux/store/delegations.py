"""Rows of beads that hosts work at; and, on a host, of those that were given to it."""

import json
from collections.abc import Collection
from typing import NamedTuple

from gastown_tmux.domain.addresses import Address
from gastown_tmux.domain.delegations import Delegation, Outcome, Stage
from gastown_tmux.domain.events import EventType
from gastown_tmux.domain.ids import BeadId, Commit, MergeRequestId, RigName, Time
from gastown_tmux.domain.merging import MergeState
from gastown_tmux.errors import NotFoundError
from gastown_tmux.store.beads import delegate_bead
from gastown_tmux.store.db import Change, Row
from gastown_tmux.store.rows import Reader, word_of


def _delegation(row: Row) -> Delegation:
    return Delegation(
        id=row["id"],
        bead=BeadId(row["bead"]),
        rig=RigName(row["rig"]),
        host=row["host"],
        stage=word_of(row["stage"], Stage.ENDED),
        outcome=row["outcome"] and word_of(row["outcome"], Outcome.REVOKED),
        there=row["there"],
        worker=row["worker"],
        word=row["word"],
        head=row["head"] and Commit(row["head"]),
        words=row["words"],
        log=row["log"],
        commit=row["landed"] and Commit(row["landed"]),
        created=Time(row["created"]),
        updated=Time(row["updated"]),
    )


def insert_delegation(change: Change, bead: BeadId, rig: RigName, host: str) -> str:
    """In one with the bead's row, which names it from now on."""
    id = change.insert_with_id(
        "dg",
        lambda fresh: change.execute(
            "INSERT INTO delegations (id, bead, rig, host, stage, created, updated) VALUES (?, ?, ?, ?, ?, ?, ?)",
            fresh, bead, rig, host, Stage.GIVEN, change.time, change.time,
        ),
        length=12,
    )  # fmt: skip
    delegate_bead(change, bead, id, host)
    return id


def adopt_delegation(change: Change, id: str, bead: str, rig: str, host: str) -> None:
    """One that a host has of us and no row names: it counts for nothing, and what was done of it is kept."""
    change.execute(
        "INSERT INTO delegations (id, bead, rig, host, stage, outcome, created, updated)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        id, bead, rig, host, Stage.OVER, Outcome.REVOKED, change.time, change.time,
    )  # fmt: skip
    change.event(EventType.DELEGATION_CHANGED, bead, delegation=id, host=host, stage=Stage.OVER)


def get_delegation(reader: Reader, id: str) -> Delegation:
    row = reader.row("SELECT * FROM delegations WHERE id = ?", id)
    if row is None:
        raise NotFoundError(f"no delegation {id}")
    return _delegation(row)


def find_delegation(reader: Reader, id: str) -> Delegation | None:
    row = reader.row("SELECT * FROM delegations WHERE id = ?", id)
    return _delegation(row) if row else None


def list_open(reader: Reader, host: str | None = None) -> list[Delegation]:
    """Those that a host may still have to do with, the oldest first."""
    sql = "SELECT * FROM delegations WHERE stage <> 'ended'"
    values = list[object]()
    if host is not None:
        sql, values = sql + " AND host = ?", [host]
    return [_delegation(row) for row in reader.rows(sql + " ORDER BY created, id", *values)]


def sum_up(reader: Reader) -> dict[str, str]:
    """Of each host with open delegations a text, which is another one when anything of them changed here."""
    sql = (
        "SELECT d.host, d.id, d.stage, d.word, b.state, b.delegation FROM delegations d"
        " LEFT JOIN beads b ON b.id = d.bead WHERE d.stage <> 'ended' ORDER BY d.host, d.id"
    )
    found: dict[str, str] = {}
    for host, *values in reader.rows(sql):
        found[host] = f"{found.get(host, '')}{values}"
    return found


def list_workers(reader: Reader, ids: Collection[str]) -> dict[str, Address]:
    """By delegation, who has it, as home calls them; of those of which that was heard."""
    sql = "SELECT id, worker, host FROM delegations WHERE worker IS NOT NULL AND id IN (SELECT value FROM json_each(?))"
    return {row["id"]: Address(row["worker"]).at(row["host"]) for row in reader.rows(sql, json.dumps(list(ids)))}


def list_of_bead(reader: Reader, bead: BeadId) -> list[Delegation]:
    """The newest first."""
    sql = "SELECT * FROM delegations WHERE bead = ? ORDER BY created DESC, id"
    return [_delegation(row) for row in reader.rows(sql, bead)]


def get_bead_host(reader: Reader, bead: BeadId) -> str | None:
    """The host whose work it is, or whose branch is in the queue."""
    row = reader.row(
        "SELECT d.host FROM beads b JOIN delegations d ON d.id = b.delegation WHERE b.id = ?"
        " AND b.state NOT IN ('merged', 'closed')",
        bead,
    )
    return row["host"] if row else None


def move_delegation(
    change: Change, id: str, stage: Stage, *, outcome: Outcome | None = None, words: str | None = None,
    log: str | None = None, commit: Commit | None = None,
) -> None:  # fmt: skip
    """An ``outcome``, ``words``, ``log`` or ``commit`` of None keeps what is there."""
    change.execute(
        "UPDATE delegations SET stage = ?, outcome = coalesce(?, outcome), words = coalesce(?, words),"
        " log = coalesce(?, log), landed = coalesce(?, landed), updated = ? WHERE id = ?",
        stage, outcome, words, log, commit, change.time, id,
    )  # fmt: skip
    found = get_delegation(change, id)
    change.event(EventType.DELEGATION_CHANGED, found.bead, delegation=id, host=found.host, stage=stage)


def note_word(change: Change, id: str, *, there: str | None, worker: str | None, word: str) -> bool:
    """What was heard of it. Whether this changed anything."""
    sql = (
        "UPDATE delegations SET there = ?, worker = ?, word = ?, updated = ? WHERE id = ?"
        " AND (there IS NOT ? OR worker IS NOT ? OR word IS NOT ?)"
    )
    return bool(change.execute(sql, there, worker, word, change.time, id, there, worker, word).rowcount)


def set_head(change: Change, id: str, head: Commit) -> None:
    """The newest commit of it that is here."""
    change.execute("UPDATE delegations SET head = ?, updated = ? WHERE id = ?", head, change.time, id)


def find_request(reader: Reader, bead: BeadId, head: Commit) -> tuple[MergeRequestId, MergeState] | None:
    """The newest merge request of the bead with this head."""
    sql = "SELECT id, state FROM merge_requests WHERE bead = ? AND head = ? ORDER BY seq DESC LIMIT 1"
    row = reader.row(sql, bead, head)
    return (MergeRequestId(row["id"]), word_of(row["state"], MergeState.HELD)) if row else None


def find_refusal(reader: Reader, request: str | None) -> tuple[str, str | None]:
    """Why a merge request came back, and its log."""
    row = reader.row("SELECT reason, log FROM merge_requests WHERE id = ?", request)
    return (row["reason"] or "it came back", row["log"]) if row else ("it came back", None)


class Errand(NamedTuple):
    """A bead of another town that is worked at here: ``theirs`` is its id there."""

    delegation: str
    home: str
    bead: BeadId
    theirs: str


def find_errand(reader: Reader, home: str, delegation: str) -> Errand | None:
    row = reader.row("SELECT * FROM errands WHERE home = ? AND delegation = ?", home, delegation)
    return Errand(row["delegation"], row["home"], row["bead"], row["theirs"]) if row else None


def list_errands(reader: Reader, home: str) -> list[Errand]:
    rows = reader.rows("SELECT * FROM errands WHERE home = ?", home)
    return [Errand(row["delegation"], row["home"], row["bead"], row["theirs"]) for row in rows]


def insert_errand(change: Change, errand: Errand) -> None:
    sql = "INSERT INTO errands (delegation, home, bead, theirs) VALUES (?, ?, ?, ?)"
    change.execute(sql, errand.delegation, errand.home, errand.bead, errand.theirs)


def find_home(reader: Reader, rig: str) -> tuple[str, bool] | None:
    """Whose rig it is, and whether its code is pushed from there."""
    row = reader.row("SELECT home, pushed FROM rigs_of_homes WHERE rig = ?", rig)
    return (row["home"], bool(row["pushed"])) if row else None


def set_home(change: Change, rig: str, home: str, *, pushed: bool) -> None:
    sql = (
        "INSERT INTO rigs_of_homes (rig, home, pushed) VALUES (?, ?, ?)"
        " ON CONFLICT (rig) DO UPDATE SET home = excluded.home, pushed = excluded.pushed"
    )
    change.execute(sql, rig, home, pushed)
